"""Sides by the midline, and bones of lesions, on a small body of boxes."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.anatomy import BONES_TABLE, HEAD_CLASSES, NOWHERE, Side, bone_named, bone_of_label
from crmo_seg.lesions import find_lesions
from crmo_seg.sites import assign_sites, find_midline, fine_bones, head_classes_of
from crmo_seg.volume import Geometry, GeometryError, Volume

ORDERS = [(order, flips) for order in permutations((0, 1, 2)) for flips in product((False, True), repeat=3)]
SHAPE = (60, 4, 100)
SPACING = (5.0, 6.0, 10.0)

Box = tuple[str, tuple[float, float], tuple[float, float]]
BODY: tuple[Box, ...] = (
    ("skull", (-60, 60), (380, 490)),
    ("thoracic_vertebra", (-16, 16), (100, 300)),
    ("lumbar_vertebra", (-16, 16), (0, 100)),
    ("sacrum", (-30, 30), (-60, 0)),
    ("rib", (20, 100), (150, 200)),
    ("rib", (-100, -20), (150, 200)),
    ("femur", (50, 80), (-300, -60)),
    ("femur", (-80, -50), (-300, -60)),
    ("tibia", (50, 80), (-490, -310)),
    ("tibia", (-80, -50), (-490, -310)),
)


def make_geometry(tilt: float = 0.0, shift_mm: float = 0.0) -> Geometry:
    """A grid in which a body that is upright in array space lies tilted and off centre in the world."""
    affine = np.diag([*SPACING, 1.0])
    centre = (np.array(SHAPE) - 1) / 2
    affine[:3, 3] = -np.array(SPACING) * centre
    turn = np.eye(4)
    turn[:3, :3] = [[np.cos(tilt), 0, np.sin(tilt)], [0, 1, 0], [-np.sin(tilt), 0, np.cos(tilt)]]
    turn[0, 3] = shift_mm
    return Geometry(turn @ affine, SHAPE)


def make_classes(boxes: tuple[Box, ...] = BODY, geometry: Geometry | None = None) -> Volume:
    x, z = (SPACING[axis] * (np.arange(SHAPE[axis]) - (SHAPE[axis] - 1) / 2) for axis in (0, 2))
    array = np.zeros(SHAPE, dtype=np.uint8)
    for name, (left, right), (low, high) in boxes:
        inside = ((x >= left) & (x <= right))[:, None, None] & ((z >= low) & (z <= high))[None, None, :]
        array[np.broadcast_to(inside, SHAPE)] = HEAD_CLASSES.index(name) + 1
    return Volume(array, geometry or make_geometry())


def expected_fine() -> np.ndarray:
    """Fine labels of BODY by the side of the array."""
    array = np.zeros(SHAPE, dtype=np.uint8)
    x = np.arange(SHAPE[0]) - (SHAPE[0] - 1) / 2
    classes = make_classes().array
    for name in {name for name, _, _ in BODY}:
        for side, half in ((Side.LEFT, x < 0), (Side.RIGHT, x > 0)):
            paired = name in ("rib", "femur", "tibia")
            label = bone_named(f"{name}_{side.value}" if paired else name).label
            array[(classes == HEAD_CLASSES.index(name) + 1) & half[:, None, None]] = label
    return array


def make_lesion(x: slice, z: slice, like: Volume) -> Volume:
    mask = np.zeros(SHAPE, dtype=bool)
    mask[x, 1:3, z] = True
    return like.with_array(mask)


def first_site(lesion: Volume, bones: Volume) -> tuple[str | None, Side | None]:
    (one,) = assign_sites(find_lesions(lesion), bones).lesions
    return one.site.bone, one.site.side


@pytest.mark.parametrize(("tilt", "shift_mm"), [(0.0, 0.0), (0.0, 70.0), (0.1, -40.0), (-0.12, 25.0)])
def test_a_body_that_is_tilted_and_off_centre_gets_the_right_sides(tilt: float, shift_mm: float) -> None:
    classes = make_classes(geometry=make_geometry(tilt, shift_mm))
    midline = find_midline(classes)
    assert midline is not None
    assert midline.tilt == pytest.approx(np.tan(tilt), abs=0.01)
    np.testing.assert_array_equal(fine_bones(classes).array, expected_fine())


@pytest.mark.parametrize(("axes", "flips"), ORDERS)
def test_sides_and_sites_are_the_same_in_every_axis_order(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    classes = make_classes(geometry=make_geometry(0.05, 20.0))
    bones = fine_bones(classes.transposed(axes, flips))
    np.testing.assert_array_equal(bones.canonical().array, expected_fine())
    lesion = make_lesion(slice(16, 19), slice(30, 34), classes).transposed(axes, flips)
    assert first_site(lesion, bones) == ("femur", Side.LEFT)


def test_larger_x_is_the_right_side() -> None:
    bones = fine_bones(make_classes())
    index = np.rint(bones.geometry.to_index(np.array([[65.0, 0.0, -200.0], [-65.0, 0.0, -200.0]]))).astype(int)
    assert [bone_of_label(int(bones.array[tuple(at)])).full_name for at in index] == ["femur_right", "femur_left"]


def test_a_curved_spine_does_not_throw_the_legs_to_one_side() -> None:
    curved = tuple(
        (name, (left + 40, right + 40), z) if name == "lumbar_vertebra" else (name, (left, right), z)
        for name, (left, right), z in BODY
    )
    fine = fine_bones(make_classes(curved)).array
    legs = np.isin(fine, [bone_named(f"{name}_{side.value}").label for name in ("femur", "tibia") for side in Side])
    np.testing.assert_array_equal(fine[legs], expected_fine()[legs])


def test_both_legs_together_correct_a_spine_that_leans() -> None:
    leaning = tuple(box for box in BODY if box[0] in ("femur", "tibia", "skull"))
    steps = tuple(("thoracic_vertebra", (z * 0.2 - 16, z * 0.2 + 16), (z, z + 20)) for z in range(0, 300, 20))
    midline = find_midline(make_classes((*leaning, *steps)))
    assert midline is not None
    assert abs(midline.x_mm + midline.tilt * -400) < 40  # between the tibiae, which lie from 50 mm on


def test_one_leg_alone_has_no_gap_to_mislead() -> None:
    one_leg = tuple(box for box in BODY if box[1][0] != -80)
    midline = find_midline(make_classes(one_leg))
    assert midline is not None
    assert midline.x_mm == pytest.approx(0.0, abs=2.6)


def test_slabs_of_specks_do_not_move_the_midline() -> None:
    classes = make_classes(tuple(box for box in BODY if box[0] in ("thoracic_vertebra", "lumbar_vertebra", "sacrum")))
    array = classes.array.copy()
    array[8, 1, 0:43:2] = HEAD_CLASSES.index("sternum") + 1  # far to the left, in more slabs than the spine has
    midline = find_midline(classes.with_array(array))
    assert midline is not None
    assert midline.x_mm == pytest.approx(0.0, abs=2.6)


def test_specks_across_the_body_make_no_pair() -> None:
    classes = make_classes(tuple(box for box in BODY if box[1][0] != -80))
    array = classes.array.copy()
    array[2, 1, 10:45] = HEAD_CLASSES.index("femur") + 1
    midline = find_midline(classes.with_array(array))
    assert midline is not None
    assert midline.x_mm == pytest.approx(0.0, abs=2.6)


def names_in(bones: Volume) -> set[str]:
    return {bone_of_label(int(label)).full_name for label in np.unique(bones.array) if label}


def test_both_legs_tell_their_sides_without_a_trunk() -> None:
    knees = make_classes(tuple(box for box in BODY if box[0] in ("femur", "tibia")))
    assert names_in(fine_bones(knees)) == {"femur_left", "femur_right", "tibia_left", "tibia_right"}


def test_one_bone_alone_stays_open_unless_its_side_is_given() -> None:
    forearm = make_classes((("radius", (-40, -20), (0, 100)),))
    assert find_midline(forearm) is None
    assert names_in(fine_bones(forearm)) == {"radius"}
    assert names_in(fine_bones(forearm, Side.RIGHT)) == {"radius_right"}


@pytest.mark.parametrize(("fibula", "side"), [((45, 55), "right"), ((-5, 5), "left")])
def test_a_fibula_lateral_to_its_tibia_tells_the_side_of_a_knee(fibula: tuple[float, float], side: str) -> None:
    knee = (("tibia", (10, 40), (-200, 0)), ("fibula", fibula, (-200, -20)), ("femur", (10, 45), (20, 100)))
    assert names_in(fine_bones(make_classes(knee))) == {f"{name}_{side}" for name in ("tibia", "fibula", "femur")}


def test_an_arm_across_the_body_keeps_the_side_of_its_shoulder() -> None:
    arm = (
        ("scapula", (60, 90), (250, 300)),
        ("humerus", (100, 125), (100, 280)),
        ("radius", (-20, 110), (60, 80)),
        ("hand", (-90, -30), (60, 80)),
    )
    names = names_in(fine_bones(make_classes((*BODY, *arm))))
    assert {"humerus_right", "radius_right", "hand_right"} <= names
    assert not names & {"radius_left", "hand_left"}


def test_a_hand_that_is_linked_to_nothing_may_lie_across_the_midline() -> None:
    hand = (("hand", (-60, -30), (60, 80)),)
    assert "hand" in names_in(fine_bones(make_classes((*BODY, *hand))))


def test_knees_that_touch_are_parted_between_both_hips() -> None:
    legs = (
        ("sacrum", (-20, 20), (0, 60)),
        ("pelvis", (30, 90), (0, 60)),
        ("pelvis", (-90, -30), (0, 60)),
        ("femur", (40, 80), (-200, -1)),
        ("femur", (-80, -40), (-200, -1)),
        ("femur", (-45, 45), (-200, -180)),
    )
    fine = fine_bones(make_classes(legs)).array
    x = np.arange(SHAPE[0]) - (SHAPE[0] - 1) / 2
    assert not (fine[x > 0] == bone_named("femur_left").label).any()
    assert not (fine[x < 0] == bone_named("femur_right").label).any()


def test_no_bones_at_all() -> None:
    empty = make_classes(())
    assert not fine_bones(empty).array.any()
    lesion = make_lesion(slice(16, 19), slice(30, 34), empty)
    (one,) = assign_sites(find_lesions(lesion), empty).lesions
    assert one.site == NOWHERE


def test_a_short_stretch_tells_no_tilt() -> None:
    midline = find_midline(make_classes((("sacrum", (-30, 30), (-60, 0)), ("lumbar_vertebra", (0, 40), (0, 60)))))
    assert midline is not None
    assert midline.tilt == 0.0


def test_without_discs_levels_stay_open() -> None:
    names = {bone_of_label(int(label)).name for label in np.unique(fine_bones(make_classes()).array) if label}
    assert {"thoracic_vertebra", "lumbar_vertebra", "rib"} < names


def test_a_lesion_gets_the_bone_that_it_overlaps_most() -> None:
    bones = fine_bones(make_classes())
    # z index 18 | 19 is the gap between tibia and femur; more of this lesion lies in the femur.
    assert first_site(make_lesion(slice(41, 45), slice(17, 27), bones), bones) == ("femur", Side.RIGHT)
    assert first_site(make_lesion(slice(41, 45), slice(12, 22), bones), bones) == ("tibia", Side.RIGHT)
    assert first_site(make_lesion(slice(28, 32), slice(70, 72), bones), bones) == ("thoracic_vertebra", None)


def test_the_code_comes_with_the_bone() -> None:
    bones = fine_bones(make_classes())
    (one,) = assign_sites(find_lesions(make_lesion(slice(41, 45), slice(25, 27), bones)), bones).lesions
    assert one.site.snomed_code == "71341001"
    assert one.site.bone_share is None  # this body reaches both borders of the image


@pytest.mark.parametrize(("gap_voxels", "bone"), [(1, "femur"), (2, "femur"), (3, None)])
def test_a_lesion_beside_a_bone_belongs_to_it_up_to_10_mm(gap_voxels: int, bone: str | None) -> None:
    bones = fine_bones(make_classes())
    last = int(np.flatnonzero(bones.array[:, 1, 25] == bone_named("femur_right").label).max())
    first = last + gap_voxels  # voxels of 5 mm, so 5, 10 and 15 mm from centre to centre
    lesion = make_lesion(slice(first, first + 3), slice(24, 27), bones)
    assert first_site(lesion, bones)[0] == bone


@settings(max_examples=25, deadline=None)
@given(
    x=st.integers(0, 55),
    z=st.integers(0, 95),
    width=st.integers(1, 5),
    height=st.integers(1, 5),
    tilt=st.floats(-0.1, 0.1),
)
def test_sites_are_those_of_brute_force(x: int, z: int, width: int, height: int, tilt: float) -> None:
    bones = fine_bones(make_classes(geometry=make_geometry(tilt)))
    lesion = make_lesion(slice(x, x + width), slice(z, z + height), bones)
    sure, possible, is_outside = votes_by_brute_force(lesion, bones)
    total = sum(sure.values())
    told = first_site(lesion, bones)
    if not possible:
        assert told == (None, None)
    elif not is_outside or sure.most_common(1)[0][1] >= 0.99 * total > 0:
        least = max(sure.values(), default=0.0)
        best = [bone_of_label(label) for label, weight in possible.items() if weight >= least - 1e-9]
        assert told in {(bone.name, bone.side) for bone in best}


def votes_by_brute_force(lesion: Volume, bones: Volume) -> tuple[Counter[int], Counter[int], bool]:
    """Weights of labels: for sure, and with the voxels that lie as near to several; and whether all lie outside."""
    sure, possible = Counter[int](), Counter[int]()
    bone_indices = np.argwhere(bones.array)
    there = bones.geometry.to_world_mm(bone_indices)
    values = bones.array[tuple(np.argwhere(lesion.array).T)].tolist()
    for point, value in zip(bones.geometry.to_world_mm(np.argwhere(lesion.array)), values, strict=True):
        distances = np.linalg.norm(there - point, axis=1)
        nearest = set(bones.array[tuple(bone_indices[distances <= distances.min() + 1e-6].T)].tolist())
        weight = 1.0 if value else 0.5 * (1 - distances.min() / 11.0) * (distances.min() <= 10.0 + 1e-6)
        for label in nearest if weight else ():
            possible[label] += weight
            sure[label] += weight if len(nearest) == 1 else 0.0
    return sure, possible, not any(values)


def test_head_classes_undo_fine_bones() -> None:
    classes = make_classes()
    np.testing.assert_array_equal(head_classes_of(fine_bones(classes)).array, classes.array)


def test_every_label_has_its_head_class() -> None:
    labels = np.array([0, *(bone.label for bone in BONES_TABLE)], dtype=np.uint8).reshape(-1, 1, 1)
    classes = head_classes_of(Volume(labels, Geometry(np.eye(4), labels.shape))).array.ravel()
    assert classes[0] == 0
    assert [HEAD_CLASSES[value - 1] for value in classes[1:]] == [bone.head_class for bone in BONES_TABLE]


def test_unknown_values_and_other_grids_are_refused() -> None:
    classes = make_classes()
    wrong = classes.with_array(np.full(SHAPE, 150, dtype=np.uint8))
    with pytest.raises(GeometryError, match="label 150 is not in the table"):
        head_classes_of(wrong)
    with pytest.raises(GeometryError, match="class 150 is above 20"):
        fine_bones(wrong)
    lesions = find_lesions(make_lesion(slice(0, 3), slice(0, 3), classes))
    with pytest.raises(GeometryError, match="different grids"):
        assign_sites(lesions, make_classes(geometry=make_geometry(shift_mm=5.0)))
