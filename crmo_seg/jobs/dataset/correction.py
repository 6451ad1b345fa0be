"""``crmo-seg dataset add-correction``: a mask that a reader edited becomes a training case."""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.cases import Case, check_folds, read_manifest, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.files import written_whole
from crmo_seg.io.nifti import read_geometry, read_labels, write_nifti
from crmo_seg.jobs.dataset.correctable import Correctable, find_correctable
from crmo_seg.jobs.dataset.edited_mask import read_edited_mask
from crmo_seg.jobs.dataset.names import format_head
from crmo_seg.plan import EDEMA_HEAD, Head
from crmo_seg.preprocess.lattice import onto_grid
from crmo_seg.volume import GeometryError, Volume

NO_MANIFEST: Final = "none"
"""Stands for the manifest where the correction is to be the first case of one."""

CORRECTIONS_FOLDER: Final = "corrections"
"""Beside the new manifest; holds the corrected labels, and who made each."""


@dataclass(frozen=True)
class CorrectionOptions:
    """What the files do not say.

    Attributes:
        head: what was corrected.
        reader: who did it; kept beside the label.
        merge: take every value above 0 as the head's only class.
        patient_id: of a predicted study, where the manifest knows the patient by another name.
        sequence: name of a predicted image that no manifest names.
    """

    head: Head = EDEMA_HEAD
    reader: str | None = None
    merge: bool = False
    patient_id: str | None = None
    sequence: str | None = None


@dataclass(frozen=True)
class Correction:
    """What became of it.

    Attributes:
        manifest: the new one.
        case: its row.
        head: whose label it is.
        is_new: whether the case was not in the manifest before.
        volume_ml: marked now.
        previous_ml: marked before; None where there was no mask.
        changed_ml: volume of the voxels that differ; None where there was no mask.
    """

    manifest: Path
    case: Case
    head: Head
    is_new: bool
    volume_ml: float
    previous_ml: float | None
    changed_ml: float | None

    def lines(self) -> list[str]:
        """For the terminal."""
        what = "new case" if self.is_new else "case"
        before = ", nothing was marked before"
        if self.previous_ml is not None:
            before = f", before {self.previous_ml:.2f} ml; {self.changed_ml:.2f} ml differ"
        head, manifest = shlex.quote(format_head(self.head)), shlex.quote(str(self.manifest))
        return [
            f"{what} {self.case.case_id} of patient {self.case.patient_id}: "
            f"{self.head.name} {self.volume_ml:.2f} ml{before}",
            *(["note: the mask is the same as before; was it saved?"] if self.changed_ml == 0 else []),
            f"label in {self.case.labels[self.head.name]}",
            "next:",
            f"  crmo-seg dataset check {manifest} --head {head}",
        ]


def add_correction(
    manifest: Path | None, subject: str, mask: Path, out: Path, options: CorrectionOptions | None = None
) -> Correction:
    """Write a manifest with a corrected label; nothing that is there is changed or replaced.

    Args:
        manifest: to add to; None begins a new one.
        subject: a case_id of the manifest, or the folder of a prediction, ``OUT/<case_id>``.
        mask: the edited mask, NIfTI or NRRD.
        out: the manifest to write; the label goes to ``corrections/`` beside it.
        options: what the files do not say.

    Raises:
        InputError: where a file cannot be read, the mask does not fit the image, or ``out`` is there already.
    """
    options = options or CorrectionOptions()
    if out.exists():
        raise InputError(out, "is there already", "give the new manifest another name after -o")
    cases = read_manifest(manifest) if manifest else ()
    found = find_correctable(
        subject, cases, options.head.name, patient_id=options.patient_id, sequence=options.sequence
    )
    image = next(iter(found.case.images.values()))
    labels = read_edited_mask(mask, read_geometry(image), options.head, merge=options.merge)
    case = _with_label(found.case, options.head.name, _free_name(out, found.case.case_id, options.head.name))
    rows = _with_case(cases, case)
    check_folds(rows, out)
    _write(case.labels[options.head.name], labels, _provenance(found, mask, options))
    write_manifest(out, rows)
    return _correction(out, case, labels, found, cases, options)


def _with_label(case: Case, head: str, path: Path) -> Case:
    return replace(case, labels=MappingProxyType({**case.labels, head: path.absolute()}))


def _with_case(cases: Sequence[Case], case: Case) -> list[Case]:
    """The rows in their order, the case in the place of its old row or at the end."""
    if all(other.case_id != case.case_id for other in cases):
        return [*cases, case]
    return [case if other.case_id == case.case_id else other for other in cases]


def _free_name(out: Path, case_id: str, head: str) -> Path:
    """``corrections/<case_id>_<head>.nii.gz``, numbered where the case was corrected before."""
    folder = out.parent / CORRECTIONS_FOLDER
    number = 1
    while (path := folder / f"{case_id}_{head}{f'_{number}' if number > 1 else ''}.nii.gz").exists():
        number += 1
    return path


def _provenance(found: Correctable, mask: Path, options: CorrectionOptions) -> dict[str, str | None]:
    """Kept beside the label: who corrected what."""
    return {
        "case_id": found.case.case_id,
        "head": options.head.name,
        "reader": options.reader,
        "mask": mask.name,
        "mask_sha256": hashlib.sha256(mask.read_bytes()).hexdigest(),
        "previous": found.previous.name if found.previous else None,
        "model_sha256": found.model_sha256,
    }


def _write(path: Path, labels: Volume, provenance: dict[str, str | None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path.with_name(path.name.removesuffix(".nii.gz") + ".json")) as part:
        part.write_text(json.dumps(provenance, indent=2) + "\n", encoding="utf-8")
    write_nifti(path, labels)


def _correction(
    out: Path, case: Case, labels: Volume, found: Correctable, cases: Sequence[Case], options: CorrectionOptions
) -> Correction:
    previous = _previous(found, labels)
    voxel_ml = labels.geometry.voxel_volume_ml
    return Correction(
        manifest=out,
        case=case,
        head=options.head,
        is_new=all(other.case_id != case.case_id for other in cases),
        volume_ml=int(np.count_nonzero(labels.array)) * voxel_ml,
        previous_ml=None if previous is None else int(np.count_nonzero(previous.array)) * voxel_ml,
        changed_ml=None if previous is None else int((previous.array != labels.array).sum()) * voxel_ml,
    )


def _previous(found: Correctable, labels: Volume) -> Volume | None:
    """The mask before the correction on the same grid; None where there is none that can be compared."""
    if found.previous is None:
        return None
    try:
        return onto_grid(read_labels(found.previous), labels.geometry)
    except GeometryError:
        return None
