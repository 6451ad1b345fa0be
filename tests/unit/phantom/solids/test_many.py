"""Many solids at once give the bits of each alone."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.solids.boxes import Boxes
from crmo_seg.phantom.solids.combined import Both, Half, Without, Wrinkled
from crmo_seg.phantom.solids.many import SMALL_VOXELS, distances_at, small_distances
from crmo_seg.phantom.solids.ripple import Ripple
from crmo_seg.phantom.solids.shapes import (
    Capsule,
    Drum,
    Ellipsoid,
    FloatArray,
    Grown,
    Plate,
    Profile,
    Shape,
    axes_along,
    vector,
)

RNG = np.random.default_rng(0)
AXES = tuple((-10 + 1.7 * np.arange(n)).astype(np.float32) for n in (12, 13, 14))
PROFILE = Profile((-8.0, 0.0, 9.0), (3.0, 6.0, 4.0), (2.0, 3.0, 2.0), (0.0, 1.0, 0.0))
HALF = Half(vector(0.5, 0, 0), vector(0.6, 0.8, 0))
RIPPLE = Ripple(np.zeros(3), RNG.standard_normal((2, 3)), np.zeros((2, 3)), np.array([0.3, 0.2]))


def capsule() -> Capsule:
    start, end = RNG.uniform(-8, 8, (2, 3))
    return Capsule(start, end, float(RNG.uniform(1, 3)), float(RNG.uniform(1, 3)))


def ellipsoid(*, turned: bool = True) -> Ellipsoid:
    axes = axes_along(RNG.standard_normal(3), hint=RNG.standard_normal(3)) if turned else None
    return Ellipsoid(RNG.uniform(-5, 5, 3), RNG.uniform(1, 6, 3), axes)


def drum(*, turned: bool = True) -> Drum:
    axes = axes_along(RNG.standard_normal(3), hint=RNG.standard_normal(3)) if turned else None
    return Drum(RNG.uniform(-5, 5, 3), RNG.uniform(1, 6, 2), float(RNG.uniform(1, 4)), axes)


def plate() -> Plate:
    a, b, c = RNG.uniform(-8, 8, (3, 3))
    return Plate((a, b, c), 1.2)


KINDS: dict[str, list[Shape]] = {
    "rods": [capsule() for _ in range(5)],
    "a rod without length": [Capsule(vector(1, 1, 1), vector(1, 1, 1), 2.0, 2.0), capsule(), capsule()],
    "ellipsoids": [ellipsoid() for _ in range(4)],
    "straight ellipsoids": [ellipsoid(turned=False) for _ in range(4)],
    "drums": [drum(turned=bool(n % 2)) for n in range(4)],
    "grown": [Grown(capsule(), 0.7), Grown(capsule(), 1.3), Grown(capsule(), -0.2)],
    "spaces": [Both(Grown(ellipsoid(), 1.0), Grown(drum(), 2.0)) for _ in range(3)],
    "one profile": [Both(capsule(), PROFILE) for _ in range(4)],
    "one half": [Both(Both(capsule(), PROFILE), HALF) for _ in range(3)],
    "others": [plate(), Without(ellipsoid(), capsule()), Wrinkled(ellipsoid(), RIPPLE), PROFILE],
}
ALL = [shape for shapes in KINDS.values() for shape in shapes]


def boxes_for(count: int, largest: int = 8) -> Boxes:
    start = RNG.integers(0, 4, (count, 3))
    return Boxes(start, start + RNG.integers(1, largest, (count, 3)))


def alone(shape: Shape, boxes: Boxes, index: int) -> FloatArray:
    x, y, z = (axis[part] for axis, part in zip(AXES, boxes.slices()[index], strict=True))
    return shape.distance(x[:, None, None], y[None, :, None], z[None, None, :])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "others"])
def test_solids_of_a_kind_are_evaluated_together(kind: str) -> None:
    shapes = KINDS[kind]
    boxes = boxes_for(len(shapes))
    found = small_distances(shapes, boxes, AXES)
    assert sorted(found) == list(range(len(shapes)))
    for index, distance in found.items():
        np.testing.assert_array_equal(distance, alone(shapes[index], boxes, index))
        assert distance.dtype == np.float32


def test_what_is_large_empty_or_has_no_like_is_left_out() -> None:
    rods = KINDS["rods"]
    boxes = boxes_for(len(rods), largest=4)
    boxes.stop[0] = boxes.start[0] + 10
    boxes.stop[1, 2] = boxes.start[1, 2]
    assert boxes.voxels[0] > SMALL_VOXELS
    assert sorted(small_distances(rods, boxes, AXES)) == [2, 3, 4]
    others = KINDS["others"]
    assert not small_distances(others, boxes_for(len(others)), AXES)
    assert not small_distances([], boxes_for(0), AXES)


def test_mixed_solids_keep_their_order() -> None:
    boxes = boxes_for(len(ALL))
    for index, distance in small_distances(ALL, boxes, AXES).items():
        np.testing.assert_array_equal(distance, alone(ALL[index], boxes, index))


def test_distances_at_points_are_those_of_each() -> None:
    shapes = [shape for shape in ALL if not isinstance(shape, Wrinkled)]  # which takes open axes only
    points = RNG.uniform(-9, 9, (7, 3))
    x, y, z = points.astype(np.float32).T
    np.testing.assert_array_equal(distances_at(shapes, points), [shape.distance(x, y, z) for shape in shapes])
