"""Small mistakes of a model taken out of its bones: pieces of one class within another, specks far from their bone.

A true bone hardly ever touches others with half of its surface, and has no part of its own far away inside of another;
what does is taken for the bone that it lies in. Limits are assumptions, set so that true bones of phantoms stay as they
are (docs/sites.md). Hands and feet are many small bones apart, so their specks are kept further off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

LARGEST_ISLAND_ML: Final = 12.0
"""More is no island, whatever it touches."""
EMBEDDED_SHARE: Final = 0.55
"""With so much of its surface on a larger piece of another class, an island lies within it."""
TOUCHING_SHARE: Final = 0.15
"""With so much of its surface on it, an astray piece belongs to it."""
ASTRAY_MM: Final = 20.0
"""So far from every larger piece of its own class a small piece is astray."""
ASTRAY_OF_CLASS: Final = 0.2
"""Largest share of its class that a piece can be without being the bone itself."""
SPECK_ML: Final = 0.5
"""Astray pieces that touch nothing are taken away up to this size."""
LOOSE: Final = ("hand", "foot")
LOOSE_ASTRAY_MM: Final = 80.0
"""As ``ASTRAY_MM``, for fingers and toes of which the bones between are not marked."""

_ROUNDS = 2
_MOST_POINTS = 4000


class _Contact(NamedTuple):
    """The larger piece of another class that a piece touches most, and the share of its surface that does."""

    piece: int
    share: float


_NONE = _Contact(0, 0.0)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Connected pieces of each class, numbered from 1.

    Attributes:
        numbers: of each voxel, 0 outside of bone; with a margin of one voxel on every side.
        values: class of each piece, shape (pieces + 1,).
        sizes_ml: shape (pieces + 1,).
        geometry: of the volume, without the margin.
    """

    numbers: NDArray[np.int32]
    values: NDArray[np.int64]
    sizes_ml: Float64Array
    geometry: Geometry


class _Voxels(NamedTuple):
    """Voxels of bone: their places in ``_Pieces.numbers``, shape (n, 3), and the piece of each, shape (n,)."""

    places: NDArray[np.int64]
    piece: NDArray[np.int32]

    def where(self, chosen: NDArray[np.bool_]) -> _Voxels:
        """Those only."""
        return _Voxels(self.places[chosen], self.piece[chosen])


def without_islands(head_classes: Volume) -> Volume:
    """The same bones (uint8) with islands in the class of the bone around them, and without specks far from any bone.

    Args:
        head_classes: values of the ``bones`` head, ``HEAD_CLASSES`` index + 1, 0 is no bone.
    """
    array = head_classes.array
    for _ in range(_ROUNDS):
        pieces = _pieces_of(array, head_classes.geometry)
        changes = dict(_changes(pieces))
        if not changes:
            break
        values = pieces.values.astype(np.uint8)
        values[list(changes)] = list(changes.values())
        array = values[pieces.numbers[1:-1, 1:-1, 1:-1]]
    return head_classes.with_array(array)


def _pieces_of(array: Array, geometry: Geometry) -> _Pieces:
    numbers = np.zeros([size + 2 for size in array.shape], dtype=np.int32)
    inner = numbers[1:-1, 1:-1, 1:-1]
    values = [0]
    for value, box in enumerate(ndimage.find_objects(array, max_label=len(HEAD_CLASSES)), 1):
        if box is not None:
            inside = array[box] == value
            components, count = ndimage.label(inside)
            inner[box][inside] = components[inside] + (len(values) - 1)
            values += [value] * count
    sizes_ml: Float64Array = np.bincount(numbers.ravel(), minlength=len(values)) * np.float64(geometry.voxel_volume_ml)
    sizes_ml[0] = 0.0
    return _Pieces(numbers, np.array(values), sizes_ml, geometry)


def _changes(pieces: _Pieces) -> Iterator[tuple[int, int]]:
    """(number of a piece, its class from now on) where that is another."""
    found = np.flatnonzero(pieces.numbers)
    bone = _Voxels(np.stack(np.unravel_index(found, pieces.numbers.shape), axis=1), pieces.numbers.ravel()[found])
    islands = bone.where(pieces.sizes_ml[bone.piece] <= LARGEST_ISLAND_ML)
    if not len(islands.piece):
        return
    contacts = _contacts(pieces, islands)
    at_border = _at_border(pieces, islands)
    embedded = {number for number, contact in contacts.items() if contact.share >= EMBEDDED_SHARE}
    for number in embedded:
        yield number, int(pieces.values[contacts[number].piece])
    for number in _astray(pieces, islands, bone) - embedded - at_border:
        contact = contacts.get(number, _NONE)
        if contact.share >= TOUCHING_SHARE:
            yield number, int(pieces.values[contact.piece])
        elif pieces.sizes_ml[number] <= SPECK_ML:
            yield number, 0


