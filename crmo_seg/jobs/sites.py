"""``crmo-seg sites``: the lesions of a prediction folder, told where they lie by a mask of bones from elsewhere."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole, written_whole
from crmo_seg.inference.quality.coverage import BONE_FLAGS, bone_flags
from crmo_seg.inference.quality.flags import warnings_first
from crmo_seg.io.nifti import read_labels, write_nifti
from crmo_seg.io.nrrd import is_nrrd_name, read_nrrd_labels
from crmo_seg.jobs.comparison.reading import Visit, read_analysed_image, read_visit
from crmo_seg.jobs.output import (
    BONES_FILE,
    LESIONS_FILE,
    REPORT_FILE,
    SUMMARY_FILE,
    VERTEBRAE,
    VERTEBRAE_FILE,
    summary_of_lesions,
    summary_of_vertebrae,
)
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.lesions import Lesion
from crmo_seg.prediction import Prediction, Provenance, QualityFlag
from crmo_seg.preprocess.lattice import onto_grid
from crmo_seg.report.html import write_report
from crmo_seg.report.tables import write_lesions_csv
from crmo_seg.report.vertebrae import write_vertebrae_csv
from crmo_seg.sites import assign_sites
from crmo_seg.sites.foreign_masks import CRMO_SEG, TASKS, fine_from_foreign
from crmo_seg.volume import Geometry, GeometryError, Volume

LABELS: Final = (*TASKS, CRMO_SEG)
"""Whose numbers a mask may hold."""

_STALE: Final = ("dicom/*_sr*.dcm",)
"""Files that name the old sites and are not written again here."""


@dataclass(frozen=True)
class ReassignedSites:
    """What became of it.

    Attributes:
        folder: the prediction folder.
        lesions: with their new sites.
        notes: what the user should know of, a line each.
    """

    folder: Path
    lesions: tuple[Lesion, ...]
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """For the terminal."""
        placed = [lesion for lesion in self.lesions if lesion.site.bone]
        return [f"{self.folder}: {len(placed)} of {len(self.lesions)} lesions lie in a bone of the mask", *self.notes]


def parse_bones(texts: Sequence[str]) -> dict[str, Path]:
    """Masks as they are given on the command line.

    Raises:
        InputError: where one is not ``LABELS=FILE``, or its labels are not known or stand twice.

    >>> parse_bones(["total_mr=bones.nii.gz"])["total_mr"].as_posix()
    'bones.nii.gz'
    """
    files: dict[str, Path] = {}
    for text in texts:
        name, separator, file = text.partition("=")
        if not separator or not file or name not in LABELS:
            raise InputError("--bones", f"is {text!r}", f"write LABELS=FILE, with LABELS one of {', '.join(LABELS)}")
        if name in files:
            raise InputError("--bones", f"gives {name} twice", "give each kind of labels one file")
        files[name] = Path(file)
    if not files:
        raise InputError("--bones", "is missing", f"give LABELS=FILE, with LABELS one of {', '.join(LABELS)}")
    return files


def reassign_sites(folder: Path, files: Mapping[str, Path]) -> ReassignedSites:
    """Write a prediction folder again with other bones: its bones, lesion table, summary and report.

    Args:
        folder: ``OUT/<case_id>``.
        files: whose labels -> the mask, NIfTI or NRRD, on the grid of the scan or a part of it.

    Raises:
        InputError: where the folder is no prediction, a mask cannot be read or does not fit it.
    """
    visit = read_visit(folder)
    bones = _read_bones(files, visit.masks.lesion_map.labels.geometry)
    image = read_analysed_image(visit)
    prediction = _prediction(visit, bones, image)
    kept = {name: value for name, value in visit.summary.items() if name != VERTEBRAE}
    found = summary_of_lesions(prediction) | summary_of_vertebrae(prediction)
    flags = {"quality_flags": [flag.to_dict() for flag in prediction.quality_flags]}
    summary = {**kept, **found, **flags, "bones_from": _origin(files)}
    return ReassignedSites(folder, prediction.lesions, _write(visit, prediction, image, summary))


def _read_bones(files: Mapping[str, Path], grid: Geometry) -> Volume:
    masks = {name: _read_mask(file, grid) for name, file in files.items()}
    try:
        return fine_from_foreign(masks)
    except GeometryError as error:
        given = ", ".join(str(file) for file in files.values())
        remedy = "give vertebrae_mr=FILE too" if "vertebrae" in str(error) else "give the labels that the file holds"
        raise InputError(given, str(error), remedy) from None


def _read_mask(file: Path, grid: Geometry) -> Volume:
    if file.is_dir():
        raise InputError(file, "is a folder", "give one file with all labels; TotalSegmentator writes it with --ml")
    layers = read_nrrd_labels(file) if is_nrrd_name(file) else (read_labels(file),)
    if len(layers) > 1:
        raise InputError(file, f"holds {len(layers)} layers of segments that overlap", "export one labelmap")
    try:
        return onto_grid(layers[0], grid)
    except GeometryError as error:
        raise InputError(file, str(error), "segment the bones on the very image that was predicted") from None


def _prediction(visit: Visit, bones: Volume, image: Volume | None) -> Prediction:
    """What the folder says, with the bones of the mask."""
    masks = {BONES: bones}
    edema = visit.folder / f"{EDEMA}.nii.gz"
    if edema.is_file():
        masks = {EDEMA: read_labels(edema), BONES: bones}
    return Prediction(
        case_id=str(visit.summary["case_id"]),
        masks=MappingProxyType(masks),
        probability=None,
        lesion_map=assign_sites(visit.masks.lesion_map, bones, image),
        provenance=_provenance(visit),
        quality_flags=_flags(visit, bones),
    )


def _flags(visit: Visit, bones: Volume) -> tuple[QualityFlag, ...]:
    """Those of the folder; what was told from its bones is told from the new ones."""
    known = (_flag(entry) for entry in visit.summary.get("quality_flags", ()))
    return warnings_first((*(flag for flag in known if flag.code not in BONE_FLAGS), *bone_flags(bones)))


def _provenance(visit: Visit) -> Provenance:
    summary = visit.summary
    try:
        x, y, z = (int(size) for size in summary["window"])
        threshold = summary["threshold"]
        return Provenance(
            package_version=str(summary["versions"]["crmo_seg"]),
            model_name=str(summary["model"]),
            model_sha256=str(summary["hashes"]["model_sha256"]),
            input_sha256=str(summary["hashes"]["input_sha256"]),
            device=str(summary["device"]),
            backend=str(summary["backend"]),
            precision=str(summary["precision"]),
            mode=str(summary["mode"]),
            window=(x, y, z),
            windows_run=int(summary["windows_run"]),
            windows_in_all=int(summary["windows_in_all"]),
            threshold=None if threshold is None else float(threshold),
            minimum_lesion_ml=float(summary["minimum_lesion_ml"]),
            minimum_peak_probability=float(summary.get("minimum_peak_probability", 0.0)),
            timings_s=MappingProxyType(summary["timings_s"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        remedy = "predict the study again, with --overwrite"
        raise InputError(visit.folder / SUMMARY_FILE, f"lacks what a report needs ({error})", remedy) from None


def _flag(entry: Mapping[str, Any]) -> QualityFlag:
    value = entry.get("value")
    return QualityFlag(
        code=str(entry["code"]),
        severity="warning" if entry["severity"] == "warning" else "info",
        text=str(entry["text"]),
        value=tuple(value) if isinstance(value, list) else value,
    )


def _origin(files: Mapping[str, Path]) -> list[dict[str, str]]:
    return [
        {"labels": name, "file": file.name, "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        for name, file in files.items()
    ]


def _write(visit: Visit, prediction: Prediction, image: Volume | None, summary: Mapping[str, Any]) -> tuple[str, ...]:
    stale = _stale(visit.folder)
    with folder_written_whole(visit.folder) as part:
        shutil.copytree(visit.folder, part, dirs_exist_ok=True)
        for name in (*stale, REPORT_FILE, VERTEBRAE_FILE):
            (part / name).unlink(missing_ok=True)
        write_nifti(part / BONES_FILE, prediction.masks[BONES])
        write_lesions_csv(part / LESIONS_FILE, prediction.lesions)
        if VERTEBRAE in summary:
            write_vertebrae_csv(part / VERTEBRAE_FILE, summary[VERTEBRAE])
        with written_whole(part / SUMMARY_FILE) as file:
            file.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        if image is not None:
            write_report(part / REPORT_FILE, prediction, image, summary)
    notes = [f"note: {name} named the old sites and was removed" for name in stale]
    if image is None:
        notes.append(f"note: {REPORT_FILE} was removed: the image that was predicted is not where it was")
    return tuple(notes)


def _stale(folder: Path) -> list[str]:
    names = (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())
    return [name for name in names if any(fnmatch(name, pattern) for pattern in _STALE)]
