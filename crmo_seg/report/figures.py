"""Pictures for the report, as PNG bytes: all lesions on a projection of the body, and slices through the largest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.report.drawing import (
    DOTS_PER_INCH,
    LESION_COLOUR,
    Line,
    draw_letters,
    draw_outline,
    draw_scale_bar,
    halo,
    png_of,
    show_signal,
)
from crmo_seg.report.views import Plane, acquired_plane, grey_range, projection_plane
from crmo_seg.volume import Geometry, Volume

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAXIMUM_TILES: Final = 6
MOST_NUMBERS: Final = 60

_POINTS_PER_INCH = 72
_LARGEST_INCH = (6.5, 9.0)
_SMALLEST_INCH = 2.0
_TILE_INCH = 2.2
_TILE_COLUMNS = 3
_SMALLEST_TILE_MM = 160.0
_NUMBER_POINTS = 10


def projection_png(image: Volume, lesion_map: LesionMap, colours: Mapping[int, str] | None = None) -> bytes:
    """Maximum projection with the outline and the number of every lesion, in radiological orientation.

    Coronal, unless another plane shows more of the scan; see ``projection_plane``.

    Args:
        image: signal in any orientation.
        lesion_map: lesions on the same grid.
        colours: of outlines and numbers by lesion id; the others are of one colour.
    """
    image, labels = image.canonical(), lesion_map.labels.canonical()
    plane, colours = projection_plane(image.geometry), colours or {}
    figure, inch_per_mm = _page(plane, image.geometry)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    show_signal(axes, image.array.max(axis=plane.normal), plane, image.geometry)
    for lesion_id, box, mask in _projected(labels, plane):
        line = Line(colours.get(lesion_id, LESION_COLOUR))
        draw_outline(axes, mask, box, plane, image.geometry, line)
    _draw_numbers(axes, labels, plane, _NUMBER_POINTS / _POINTS_PER_INCH / inch_per_mm, colours)
    draw_letters(axes, plane)
    draw_scale_bar(axes, plane.extent_mm(image.geometry)[1])
    return png_of(figure)


def montage_png(image: Volume, lesion_map: LesionMap) -> bytes:
    """The slice with most voxels of each of the largest lesions, in the plane of acquisition, around the lesion.

    Args:
        image: signal in any orientation.
        lesion_map: lesions on the same grid, at least one.
    """
    from matplotlib.figure import Figure

    image, labels = image.canonical(), lesion_map.labels.canonical()
    largest = largest_lesions(lesion_map.lesions)
    rows = -(-len(largest) // _TILE_COLUMNS)
    size = (_TILE_INCH * _TILE_COLUMNS, (_TILE_INCH + 0.25) * rows)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    window = grey_range(image.array[::2, ::2, ::2])  # percentiles of an eighth are near enough, and eight times sooner
    boxes = ndimage.find_objects(labels.array)
    for position, lesion in enumerate(largest, 1):
        axes = figure.add_subplot(rows, _TILE_COLUMNS, position)
        _draw_tile(axes, lesion, boxes[lesion.lesion_id - 1], image, labels, window)
    return png_of(figure)


def largest_lesions(lesions: Sequence[Lesion]) -> list[Lesion]:
    """Those that the montage shows, the largest first."""
    return sorted(lesions, key=lambda lesion: -lesion.volume_ml)[:MAXIMUM_TILES]


def tile_title(lesion: Lesion) -> str:
    """Number, bone with side, and volume of a lesion.

    >>> tile_title(Lesion(3, 4.25, 20.0, (0.0, 0.0, 0.0)))
    '3 · 4.2 ml'
    """
    side = lesion.site.side.value if lesion.site.side else ""
    place = " ".join(word for word in (side, (lesion.site.bone or "").replace("_", " ")) if word)
    return " · ".join(part for part in (str(lesion.lesion_id), place, f"{lesion.volume_ml:.1f} ml") if part)


def _draw_tile(
    axes: Axes, lesion: Lesion, box: tuple[slice, ...], image: Volume, labels: Volume, window: tuple[float, float]
) -> None:
    plane = acquired_plane(image.geometry)
    inside = labels.array[box] == lesion.lesion_id
    in_plane = tuple(axis for axis in range(3) if axis != plane.normal)
    position = box[plane.normal].start + int(inside.sum(axis=in_plane).argmax())
    show_signal(axes, image.array.take(position, axis=plane.normal), plane, image.geometry, window)
    whole = tuple(slice(0, n) for n in labels.geometry.shape)
    draw_outline(axes, labels.array.take(position, axis=plane.normal) > 0, whole, plane, image.geometry)
    _zoom(axes, box, plane, image.geometry)
    draw_letters(axes, plane)
    axes.set_title(tile_title(lesion), fontsize=8, loc="left")


def _zoom(axes: Axes, box: tuple[slice, ...], plane: Plane, geometry: Geometry) -> None:
    left, top = plane.page_corner_mm(geometry, (box[plane.across].stop, box[plane.up].stop))
    across_mm, up_mm = plane.spacing_mm(geometry)
    width = (box[plane.across].stop - box[plane.across].start) * across_mm
    height = (box[plane.up].stop - box[plane.up].start) * up_mm
    _, page_width, page_height, _ = plane.extent_mm(geometry)
    half = min(max(_SMALLEST_TILE_MM, 1.5 * width, 1.5 * height), max(page_width, page_height)) / 2.0
    axes.set_xlim(left + width / 2.0 - half, left + width / 2.0 + half)
    axes.set_ylim(top + height / 2.0 + half, top + height / 2.0 - half)


def _page(plane: Plane, geometry: Geometry) -> tuple[Figure, float]:
    """A figure of the picture's own proportions, and its scale in inches a millimetre."""
    from matplotlib.figure import Figure

    _, width_mm, height_mm, _ = plane.extent_mm(geometry)
    scale = min(_LARGEST_INCH[0] / width_mm, _LARGEST_INCH[1] / height_mm)
    size = (max(width_mm * scale, _SMALLEST_INCH), max(height_mm * scale, _SMALLEST_INCH))
    return Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor="black"), scale


