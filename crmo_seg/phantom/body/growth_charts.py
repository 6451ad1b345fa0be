"""Stature and body mass index for age: the CDC growth charts of 2000.

L, M and S as in https://www.cdc.gov/growthcharts/data/zscore/statage.csv and bmiagerev.csv (Kuczmarski et al., "2000
CDC Growth Charts for the United States", Vital and Health Statistics 11(246), 2002), at 36.5, 48.5, ... 204.5 months,
rounded to the digits shown. A value at a z-score is M (1 + L S z)^(1 / L)
(Cole and Green 1992, doi:10.1002/sim.4780111005).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.phantom.body.child import Sex

_AGES_YEARS: Final = tuple((36.5 + 12 * i) / 12 for i in range(15))


@dataclass(frozen=True)
class Chart:
    """A measure by age: Box-Cox power, median, coefficient of variation at ``_AGES_YEARS``."""

    power: tuple[float, ...]
    median: tuple[float, ...]
    variation: tuple[float, ...]

    def at(self, age_years: float, z_score: float) -> float:
        """The measure of a child of this age at a z-score.

        >>> round(STATURE_CM[Sex.BOY].at(10.0417, 0.0), 2)
        138.82
        """
        power, median, variation = (
            float(np.interp(age_years, _AGES_YEARS, row)) for row in (self.power, self.median, self.variation)
        )
        if abs(power) < 1e-3:
            return median * float(np.exp(variation * z_score))
        return median * float((1 + power * variation * z_score) ** (1 / power))


STATURE_CM: Final[Mapping[Sex, Chart]] = MappingProxyType(
    {
        Sex.BOY: Chart(
            (-0.391, 0.828, 1.266, 1.137, 0.753, 0.455, 0.416, 0.506,
             0.488, 0.421, 0.816, 1.670, 2.205, 2.113, 1.725),
            (95.27, 102.51, 109.18, 115.66, 122.03, 128.12, 133.73, 138.82,
             143.73, 149.31, 156.41, 164.14, 170.14, 173.61, 175.34),
            (0.04053, 0.04134, 0.04259, 0.04367, 0.04440, 0.04513, 0.04622, 0.04761,
             0.04894, 0.04995, 0.05033, 0.04895, 0.04589, 0.04309, 0.04141),
        ),
        Sex.GIRL: Chart(
            (0.542, 0.226, -0.058, -0.219, -0.210, -0.079, 0.084, 0.285,
             0.744, 1.303, 1.243, 0.957, 0.896, 0.941, 1.000),
            (94.21, 101.03, 107.96, 115.01, 121.76, 127.83, 133.13, 138.21,
             144.26, 151.49, 157.34, 160.48, 161.90, 162.57, 162.92),
            (0.04202, 0.04326, 0.04428, 0.04496, 0.04546, 0.04597, 0.04688, 0.04870,
             0.05052, 0.04860, 0.04386, 0.04102, 0.04008, 0.03982, 0.03973),
        ),
    }
)  # fmt: skip
"""Stature, cm."""

BODY_MASS_INDEX: Final[Mapping[Sex, Chart]] = MappingProxyType(
    {
        Sex.BOY: Chart(
            (-1.420, -1.715, -2.615, -3.212, -3.323, -3.183, -2.971, -2.766,
             -2.591, -2.447, -2.329, -2.227, -2.132, -2.039, -1.949),
            (16.00, 15.63, 15.42, 15.38, 15.51, 15.78, 16.17, 16.65,
             17.20, 17.81, 18.47, 19.16, 19.86, 20.56, 21.24),
            (0.07263, 0.07189, 0.07599, 0.08305, 0.09213, 0.10209, 0.11172, 0.12011,
             0.12673, 0.13139, 0.13414, 0.13525, 0.13511, 0.13420, 0.13306),
        ),
        Sex.GIRL: Chart(
            (-2.097, -3.019, -3.350, -3.226, -2.926, -2.617, -2.361, -2.171,
             -2.045, -1.976, -1.955, -1.977, -2.035, -2.119, -2.216),
            (15.70, 15.30, 15.15, 15.22, 15.45, 15.83, 16.31, 16.86,
             17.47, 18.10, 18.74, 19.35, 19.93, 20.45, 20.91),
            (0.07861, 0.07871, 0.08430, 0.09380, 0.10533, 0.11716, 0.12801, 0.13706,
             0.14387, 0.14836, 0.15071, 0.15126, 0.15051, 0.14909, 0.14772),
        ),
    }
)  # fmt: skip
"""Mass over squared stature, kg/m2."""
