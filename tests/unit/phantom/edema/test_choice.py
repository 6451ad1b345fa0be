from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.edema.choice import choose_seats, mirrored, seats_of, without
from crmo_seg.phantom.edema.frequencies import MIXED, OTHER, SITE_WEIGHTS, TIBIO_APPENDICULAR, weight_of
from crmo_seg.phantom.edema.lesion import SiteKey

Skeleton = tuple[SolidBone, ...]


def test_every_site_of_the_skeleton_has_a_weight_and_a_name_of_its_own(skeleton: Skeleton) -> None:
    seats = seats_of(skeleton)
    assert len(seats) == len({seat.key for seat in seats}) == sum(len(bone.sites) for bone in skeleton)
    assert all(weight_of(seat.key.bone, seat.key.region) > 0 for seat in seats)


def test_every_weight_has_a_site(skeleton: Skeleton) -> None:
    found = {(seat.key.bone.name.split("_")[0], seat.key.region) for seat in seats_of(skeleton)}
    assert set(SITE_WEIGHTS) == found


def test_unknown_sites_are_never_ill() -> None:
    assert weight_of(bone_named("coccyx"), "tip") == 0


def test_mirror_images() -> None:
    right = SiteKey(bone_named("tibia_right"), "distal metaphysis", 0)
    assert mirrored(right) == SiteKey(bone_named("tibia_left"), "distal metaphysis", 0)
    assert mirrored(SiteKey(bone_named("vertebra_T5"), "body", 0)) is None


@pytest.mark.parametrize("seed", range(6))
def test_no_site_is_ill_twice_and_the_count_is_met(skeleton: Skeleton, seed: int) -> None:
    chosen = choose_seats(seats_of(skeleton), MIXED, 12, np.random.default_rng(seed), lambda _: True)
    keys = [seat.key for seat in chosen]
    assert len(keys) == len(set(keys)) == 12
    assert {"tibia", "clavicle"} <= {key.bone.name for key in keys}


def test_patterns_spare_what_they_do_not_have(skeleton: Skeleton) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        names = {s.key.bone.name for s in choose_seats(seats_of(skeleton), OTHER, 15, rng, lambda _: True)}
        assert not names & {"tibia", "clavicle"}


def test_sites_that_hold_no_lesion_are_left_out(skeleton: Skeleton) -> None:
    rng = np.random.default_rng(0)
    chosen = choose_seats(
        seats_of(skeleton), TIBIO_APPENDICULAR, 30, rng, lambda seat: seat.key.bone.name in ("tibia", "femur")
    )
    assert {seat.key.bone.name for seat in chosen} == {"tibia", "femur"}
    assert len(chosen) == sum(len(bone.sites) for bone in skeleton if bone.full_name.startswith(("tibia", "femur")))


def test_taken_sites_are_not_offered(skeleton: Skeleton) -> None:
    seats = seats_of(skeleton)
    rest = without(seats, {seats[3].key})
    assert len(rest) == len(seats) - 1
    assert seats[3] not in rest
