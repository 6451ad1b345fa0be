from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.comparison import Row
from crmo_seg.phantom.normal.finding import Finding
from crmo_seg.phantom.normal.foci import Marrow, plan_foci
from crmo_seg.phantom.normal.marrow import draw_phenotype
from crmo_seg.phantom.normal.statistics import (
    LIMBS,
    PlannedChild,
    count_foci,
    frequencies,
    poisson_mean,
)

PLACE = LesionSite("body", None, np.zeros(3), np.ones(3), np.eye(3))


def focus(bone: str, strength: float, extension: float = 0.5, cluster: str = "foot") -> Finding:
    key = f"{cluster}: speckle {bone} body"
    return Finding(key, "speckle", bone, PLACE, strength, 1.0, "marrow", extension, np.empty((0, 3)), np.empty(0))


def planned_children(count: int, seed: int) -> list[PlannedChild]:
    """Foci of children of 5 to 17 years; a skeleton for each year is enough, frequencies do not depend on it."""
    years = [find_landmarks(draw_child(np.random.default_rng(a), age_years=(a, a))) for a in range(5, 18)]
    skeletons = [{bone.full_name: bone for bone in build_skeleton(marks)} for marks in years]
    rng = np.random.default_rng(seed)
    children = []
    for age in rng.uniform(5, 18, count).tolist():
        marrow = Marrow(replace(years[int(age) - 5].child, age_years=age), draw_phenotype(rng), 1.0)
        children.append(PlannedChild(age, tuple(plan_foci(skeletons[int(age) - 5], marrow))))
    return children


def row(rows: tuple[Row, ...], quantity: str) -> Row:
    return next(row for row in rows if row.name == quantity)


def test_poisson_interval_close_to_the_exact_one() -> None:
    exact = stats.chi2.ppf(0.025, 2 * 366) / 2 / 196, stats.chi2.ppf(0.975, 2 * 367) / 2 / 196
    assert poisson_mean(366, 196) == pytest.approx(exact, rel=1e-3)


def test_counts_by_hand() -> None:
    one = PlannedChild(8.0, (focus("calcaneus_right", 3.0), focus("talus_left", 2.0), focus("ilium_left", 3.0)))
    other = PlannedChild(9.0, (focus("calcaneus_left", 3.0, 0.1), focus("radius_right", 1.2, cluster="wrist")))
    rows = frequencies([one, other])
    assert count_foci(one, LIMBS) == 2
    assert row(rows, "children with a major focus in the limbs").value == 0.5
    assert row(rows, "major of the foci of the lower limbs").value == pytest.approx(1 / 3)
    assert row(rows, "children with a major axial focus").value == 0.5
    assert row(rows, "foci of the lower limbs a child").value == 1.5
    assert row(rows, "foci of the upper limbs a child").value == 0  # a trace is not seen on the whole body's scan
    assert row(rows, "feet with a focus, under 16 years").value == 0.5  # right feet
    assert row(rows, "calcaneus, of feet with a focus").value == 1
    assert row(rows, "both feet with foci or both without, under 16 years").value == 0.5
    assert row(rows, "wrists with a focus in the radius").value == 0.5
    assert row(rows, "wrists with a focus in the ulna").value == 0


def test_children_below_5_years_are_left_out() -> None:
    young = PlannedChild(4.0, (focus("calcaneus_right", 3.0),))
    assert row(frequencies([young, PlannedChild(8.0, ())]), "foci of the lower limbs a child").value == 0


def test_what_could_not_be_counted_is_not_inside() -> None:
    assert not any(row.inside for row in frequencies([]))


def test_phantoms_have_the_frequencies_of_healthy_children() -> None:
    rows = frequencies(planned_children(1500, seed=2))
    assert [row.name for row in rows if not row.inside] == []
