"""Read a case and bring it to the model grid."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path

import numpy as np
from monai.transforms import Transform
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.cases import Case
from crmo_seg.data.labels import as_classes
from crmo_seg.data.sample import AIR, CASE, FOREGROUND, IMAGE, ForegroundPositions, Sample, label_key, labelled_key
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.lesions import NEIGHBOURS_26
from crmo_seg.plan import Head, Plan
from crmo_seg.preprocess import ModelGrid, preprocess
from crmo_seg.volume import Geometry, Volume

MOST_POSITIONS = 5_000
"""Voxels of a region kept for a case: enough to centre patches on, small in memory."""

MOST_LESIONS = 50
"""Components that are regions of their own, the largest ones; the specks beyond are one region together."""


class LoadCased(Transform):
    """``{"case": Case}`` -> a prepared sample: sequences and labels on the model grid.

    Raises:
        InputError: where a sequence is missing, a label lies on another grid or holds values of no class.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __call__(self, data: Mapping[Hashable, object]) -> Sample:
        """Read the files of ``data["case"]``."""
        case = data[CASE]
        if not isinstance(case, Case):
            raise TypeError(f"expected a Case, got {type(case).__name__}")
        images = {name: read_image(_sequence_path(case, name)) for name in self.plan.sequences}
        _check_one_grid(list(images.values()), case)
        image, grid = preprocess(list(images.values()), self.plan.grid)
        sample: Sample = {CASE: case, IMAGE: image, AIR: image.min(axis=(1, 2, 3))}
        for head in self.plan.heads:
            sample |= _label_entries(case, head, grid)
        return sample | {FOREGROUND: _foreground_positions(sample, self.plan.heads)}


def _label_entries(case: Case, head: Head, grid: ModelGrid) -> Sample:
    path = case.labels.get(head.name)
    if path is None:
        empty = np.zeros((1, *grid.geometry.shape), dtype=np.uint8)
        return {label_key(head.name): empty, labelled_key(head.name): np.float32(0)}
    labels = read_labels(path)
    if not labels.geometry.same_grid(grid.source):
        problem = f"lies on another grid than the image of case {case.case_id} ({_difference(labels, grid.source)})"
        raise InputError(path, problem, "resample the label to the image's grid")
    classes = as_classes(labels, head, path)
    return {label_key(head.name): grid.resample_labels(classes).array[None], labelled_key(head.name): np.float32(1)}


def _difference(labels: Volume, image: Geometry) -> str:
    if labels.geometry.shape != image.shape:
        return f"shape {labels.geometry.shape}, not {image.shape}"
    return f"corners up to {labels.geometry.largest_corner_shift_mm(image):.1f} mm apart"


def _sequence_path(case: Case, name: str) -> Path:
    if name not in case.images:
        have = ", ".join(sorted(case.images))
        raise InputError(
            f"case {case.case_id}", f"has no image_{name} (has {have})", "add it or drop it from data.sequences"
        )
    return case.images[name]


def _check_one_grid(images: Sequence[Volume], case: Case) -> None:
    for image in images[1:]:
        if not image.geometry.same_grid(images[0].geometry):
            shapes = f"{image.geometry.shape} and {images[0].geometry.shape}"
            raise InputError(
                f"case {case.case_id}", f"has sequences on different grids ({shapes})", "resample them to one"
            )


def _foreground_positions(sample: Sample, heads: tuple[Head, ...]) -> ForegroundPositions:
    return {head.name: _positions(_regions(sample[label_key(head.name)][0], head)) for head in heads}


def _regions(label: NDArray[np.uint8], head: Head) -> NDArray[np.int32]:
    """What patches are centred on, each region as often as any other: a head's classes, or its lesions.

    By voxels alone, a patient's one large lesion would stand in nearly every patch, the small ones in hardly any.
    """
    if len(head.classes) > 1:
        return label.astype(np.int32)
    components: NDArray[np.int32] = np.zeros(label.shape, dtype=np.int32)
    count = int(ndimage.label(label, structure=NEIGHBOURS_26, output=components))
    sizes = np.bincount(components.ravel(), minlength=count + 1)[1:]
    rank = np.zeros(count + 1, dtype=np.int32)
    rank[1 + np.argsort(-sizes, kind="stable")] = np.arange(1, count + 1)
    return np.minimum(rank, MOST_LESIONS + 1)[components]


def _positions(regions: NDArray[np.int32]) -> dict[int, NDArray[np.int32]]:
    voxels = np.argwhere(regions).astype(np.int32)
    numbers = regions[tuple(voxels.T)]
    return {int(number): _thinned(voxels[numbers == number]) for number in np.unique(numbers)}


def _thinned(voxels: NDArray[np.int32]) -> NDArray[np.int32]:
    step = max(1, -(-len(voxels) // MOST_POSITIONS))
    return np.ascontiguousarray(voxels[::step])
