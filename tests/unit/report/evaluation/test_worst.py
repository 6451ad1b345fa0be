"""Which cases are shown, and what the outlines say."""

from __future__ import annotations

import io
from itertools import product

import numpy as np
import pytest
from evaluation_builders import edema_case, mixed_cases, rods
from matplotlib.image import imread

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.report.evaluation.worst import (
    FALSE_COLOUR,
    FOUND_COLOUR,
    MISSED_COLOUR,
    WORST_CASES,
    by_dice,
    case_png,
    most_different_slice,
    parts_of,
    shown_cases,
    shown_head,
)
from crmo_seg.volume import Volume


def has_colour(png: bytes, colour: str) -> bool:
    picture = np.asarray(imread(io.BytesIO(png)))[..., :3]
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return bool((np.abs(picture - wanted).max(axis=2) < 0.12).any())


def test_the_lowest_dice_first_and_the_worst_empty_scan_last() -> None:
    assert [case.case_id for case in shown_cases(mixed_cases())] == ["missed", "half", "found", "false"]
    assert [case.case_id for case in by_dice(mixed_cases())] == ["missed", "false", "half", "found", "empty"]


def test_no_more_than_five_and_one_and_of_the_same_dice_the_larger_error_first() -> None:
    missed = [edema_case(f"m{n}", ref=[(0, n)], pred=[]) for n in range(2, 10)]
    false = [edema_case(f"f{n}", ref=[], pred=[(0, n)]) for n in (3, 5, 4)]
    assert [case.case_id for case in shown_cases([*missed, *false])] == ["m9", "m8", "m7", "m6", "m5", "f5"]
    assert WORST_CASES == 5


def test_nothing_to_show() -> None:
    assert shown_cases([]) == []
    assert shown_cases([edema_case("a", ref=[], pred=[])]) == []
    assert shown_cases([CaseMetrics("a", "A")]) == []


def test_edema_is_shown_where_it_is_measured() -> None:
    other = CaseMetrics("a", "A", {"knee": {"1": Overlap(1, 1, 1)}})
    assert shown_head([other]) == "knee"
    assert shown_head([other, *mixed_cases()]) == "edema"
    assert shown_head([]) is None


def test_parts_are_whole_components() -> None:
    parts = parts_of(pred=rods((1, 5), (20, 23)).array, ref=rods((0, 4), (10, 14)).array)
    spans = [np.flatnonzero(part.any(axis=(1, 2))).tolist() for part in (parts.found, parts.missed, parts.true)]
    assert spans == [[0, 1, 2, 3], [10, 11, 12, 13], [1, 2, 3, 4]]
    assert np.flatnonzero(parts.false.any(axis=(1, 2))).tolist() == [20, 21, 22]


def test_the_slice_that_differs_most() -> None:
    pred, ref = np.zeros((2, 4, 5, 6), dtype=np.uint8)
    pred[:2, 3, :], ref[0, 1, 0] = 1, 1
    assert most_different_slice(pred, ref, axis=1) == 3
    assert most_different_slice(ref, ref, axis=1) == 0


@pytest.mark.parametrize(
    ("pred", "ref", "colours"),
    [
        ([(5, 15)], [(6, 14)], {FOUND_COLOUR}),
        ([], [(6, 14)], {MISSED_COLOUR}),
        ([(6, 14)], [], {FALSE_COLOUR}),
        ([(6, 14)], [(20, 28)], {FALSE_COLOUR, MISSED_COLOUR}),
    ],
)
def test_colours_say_what_went_wrong(
    pred: list[tuple[int, int]], ref: list[tuple[int, int]], colours: set[str]
) -> None:
    picture = case_png(None, pred=rods(*pred), ref=rods(*ref))
    assert {colour for colour in (FOUND_COLOUR, MISSED_COLOUR, FALSE_COLOUR) if has_colour(picture, colour)} == colours


def test_the_picture_is_the_same_in_every_axis_order() -> None:
    signal = rods().with_array(np.random.default_rng(0).random((30, 8, 20), dtype=np.float32))
    volumes = (signal, rods((1, 5)), rods((0, 4)))

    def picture(*turned: Volume) -> bytes:
        image, pred, ref = turned
        return case_png(image, pred=pred, ref=ref)

    plain = picture(*volumes)
    orders = [(axes, flips) for axes in ((2, 0, 1), (1, 0, 2)) for flips in product((False, True), repeat=3)][::5]
    for axes, flips in orders:
        assert picture(*(volume.transposed(axes, flips) for volume in volumes)) == plain
