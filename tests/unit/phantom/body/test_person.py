from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import Side
from crmo_seg.errors import InputError
from crmo_seg.phantom.body.child import Sex
from crmo_seg.phantom.body.growth_charts import STATURE_CM
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.outline import OUTLINE_BLEND_MM, outline
from crmo_seg.phantom.body.person import body_mass_kg, child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.solids.grid import bounds_of, grid_around, rasterise


def test_the_same_generator_gives_the_same_person_and_pose() -> None:
    one, other = (np.random.default_rng(4) for _ in range(2))
    assert draw_person(one) == draw_person(other)
    person = draw_person(np.random.default_rng(0))
    assert child_at(person, 7.0, one) == child_at(person, 7.0, other)
    assert child_at(person, 7.0, one).pose != child_at(person, 7.0, one).pose


def test_statures_follow_the_growth_chart() -> None:
    people = [draw_person(np.random.default_rng(i)) for i in range(300)]
    for sex in Sex:
        heights = [child_at(person, 10.0).height_mm for person in people if person.sex is sex]
        assert np.median(heights) == pytest.approx(10 * STATURE_CM[sex].at(10.0, 0.0), rel=0.015)
        assert np.std(heights) / np.mean(heights) == pytest.approx(0.048, abs=0.008)
    assert 0.5 < np.mean([person.sex is Sex.GIRL for person in people]) < 0.7


def test_an_older_child_is_the_same_child_grown() -> None:
    person = draw_person(np.random.default_rng(3))
    young, old = (child_at(person, age) for age in (6.0, 8.0))
    assert old.height_mm > young.height_mm + 60
    assert old.variation == young.variation
    assert old.sitting_height_mm / old.height_mm < young.sitting_height_mm / young.height_mm
    assert old.head_height_mm / old.height_mm < young.head_height_mm / young.height_mm
    names = ("bone_girth", "scoliosis_mm")
    assert old.bone_girth == young.bone_girth, names
    assert old.limbs == young.limbs


@pytest.mark.parametrize("age", [2.9, 17.2, -1.0])
def test_other_ages_are_refused(age: float) -> None:
    with pytest.raises(InputError, match=r"--age: is .* years; give 3 to 17 years"):
        child_at(draw_person(np.random.default_rng(0)), age)


@pytest.mark.parametrize(("age", "body_mass_z"), [(4.0, 0.0), (9.0, -1.8), (9.0, 2.2), (16.0, 0.5)])
def test_the_phantom_weighs_what_the_growth_chart_says(age: float, body_mass_z: float) -> None:
    """1 kg per litre; its outline is measured on voxels."""
    person = replace(draw_person(np.random.default_rng(5)), body_mass_z=body_mass_z)
    marks = find_landmarks(child_at(person, age))
    shapes = [part.shape for part in outline(marks, build_skeleton(marks))]
    grid = grid_around(bounds_of(shapes), (5.0, 5.0, 5.0), 6.0)
    litres = np.count_nonzero(rasterise(grid, shapes, blend_mm=OUTLINE_BLEND_MM).distance_mm < 0) * 125e-6
    assert litres == pytest.approx(body_mass_kg(person, age), rel=0.12)


def test_obese_children_have_thick_fat() -> None:
    person = draw_person(np.random.default_rng(5))
    thin, thick = (child_at(replace(person, body_mass_z=z), 10.0) for z in (-1.8, 2.2))
    assert thick.fat_mm > 3 * thin.fat_mm
    assert thick.flesh > 1.25 > 0.95 > thin.flesh


def test_lengths_of_the_long_bones_against_the_stature() -> None:
    """Femur 0.25 to 0.28 of the stature from 8 years on (Feldesman 1992, doi:10.1002/ajpa.1330870411, recalled); tibia
    0.78 to 0.79 of the femur (Ha 2003, doi:10.3346/jkms.2003.18.5.715)."""
    for seed in range(20):
        marks = find_landmarks(child_at(draw_person(np.random.default_rng(seed)), 8 + 0.4 * seed))
        bones = {bone.full_name: bone for bone in build_skeleton(marks)}
        length = {
            name: float(np.ptp(np.array(bounds_of(bones[f"{name}_left"].shapes))[:, 2])) for name in ("femur", "tibia")
        }
        assert 0.245 < length["femur"] / marks.child.height_mm < 0.290
        assert 0.72 < length["tibia"] / length["femur"] < 0.88


def test_the_sides_differ_a_little() -> None:
    child = child_at(draw_person(np.random.default_rng(1)), 9.0)
    assert 0 < abs(child.limbs[Side.LEFT].scale - child.limbs[Side.RIGHT].scale) < 0.03
