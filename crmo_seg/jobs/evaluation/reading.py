"""The files of an evaluation: predictions and labels of a case, on one grid, with values that make sense.

A prediction is ``<predictions>/<case_id>/<head>.nii.gz``. A head that no case has a prediction for was not predicted
and is left out; a head that only some cases have a prediction for is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crmo_seg.cases import LABEL_PREFIX, Case
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.sites import head_classes_of
from crmo_seg.volume import GeometryError, Volume

_ENDING = ".nii.gz"
_NAMES_SHOWN = 5


def predicted_heads(manifest: Path, cases: Sequence[Case], predictions: Path) -> tuple[str, ...]:
    """Heads with a label and a prediction.

    Raises:
        InputError: where no case has a label, or a prediction is missing.
    """
    expected = [(head, prediction_file(predictions, case, head)) for case in cases for head in case.labels]
    if not expected:
        raise InputError(manifest, "has no label to compare with", f"fill a column {LABEL_PREFIX}<head>")
    heads = tuple(dict.fromkeys(head for head, path in expected if path.exists()))
    wanted = [path for head, path in expected if head in heads or not heads]
    missing = [path for path in wanted if not path.exists()]
    if missing:
        names = named(tuple(dict.fromkeys(path.parent.name for path in missing)))
        problem = f"does not exist ({len(missing)} of {len(wanted)} predictions are missing: {names})"
        raise InputError(missing[0], problem, "predict all cases of the manifest, or give the folder that holds them")
    return heads


def left_out(cases: Sequence[Case], predictions: Path, heads: Sequence[str]) -> tuple[str, ...]:
    """What is in the manifest or in the folder, but in no number: cases without labels, predictions without cases."""
    unlabelled = tuple(case.case_id for case in cases if not any(head in case.labels for head in heads))
    known = {case.case_id for case in cases}
    folders = {path.parent.name for head in heads for path in predictions.glob(f"*/{head}{_ENDING}")}
    unknown = tuple(sorted(folders - known))
    unpredicted = sorted({head for case in cases for head in case.labels} - set(heads))
    notes = [f"{len(unlabelled)} cases without a label of {', '.join(heads)}: {named(unlabelled)}"] * bool(unlabelled)
    notes += [f"{len(unknown)} predictions of cases that the manifest does not have: {named(unknown)}"] * bool(unknown)
    return (*notes, *(f"{head} has labels but no prediction" for head in unpredicted))


def named(names: Sequence[str]) -> str:
    """Names for a message, the first few.

    >>> named(["a", "b"]), named(list("abcdefg"))
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def prediction_file(predictions: Path, case: Case, name: str) -> Path:
    """A volume of a case's prediction."""
    return predictions / case.case_id / f"{name}{_ENDING}"


def read_pair(case: Case, predictions: Path, head: str) -> tuple[Volume, Volume]:
    """Prediction and reference of a case, near RAS+; bones as unsided classes.

    Raises:
        InputError: where a file is missing, on another grid than its label, or holds values that are no labels.
    """
    pred_path, ref_path = prediction_file(predictions, case, head), case.labels[head]
    # The same voxels may be stored in another order: a mask of a DICOM series beside a reference in NIfTI.
    pred, ref = (_read_checked(path, head).canonical() for path in (pred_path, ref_path))
    _check_grid(pred_path, pred, ref_path, ref)
    return pred, ref


def read_bones(case: Case, predictions: Path, ref: Volume) -> Volume | None:
    """Fine labels on the reference's grid: the reference's own, else the predicted ones, else None.

    Raises:
        InputError: where they are on another grid, or hold values that are no labels.
    """
    predicted = prediction_file(predictions, case, BONES)
    path = case.labels.get(BONES) or (predicted if predicted.exists() else None)
    if path is None:
        return None
    bones = read_labels(path).canonical()
    _head_classes(path, bones)
    _check_grid(path, bones, case.labels[EDEMA], ref)
    return bones


def read_probability(case: Case, predictions: Path, ref: Volume) -> Volume | None:
    """The edema probability, where the prediction has it.

    Raises:
        InputError: where it is on another grid, or is no probability.
    """
    path = prediction_file(predictions, case, f"{EDEMA}_probability")
    if not path.exists():
        return None
    probability = read_image(path).canonical()
    _check_grid(path, probability, case.labels[EDEMA], ref)
    low, high = float(probability.array.min()), float(probability.array.max())
    if not (low >= 0.0 and high <= 1.0):
        raise InputError(path, f"holds values from {low:g} to {high:g}", "save probabilities from 0 to 1")
    return probability


def _check_grid(path: Path, volume: Volume, ref_path: Path, ref: Volume) -> None:
    if not volume.geometry.same_grid(ref.geometry):
        problem = f"is on another grid than {ref_path}: {_grid_difference(volume, ref)}"
        raise InputError(path, problem, "predict on the image that was annotated")


def _grid_difference(volume: Volume, ref: Volume) -> str:
    if volume.geometry.shape != ref.geometry.shape:
        return f"{volume} against {ref}"
    return f"both are {ref}, but up to {volume.geometry.largest_corner_shift_mm(ref.geometry):.3g} mm apart"


def _read_checked(path: Path, head: str) -> Volume:
    """Labels as they are compared: binary for edema, unsided classes for bones."""
    labels = read_labels(path)
    if head == EDEMA and labels.array.max() > 1:
        raise InputError(path, f"has the value {labels.array.max()}, expected 0 and 1", "save edema as a binary mask")
    return _head_classes(path, labels) if head == BONES else labels


def _head_classes(path: Path, bones: Volume) -> Volume:
    try:
        return head_classes_of(bones)
    except GeometryError as error:
        raise InputError(path, str(error), "label bones as in crmo_seg.anatomy") from error
