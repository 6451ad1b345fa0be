"""The maximum projection of a page, with places to click on, and what its drawing leaves out in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.lesions import LesionMap
from crmo_seg.report.body_map.marks import BodyMap, words_of
from crmo_seg.report.figures import projection_png
from crmo_seg.report.page import png_text
from crmo_seg.report.views import projection_plane
from crmo_seg.volume import Volume

_LEFT_OF_THE_PICTURE: Final = {"R": "The patient's right (R)", "A": "The front of the body (A)"}
_SMALLEST_SPOT_MM: Final = 15.0


@dataclass(frozen=True)
class Spot:
    """Where a lesion lies on a projection, in mm from its top left corner."""

    lesion_id: int
    text: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class ProjectionView:
    """A projection of a page: PNG in base64, its words, and the places of lesions on it."""

    png: str
    alt: str
    caption: str
    width_mm: float
    height_mm: float
    spots: tuple[Spot, ...]


def projection_view(image: Volume, lesion_map: LesionMap, colours: Mapping[int, str] | None = None) -> ProjectionView:
    """The maximum projection of a scan with its lesions outlined.

    Args:
        image: signal in any orientation.
        lesion_map: on the same grid.
        colours: of outlines by lesion id; the others are of one colour.
    """
    geometry = image.canonical().geometry
    plane = projection_plane(geometry)
    _, width, height, _ = plane.extent_mm(geometry)
    name = plane.name.capitalize()
    numbered = " Lesions are outlined and numbered as in the table." if lesion_map.lesions else ""
    return ProjectionView(
        png=png_text(projection_png(image, lesion_map, colours)),
        alt=f"{name} maximum projection of the image with all lesions outlined and numbered",
        caption=f"{name} maximum projection. {_LEFT_OF_THE_PICTURE[plane.left_letter]} is on the left of the picture."
        + numbered,
        width_mm=round(width, 1),
        height_mm=round(height, 1),
        spots=_spots(image, lesion_map),
    )


def no_lesions(image: Volume) -> LesionMap:
    """A map without lesions on the grid of an image."""
    return LesionMap(image.with_array(np.zeros(image.geometry.shape, dtype=np.int32)), ())


def map_note(drawing: BodyMap) -> str:
    """What the drawing leaves out or marks, in words; begins with a space where there is any."""
    notes = [" Faint bones were not found in the scan."] if any(one.seen is False for one in drawing.bones) else []
    if any(mark.unsided for mark in drawing.marks):
        notes.append(" A question mark on the midline: the side is not known.")
    if drawing.unplaced:
        numbers = ", ".join(map(str, drawing.unplaced))
        notes.append(
            f" Not drawn, for want of a bone: {'lesion' if len(drawing.unplaced) == 1 else 'lesions'} {numbers}."
        )
    return "".join(notes)


def _spots(image: Volume, lesion_map: LesionMap) -> tuple[Spot, ...]:
    geometry = image.canonical().geometry
    plane = projection_plane(geometry)
    spots = []
    for lesion in lesion_map.lesions:
        index = geometry.to_index(np.array(lesion.centroid_ras_mm))
        x, y = plane.page_corner_mm(geometry, (index[plane.across] + 0.5, index[plane.up] + 0.5))
        words = ", ".join(part for part in (words_of(lesion), f"{lesion.volume_ml:.1f} ml") if part)
        radius = max(_SMALLEST_SPOT_MM, 0.6 * lesion.max_diameter_mm)
        spots.append(Spot(lesion.lesion_id, f"{lesion.lesion_id}: {words}", round(x, 1), round(y, 1), round(radius, 1)))
    return tuple(spots)
