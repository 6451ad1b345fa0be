"""Distances of many small solids at once: on coarse grids the calls for each would cost more than the arithmetic.

The bits are those of ``Shape.distance`` on the open axes of a box; what is gained is time only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Final, TypeVar

import numpy as np

from crmo_seg.phantom.solids.boxes import Boxes, Whole
from crmo_seg.phantom.solids.combined import Both, Half
from crmo_seg.phantom.solids.formulas import (
    Coordinates,
    FloatArray,
    Floats,
    Vector,
    elliptic,
    frame_numbers,
    local,
    radius_numbers,
    rod,
)
from crmo_seg.phantom.solids.shapes import Capsule, Drum, Ellipsoid, Grown, Plate, Profile, Shape

Solid = TypeVar("Solid", bound=Shape)

SMALL_VOXELS: Final = 700
"""Boxes of more voxels are evaluated alone, on open axes, which takes less arithmetic for each of them."""
FEWEST: Final = 3
"""Fewer solids of a kind are evaluated alone too."""


def small_distances(shapes: Sequence[Shape], boxes: Boxes, axes: Coordinates) -> dict[int, FloatArray]:
    """Distance of the small ones of some solids by their index, each in its own box; the others are left out.

    Args:
        shapes: the solids.
        boxes: where the distance of each is wanted.
        axes: coordinates along the axes of the grid, float32 (X,), (Y,), (Z,), mm.
    """
    kinds: dict[Hashable, list[int]] = defaultdict(list)
    for index, voxels in enumerate(boxes.voxels.tolist()):
        if 0 < voxels <= SMALL_VOXELS:
            kinds[_kind(shapes[index])].append(index)
    distances: dict[int, FloatArray] = {}
    for chosen in kinds.values():
        if len(chosen) >= FEWEST:
            found = _of_a_kind([shapes[index] for index in chosen], boxes.chosen(chosen), axes)
            distances.update(zip(chosen, found, strict=True))
    return distances


def distances_at(shapes: Sequence[Shape], points: Vector) -> FloatArray:
    """Distance of each of n solids at points (p, 3), shape (n, p); no ripples, which take open axes only."""
    kinds: dict[Hashable, list[int]] = defaultdict(list)
    for index, shape in enumerate(shapes):
        kinds[_kind(shape)].append(index)
    found = np.empty((len(shapes), len(points)), np.float32)
    for chosen in kinds.values():
        counts = np.full(len(chosen), len(points))
        x, y, z = np.tile(points.astype(np.float32).T, len(chosen))
        found[chosen] = _distance([shapes[index] for index in chosen], counts, (x, y, z)).reshape(found[chosen].shape)
    return found


def _kind(shape: Shape) -> Hashable:
    """Equal where one formula serves both: made of the same kinds of solid, or the same object."""
    match shape:
        case Capsule() | Drum():
            return type(shape).__name__
        case Ellipsoid():
            return "Ellipsoid", shape.axes is None
        case Grown():
            return "Grown", _kind(shape.shape)
        case Both():
            return "Both", _kind(shape.first), _kind(shape.second)
        case Plate() | Profile() | Half():
            return id(shape)
    return object()  # alone: ripples, for one, need open axes


def _of_a_kind(shapes: Sequence[Shape], boxes: Boxes, axes: Coordinates) -> list[FloatArray]:
    counts = boxes.voxels
    together = _distance(shapes, counts, boxes.coordinates(axes))
    ends, sizes = np.cumsum(counts), (boxes.stop - boxes.start).tolist()
    starts = (ends - counts).tolist()
    return [together[a:b].reshape(size) for a, b, size in zip(starts, ends.tolist(), sizes, strict=True)]


def _distance(shapes: Sequence[Shape], counts: Whole, xyz: Coordinates) -> FloatArray:
    """At the points of each solid, which follow one another by its count."""
    match shapes[0]:
        case Capsule():
            return rod(xyz, _numbers((one.numbers() for one in _all(Capsule, shapes)), counts))
        case Ellipsoid():
            return _ellipsoids(_all(Ellipsoid, shapes), counts, xyz)
        case Drum():
            return _drums(_all(Drum, shapes), counts, xyz)
        case Grown():
            return _grown(_all(Grown, shapes), counts, xyz)
        case Both():
            both = _all(Both, shapes)
            first = _distance([one.first for one in both], counts, xyz)
            return np.maximum(first, _distance([one.second for one in both], counts, xyz), out=first)
    return shapes[0].distance(*xyz)


def _ellipsoids(solids: Sequence[Ellipsoid], counts: Whole, xyz: Coordinates) -> FloatArray:
    inside = local(xyz, _numbers((frame_numbers(one.centre, one.axes) for one in solids), counts))
    return elliptic(inside, _numbers((radius_numbers(one.radii) for one in solids), counts))


def _drums(solids: Sequence[Drum], counts: Whole, xyz: Coordinates) -> FloatArray:
    axes = (np.eye(3) if one.axes is None else one.axes for one in solids)
    frames = (frame_numbers(one.centre, turned) for one, turned in zip(solids, axes, strict=True))
    u, v, w = local(xyz, _numbers(frames, counts))
    mantle = elliptic((u, v), _numbers((radius_numbers(one.radii) for one in solids), counts))
    (half_height,) = _numbers(((one.half_height,) for one in solids), counts)
    lids: FloatArray = np.abs(w) - half_height
    return np.maximum(mantle, lids, out=mantle)


def _grown(solids: Sequence[Grown], counts: Whole, xyz: Coordinates) -> FloatArray:
    (layer,) = _numbers(((one.layer_mm,) for one in solids), counts)
    distance = _distance([one.shape for one in solids], counts, xyz)
    distance -= layer
    return distance


def _all(kind: type[Solid], shapes: Sequence[Shape]) -> list[Solid]:
    return [shape for shape in shapes if isinstance(shape, kind)]


def _numbers(of_solids: Iterable[Floats], counts: Whole) -> FloatArray:
    """The numbers of the solid of each point, (numbers, points)."""
    table = np.array(list(of_solids)).astype(np.float32)
    numbers: FloatArray = np.repeat(table.T, counts, axis=1)
    return numbers
