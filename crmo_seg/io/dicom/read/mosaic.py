"""Siemens mosaics: the slices of a volume as tiles of one image.

The header gives the corner of the big image, not of the first tile; the private CSA header gives the number of tiles
and the direction in which they follow each other (dcm2niix, Li et al. 2016, doi:10.1016/j.jneumeth.2016.03.001).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from crmo_seg.io.dicom.read.header import header_value, text_of
from crmo_seg.io.dicom.read.stack import Slice
from crmo_seg.io.dicom.types import HeaderValue
from crmo_seg.volume import Array, Float64Array

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_COUNT_TAG = 0x0019100A  # NumberOfImagesInMosaic, "SIEMENS MR HEADER"
_PARALLEL = 0.99


@dataclass(frozen=True)
class Mosaic:
    """How slices are laid out in one image.

    Attributes:
        count: of slices, at most ``tiles_per_side`` squared.
        tiles_per_side: rows and columns of tiles.
        step: (3,) LPS millimetres from one slice to the next.
    """

    count: int
    tiles_per_side: int
    step: Float64Array


def is_mosaic(header: Mapping[str, HeaderValue]) -> bool:
    """Whether ImageType says so.

    >>> is_mosaic({"ImageType": ("ORIGINAL", "PRIMARY", "M", "MOSAIC")}), is_mosaic({})
    (True, False)
    """
    return "MOSAIC" in text_of(header, "ImageType").upper().split("\\")


def mosaic_of(dataset: Dataset, plane: Slice) -> Mosaic | None:
    """The layout, or None where the header does not tell it.

    Args:
        dataset: with its private elements.
        plane: of the whole image.
    """
    count, normal = _csa_values(dataset)
    count = count or _count(dataset)
    distance = header_value(dataset, "SpacingBetweenSlices")
    if count < 1 or not isinstance(distance, float) or not distance > 0:
        return None
    per_side = math.ceil(math.sqrt(count))
    if plane.matrix[0] % per_side or plane.matrix[1] % per_side:
        return None
    return Mosaic(count, per_side, distance * _directed(plane.normal, normal))


def tile_positions(mosaic: Mosaic, plane: Slice) -> tuple[Slice, ...]:
    """The planes of the tiles, in the order of the tiles; ``plane`` is that of the whole image."""
    columns, rows = plane.matrix[0] // mosaic.tiles_per_side, plane.matrix[1] // mosaic.tiles_per_side
    row, column = np.array(plane.orientation[:3]), np.array(plane.orientation[3:])
    between_rows, between_columns = plane.pixel_spacing_mm
    # The middle of the image is right, its corner is that of the big one.
    shift = (
        row * between_columns * (plane.matrix[0] - columns) / 2 + column * between_rows * (plane.matrix[1] - rows) / 2
    )
    first = np.array(plane.position) + shift
    positions = [first + number * mosaic.step for number in range(mosaic.count)]
    return tuple(
        Slice(tuple(map(float, p)), plane.orientation, plane.pixel_spacing_mm, (columns, rows)) for p in positions
    )


def cut_tile(pixels: Array, number: int, matrix: tuple[int, int]) -> Array:
    """Tile ``number`` (from 1) of an image (rows, columns); ``matrix`` is columns and rows of a tile.

    >>> cut_tile(np.arange(16).reshape(4, 4), 2, (2, 2)).tolist()
    [[2, 3], [6, 7]]
    """
    columns, rows = matrix
    down, right = divmod(number - 1, pixels.shape[1] // columns)
    return pixels[down * rows : (down + 1) * rows, right * columns : (right + 1) * columns]


def _csa_values(dataset: Dataset) -> tuple[int, Float64Array | None]:
    with warnings.catch_warnings(action="ignore"):  # nibabel calls its DICOM part experimental
        from nibabel.nicom import csareader

        try:
            csa = csareader.get_csa_header(dataset, "image")
            if csa is None:
                return 0, None
            count, normal = csareader.get_n_mosaic(csa), csareader.get_slice_normal(csa)
            return int(count or 0), None if normal is None else np.asarray(normal, dtype=np.float64)
        except Exception:  # a damaged private header is none
            return 0, None


def _count(dataset: Dataset) -> int:
    try:
        return int(dataset[_COUNT_TAG].value)
    except Exception:  # absent, or stored as unknown bytes
        return 0


def _directed(normal: Float64Array, stated: Float64Array | None) -> Float64Array:
    """The unit normal of the image, turned the way in which the tiles follow each other."""
    if stated is not None and stated.shape == (3,) and float(normal @ stated) < -_PARALLEL:
        return -normal
    return normal
