"""Many studies on one sheet: a row each with slices, projection, lesion outlines and bones.

Everything is one RGB array, built by numpy and written as it is, so that a voxel of the picture is a voxel of the scan.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.report.views import Plane, acquired_plane, grey_range
from crmo_seg.volume import Array, Geometry, Volume

Picture: TypeAlias = NDArray[np.float32]
"""(rows, columns, 3), 0 black to 1."""

SLICES: Final = 5
_OUTLINE: Final = (1.0, 0.69, 0.0)
_AIR_SHARE: Final = 0.1
_WHITE_PERCENTILE: Final = 97.0
_GAP_PIXELS: Final = 6
_TITLE_PIXELS: Final = 26
_TITLE_POINTS: Final = 11
_DOTS_PER_INCH: Final = 100


@dataclass(frozen=True, eq=False)
class SheetRow:
    """One study of a sheet; the masks lie on the image's grid, and may be missing.

    Attributes:
        title: printed above the row.
        image: signal in any orientation.
        edema: bool or uint8.
        bones: labels.
        slices: how many slices are shown, evenly over the body.
    """

    title: str
    image: Volume
    edema: Volume | None = None
    bones: Volume | None = None
    slices: int = SLICES


def contact_sheet_png(rows: Sequence[SheetRow], *, row_pixels: int = 460) -> bytes:
    """A row for each study: slices in the plane of acquisition, maximum projection with edema outlined, and bones."""
    from matplotlib.figure import Figure

    pictures = [_row(row, row_pixels) for row in rows]
    width = max(picture.shape[1] for picture in pictures)
    height = sum(picture.shape[0] + _TITLE_PIXELS for picture in pictures)
    figure = Figure(figsize=(width / _DOTS_PER_INCH, height / _DOTS_PER_INCH), dpi=_DOTS_PER_INCH, facecolor="black")
    top = height
    for row, picture in zip(rows, pictures, strict=True):
        figure.text(4 / width, (top - 18) / height, row.title, color="white", fontsize=_TITLE_POINTS)
        top -= _TITLE_PIXELS + picture.shape[0]
        axes = figure.add_axes((0, top / height, picture.shape[1] / width, picture.shape[0] / height))
        axes.imshow(np.clip(picture, 0, 1), interpolation="nearest", aspect="auto")
        axes.set_axis_off()
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _row(row: SheetRow, row_pixels: int) -> Picture:
    image = row.image.canonical()
    edema = row.edema.canonical().array > 0 if row.edema else None
    bones = row.bones.canonical().array if row.bones else None
    plane, window = acquired_plane(image.geometry), _window(image.array)
    tiles = [_slice(image, edema, plane, window, index) for index in _evenly(image.array, plane, row.slices)]
    projection = _grey(image.array.max(axis=plane.normal), window)
    if edema is not None:
        projection = _outlined(projection, np.asarray(edema.any(axis=plane.normal)))
    tiles.append(projection)
    if bones is not None:
        tiles.append(_coloured(bones.max(axis=plane.normal)))
    return _side_by_side([_on_page(tile, plane, image.geometry, row_pixels) for tile in tiles])


def _slice(image: Volume, edema: Array | None, plane: Plane, window: tuple[float, float], index: int) -> Picture:
    picture = _grey(image.array.take(index, axis=plane.normal), window)
    return picture if edema is None else _outlined(picture, edema.take(index, axis=plane.normal))


def _window(array: Array) -> tuple[float, float]:
    """Black and white so that marrow and muscle are well seen; fluid may be all white."""
    low, high = grey_range(array)
    body = array[array > low + _AIR_SHARE * (high - low)]
    return (low, float(np.percentile(body, _WHITE_PERCENTILE))) if body.size else (low, high)


def _evenly(array: Array, plane: Plane, count: int) -> list[int]:
    """Slices spread over those that hold signal."""
    others = tuple(axis for axis in range(3) if axis != plane.normal)
    signal = array.max(axis=others)
    held = np.flatnonzero(signal >= 0.2 * signal.max())  # all of them where the image is empty
    return [int(index) for index in np.linspace(held[0], held[-1], count + 2)[1:-1].round()]


def _grey(array: Array, window: tuple[float, float]) -> Picture:
    low, high = window
    scaled = np.clip((array.astype(np.float32) - low) / (high - low), 0, 1)
    return np.repeat(scaled[..., None], 3, axis=-1)


def _outlined(picture: Picture, mask: Array) -> Picture:
    """The voxels just outside the mask in colour, so that what is marked stays visible."""
    rim = ndimage.binary_dilation(mask) & ~mask
    picture = picture.copy()
    picture[rim] = _OUTLINE
    return picture


def _coloured(labels: Array) -> Picture:
    """A colour for each label, far from that of its neighbours in number (multiples of the golden angle)."""
    hue = (labels.astype(np.float32) * np.float32(0.618034)) % 1.0
    turns = np.stack([np.abs(((hue + shift) % 1.0) * 6 - 3) - 1 for shift in (0.0, 2 / 3, 1 / 3)], axis=-1)
    colour = 0.35 + 0.65 * np.clip(turns, 0, 1)
    return np.where((labels > 0)[..., None], colour, 0).astype(np.float32)


def _on_page(picture: Picture, plane: Plane, geometry: Geometry, row_pixels: int) -> Picture:
    """Canonical (across, up, 3) -> page rows and columns with square pixels, of a fixed height."""
    page = picture.transpose(1, 0, 2)[::-1, ::-1]
    across_mm, up_mm = plane.spacing_mm(geometry)
    zoom = row_pixels / page.shape[0]
    zoomed: Picture = ndimage.zoom(page, (zoom, zoom * across_mm / up_mm, 1), order=1, grid_mode=True, mode="nearest")
    return zoomed


def _side_by_side(tiles: Sequence[Picture]) -> Picture:
    gap = np.full((tiles[0].shape[0], _GAP_PIXELS, 3), 0.25, np.float32)
    parts = [part for tile in tiles for part in (tile, gap)]
    return np.concatenate(parts[:-1], axis=1)
