"""A prediction folder read back: what ``jobs.output`` wrote."""

from __future__ import annotations

import csv
import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from crmo_seg.anatomy import Segment, Side, Site
from crmo_seg.cases import read_manifest
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.jobs.output import BONES_FILE, IMAGE_FILE, LESION_MAP_FILE, LESIONS_FILE, SEQUENCE, SUMMARY_FILE
from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.longitudinal.comparison import VisitMasks
from crmo_seg.longitudinal.identity import VisitFacts
from crmo_seg.volume import Volume

_AGAIN: Final = "predict the study again, with --overwrite"


@dataclass(frozen=True, eq=False)
class Visit:
    """One prediction folder.

    Attributes:
        folder: where it lies.
        summary: its ``summary.json``.
        facts: patient, date, hashes.
        masks: lesions and bones.
    """

    folder: Path
    summary: Mapping[str, Any]
    facts: VisitFacts
    masks: VisitMasks


def read_visit(folder: Path) -> Visit:
    """Read one visit.

    Raises:
        InputError: where the folder is no prediction, or its files contradict each other.
    """
    summary = _read_summary(folder)
    labels = _read_ids(folder / LESION_MAP_FILE)
    lesions = _read_lesions(folder / LESIONS_FILE)
    _check_ids(folder, labels, lesions)
    return Visit(
        folder, summary, _facts(folder, summary), VisitMasks(LesionMap(labels, lesions), _bones(folder, labels))
    )


def read_analysed_image(visit: Visit) -> Volume | None:
    """The signal that was analysed, for pictures: kept in the folder, or where the input still lies; else None."""
    path = _image_path(visit)
    if path is None or not path.is_file():
        return None
    try:
        image = read_image(path)
    except InputError:  # a zip of DICOM
        return None
    return image if image.geometry.same_grid(visit.masks.lesion_map.labels.geometry) else None


def _image_path(visit: Visit) -> Path | None:
    kept = visit.folder / IMAGE_FILE
    source = visit.folder.parent / str(visit.summary.get("input", ""))
    if kept.is_file() or source.suffix.lower() != ".csv":
        return kept if kept.is_file() else source
    try:
        cases = {case.case_id: case for case in read_manifest(source)}
    except InputError:
        return None
    case = cases.get(str(visit.summary.get("case_id")))
    return case.images.get(visit.summary.get(SEQUENCE, next(iter(case.images)))) if case else None


def _read_summary(folder: Path) -> Mapping[str, Any]:
    path = folder / SUMMARY_FILE
    remedy = "give the folder of one case, OUT/<case_id>, that crmo-seg predict wrote"
    if not path.is_file():
        raise InputError(folder, f"is no prediction: it has no {SUMMARY_FILE}", remedy)
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(path, f"is no JSON ({error})", _AGAIN) from None
    if not isinstance(summary, dict):
        raise InputError(path, "holds no table of names and values", _AGAIN)
    return summary


def _facts(folder: Path, summary: Mapping[str, Any]) -> VisitFacts:
    hashes = summary.get("hashes") or {}
    visit = summary.get("visit")
    try:
        date = None if visit is None else datetime.date.fromisoformat(str(visit)).isoformat()
    except ValueError:
        raise InputError(folder / SUMMARY_FILE, f"has the visit {visit!r}", "write it as YYYY-MM-DD") from None
    return VisitFacts(summary.get("patient_key"), date, hashes.get("model_sha256"), hashes.get("input_sha256"))


def _read_ids(path: Path) -> Volume:
    if not path.is_file():
        raise InputError(path, "does not exist, so there are no lesions", "predict with a model that marks edema")
    ids = read_image(path)
    return ids.with_array(np.rint(ids.array).astype(np.int32))


def _bones(folder: Path, labels: Volume) -> Volume | None:
    path = folder / BONES_FILE
    if not path.is_file():
        return None
    bones = read_labels(path)
    if not bones.geometry.same_grid(labels.geometry):
        raise InputError(path, f"lies on another grid than {LESION_MAP_FILE}", _AGAIN)
    return bones if bones.array.any() else None


def _read_lesions(path: Path) -> tuple[Lesion, ...]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return tuple(_lesion(row) for row in csv.DictReader(file))
    except FileNotFoundError:
        raise InputError(path, "does not exist", _AGAIN) from None
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(path, f"has a cell that cannot be read ({error})", _AGAIN) from None


def _lesion(row: Mapping[str, str]) -> Lesion:
    x, y, z = (float(row[f"centroid_{axis}_ras_mm"]) for axis in "xyz")
    return Lesion(
        lesion_id=int(row["lesion_id"]),
        volume_ml=float(row["volume_ml"]),
        max_diameter_mm=float(row["max_diameter_mm"]),
        centroid_ras_mm=(x, y, z),
        mean_probability=_number(row.get("mean_probability")),
        signal_ratio=_number(row.get("signal_ratio")),
        site=_site(row),
    )


def _site(row: Mapping[str, str]) -> Site:
    side, segment = row.get("side"), row.get("segment")
    return Site(
        bone=row.get("bone") or None,
        side=Side(side) if side else None,
        segment=Segment(segment) if segment else None,
    )


def _number(cell: str | None) -> float | None:
    return float(cell) if cell else None


def _check_ids(folder: Path, labels: Volume, lesions: tuple[Lesion, ...]) -> None:
    drawn = {int(one) for one in np.unique(labels.array)} - {0}
    listed = {lesion.lesion_id for lesion in lesions}
    if drawn != listed:
        problem = f"{LESION_MAP_FILE} has {len(drawn)} lesions and {LESIONS_FILE} {len(listed)}, not the same ones"
        raise InputError(folder, problem, _AGAIN)
