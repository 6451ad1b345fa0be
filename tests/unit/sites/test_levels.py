"""Levels of a spine of boxes with discs between them, whole and in part."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.anatomy import HEAD_CLASSES, bone_of_label
from crmo_seg.phantom.bone_errors import with_errors
from crmo_seg.sites import fine_bones
from crmo_seg.volume import Geometry, Volume

PITCH = {"L": 30.0, "T": 24.0, "C": 16.0}
CLASSES = {"L": "lumbar_vertebra", "T": "thoracic_vertebra", "C": "cervical_vertebra"}
GEOMETRY = Geometry(np.array([[4.0, 0, 0, -40], [0, 4, 0, -40], [0, 0, 1.5, -60], [0, 0, 0, 1.0]]), (20, 20, 460))
USUAL = [("L", n) for n in range(5, 0, -1)] + [("T", n) for n in range(12, 0, -1)] + [("C", n) for n in range(7, 0, -1)]


def make_spine(bones: list[tuple[str, int]], lean: float = 0.1) -> tuple[Volume, dict[str, float]]:
    """Head classes of a sacrum, bodies with discs, a skull; and the middle of each vertebra along z."""
    x, y, z = np.moveaxis(GEOMETRY.to_world_mm(np.moveaxis(np.indices(GEOMETRY.shape), 0, -1)), -1, 0)
    array = np.zeros(GEOMETRY.shape, dtype=np.uint8)
    inside = (np.abs(x - lean * z / 4) < 15) & (np.abs(y) < 15)
    array[inside & (z < 0)] = HEAD_CLASSES.index("sacrum") + 1
    low, middles = 0.0, {}
    for letter, number in bones:
        high = low + PITCH[letter]
        body = inside & (z >= low + 0.1 * PITCH[letter]) & (z < high - 0.1 * PITCH[letter])
        array[body] = HEAD_CLASSES.index(CLASSES[letter]) + 1
        middles[f"vertebra_{letter}{number}"], low = (low + high) / 2, high
    array[inside & (z >= low) & (z < low + 60)] = HEAD_CLASSES.index("skull") + 1
    return Volume(array, GEOMETRY), middles


def found_at(classes: Volume, middles: dict[str, float], lowest: float = -60, highest: float = 1e3) -> dict[str, str]:
    """Which name stands at the middle of each vertebra between two heights."""
    first, last = (int(np.clip((z + 60) / 1.5, 0, GEOMETRY.shape[2])) for z in (lowest, highest))
    affine = GEOMETRY.affine.copy()
    affine[2, 3] += 1.5 * first
    part = np.ascontiguousarray(classes.array[:, :, first:last])
    fine = fine_bones(Volume(part, Geometry(affine, part.shape)))
    names = {}
    for name, z in middles.items():
        if lowest + 12 < z < highest - 12:
            index = np.rint(fine.geometry.to_index(np.array([0.1 * z / 4, 2.0, z]))).astype(int)
            label = int(fine.array[tuple(index)])
            names[name] = bone_of_label(label).name if label else "no bone"
    return names


def test_a_whole_spine_is_counted() -> None:
    classes, middles = make_spine(USUAL)
    assert found_at(classes, middles) == {name: name for name in middles}


@pytest.mark.parametrize(("lowest", "highest"), [(-40.0, 100.0), (60.0, 330.0), (300.0, 620.0), (-40.0, 290.0)])
def test_part_of_a_spine_is_counted_from_a_border_of_regions(lowest: float, highest: float) -> None:
    classes, middles = make_spine(USUAL)
    found = found_at(classes, middles, lowest, highest)
    assert len(found) >= 3
    assert found == {name: name for name in found}


def test_without_any_border_levels_stay_open() -> None:
    classes, middles = make_spine(USUAL)
    assert set(found_at(classes, middles, 180.0, 400.0).values()) == {"thoracic_vertebra"}


def test_eleven_thoracic_vertebrae_stay_open() -> None:
    bones = [bone for bone in USUAL if bone != ("T", 12)]
    classes, middles = make_spine(bones)
    found = found_at(classes, middles)
    assert {found[f"vertebra_T{n}"] for n in range(1, 12)} == {"thoracic_vertebra"}
    assert found["vertebra_L3"] == "vertebra_L3"


def without(classes: Volume, middles: dict[str, float], name: str) -> Volume:
    """The same spine with one vertebra not marked."""
    half = PITCH[name.removeprefix("vertebra_")[0]] / 2
    array = classes.array.copy()
    array[:, :, int((middles[name] - half + 60) / 1.5) : int((middles[name] + half + 60) / 1.5)] = 0
    return classes.with_array(array)


@pytest.mark.parametrize("lost", ["vertebra_L3", "vertebra_T6", "vertebra_T7", "vertebra_C4"])
def test_a_vertebra_that_is_not_marked_is_counted_all_the_same(lost: str) -> None:
    classes, middles = make_spine(USUAL)
    found = found_at(without(classes, middles, lost), {name: z for name, z in middles.items() if name != lost})
    assert found == {name: name for name in found}


@pytest.mark.parametrize("lost", ["vertebra_L5", "vertebra_L1", "vertebra_T12", "vertebra_T1", "vertebra_C7"])
def test_a_missing_vertebra_at_a_border_of_regions_makes_no_wrong_level(lost: str) -> None:
    classes, middles = make_spine(USUAL)
    found = found_at(without(classes, middles, lost), {name: z for name, z in middles.items() if name != lost})
    wrong = {name: told for name, told in found.items() if told not in (name, CLASSES[name[9]])}
    assert not wrong


def test_a_vertebra_in_the_class_of_another_region_is_counted_where_it_stands() -> None:
    classes, middles = make_spine(USUAL)
    array = classes.array.copy()
    z = int((middles["vertebra_T6"] + 60) / 1.5)
    here = array[:, :, z - 7 : z + 7]
    here[here > 0] = HEAD_CLASSES.index("lumbar_vertebra") + 1
    assert found_at(classes.with_array(array), middles) == {name: name for name in middles}


def test_a_border_in_the_middle_of_a_vertebra_makes_no_wrong_level() -> None:
    classes, middles = make_spine(USUAL)
    array = classes.array.copy()
    z = int((middles["vertebra_L1"] + 60) / 1.5)
    upper = array[:, :, z : z + 10]
    upper[upper > 0] = HEAD_CLASSES.index("thoracic_vertebra") + 1
    found = found_at(classes.with_array(array), {name: z for name, z in middles.items() if name != "vertebra_L1"})
    assert found == {name: name for name in found}


@pytest.mark.parametrize("seed", range(4))
def test_with_errors_of_a_model_levels_are_right_or_open(seed: int) -> None:
    classes, middles = make_spine(USUAL)
    found = found_at(with_errors(classes, 0.5, np.random.default_rng(seed)), middles)
    told = {name: level for name, level in found.items() if level.startswith("vertebra_")}
    assert sum(name != level for name, level in told.items()) <= 1
