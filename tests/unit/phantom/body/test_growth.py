from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.child import Child, Sex
from crmo_seg.phantom.body.growth import OssifyingPlate, bone_ossified, growth_plates
from crmo_seg.phantom.body.growth_ages import APPEARS, CLOSING, PARTS
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton


def child(age: float, sex: Sex = Sex.GIRL, maturity_years: float = 0.0) -> Child:
    person = replace(draw_person(np.random.default_rng(1)), sex=sex, maturity_years=maturity_years)
    return child_at(person, age)


def plates(of: Child) -> list[tuple[str, OssifyingPlate]]:
    bones = build_skeleton(find_landmarks(of))
    return [(bone.full_name, plate) for bone in bones for plate in growth_plates(bone, of)]


def test_the_table_is_in_order() -> None:
    for name, closing in CLOSING.items():
        for appears, begins, closed in zip(closing.appears, closing.begins, closing.closed, strict=True):
            assert appears < begins < closed, name
        assert closing.begins[0] <= closing.begins[1], name


def test_every_row_but_the_triradiate_is_a_plate_of_some_bone() -> None:
    names = {plate.name for _, plate in plates(child(9.0))}
    assert names == set(CLOSING) - {"triradiate"}


def test_plates_lie_in_their_bones_and_point_out_of_the_shaft() -> None:
    of = child(9.0)
    for bone in build_skeleton(find_landmarks(of)):
        for plate in growth_plates(bone, of):
            point = [np.float32(c).reshape(1, 1, 1) for c in plate.centre]
            assert min(shape.distance(*point).item() for shape in bone.shapes) < 0.5, (bone.full_name, plate.name)
            assert np.linalg.norm(plate.normal) == pytest.approx(1)
            assert 1 < plate.radius_mm < 40


@pytest.mark.parametrize("sex", list(Sex))
def test_plates_close_and_centres_grow_with_age(sex: Sex) -> None:
    by_age = [dict(plates(child(age, sex))) for age in (3.0, 7.0, 11.0, 14.0, 17.0)]
    for earlier, later in pairwise(by_age):
        for name, plate in earlier.items():
            assert later[name].openness <= plate.openness
            assert later[name].ossified >= plate.ossified
    assert all(plate.openness == 1 for plate in by_age[0].values())
    assert sum(plate.openness < 1 for plate in by_age[-1].values()) > len(by_age[-1]) / 2


def test_girls_and_early_children_close_first() -> None:
    def knee(of: Child) -> float:
        return next(plate.openness for _, plate in plates(of) if plate.name == "femur distal")

    assert knee(child(15.0, Sex.GIRL)) < knee(child(15.0, Sex.BOY))
    assert knee(child(14.5, maturity_years=1.5)) < knee(child(14.5, maturity_years=-1.5))


def test_small_bones_appear_in_their_order() -> None:
    of = child(5.0, Sex.BOY)
    order = ("capitate", "triquetrum", "lunate")
    shares = [bone_ossified(part, of) for part in order]
    assert shares == sorted(shares, reverse=True)
    assert bone_ossified("scaphoid", of) == 0
    assert bone_ossified("scaphoid", child(15.0, Sex.BOY)) == 1
    assert {part for parts in PARTS.values() for part in parts} == set(APPEARS)
    with pytest.raises(KeyError):
        bone_ossified("os novum", of)


def test_only_the_nuclei_of_small_bones_are_bone() -> None:
    young, old = (
        {bone.full_name: bone for bone in build_skeleton(find_landmarks(child(age, Sex.BOY)))} for age in (3.5, 15.0)
    )
    assert len(young["carpus_left"].shapes) < len(old["carpus_left"].shapes) == len(PARTS["carpus"])
    for name in ("carpus_left", "tarsus_right", "patella_left"):
        assert len(young[name].shapes) >= 1
        assert len(young[name].sites) == len(old[name].sites)
        assert bone_named(name).complete
