"""Lesions found and false by their size and by the part of the skeleton.

A reference lesion counts in the stratum of its own volume or bone, and so does a predicted one: sensitivity and
precision of a stratum speak of different lesions, so that their harmonic mean means nothing and is not given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.anatomy import BONES_TABLE
from crmo_seg.evaluation.lesion_table import UNKNOWN_GROUP, ComparedLesion, LesionTable
from crmo_seg.evaluation.lesionwise import LesionCounts
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.statistics import Interval, patient_samples, percentile_interval

GROUPS: Final = (*dict.fromkeys(bone.group for bone in BONES_TABLE), UNKNOWN_GROUP)
"""Parts of the skeleton, from head to feet."""

HANDS_AND_FEET: Final = "hands and feet"
ELSEWHERE: Final = "elsewhere"

_ROUNDING_ML = 1e-9

TablesByPatient: TypeAlias = Mapping[str, Sequence[LesionTable]]


@dataclass(frozen=True)
class Stratum:
    """Lesions of one kind, pooled over scans, by any overlap.

    Attributes:
        dimension: ``size``, ``bone group`` or ``extremities``.
        name: of the stratum.
        n_ref: reference lesions.
        n_found: of them found.
        n_pred: predicted lesions.
        n_false_positive: of them false.
        sensitivity_interval: over patients.
    """

    dimension: str
    name: str
    n_ref: int
    n_found: int
    n_pred: int
    n_false_positive: int
    sensitivity_interval: Interval

    @property
    def sensitivity(self) -> float:
        """Found over all reference lesions of the stratum; NaN without any."""
        return self._counts.sensitivity

    @property
    def precision(self) -> float:
        """True over all predicted lesions of the stratum; NaN without any."""
        return self._counts.precision

    @property
    def _counts(self) -> LesionCounts:
        return LesionCounts(self.n_ref, self.n_pred, self.n_found, self.n_false_positive)


def stratify(patients: TablesByPatient, settings: EvaluationSettings = DEFAULT_SETTINGS) -> tuple[Stratum, ...]:
    """All strata of all scans: sizes (empty ones too), then bones, where the bone of any lesion is known."""
    limits = settings.size_limits_ml
    names = size_names(limits)
    strata = [_stratum(patients, "size", name, _named(_size_name(limits), name), settings) for name in names]
    lesions = [one for tables in patients.values() for table in tables for one in (*table.ref, *table.pred)]
    present = {one.group for one in lesions}
    if present <= {UNKNOWN_GROUP}:
        return tuple(strata)
    groups = [name for name in GROUPS if name in present]
    strata += [_stratum(patients, "bone group", name, _named(_group, name), settings) for name in groups]
    ends = (HANDS_AND_FEET, ELSEWHERE)
    strata += [_stratum(patients, "extremities", name, _named(_extremity, name), settings) for name in ends]
    return tuple(strata)


def size_names(limits_ml: Sequence[float]) -> tuple[str, ...]:
    """Names of the strata of size.

    >>> size_names((0.5, 1.0, 5.0))
    ('< 0.5 ml', '0.5-1 ml', '1-5 ml', '>= 5 ml')
    """
    if not limits_ml:
        return ("all",)
    middle = (f"{low:g}-{high:g} ml" for low, high in pairwise(limits_ml))
    return f"< {limits_ml[0]:g} ml", *middle, f">= {limits_ml[-1]:g} ml"


def _size_name(limits_ml: Sequence[float]) -> Callable[[ComparedLesion], str]:
    names = size_names(limits_ml)
    # The tolerance puts a lesion of exactly a limit above it, whatever the rounding of its voxels' volume.
    return lambda one: names[int(np.searchsorted(limits_ml, one.lesion.volume_ml + _ROUNDING_ML, side="right"))]


def _group(one: ComparedLesion) -> str:
    return one.group


def _extremity(one: ComparedLesion) -> str:
    if one.group == UNKNOWN_GROUP:
        return UNKNOWN_GROUP
    return HANDS_AND_FEET if one.group in ("hand", "foot") else ELSEWHERE


def _named(name_of: Callable[[ComparedLesion], str], name: str) -> Callable[[ComparedLesion], bool]:
    return lambda one: name_of(one) == name


def _stratum(
    patients: TablesByPatient,
    dimension: str,
    name: str,
    holds: Callable[[ComparedLesion], bool],
    settings: EvaluationSettings,
) -> Stratum:
    counts = np.array([_counts(tables, holds) for tables in patients.values()]).reshape(-1, 4)
    n_ref, n_found, n_pred, n_false = (int(number) for number in counts.sum(axis=0))
    sums = patient_samples(len(counts), settings) @ counts[:, :2]
    with np.errstate(invalid="ignore"):
        samples = sums[:, 1] / sums[:, 0]
    interval = percentile_interval(samples, int((counts[:, 0] > 0).sum()), settings)
    return Stratum(dimension, name, n_ref, n_found, n_pred, n_false, interval)


def _counts(tables: Sequence[LesionTable], holds: Callable[[ComparedLesion], bool]) -> tuple[int, int, int, int]:
    ref = [one.is_met for table in tables for one in table.ref if holds(one)]
    pred = [one.is_met for table in tables for one in table.pred if holds(one)]
    return len(ref), sum(ref), len(pred), len(pred) - sum(pred)
