"""The prediction folder ``OUT/<case_id>/``: written under a temporary name, renamed when complete."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole, write_once
from crmo_seg.io.dicom.types import ComposedStudy
from crmo_seg.io.dicom.write.results import write_dicom_results
from crmo_seg.io.nifti import write_nifti
from crmo_seg.keys import BONES, EDEMA, RESEARCH_ONLY
from crmo_seg.prediction import Prediction
from crmo_seg.report.html import write_report
from crmo_seg.report.key_pictures import key_pictures
from crmo_seg.report.tables import more_values, write_lesions_csv
from crmo_seg.report.vertebrae import write_vertebrae_csv
from crmo_seg.sites.burden import bones_in_view, burden_of
from crmo_seg.sites.vertebral_loss import measure_vertebrae
from crmo_seg.volume import Volume

SCHEMA_VERSION: Final = 1
SUMMARY_FILE: Final = "summary.json"
REPORT_FILE: Final = "report.html"
IMAGE_FILE: Final = "image.nii.gz"
LESIONS_FILE: Final = "lesions.csv"
VERTEBRAE_FILE: Final = "vertebrae.csv"
LESION_MAP_FILE: Final = "lesions.nii.gz"
BONES_FILE: Final = f"{BONES}.nii.gz"
PROBABILITY_FILE: Final = f"{EDEMA}_probability.nii.gz"
VERTEBRAE: Final = "vertebrae"
"""The entry of ``summary.json``, where there are vertebrae with levels."""
SEQUENCE: Final = "sequence"
"""The entry of ``summary.json`` that names the sequence whose signal is shown and measured."""
DICOM_FOLDER: Final = "dicom"
_SALT_FILE: Final = ".patient_salt"
_NETWORK_VOXELS: Final = 2.0
"""So many of a network's voxels its end plates may be off: at one, the default model (3 mm) called three of 14 phantom
vertebrae collapsed, none of which is; docs/sites.md."""


@dataclass(frozen=True)
class Origin:
    """Who and what a prediction is of, for ``summary.json``.

    Attributes:
        source: the file or folder that was read.
        patient_key: pseudonym of the patient, or None where it is not known.
        visit: ISO date, or None.
        keep_image: whether to write the analysed volume too, as for DICOM input.
        composed: of DICOM input: the series that the results for the PACS refer to.
    """

    source: Path
    patient_key: str | None = None
    visit: str | None = None
    keep_image: bool = False
    composed: ComposedStudy | None = None


@dataclass(frozen=True)
class Wanted:
    """What a finished prediction has to be, beside that of this input and model, to be left as it is.

    Attributes:
        mode: fast, default or best.
        visit: ISO date that was given for the study.
        patient_key: that was given for the patient.
        probability: whether the probability of edema has to be there, where the model and the mode give one.
    """

    mode: str | None = None
    visit: str | None = None
    patient_key: str | None = None
    probability: bool = False


ANY: Final = Wanted()


def is_finished(folder: Path, *, input_sha256: str, model_sha256: str, wanted: Wanted = ANY) -> bool:
    """Whether a folder holds this prediction already.

    Args:
        folder: ``OUT/<case_id>``.
        input_sha256: of the files to predict on.
        model_sha256: of the model.
        wanted: what was asked for; what is None or False there may be anything.

    Raises:
        InputError: where it holds another one.
    """
    if not folder.exists():
        return False
    found = _read_summary(folder / SUMMARY_FILE)
    same = found.get("hashes") == {"input_sha256": input_sha256, "model_sha256": model_sha256}
    what = _other_than(wanted, found, folder) if same else "of another input or another model"
    if what is None:
        return True
    raise InputError(folder, f"holds the prediction {what}", "give --overwrite to replace it, or another output folder")


def _other_than(wanted: Wanted, found: Mapping[str, Any], folder: Path) -> str | None:
    """In what a prediction differs from what is wanted; None if in nothing."""
    if wanted.mode not in (None, found.get("mode")):
        return f"in the mode {found.get('mode')}"
    if wanted.visit not in (None, found.get("visit")):
        return f"of the visit {found.get('visit') or 'of unknown date'}"
    if wanted.patient_key not in (None, found.get("patient_key")):
        return f"of the patient {found.get('patient_key') or 'without a key'}"
    has_probability = found.get("threshold") is not None and (folder / f"{EDEMA}.nii.gz").exists()
    if wanted.probability and has_probability and not (folder / PROBABILITY_FILE).exists():
        return f"without {PROBABILITY_FILE}"
    return None


def write_prediction(
    out: Path, prediction: Prediction, images: Mapping[str, Volume], origin: Origin, *, probability: bool = False
) -> Path:
    """Write masks, lesion table, summary and report of one case.

    Args:
        out: the folder of all cases.
        prediction: what to write.
        images: the sequences that were analysed; the first is shown in the report.
        origin: patient, visit and source.
        probability: whether to write ``edema_probability.nii.gz`` too.

    Returns:
        The case's folder.

    Raises:
        InputError: where the disk is full or the folder cannot be written.
    """  # fmt: skip
    folder = out / prediction.case_id
    sequence, image = next(iter(images.items()))
    summary = {**summary_of(prediction, origin, out), SEQUENCE: sequence}
    kept = image if origin.keep_image else None
    # Compressing holds no lock of the interpreter, so the pictures can be drawn meanwhile.
    with folder_written_whole(folder) as part, ThreadPoolExecutor(1) as beside:
        volumes = beside.submit(_write_volumes, part, prediction, kept, probability=probability)
        write_lesions_csv(part / LESIONS_FILE, prediction.lesions)
        if VERTEBRAE in summary:
            write_vertebrae_csv(part / VERTEBRAE_FILE, summary[VERTEBRAE])
        (part / SUMMARY_FILE).write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
        write_report(part / REPORT_FILE, prediction, image, summary)
        _write_dicom(part / DICOM_FOLDER, prediction, image, origin.composed)
        volumes.result()
    return folder


def summary_of(prediction: Prediction, origin: Origin, out: Path) -> dict[str, Any]:
    """The content of ``summary.json``."""
    provenance = prediction.provenance
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": RESEARCH_ONLY,
        "case_id": prediction.case_id,
        "patient_key": origin.patient_key,
        "visit": origin.visit,
        **summary_of_lesions(prediction),
        **summary_of_vertebrae(prediction),
        "quality_flags": [flag.to_dict() for flag in prediction.quality_flags],
        "threshold": provenance.threshold,
        "minimum_lesion_ml": provenance.minimum_lesion_ml,
        "minimum_peak_probability": provenance.minimum_peak_probability,
        "model": provenance.model_name,
        "device": provenance.device,
        "backend": provenance.backend,
        "precision": provenance.precision,
        "mode": provenance.mode,
        "window": list(provenance.window),
        "windows_run": provenance.windows_run,
        "windows_in_all": provenance.windows_in_all,
        "versions": {"crmo_seg": provenance.package_version, "python": platform.python_version()},
        "hashes": {"input_sha256": provenance.input_sha256, "model_sha256": provenance.model_sha256},
        "timings_s": dict(provenance.timings_s),
        "input": _relative(origin.source, out),
    }


def summary_of_lesions(prediction: Prediction) -> dict[str, Any]:
    """The part of ``summary.json`` that says how many lesions lie where, and what they add up to."""
    more = [{"lesion_id": lesion.lesion_id, **more_values(lesion)} for lesion in prediction.lesions]
    return {
        "totals": prediction.summary(),
        "sites": _sites(prediction),
        "lesions": more,
        "burden": _burden(prediction),
    }


def summary_of_vertebrae(prediction: Prediction) -> dict[str, Any]:
    """The part of ``summary.json`` on vertebral heights; empty where no vertebra has a level."""
    bones = prediction.masks.get(BONES)
    uncertain_mm = _NETWORK_VOXELS * (prediction.provenance.bones_resolution_mm or 0.0)
    found = () if bones is None else measure_vertebrae(bones, uncertain_mm)
    return {VERTEBRAE: [one.to_dict() for one in found]} if found else {}


def patient_key(patient_id: str | None, out: Path) -> str | None:
    """A pseudonym that is the same for all visits in one output folder and means nothing elsewhere.

    The salt is drawn once and kept in the folder; two processes that begin at once agree on one.

    Raises:
        InputError: where the salt cannot be kept.
    """
    if patient_id is None:
        return None
    salt = write_once(out / _SALT_FILE, secrets.token_hex(16))
    return hashlib.sha256(f"{salt}{patient_id}".encode()).hexdigest()[:12]


def _write_volumes(folder: Path, prediction: Prediction, image: Volume | None, *, probability: bool) -> None:
    for head, mask in prediction.masks.items():
        write_nifti(folder / f"{head}.nii.gz", mask)
    if prediction.lesion_map is not None:
        write_nifti(folder / LESION_MAP_FILE, prediction.lesion_map.labels)
    if probability and prediction.probability is not None:
        write_nifti(folder / PROBABILITY_FILE, prediction.probability)
    if image is not None:
        write_nifti(folder / IMAGE_FILE, image)


def _write_dicom(folder: Path, prediction: Prediction, image: Volume, composed: ComposedStudy | None) -> None:
    """Results for the PACS, where the input came from one and the model looks for edema."""
    lesion_map = prediction.lesion_map
    if composed is not None and lesion_map is not None:
        pictures = key_pictures(image, lesion_map)
        write_dicom_results(folder, lesion_map, composed, prediction.provenance, pictures)


def _sites(prediction: Prediction) -> list[dict[str, Any]]:
    """Number and volume of lesions by bone and side."""
    sites: dict[tuple[str | None, str | None], list[float]] = {}
    for lesion in prediction.lesions:
        side = lesion.site.side.value if lesion.site.side else None
        sites.setdefault((lesion.site.bone, side), []).append(lesion.volume_ml)
    return [
        {"bone": bone, "side": side, "n_lesions": len(volumes), "volume_ml": round(sum(volumes), 4)}
        for (bone, side), volumes in sites.items()
    ]


def _burden(prediction: Prediction) -> dict[str, Any] | None:
    """What the lesions add up to; None where the model has no edema head."""
    if prediction.lesion_map is None:
        return None
    bones = prediction.masks.get(BONES)
    return burden_of(prediction.lesions, None if bones is None else bones_in_view(bones)).to_dict()


def _read_summary(path: Path) -> Mapping[str, Any]:
    """Empty where there is none, or something else."""
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return summary if isinstance(summary, dict) else {}


def _relative(source: Path, out: Path) -> str:
    try:
        return Path(os.path.relpath(source.absolute(), out.absolute())).as_posix()
    except ValueError:  # another drive, on Windows
        return source.name
