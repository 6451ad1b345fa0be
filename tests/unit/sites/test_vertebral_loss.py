"""Heights beside those of the neighbours: by hand, and in a phantom's spine with a lowered vertebra."""

from __future__ import annotations

import numpy as np
import pytest
from vertebra_builders import BoxSpine
from vertebral_height import Lowered, draw_spine

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.sites.vertebral_height import COARSE_VOXELS, LEVELS, BodyHeights
from crmo_seg.sites.vertebral_loss import COLUMNS, VertebralLoss, beside_neighbours, measure_vertebrae
from crmo_seg.volume import Geometry, Volume


def box(level: str, front_mm: float, middle_mm: float, back_mm: float, resolution_mm: float = 1.0) -> BodyHeights:
    return BodyHeights(level, front_mm, middle_mm, back_mm, (front_mm + middle_mm + back_mm) / 3, resolution_mm)


def even(level: str, mm: float) -> BodyHeights:
    return box(level, mm, mm, mm)


def losses(*heights: BodyHeights) -> dict[str, VertebralLoss]:
    return {one.heights.level: one for one in beside_neighbours(heights)}


def test_ratios_by_hand() -> None:
    found = losses(even("T7", 19.0), box("T8", 12.0, 15.0, 20.0), even("T9", 21.0))["T8"]
    assert found.reference_levels == ("T7", "T9")
    assert (found.front_to_back, found.middle_to_back) == (pytest.approx(0.6), pytest.approx(0.75))
    assert (found.front_to_reference, found.middle_to_reference) == (pytest.approx(0.6), pytest.approx(0.75))
    assert (found.back_to_reference, found.mean_to_reference) == (pytest.approx(1.0), pytest.approx(47 / 60))
    assert (found.largest_loss, found.grade) == (pytest.approx(0.4), 3)


def test_over_the_border_of_two_regions() -> None:
    found = losses(even("T12", 20.0), even("L1", 20.0), even("L2", 22.0))
    assert found["L1"].reference_levels == ("T12", "L2")
    assert found["L1"].mean_to_reference == pytest.approx(20 / 21)
    assert found["T12"].reference_levels == ("L1",)


def test_a_neighbour_that_was_not_measured_is_replaced_by_the_next_weighed_by_distance() -> None:
    found = losses(even("T6", 15.0), BodyHeights("T7", note="cut"), even("T8", 18.0), even("T9", 18.0))
    assert found["T8"].reference_levels == ("T6", "T9")
    assert found["T8"].mean_to_reference == pytest.approx(18 / 17)  # T9 is one off, T6 two
    assert found["T7"].largest_loss is None


def test_a_neighbour_that_lost_height_is_passed_over() -> None:
    found = losses(even("T6", 20.0), even("T7", 20.0), even("T8", 10.0), even("T9", 12.0), even("T10", 20.0))
    assert found["T8"].reference_levels == ("T7", "T10")
    assert found["T8"].mean_to_reference == pytest.approx(0.5)
    assert found["T9"].mean_to_reference == pytest.approx(0.6)
    assert [found[level].grade for level in ("T7", "T8", "T9", "T10")] == [0, 3, 3, 0]


def test_lowered_neighbours_are_better_than_none() -> None:
    found = losses(even("T8", 10.0), box("T9", 10.0, 16.0, 20.0))
    assert found["T8"].reference_levels == ("T9",)


@pytest.mark.parametrize(
    ("ratio", "grade"), [(1.1, 0), (0.81, 0), (0.8, 1), (0.76, 1), (0.75, 2), (0.61, 2), (0.6, 3), (0.0, 3)]
)
def test_the_limits_of_the_grades(ratio: float, grade: int) -> None:
    found = losses(even("T7", 20.0), box("T8", 20.0 * ratio, 20.0, 20.0), even("T9", 20.0))["T8"]
    assert found.grade == grade


def test_no_loss_is_claimed_only_where_all_is_known() -> None:
    alone = losses(even("T8", 20.0))["T8"]
    assert (alone.largest_loss, alone.grade) == (0.0, None)
    assert losses(box("T8", 10.0, 15.0, 20.0))["T8"].grade == 3
    thick = [
        BodyHeights(level, mean_mm=mm, resolution_mm=1.0) for level, mm in (("T7", 20.0), ("T8", 14.0), ("T9", 20))
    ]
    found = losses(*thick)
    assert [found[level].grade for level in ("T7", "T8", "T9")] == [None, 2, None]


