"""True bones made as imperfect as those that a model of moderate quality marks; for tests and benchmarks.

Kinds of errors: ragged borders, blobs of another class in a bone, islands in soft tissue, pieces and whole small bones
that are missing, and holes where lesions lie, because edema changes the contrast. Sizes and numbers are assumptions;
how bad the whole is, its Dice tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

Box: TypeAlias = tuple[slice, ...]

BORDER_MM: Final = 3.0
"""Borders are off by as much in half of all patches, at strength 1."""
PATCH_MM: Final = 8.0
LOST_SHARE: Final = 0.08
"""So many of the small connected bones are missing, at strength 1."""
SMALL_BONE_ML: Final = 20.0
HOLE_SHARE: Final = 0.6
"""So many lesions lie in holes, at strength 1."""
HOLE_MARGIN_MM: Final = 3.0

LOOK_ALIKES: Final = MappingProxyType(
    {
        "femur": "tibia",
        "tibia": "fibula",
        "fibula": "tibia",
        "radius": "ulna",
        "ulna": "radius",
        "humerus": "femur",
        "clavicle": "rib",
        "rib": "clavicle",
        "cervical_vertebra": "thoracic_vertebra",
        "thoracic_vertebra": "lumbar_vertebra",
        "lumbar_vertebra": "thoracic_vertebra",
        "sacrum": "pelvis",
        "pelvis": "sacrum",
    }
)
"""What a bone is taken for most easily."""


@dataclass(frozen=True)
class _Balls:
    """How many balls per 100 ml of bone, and their radii in mm, at strength 1."""

    per_100_ml: float
    radius_mm: tuple[float, float]


_WRONG_CLASS: Final = _Balls(1.5, (4.0, 14.0))
_ISLANDS: Final = _Balls(1.0, (2.0, 6.0))
_MISSING: Final = _Balls(0.7, (4.0, 12.0))
_ISLAND_REACH_MM: Final = 40.0


def with_errors(
    head_classes: Volume, strength: float, rng: np.random.Generator, lesions: Volume | None = None
) -> Volume:
    """Bones with errors, the same for the same state of ``rng``.

    Args:
        head_classes: true bones, values of the ``bones`` head, 0 is no bone.
        strength: 0 for none; at 1 the Dice of the classes is about 0.7.
        rng: source of chance; each kind of error has a stream of its own.
        lesions: their numbers on the same grid.

    >>> bone = Volume(np.ones((4, 4, 4), dtype=np.uint8), Geometry(np.eye(4), (4, 4, 4)))
    >>> bool((with_errors(bone, 0.0, np.random.default_rng(0)).array == bone.array).all())
    True
    """
    border, wrong, islands, missing, lost, holes = rng.spawn(6)
    array, geometry = head_classes.array.copy(), head_classes.geometry
    if strength <= 0 or not array.any():
        return head_classes
    _lose_small_bones(array, geometry, LOST_SHARE * strength, lost)
    _mistake_balls(array, geometry, strength, wrong)
    for box, ball in _balls_on_bone(array, geometry, (_MISSING, strength), missing):
        array[box][ball] = 0
    _add_islands(array, geometry, strength, islands)
    array = _ragged(array, geometry, strength, border)
    if lesions is not None:
        _make_holes(array, lesions, HOLE_SHARE * strength, holes)
    return head_classes.with_array(array)


def _lose_small_bones(array: Array, geometry: Geometry, share: float, rng: np.random.Generator) -> None:
    for name in range(1, len(HEAD_CLASSES) + 1):
        components, count = ndimage.label(array == name)
        sizes_ml = np.bincount(components.ravel(), minlength=count + 1) * geometry.voxel_volume_ml
        is_lost = (rng.random(count + 1) < share) & (sizes_ml < SMALL_BONE_ML)
        is_lost[0] = False
        array[is_lost[components]] = 0


def _mistake_balls(array: Array, geometry: Geometry, strength: float, rng: np.random.Generator) -> None:
    """Half of the balls become what their bone is taken for most easily, the others any bone in the picture."""
    present = np.flatnonzero(np.bincount(array.ravel())[1:]) + 1
    for box, ball in _balls_on_bone(array, geometry, (_WRONG_CLASS, strength), rng):
        values = array[box][ball]
        name = HEAD_CLASSES[int(np.bincount(values[values > 0]).argmax()) - 1] if values.any() else ""
        likely = name in LOOK_ALIKES and rng.random() < 0.5
        other = HEAD_CLASSES.index(LOOK_ALIKES[name]) + 1 if likely else rng.choice(present)
        array[box][ball & (array[box] > 0)] = other


def _add_islands(array: Array, geometry: Geometry, strength: float, rng: np.random.Generator) -> None:
    present = np.flatnonzero(np.bincount(array.ravel())[1:]) + 1
    for centre, radius_mm in _seats(array, geometry, (_ISLANDS, strength), rng):
        away = centre + rng.uniform(-_ISLAND_REACH_MM, _ISLAND_REACH_MM, 3) / np.array(geometry.spacing_mm)
        box, ball = _ball(away, radius_mm, geometry)
        array[box][ball & (array[box] == 0)] = rng.choice(present)


def _ragged(array: Array, geometry: Geometry, strength: float, rng: np.random.Generator) -> Array:
    """In half of all patches the voxel is that of a neighbour along each axis in turn."""
    for axis, mm in enumerate(geometry.spacing_mm):
        wanted = BORDER_MM * strength / mm
        shift = max(round(wanted), 1)
        for sign in (-1, 1):
            patches = _patches(array.shape, geometry, rng) < 0.25 * min(wanted / shift, 1.0) * 2
            array = np.where(patches, np.roll(array, sign * shift, axis=axis), array)
    return array


def _patches(shape: tuple[int, ...], geometry: Geometry, rng: np.random.Generator) -> NDArray[np.float32]:
    """Chance from 0 to 1, the same within each patch."""
    voxels = [max(round(PATCH_MM / mm), 1) for mm in geometry.spacing_mm]
    chance = rng.random([-(-size // n) for size, n in zip(shape, voxels, strict=True)], dtype=np.float32)
    for axis, n in enumerate(voxels):
        chance = np.repeat(chance, n, axis=axis)
    cropped: NDArray[np.float32] = chance[tuple(slice(size) for size in shape)]
    return cropped


def _make_holes(array: Array, lesions: Volume, share: float, rng: np.random.Generator) -> None:
    """Voxels of some lesions and a little around them are no bone."""
    margins = [int(np.ceil(HOLE_MARGIN_MM / mm)) for mm in lesions.geometry.spacing_mm]
    for number, box in enumerate(ndimage.find_objects(lesions.array), 1):
        if box is None or rng.random() >= share:
            continue
        wide = tuple(slice(max(0, part.start - m), part.stop + m) for part, m in zip(box, margins, strict=True))
        apart = ndimage.distance_transform_edt(lesions.array[wide] != number, sampling=lesions.geometry.spacing_mm)
        array[wide][apart <= HOLE_MARGIN_MM] = 0


def _balls_on_bone(
    array: Array, geometry: Geometry, how_many: tuple[_Balls, float], rng: np.random.Generator
) -> Iterator[tuple[Box, NDArray[np.bool_]]]:
    for centre, radius_mm in _seats(array, geometry, how_many, rng):
        yield _ball(centre, radius_mm, geometry)


def _seats(
    array: Array, geometry: Geometry, how_many: tuple[_Balls, float], rng: np.random.Generator
) -> Iterable[tuple[Float64Array, float]]:
    """Voxels of bone and radii."""
    balls, strength = how_many
    on_bone = np.flatnonzero(array)
    count = rng.poisson(balls.per_100_ml * strength * len(on_bone) * geometry.voxel_volume_ml / 100)
    chosen = rng.choice(on_bone, count) if len(on_bone) else on_bone
    centres = np.stack(np.unravel_index(chosen, array.shape), axis=1).astype(np.float64)
    return list(zip(centres, rng.uniform(*balls.radius_mm, len(chosen)).tolist(), strict=True))


def _ball(centre: Float64Array, radius_mm: float, geometry: Geometry) -> tuple[Box, NDArray[np.bool_]]:
    """A ball of voxels, as a mask in a box; empty where it lies outside."""
    reach = np.ceil(radius_mm / np.array(geometry.spacing_mm))
    low = np.clip(centre - reach, 0, geometry.shape).astype(int)
    high = np.clip(centre + reach + 1, 0, geometry.shape).astype(int)
    offsets = np.ogrid[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    squared = sum(
        ((one - middle) * mm) ** 2 for one, middle, mm in zip(offsets, centre, geometry.spacing_mm, strict=True)
    )
    box = tuple(slice(a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True))
    return box, np.asarray(squared <= radius_mm**2)
