"""The charts: each is a PNG of something, also of cohorts at the edge of what can be drawn."""

from __future__ import annotations

import io

import numpy as np
import pytest
from evaluation_builders import FEW_SAMPLES, edema_case, mixed_cases, mixed_summary
from matplotlib.image import imread

from crmo_seg.evaluation.calibration import reliability
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import summarise
from crmo_seg.evaluation.comparison import compare_cohorts
from crmo_seg.evaluation.volume_agreement import bland_altman
from crmo_seg.report.evaluation.charts import bland_altman_png, calibration_png, froc_png, paired_png, strata_png


def coloured(png: bytes) -> np.ndarray:
    """(row, column) of the pixels in the blue of the data."""
    picture = np.asarray(imread(io.BytesIO(png)))[..., :3]
    return np.argwhere(picture[..., 2] - picture[..., 0] > 0.4)


def test_the_curve_rises_with_the_sensitivity() -> None:
    def height(found: int) -> float:
        lesions = [(0, 3), (5, 8), (10, 13), (15, 18)]
        case = edema_case("a", ref=lesions, pred=lesions[:found], confidence=[0.9, 0.8, 0.7, 0.6][:found])
        detail = summarise([case], FEW_SAMPLES).detail
        assert detail is not None
        assert detail.froc is not None
        return float(np.median(coloured(froc_png(detail.froc))[:, 0]))

    assert height(3) < height(1)


def test_strata_have_a_row_each() -> None:
    detail = mixed_summary().detail
    assert detail is not None
    few, many = (np.asarray(imread(io.BytesIO(strata_png(detail.strata[:n])))).shape for n in (2, 4))
    assert many[0] > few[0]
    assert many[1] == few[1]


@pytest.mark.parametrize("n", [1, 2, 20])
def test_bland_altman_of_few_and_many_scans(n: int) -> None:
    values = np.linspace(0.0, 5.0, n)
    assert len(coloured(bland_altman_png(bland_altman(pred_ml=values, ref_ml=values**2 / 5))))


def test_calibration_of_one_kind_and_of_two() -> None:
    found = reliability(np.array([0.2, 0.8, 1.0]), np.array([False, True, True]))
    one, both = (calibration_png(kinds) for kinds in ({"lesions": found}, {"lesions": found, "voxels": found}))
    assert len(coloured(one))
    columns = coloured(both)[:, 1]
    middle = np.asarray(imread(io.BytesIO(both))).shape[1] / 2
    assert (columns < middle).any()
    assert (columns > middle).any()


def test_scans_better_under_this_prediction_lie_above_the_diagonal() -> None:
    def mean_height(first: list[CaseMetrics], other: list[CaseMetrics]) -> float:
        return float(coloured(paired_png(compare_cohorts(first, other, FEW_SAMPLES)))[:, 0].mean())

    good, bad = ([edema_case(c, ref=[(0, 10)], pred=[(s, 10 + s)]) for c in "ab"] for s in (1, 6))
    assert mean_height(good, bad) < mean_height(bad, good)
    assert paired_png(compare_cohorts(mixed_cases(), mixed_cases(), FEW_SAMPLES))


def test_the_same_numbers_give_the_same_bytes() -> None:
    detail = mixed_summary().detail
    assert detail is not None
    assert strata_png(detail.strata) == strata_png(detail.strata)