def _contacts(pieces: _Pieces, islands: _Voxels) -> dict[int, _Contact]:
    """For each island that touches a larger piece of another class the one that it touches most."""
    count = len(pieces.values)
    faces_mm2 = np.zeros(count)
    keys, areas = [], []
    for axis, step, area in _faces(pieces.geometry):
        beside = islands.places.copy()
        beside[:, axis] += step
        other = pieces.numbers[tuple(beside.T)]
        faces_mm2 += area * np.bincount(islands.piece[other != islands.piece], minlength=count)
        touching = pieces.sizes_ml[other] > pieces.sizes_ml[islands.piece]
        keys.append(islands.piece[touching].astype(np.int64) * count + other[touching])
        areas.append(np.full(len(keys[-1]), area))
    pairs, order = np.unique(np.concatenate(keys), return_inverse=True)
    shared_mm2 = np.bincount(order, weights=np.concatenate(areas), minlength=len(pairs))
    by_area = np.argsort(shared_mm2)  # the largest one last, so that it stays
    return {
        int(pair // count): _Contact(int(pair % count), float(shared / faces_mm2[pair // count]))
        for pair, shared in zip(pairs[by_area], shared_mm2[by_area], strict=True)
    }


def _faces(geometry: Geometry) -> Iterator[tuple[int, int, float]]:
    """(axis, direction, area in mm2) of the six faces of a voxel."""
    for axis, mm in enumerate(geometry.spacing_mm):
        for step in (-1, 1):
            yield axis, step, 1000 * geometry.voxel_volume_ml / mm


def _at_border(pieces: _Pieces, islands: _Voxels) -> set[int]:
    """Islands that the image may cut from their bone: they are not astray."""
    is_last = (islands.places == 1) | (islands.places == np.array(pieces.geometry.shape))
    return set(islands.piece[is_last.any(axis=1)].tolist())


def _astray(pieces: _Pieces, islands: _Voxels, bone: _Voxels) -> set[int]:
    """Islands that are a small part of their class and far from every larger piece of it."""
    of_class_ml = np.bincount(pieces.values, weights=pieces.sizes_ml, minlength=len(HEAD_CLASSES) + 1)
    is_small = pieces.sizes_ml <= ASTRAY_OF_CLASS * of_class_ml[pieces.values]
    small = islands.where(is_small[islands.piece])
    astray: set[int] = set()
    for value in np.unique(pieces.values[small.piece]).tolist():
        mine = small.where(pieces.values[small.piece] == value)
        astray |= _far_from_others(pieces, mine, bone.where(pieces.values[bone.piece] == value))
    return astray


def _far_from_others(pieces: _Pieces, islands: _Voxels, of_class: _Voxels) -> set[int]:
    """Islands of one class that lie far from all of its larger pieces."""
    name = HEAD_CLASSES[int(pieces.values[islands.piece[0]]) - 1]
    limit_mm = LOOSE_ASTRAY_MM if name in LOOSE else ASTRAY_MM
    every = max(1, len(of_class.piece) // _MOST_POINTS)
    points, sizes_ml = pieces.geometry.to_world_mm(of_class.places[::every]), pieces.sizes_ml[of_class.piece[::every]]
    order = np.argsort(islands.piece, kind="stable")
    numbers, starts = np.unique(islands.piece[order], return_index=True)
    mine = pieces.geometry.to_world_mm(islands.places[order])
    lows, highs = np.minimum.reduceat(mine, starts), np.maximum.reduceat(mine, starts)
    far: set[int] = set()
    for number, low, high in zip(numbers.tolist(), lows, highs, strict=True):
        larger = points[sizes_ml > pieces.sizes_ml[number]]
        if len(larger) and _gap_mm(low, high, larger) > limit_mm:
            far.add(number)
    return far


def _gap_mm(low: Float64Array, high: Float64Array, points: Float64Array) -> float:
    """Least distance of points from a box."""
    apart = np.maximum(np.maximum(low - points, points - high), 0)
    return float(np.sqrt((apart**2).sum(axis=1).min()))