def test_voxels_too_coarse_for_the_usual_height_of_a_vertebra() -> None:
    flat = losses(even("T7", 20.0), even("T8", 4.0), even("T9", 20.0))["T8"]
    assert flat.grade == 3  # its voxels are coarse for 4 mm, not for the 20 that it should have
    (alone,) = beside_neighbours([even("T8", 4.0)])
    assert alone == VertebralLoss(BodyHeights("T8", resolution_mm=1.0, note=COARSE_VOXELS))


def test_a_row_of_the_table() -> None:
    row = losses(even("T7", 19.0), box("T8", 12.0, 15.0, 20.0), even("T9", 21.0))["T8"].to_dict()
    assert tuple(row) == COLUMNS
    assert (row["level"], row["front_mm"], row["front_to_back"], row["reference_levels"]) == ("T8", 12.0, 0.6, "T7 T9")
    assert (row["largest_loss_percent"], row["genant_style_grade"], row["note"]) == (40.0, 3, "")
    empty = losses(BodyHeights("T8", note="cut"))["T8"].to_dict()
    assert {name for name, value in empty.items() if value not in (None, "")} == {"level", "note"}


def test_a_wedge_in_a_mask() -> None:
    found = {
        one.heights.level: one for one in measure_vertebrae(BoxSpine(front_mm=12.6, offset_mm=(0.5, 0.5, 0.5)).draw())
    }
    assert found["T8"].largest_loss == pytest.approx(0.3, abs=0.05)
    assert [found[level].grade for level in ("T7", "T8", "T9")] == [0, 2, 0]


def phantom(spacing_mm: tuple[float, float, float]) -> dict[str, VertebralLoss]:
    """A spine whose T9 has lost 35 % of its height, and whose L2 as much in front."""
    marks = find_landmarks(draw_child(np.random.default_rng(3), age_years=(12.0, 12.1)))
    bones = draw_spine(marks, spacing_mm, [Lowered("T9", 0.35, wedge=False), Lowered("L2", 0.35, wedge=True)])
    return {one.heights.level: one for one in measure_vertebrae(bones)}


def test_a_phantom_with_lowered_vertebrae() -> None:
    found = phantom((4.0, 1.0, 1.0))
    assert tuple(found) == LEVELS[::-1]
    assert found["T9"].mean_to_reference == pytest.approx(0.65, abs=0.08)
    assert found["L2"].front_to_back == pytest.approx(0.65, abs=0.12)
    assert {level for level, one in found.items() if one.grade} == {"T9", "L2"}


def test_thick_coronal_slices_show_a_loss_of_the_whole_height_only() -> None:
    found = phantom((1.25, 6.0, 1.25))
    assert tuple(found) == LEVELS[::-1]
    assert {level: one.grade for level, one in found.items() if one.grade is not None} == {"T9": 2}
    assert found["T9"].mean_to_reference == pytest.approx(0.65, abs=0.08)


@pytest.mark.parametrize("seed", range(4))
def test_a_mask_of_nonsense_is_survived(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = [bone_named(f"vertebra_{level}").label for level in ("T7", "T8", "T9", "L1")]
    blocks = rng.choice([0, 0, *labels], (6, 4, 8)).astype(np.uint8)
    array = blocks.repeat(5, axis=0).repeat(4, axis=1).repeat(5, axis=2)
    array[rng.random(array.shape) < 0.2 * seed] = 0
    spacing_mm = ((1.0, 1.0, 1.0), (1.25, 6.0, 1.25), (12.0, 3.0, 3.0), (4.0, 1.0, 1.0))[seed]
    found = measure_vertebrae(Volume(array, Geometry(np.diag([*spacing_mm, 1.0]), array.shape)))
    assert [one.heights.level for one in found] == ["T7", "T8", "T9", "L1"]
    for one in found:
        assert np.isfinite([value for value in one.to_dict().values() if isinstance(value, float)]).all()
