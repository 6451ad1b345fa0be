from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.belly import belly_of
from crmo_seg.phantom.body.brain import head_of
from crmo_seg.phantom.body.cartilage import cartilage_of, joint_fluid_of
from crmo_seg.phantom.body.curves import tube
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.outline import OUTLINE_BLEND_MM, outline
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.traits import Traits
from crmo_seg.phantom.body.viscera import organs_of
from crmo_seg.phantom.solids.grid import Grid, bounds_of, grid_around, rasterise

# fmt: off
TISSUES = {
    "air", "airway", "bladder", "bowel_fluid", "bowel_gas", "bowel_wall", "brain", "cartilage", "cord", "cortex",
    "csf", "disc", "edema", "eye", "fascia", "fat", "fatty_marrow", "flowing_blood", "gall_bladder", "growth_plate",
    "heart", "joint_fluid", "kidney", "liver", "lung", "lymph_node", "mediastinum", "muscle", "muscle_edema",
    "orbital_fat", "red_marrow", "renal_pelvis", "skin", "slow_blood", "spleen", "stomach", "tendon", "thymus",
    "visceral_fat",
}
# fmt: on


def person_marks(seed: int = 0, age: float = 9.0) -> Landmarks:
    rng = np.random.default_rng(seed)
    return find_landmarks(child_at(draw_person(rng), age, rng))


def box_of(organ: Organ) -> np.ndarray:
    boxes = [shape.bounds() for shape in organ.shapes]
    solid = [(low, high) for low, high in boxes if (low <= high).all()]
    return np.array([np.min([low for low, _ in solid], axis=0), np.max([high for _, high in solid], axis=0)])


def volume_ml(organ: Organ, spacing_mm: float = 2.0) -> float:
    grid = grid_around(bounds_of(organ.shapes), (spacing_mm,) * 3, 4.0)
    inside = rasterise(grid, organ.shapes, blend_mm=organ.blend_mm).distance_mm < 0
    return float(np.count_nonzero(inside)) * grid.geometry.voxel_volume_ml


@pytest.mark.parametrize(("seed", "age"), [(0, 3.0), (1, 9.0), (2, 17.0)])
def test_all_tissues_are_known_and_no_organ_spans_the_body(seed: int, age: float) -> None:
    marks = person_marks(seed, age)
    organs = organs_of(marks, np.random.default_rng(0))
    assert {organ.tissue for organ in organs} <= TISSUES
    for organ in organs:
        if organ.shapes:
            low, high = box_of(organ)
            assert np.isfinite([low, high]).all()
            assert (high - low).max() < 0.5 * marks.unit_mm, organ.tissue


def test_the_same_generator_gives_the_same_organs() -> None:
    marks = person_marks()
    one, other = (organs_of(marks, np.random.default_rng(3)) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        for shape, same in zip(a.shapes, b.shapes, strict=True):
            assert np.array(shape.bounds()).tolist() == np.array(same.bounds()).tolist()


def test_organs_stay_and_contents_change_from_day_to_day() -> None:
    traits = Traits(person_marks().reference)
    first, second = (belly_of(traits, np.random.default_rng(i)) for i in range(2))

    def volumes(tissue: str) -> list[float]:
        return [volume_ml(organ) for organs in (first, second) for organ in organs if organ.tissue == tissue]

    liver, bladder = volumes("liver"), volumes("bladder")
    assert liver[0] == liver[1]
    assert bladder[0] != bladder[1]


def test_sizes_of_organs() -> None:
    """Rounded from growth charts of sonography and imaging, recalled: liver 500 to 1000 ml, a kidney 50 to 120 ml, the
    brain 1200 to 1500 ml at 9 years, the spleen 80 to 250 ml."""
    marks = person_marks(1, 9.0)
    organs = organs_of(marks, np.random.default_rng(0))

    def largest(tissue: str) -> float:
        return max(volume_ml(organ) for organ in organs if organ.tissue == tissue and organ.shapes)

    assert 350 < largest("liver") < 1200
    assert 35 < largest("kidney") < 130
    assert 40 < largest("spleen") < 260
    assert 900 < largest("brain") < 1500


def test_the_liver_is_right_the_spleen_left_and_the_heart_leans_left() -> None:
    organs = organs_of(person_marks(1), np.random.default_rng(0))

    def middle_x(tissue: str) -> float:
        return float(next(box_of(organ).mean(axis=0)[0] for organ in organs if organ.tissue == tissue))

    assert middle_x("liver") > 10
    assert middle_x("spleen") < -30
    assert middle_x("heart") < 0


def test_organs_lie_within_the_body() -> None:
    marks = person_marks(1)
    shapes = [part.shape for part in outline(marks, build_skeleton(marks))]
    grid = grid_around(bounds_of(shapes), (3.0, 3.0, 3.0), 6.0)
    body = occupied(grid, Organ("body", tuple(shapes), OUTLINE_BLEND_MM))
    for organ in organs_of(marks, np.random.default_rng(0)):
        if organ.shapes:
            inside = occupied(grid, organ)
            outside = np.count_nonzero(inside & ~body)
            assert outside <= max(4, 0.06 * np.count_nonzero(inside)), organ.tissue


def occupied(grid: Grid, organ: Organ) -> np.ndarray:
    mask = np.zeros(grid.geometry.shape, dtype=bool)
    patch = rasterise(grid, organ.shapes, blend_mm=organ.blend_mm)
    mask[patch.box] = patch.distance_mm < 0
    return mask


def test_the_head_moves_with_its_organs() -> None:
    marks = person_marks(4)
    turned, straight = head_of(marks, Traits(marks.reference)), head_of(marks.reference, Traits(marks.reference))
    eyes, before = (next(organ for organ in organs if organ.tissue == "eye") for organs in (turned, straight))
    motion = marks.motion("head")
    for eye, old in zip(eyes.shapes, before.shapes, strict=True):
        assert np.mean(eye.bounds(), axis=0) == pytest.approx(motion.point(np.mean(old.bounds(), axis=0)), abs=1e-6)


def test_costal_cartilages_reach_the_sternum() -> None:
    marks = person_marks(1)
    skeleton = build_skeleton(marks)
    ribs = {bone.full_name: bone for bone in skeleton}
    cartilages = cartilage_of(marks, skeleton)
    start = bounds_of(ribs["rib_4_left"].shapes[-1:])
    near = [organ for organ in cartilages if organ.tissue == "cartilage" and (np.abs(box_of(organ) - start) < 60).all()]
    assert near


def test_each_joint_has_a_little_fluid() -> None:
    organs = joint_fluid_of(person_marks(1), np.random.default_rng(0))
    assert len(organs) == 7 * len(Side)
    assert all(0.05 < volume_ml(organ, 1.0) < 12 for organ in organs)


def test_a_tube_follows_its_points() -> None:
    points = [np.array([0.0, 0, 0]), np.array([10.0, 0, 5]), np.array([20.0, 0, 0])]
    rods = tube(points, [1.0, 3.0], 9)
    assert rods[0].start == pytest.approx(points[0])
    assert rods[-1].end == pytest.approx(points[-1])
    assert rods[4].start == pytest.approx(points[1], abs=1e-6)
    assert (rods[0].radius_start, rods[-1].radius_end) == (1.0, 3.0)
