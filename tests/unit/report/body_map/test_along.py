"""How far along a bone: in any pose, orientation and field of view."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import Side, Site, bone_named
from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.report.body_map.along import places_along
from crmo_seg.volume import Geometry, Volume

SHAPE = (40, 6, 60)
GEOMETRY = Geometry(np.diag([4.0, 8.0, 4.0, 1.0]), SHAPE)


def bones_of(**boxes: tuple[slice, slice, slice]) -> Volume:
    array = np.zeros(SHAPE, dtype=np.uint8)
    for name, box in boxes.items():
        array[box] = bone_named(name).label
    return Volume(array, GEOMETRY)


def share(bones: Volume, index: tuple[float, float, float], site: Site) -> float | None:
    lesion = Lesion(7, 1.0, 10.0, tuple(GEOMETRY.to_world_mm(np.array(index))), site=site)
    return places_along(LesionMap(bones.with_array(np.zeros(SHAPE, dtype=np.int32)), (lesion,)), bones).get(7)


LEG = {
    "ilium_left": (slice(0, 16), slice(1, 5), slice(50, 58)),
    "femur_left": (slice(4, 10), slice(1, 5), slice(8, 48)),
}
FEMUR = Site("femur", Side.LEFT)


@pytest.mark.parametrize(("z", "expected"), [(46.5, 0.0), (37.5, 0.25), (27.5, 0.5), (9.0, 1.0)])
def test_a_leg_from_the_hip_down(z: float, expected: float) -> None:
    assert share(bones_of(**LEG), (6.5, 2.5, z), FEMUR) == pytest.approx(expected, abs=0.04)


def test_a_raised_arm_begins_at_the_shoulder() -> None:
    bones = bones_of(
        scapula_left=(slice(4, 12), slice(1, 5), slice(2, 8)), humerus_left=(slice(4, 10), slice(1, 5), slice(10, 50))
    )
    found = share(bones, (6.5, 2.5, 40), Site("humerus", Side.LEFT))
    assert found == pytest.approx(0.76, abs=0.04)


def test_every_orientation_gives_the_same() -> None:
    bones = bones_of(**LEG)
    turned = bones.transposed((2, 0, 1), (True, False, True))
    lesion = Lesion(1, 1.0, 10.0, tuple(GEOMETRY.to_world_mm(np.array((6.5, 2.5, 40)))), site=FEMUR)
    maps = [LesionMap(volume.with_array(volume.array.astype(np.int32)), (lesion,)) for volume in (bones, turned)]
    here, there = (places_along(one, volume)[1] for one, volume in zip(maps, (bones, turned), strict=True))
    assert here == pytest.approx(there, abs=0.02)


def test_what_is_seen_of_a_bone_that_is_cut_off_is_its_other_half() -> None:
    cut = {**LEG, "femur_left": (slice(4, 10), slice(1, 5), slice(0, 48))}
    assert share(bones_of(**cut), (6.5, 2.5, 24), FEMUR) == pytest.approx(0.25, abs=0.03)


def test_without_bones_or_side_nothing_is_said() -> None:
    bones = bones_of(**LEG)
    assert share(bones, (6.5, 2.5, 24), Site("femur")) is None
    assert share(bones, (6.5, 2.5, 24), Site("tibia", Side.LEFT)) is None
    assert places_along(LesionMap(bones.with_array(bones.array.astype(np.int32)), ()), None) == {}
