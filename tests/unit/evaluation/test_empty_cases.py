"""The table of special cases in ``docs/evaluation.md``, row by row."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.evaluation.case import measure_lesions
from crmo_seg.evaluation.surface import compare_surfaces
from crmo_seg.evaluation.voxel import overlap
from crmo_seg.volume import Volume

PAGE = Path(__file__).parents[3] / "docs" / "evaluation.md"
Box = tuple[slice, slice, slice]


def box(start: int, stop: int, at: int = 4) -> Box:
    return slice(start, stop), slice(at, at + 1), slice(at, at + 1)


CASES: dict[str, tuple[float, list[Box], list[Box]]] = {
    "neither has a lesion": (0.1, [], []),
    "no reference": (0.1, [box(2, 5)], []),
    "no prediction": (0.1, [], [box(2, 5)]),
    "both, apart": (0.1, [box(2, 5)], [box(6, 9)]),
    "both, the same": (0.1, [box(2, 5)], [box(2, 5)]),
    "one voxel of 0.1 ml, the same": (0.1, [box(2, 3)], [box(2, 3)]),
    "one voxel of 0.05 ml, the same": (0.05, [box(2, 3)], [box(2, 3)]),
    "one voxel of 0.05 ml, no reference": (0.05, [box(2, 3)], []),
    "at the border, the same": (0.1, [box(0, 3, at=0)], [box(0, 3, at=0)]),
    "at the border, by one voxel": (0.1, [box(0, 4, at=0)], [box(0, 3, at=0)]),
    "one over two": (0.1, [box(0, 9)], [box(0, 3), box(5, 9)]),
    "two in one": (0.1, [box(0, 3), box(5, 9)], [box(0, 9)]),
}
"""Name -> ml of a voxel, boxes of the prediction, boxes of the reference."""


def make_mask(voxel_ml: float, boxes: list[Box]) -> Volume:
    array = np.zeros((10, 9, 9), dtype=bool)
    for one in boxes:
        array[one] = True
    return make_volume(array, (2.0, 5.0, voxel_ml * 100.0))


def measured(name: str) -> list[float]:
    """In the order of the columns."""
    voxel_ml, pred_boxes, ref_boxes = CASES[name]
    pred, ref = make_mask(voxel_ml, pred_boxes), make_mask(voxel_ml, ref_boxes)
    surface = compare_surfaces(pred=pred, ref=ref, tolerance_mm=1.0)
    found = measure_lesions(pred=pred, ref=ref)
    counts, scores = found.agreement.any_overlap, found.scores
    return [
        overlap(pred=pred, ref=ref).dice,
        surface.surface_dice,
        surface.hausdorff95_mm,
        counts.sensitivity,
        counts.precision,
        counts.f1,
        found.agreement.iou.f1,
        scores.brats_dice,
        scores.panoptic.quality,
        scores.false_positive_ml,
        scores.false_negative_ml,
    ]


def rows_of_the_page() -> dict[str, list[str]]:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells if row[0] in CASES}


def test_every_case_has_a_row() -> None:
    assert list(rows_of_the_page()) == list(CASES)


@pytest.mark.parametrize("name", CASES)
def test_a_row_is_true(name: str) -> None:
    values = [math.nan if cell == "NaN" else float(cell) for cell in rows_of_the_page()[name]]
    np.testing.assert_allclose(measured(name), values, atol=0.006)
