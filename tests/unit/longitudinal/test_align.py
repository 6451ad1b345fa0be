"""Bones brought from one visit to the other: grown, in another pose, cut off by the picture, or not the same."""

from __future__ import annotations

import numpy as np
import pytest
from followup_builders import FEMUR_MM, HIP_MM, StickChild

from crmo_seg.anatomy import bone_named
from crmo_seg.errors import InputError
from crmo_seg.longitudinal.align import Alignment, align_visits
from crmo_seg.longitudinal.bone_units import pair_units
from crmo_seg.volume import Array, Volume

FEMUR = bone_named("femur_left").label
ALONG = np.array(HIP_MM) + np.outer([0.1, 0.5, 0.95], [0.0, 0.0, -FEMUR_MM])
BEFORE = StickChild()


def bones_of(child: StickChild) -> Volume:
    bones = child.masks().bones
    assert bones is not None
    return bones


def align(before: StickChild, now: StickChild) -> Alignment:
    return align_visits(bones_of(before), bones_of(now), [FEMUR])


def errors_mm(alignment: Alignment, before: StickChild, now: StickChild) -> Array:
    """How far points along the left femur arrive from where they are."""
    moved = alignment.bones["femur_left"].registration.map(before.to_world(ALONG, "femur_left"))
    return np.asarray(np.linalg.norm(moved - now.to_world(ALONG, "femur_left"), axis=1))


@pytest.fixture(scope="module")
def grown() -> tuple[Alignment, StickChild]:
    now = StickChild(growth=1.08, leg_degrees=12.0, shift_mm=(9.0, -4.0, 12.0), spacing_mm=(3.0, 8.0, 3.0))
    return align(BEFORE, now), now


def test_a_grown_child_in_another_pose_and_scanner(grown: tuple[Alignment, StickChild]) -> None:
    alignment, now = grown
    femur = alignment.bones["femur_left"]
    assert femur.reliable
    assert femur.registration.overlap > 0.8
    assert errors_mm(alignment, BEFORE, now).max() < 5.0
    assert alignment.scale == pytest.approx(1.08, abs=0.02)


def test_only_wanted_bones_and_those_that_they_hang_on_are_aligned(grown: tuple[Alignment, StickChild]) -> None:
    assert set(grown[0].bones) == {"femur_left", "ilium_left"}


def test_a_bone_that_one_picture_cuts_off_is_aligned_by_what_both_have() -> None:
    now = StickChild(shift_mm=(5.0, 0.0, 0.0), lowest_mm=-160.0)
    alignment = align(BEFORE, now)
    assert alignment.bones["femur_left"].reliable
    assert errors_mm(alignment, BEFORE, now)[:2].max() < 10.0  # slices are 6 mm thick


def test_another_bone_under_the_same_label_is_not_reliable() -> None:
    bones = bones_of(BEFORE)
    wrong = bones.array.copy()
    wrong[wrong == FEMUR] = 0
    wrong[10:20, 3:18, 20:30] = FEMUR
    alignment = align_visits(bones, bones.with_array(wrong), [FEMUR])
    assert not alignment.bones["femur_left"].reliable


def test_visits_without_a_common_bone_are_refused() -> None:
    bones = bones_of(BEFORE)
    legs = bones.with_array(np.where(bones.array == FEMUR, bones.array, np.uint8(0)))
    rest = bones.with_array(np.where(bones.array == FEMUR, np.uint8(0), bones.array))
    with pytest.raises(InputError, match="share no bone; compare studies of the same part of the body"):
        align_visits(legs, rest, [FEMUR])


def test_levels_that_one_visit_lacks_make_one_unit_of_the_class() -> None:
    levels = [bone_named(f"vertebra_T{i}").label for i in (4, 5, 6)]
    (unit,) = pair_units(levels, [bone_named("thoracic_vertebra").label])
    assert (unit.name, unit.before) == ("thoracic_vertebra", frozenset(levels))
    assert {unit.name for unit in pair_units(levels, levels[1:])} == {"vertebra_T5", "vertebra_T6"}
