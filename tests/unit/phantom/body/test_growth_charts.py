from __future__ import annotations

from itertools import pairwise

import pytest

from crmo_seg.phantom.body.child import Sex
from crmo_seg.phantom.body.growth_charts import BODY_MASS_INDEX, STATURE_CM


@pytest.mark.parametrize(
    ("sex", "age", "z", "stature_cm"),
    [  # percentiles as printed in the chart's data file
        (Sex.BOY, 60.5 / 12, 0.0, 109.175),
        (Sex.BOY, 120.5 / 12, 1.645, 150.1),
        (Sex.GIRL, 144.5 / 12, -1.645, 139.0),
        (Sex.GIRL, 204.5 / 12, 0.0, 162.92),
    ],
)
def test_stature_of_percentiles(sex: Sex, age: float, z: float, stature_cm: float) -> None:
    assert STATURE_CM[sex].at(age, z) == pytest.approx(stature_cm, abs=0.6)


@pytest.mark.parametrize("sex", list(Sex))
@pytest.mark.parametrize("z", [-2.2, 0.0, 2.2])
def test_children_never_shrink(sex: Sex, z: float) -> None:
    ages = [3 + 0.25 * i for i in range(57)]
    statures = [STATURE_CM[sex].at(age, z) for age in ages]
    assert all(later > earlier for earlier, later in pairwise(statures))


@pytest.mark.parametrize("sex", list(Sex))
def test_the_body_mass_index_is_lowest_at_five_or_six(sex: Sex) -> None:
    by_age = {age: BODY_MASS_INDEX[sex].at(age, 0.0) for age in range(3, 18)}
    assert min(by_age, key=lambda age: by_age[age]) in (5, 6)
    assert BODY_MASS_INDEX[sex].at(12, 2.0) > 1.3 * by_age[12]
