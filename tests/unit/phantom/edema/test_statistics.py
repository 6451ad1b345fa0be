"""The table beside the literature, and that drawn cohorts lie within it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.comparison import Row
from crmo_seg.phantom.edema.fates import NextVisit, next_visit
from crmo_seg.phantom.edema.plan import PlannedLesion, plan_lesions
from crmo_seg.phantom.edema.quantities import QUANTITIES, VISIT_QUANTITIES
from crmo_seg.phantom.edema.spread import cohort_chances
from crmo_seg.phantom.edema.statistics import cohort_statistics, visit_statistics

CHILDREN = 300
Pair = tuple[tuple[PlannedLesion, ...], NextVisit]


@pytest.fixture(scope="module")
def visits() -> list[Pair]:
    ages = np.linspace(3, 17, 60)
    children = [draw_child(np.random.default_rng(i), age_years=(age, age)) for i, age in enumerate(ages)]
    skeletons = [build_skeleton(find_landmarks(child)) for child in children]
    pairs = []
    for i in range(CHILDREN):
        skeleton = skeletons[i % len(skeletons)]
        before = plan_lesions(skeleton, np.random.default_rng([0, i]), chances=cohort_chances(0, i))
        after = next_visit([lesion.lasting for lesion in before], skeleton, np.random.default_rng([1, i]))
        pairs.append((before, after))
    return pairs


@pytest.fixture(scope="module")
def rows(visits: list[Pair]) -> tuple[Row, ...]:
    return cohort_statistics(before for before, _ in visits)


@pytest.mark.parametrize("number", range(len(QUANTITIES)), ids=[quantity.name for quantity in QUANTITIES])
def test_a_cohort_lies_in_the_interval_of_every_source(rows: tuple[Row, ...], number: int) -> None:
    row = rows[number]
    assert row.inside, f"{row.value:.3f} not in {row.low:.3f} to {row.high:.3f}"


@pytest.mark.parametrize("number", range(len(VISIT_QUANTITIES)), ids=[quantity.name for quantity in VISIT_QUANTITIES])
def test_fates_lie_in_the_interval_of_every_source(visits: list[Pair], number: int) -> None:
    row = visit_statistics(visits)[number]
    assert row.inside, f"{row.value:.3f} not in {row.low:.3f} to {row.high:.3f}"


def test_every_quantity_has_a_source_whose_interval_holds_its_own_value() -> None:
    for quantity in (*QUANTITIES, *VISIT_QUANTITIES):
        assert quantity.interval[0] <= quantity.reported <= quantity.interval[1]
        assert quantity.source.name
        assert quantity.source.reference
    assert len({quantity.name for quantity in QUANTITIES}) == len(QUANTITIES)


def test_nothing_to_count_is_not_inside() -> None:
    rows = cohort_statistics([(), ()])
    free, others = rows[0], rows[1:]
    assert (free.value, free.counted, free.inside) == (1.0, 2, True)
    assert all(math.isnan(row.value) and not row.inside for row in others)
