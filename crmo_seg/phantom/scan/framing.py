"""How large a field of view is: around the body, the spine or a region, in whole voxels, within the memory allowed."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmo_seg.phantom.scan.protocol import BoxMm, View
from crmo_seg.phantom.scan.settings import ScanSettings
from crmo_seg.phantom.solids.shapes import Bounds, Vector

AIR_MM: Final = (8.0, 30.0)
"""Around a body or a region."""
DEPTH_AIR_MM: Final = (0.0, 10.0)
"""In front and behind: as few slices as possible."""
SPINE_HALF_WIDTH_MM: Final = (28.0, 45.0)
COMMONEST_THICKNESS_MM: Final = 5.0


@dataclass(frozen=True)
class Slices:
    """Voxels of a protocol.

    Attributes:
        axis: across the slices.
        in_plane_mm: voxel size in the slices.
        thickness_mm: of a slice.
        pitch_mm: thickness and gap.
        sub_slices: planes drawn for each.
    """

    axis: int
    in_plane_mm: float
    thickness_mm: float
    pitch_mm: float
    sub_slices: int

    @property
    def spacing_mm(self) -> Vector:
        """Along x, y and z."""
        spacing = np.full(3, self.in_plane_mm)
        spacing[self.axis] = self.pitch_mm
        return spacing


def draw_slices(settings: ScanSettings, view: View, axis: int, rng: np.random.Generator) -> Slices:
    """Voxel size: whole bodies over the whole range, mostly about 5 mm thick; others finer."""
    thin, thick = settings.slice_thickness_mm
    fine, coarse = settings.in_plane_mm
    if view == "coronal_whole_body":
        commonest = min(max(COMMONEST_THICKNESS_MM, thin), thick)
        thickness = float(rng.triangular(thin, commonest, thick)) if thin < thick else thin
        in_plane = float(rng.uniform(fine, coarse))
    else:
        thickness = float(rng.uniform(thin, (thin + thick) / 2))
        in_plane = float(rng.uniform(fine, (fine + coarse) / 2))
    pitch = thickness * (1 + float(rng.uniform(*settings.gap)))
    return Slices(axis, in_plane, thickness, pitch, max(1, round(pitch / settings.sub_slice_mm)))


def whole_body_field(
    settings: ScanSettings, body: Bounds, trunk: Bounds, narrowing: float, rng: np.random.Generator
) -> Bounds:
    """Around the body; where ``narrowing`` is above 0 that part of its width is outside, but nothing of the trunk."""
    low, high = _with_air(body, AIR_MM, rng)
    low[1], high[1] = body[0][1] - rng.uniform(*DEPTH_AIR_MM), body[1][1] + rng.uniform(*DEPTH_AIR_MM)
    middle, body_width = (body[0][0] + body[1][0]) / 2, body[1][0] - body[0][0]
    half = min(high[0] - low[0], settings.widest_mm) / 2
    if narrowing > 0:
        trunk_half = max(trunk[1][0] - middle, middle - trunk[0][0])
        half = min(half, max(body_width * (1 - narrowing) / 2, trunk_half + AIR_MM[0]))
    low[0], high[0] = middle - half, middle + half
    return low, high


def spine_field(body: Bounds, spine: Bounds, rng: np.random.Generator) -> Bounds:
    """Around the spine, as deep as the body there."""
    low, high = _with_air(spine, AIR_MM, rng)
    half = float(rng.uniform(*SPINE_HALF_WIDTH_MM))
    middle = (spine[0][0] + spine[1][0]) / 2
    low[0], high[0] = middle - half, middle + half
    low[1], high[1] = body[0][1] - AIR_MM[0], min(body[1][1] + AIR_MM[0], high[1] + float(rng.uniform(80, 160)))
    return low, high


def region_field(region: Bounds, rng: np.random.Generator) -> Bounds:
    """Around a part of the body."""
    return _with_air(region, AIR_MM, rng)


def fitted(settings: ScanSettings, field: Bounds, slices: Slices, rng: np.random.Generator) -> tuple[Slices, BoxMm]:
    """The field in whole voxels, with larger voxels where it would take too many; too deep ones lose their front."""
    size = field[1] - field[0]
    planes = slices.pitch_mm / slices.sub_slices
    smallest = math.sqrt(float(size.prod()) / size[slices.axis] * (size[slices.axis] / planes) / settings.fine_voxels)
    slices = replace(slices, in_plane_mm=max(slices.in_plane_mm, smallest))
    voxels = np.maximum(np.ceil(size / slices.spacing_mm - 1e-6), 1)
    most = rng.integers(*settings.most_slices, endpoint=True)
    low = (field[0] + field[1] - voxels * slices.spacing_mm) / 2
    if slices.axis == 1 and voxels[1] > most:
        low[1], voxels[1] = field[0][1], most
    high = low + voxels * slices.spacing_mm
    corner, opposite = ((float(x), float(y), float(z)) for x, y, z in (low, high))
    return slices, (corner, opposite)


def _with_air(bounds: Bounds, air_mm: tuple[float, float], rng: np.random.Generator) -> Bounds:
    return bounds[0] - rng.uniform(*air_mm, 3), bounds[1] + rng.uniform(*air_mm, 3)
