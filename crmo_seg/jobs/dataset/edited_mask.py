"""A mask edited in 3D Slicer, ITK-SNAP or another program -> labels on the grid of its image."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from crmo_seg.data.labels import expected_values, wrong_values
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_labels
from crmo_seg.io.nrrd import is_nrrd_name, read_nrrd_labels
from crmo_seg.plan import Head
from crmo_seg.preprocess.lattice import onto_grid
from crmo_seg.volume import Array, Geometry, GeometryError, Volume

_REMEDY_GRID = "edit the mask on the image itself, or export it with the image as reference"


def read_edited_mask(path: Path, grid: Geometry, head: Head, *, merge: bool = False) -> Volume:
    """Labels of a head on an image's grid; a mask that was cropped, padded or turned is put in its place.

    Args:
        path: NIfTI, as ITK-SNAP writes it, or NRRD, as 3D Slicer does.
        grid: of the image.
        head: whose classes the values are.
        merge: take every value above 0 as the head's only class, and layers that overlap together.

    Raises:
        InputError: where the mask cannot be read, lies on another lattice or outside the image, or holds values
            that are no class.
    """
    layers = read_nrrd_labels(path) if is_nrrd_name(path) else (read_labels(path),)
    _check_merge(head, merge)
    if len(layers) > 1 and not merge:
        problem = f"holds {len(layers)} layers of segments that overlap"
        raise InputError(path, problem, "give --merge to take them together, or export one labelmap")
    try:
        labels = [_placed(layer, grid) for layer in layers]
    except GeometryError as error:
        raise InputError(path, str(error), _REMEDY_GRID) from None
    array: Array = np.any(labels, axis=0).astype(np.uint8) if merge else labels[0]
    _check_values(path, array, head)
    return Volume(array, grid)


def _placed(layer: Volume, grid: Geometry) -> Array:
    # Slicer saves a segmentation without a voxel as one voxel, whose position means nothing.
    if not layer.array.any() and layer.array.size == 1:
        return np.zeros(grid.shape, dtype=np.uint8)
    return onto_grid(layer, grid).array


def _check_merge(head: Head, merge: bool) -> None:
    if merge and len(head.classes) > 1:
        problem = f"takes values for one class, but {head.name} has {len(head.classes)}"
        raise InputError("--merge", problem, "leave it out, and give each class its value")


def _check_values(path: Path, array: Array, head: Head) -> None:
    values = np.flatnonzero(np.bincount(array.ravel(), minlength=1)).tolist()
    wrong = wrong_values(values, head)
    if not wrong:
        return
    remedy = expected_values(head)
    if len(head.classes) == 1:
        remedy += "; give --merge to take every value above 0 as that"
    found = ", ".join(str(value) for value in values if value)
    raise InputError(path, f"holds the values {found}", remedy)
