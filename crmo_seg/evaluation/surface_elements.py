"""The surface of a mask as small patches with their places and areas.

At each point where eight voxels meet, the mask's surface is the marching-cubes patch that parts the voxel centres
inside from those outside, with its corners half-way between them. This is the surface of DeepMind's surface-distance
(doi:10.2196/26151); its areas follow the spacing, so that thick slices weigh what they measure in mm2. Outside the
volume nothing belongs to the mask: a lesion at the border is closed there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations, product
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Array, Float64Array, Volume

_CORNERS: Final = np.array([[[128, 64], [32, 16]], [[8, 4], [2, 1]]])
"""The bit of each of the eight voxels about a point, in the number of a configuration."""

_PATCHES: Final = MappingProxyType(
    {
        1: ((1, 1, 1),),
        3: ((4, 4, 0),),
        6: ((2, 2, 2),),
        7: ((4, 0, 0), (3, 3, 3)),
        15: ((8, 0, 0),),
        22: ((3, 3, 3),),
        23: ((6, 6, 6),),
        24: ((2, 2, 2),),
        25: ((0, 4, 4), (1, 1, 1)),
        27: ((4, 4, 4), (0, 2, 2), (2, 0, 2)),
        30: ((4, 0, 0), (4, 4, 4)),
        60: ((8, 8, 0),),
        105: ((4, 4, 4),),
    }
)
"""Flat parts of the patch: sizes of the area's projections along the axes, in eighths of a voxel face. All other
configurations are turned, mirrored or complementary to one of these thirteen."""


@dataclass(frozen=True, eq=False)
class SurfaceElements:
    """Patches of a surface.

    Attributes:
        points_mm: their places, shape (patches, 3), in RAS+ mm.
        areas_mm2: shape (patches,).
    """

    points_mm: Float64Array
    areas_mm2: Float64Array


def surface_elements(mask: Volume, box: tuple[slice, ...] | None = None) -> SurfaceElements:
    """Patches of the surface of a mask (nonzero is inside).

    Args:
        mask: on a grid with or without shear; areas take the axes as perpendicular.
        box: where the mask is nonzero, if that is known.

    >>> from crmo_seg.volume import Geometry
    >>> one_voxel = np.pad(np.ones((1, 1, 1), dtype=bool), 1)
    >>> found = surface_elements(Volume(one_voxel, Geometry(np.diag([2.0, 2, 2, 1]), (3, 3, 3))))
    >>> len(found.areas_mm2), round(float(found.areas_mm2.sum()), 3)   # an octahedron with edges of sqrt(2) mm
    (8, 6.928)
    """
    box = bounding_box(mask.array) if box is None else box
    codes = _codes(mask.array[box])
    at = np.nonzero((codes > 0) & (codes < 255))
    corner = np.array([part.start for part in box]) - 0.5
    areas = patch_areas_mm2(mask.geometry.spacing_mm)[codes[at]]
    return SurfaceElements(mask.geometry.to_world_mm(np.stack(at, axis=1) + corner), areas)


def bounding_box(mask: Array) -> tuple[slice, ...]:
    """The smallest box that holds all nonzero voxels; without any, an empty box.

    >>> bounding_box(np.array([[0, 0, 0], [0, 1, 1]]))
    (slice(1, 2, None), slice(1, 3, None))
    """
    inside = mask if mask.dtype == np.bool_ else mask != 0
    parts = []
    for axis in range(mask.ndim):
        other = tuple(number for number in range(mask.ndim) if number != axis)
        filled = np.flatnonzero(inside.any(axis=other))
        parts.append(slice(int(filled[0]), int(filled[-1]) + 1) if len(filled) else slice(0, 0))
    return tuple(parts)


@cache
def patch_areas_mm2(spacing_mm: tuple[float, float, float]) -> Float64Array:
    """Area of the patch of each of the 256 configurations of eight voxels."""
    x, y, z = spacing_mm
    faces_mm2 = np.array([y * z, x * z, x * y])
    areas = np.zeros(256)
    for code, (patches, axes) in _all_patches().items():
        areas[code] = np.linalg.norm(np.array(patches)[:, list(axes)] / 8 * faces_mm2, axis=1).sum()
    areas.setflags(write=False)
    return areas


@cache
def _all_patches() -> dict[int, tuple[tuple[tuple[int, int, int], ...], tuple[int, ...]]]:
    """Configuration -> the base case's patches, and which of its axes each axis is."""
    known = {}
    for code, patches in _PATCHES.items():
        voxels = (_CORNERS & code) > 0
        for axes, flips in product(permutations(range(3)), product((1, -1), repeat=3)):
            turned = voxels.transpose(axes)[tuple(slice(None, None, step) for step in flips)]
            number = int(_CORNERS[turned].sum())
            known[number] = known[255 - number] = (patches, axes)
    return known


def _codes(inside: Array) -> NDArray[np.uint8]:
    """The configuration at each corner of the voxels, shape one more than the mask's along each axis."""
    codes = np.zeros([n + 1 for n in inside.shape], dtype=np.uint8)
    filled = (inside != 0).view(np.uint8)
    for (i, j, k), bit in np.ndenumerate(_CORNERS):
        # Corner (a, b, c) has voxel (a - 1 + i, ...) on its side (i, j, k).
        part = tuple(slice(1 - step, 1 - step + n) for step, n in zip((i, j, k), inside.shape, strict=True))
        codes[part] += filled * np.uint8(bit)
    return codes