def _projected(labels: Volume, plane: Plane) -> Iterator[tuple[int, tuple[slice, ...], NDArray[np.bool_]]]:
    """Number, box and projection of each lesion in a canonical volume of lesion ids."""
    for lesion_id, box in enumerate(ndimage.find_objects(labels.array), 1):
        if box is not None:
            yield lesion_id, box, (labels.array[box] == lesion_id).any(axis=plane.normal)


def _draw_numbers(axes: Axes, labels: Volume, plane: Plane, line_mm: float, colours: Mapping[int, str]) -> None:
    """Numbers on the outer side of each lesion where there is room, moved down where they would cover one another.

    Only the largest lesions, which come first, get one: more numbers than these could not be told apart.
    """
    placed: list[tuple[float, float]] = []
    anchors = [anchor for anchor in _anchors(labels, plane, line_mm) if anchor[0] <= MOST_NUMBERS]
    for lesion_id, x, y, outward in sorted(anchors, key=lambda anchor: anchor[2]):
        while any(abs(x - other_x) < 2 * line_mm and abs(y - other_y) < line_mm for other_x, other_y in placed):
            y += line_mm / 4.0
        placed.append((x, y))
        side = "right" if outward < 0 else "left"
        text = axes.text(x + outward * line_mm / 4.0, y, str(lesion_id), ha=side, va="center")
        text.set(
            color=colours.get(lesion_id, LESION_COLOUR), fontsize=_NUMBER_POINTS, fontweight="bold", path_effects=halo()
        )


def _anchors(labels: Volume, plane: Plane, line_mm: float) -> Iterator[tuple[int, float, float, int]]:
    """Number, x, y and direction (-1 left, 1 right) of where each lesion's number stands on the page."""
    across_mm, up_mm = plane.spacing_mm(labels.geometry)
    width = plane.extent_mm(labels.geometry)[1]
    for lesion_id, box, mask in _projected(labels, plane):
        left, top = plane.page_corner_mm(labels.geometry, (box[plane.across].stop, box[plane.up].stop))
        right = left + mask.shape[0] * across_mm
        room = min(left, width - right)
        outward = -1 if (left + right < width) == (room > 2 * line_mm) else 1  # inward where there is no room
        yield lesion_id, left if outward < 0 else right, top + mask.shape[1] * up_mm / 2.0, outward
