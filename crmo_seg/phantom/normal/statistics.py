"""The foci of planned phantoms against the studies of healthy children; no voxels, pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.phantom.comparison import Row, wilson
from crmo_seg.phantom.edema.literature import Source
from crmo_seg.phantom.normal.finding import Finding, Grade, grade

NORMAL_95: Final = 1.959964
LIMB_STUDY: Final = Source("Limbs, 196 healthy children of 5-19 years", "doi:10.1016/j.ejrad.2022.110365")
AXIAL_STUDY: Final = Source("Axial skeleton, the same 196 children", "doi:10.1016/j.ejrad.2022.110425")
FOOT_STUDY: Final = Source("Shabshin 2006, 41 feet under 16 years", "doi:10.1007/s00247-006-0129-y")
WRIST_STUDY: Final = Source("Wrists, 31 of 7-18 years", "doi:10.1007/s00256-009-0752-4")
CHILDREN: Final = 196

UPPER: Final = frozenset({"arm", "hand"})
LOWER: Final = frozenset({"leg", "foot"})
LIMBS: Final = UPPER | LOWER
AXIAL: Final = frozenset({"head", "spine", "thorax", "shoulder_girdle", "pelvis"})
SEEN: Final[frozenset[Grade]] = frozenset({"minor", "major"})
MAJOR: Final[frozenset[Grade]] = frozenset({"major"})
MINOR: Final[frozenset[Grade]] = frozenset({"minor"})


@dataclass(frozen=True, eq=False)
class PlannedChild:
    """A child's age and its look-alikes."""

    age_years: float
    findings: tuple[Finding, ...]


Children: TypeAlias = Sequence[PlannedChild]


@dataclass(frozen=True)
class _Share:
    """A share that the source gives as count of total; the phantoms' is a function."""

    quantity: str
    count: int
    total: int
    measure: Callable[[Children], float]
    source: Source


@dataclass(frozen=True)
class _Mean:
    """A number per child that the source gives as a count in its children."""

    quantity: str
    count: int
    measure: Callable[[Children], float]
    source: Source


def poisson_mean(count: int, total: int) -> tuple[float, float]:
    """95 % interval of a mean number, as if it were Poisson (Byar's approximation).

    The sources give no spread; children differ more than that, so the true interval is wider.

    >>> [round(bound, 2) for bound in poisson_mean(100, 10)]
    [8.14, 12.16]
    """
    low = count * (1 - 1 / (9 * count) - NORMAL_95 / (3 * count**0.5)) ** 3
    high = (count + 1) * (1 - 1 / (9 * (count + 1)) + NORMAL_95 / (3 * (count + 1) ** 0.5)) ** 3
    return low / total, high / total


def frequencies(children: Iterable[PlannedChild]) -> tuple[Row, ...]:
    """All quantities, of children of 5 years and more; the younger ones are left out.

    Give a thousand or more: foci come in clusters, so a few hundred children scatter as much as the sources' 196.
    """
    grown = [child for child in children if child.age_years >= 5]
    shares = (_row(q.quantity, q.measure(grown), q.count / q.total, wilson(q.count, q.total), q.source) for q in SHARES)
    means = (
        _row(q.quantity, q.measure(grown), q.count / CHILDREN, poisson_mean(q.count, CHILDREN), q.source) for q in MEANS
    )
    trends = (_row(name, measure(grown), np.inf, (1.0, np.inf), source) for name, measure, source in TRENDS)
    return (*(replace(row, percent=True) for row in shares), *means, *trends)


def _row(name: str, value: float, reported: float, interval: tuple[float, float], source: Source) -> Row:
    return Row(name, value, None, reported, *interval, source.name, source.reference, percent=False)


def count_foci(child: PlannedChild, groups: frozenset[str], grades: frozenset[Grade] = SEEN) -> int:
    """Foci of some grades in bones of some groups of ``anatomy.BONES_TABLE``."""
    bones = [finding.bone for finding in child.findings if grade(finding) in grades]
    return sum(bone is not None and bone_named(bone).group in groups for bone in bones)


def _mean(groups: frozenset[str], grades: frozenset[Grade] = SEEN) -> Callable[[Children], float]:
    return lambda children: _average([count_foci(child, groups, grades) for child in children])


def _with_any(groups: frozenset[str], grades: frozenset[Grade]) -> Callable[[Children], float]:
    return lambda children: _average([count_foci(child, groups, grades) > 0 for child in children])


def _ratio(
    part: tuple[frozenset[str], frozenset[Grade]], whole: tuple[frozenset[str], frozenset[Grade]]
) -> Callable[[Children], float]:
    def measure(children: Children) -> float:
        total = sum(count_foci(child, *whole) for child in children)
        return sum(count_foci(child, *part) for child in children) / total if total else np.nan

    return measure


def _foot(spot: str = "") -> Callable[[Children], float]:
    """Of right feet under 16 years, those with a focus; given a spot, its share of these."""

    def measure(children: Children) -> float:
        feet = [_foci_of(child, "foot") for child in children if child.age_years < 16]
        if not spot:
            return _average([len(keys) > 0 for keys in feet])
        return _average([any(spot in key for key in keys) for keys in feet if keys])

    return measure


def _wrist(ages: tuple[float, float], spot: str = "") -> Callable[[Children], float]:
    """Of right wrists, those with a focus (in this spot)."""

    def measure(children: Children) -> float:
        wrists = [_foci_of(child, "wrist") for child in children if ages[0] <= child.age_years < ages[1]]
        return _average([any(spot in key for key in keys) for keys in wrists])

    return measure


def _alike_feet(children: Children) -> float:
    """Share of children under 16 years with foci in both feet or in none."""
    young = [child for child in children if child.age_years < 16]
    return _average([bool(_foci_of(child, "foot")) == bool(_foci_of(child, "foot", Side.LEFT)) for child in young])


def _foci_of(child: PlannedChild, cluster: str, side: Side = Side.RIGHT) -> list[str]:
    """Keys of the foci of a cluster on a side, of all grades: traces too, as a scan of the joint shows them."""
    start, middle = f"{cluster}:", f"_{side.value} "
    return [finding.key for finding in child.findings if finding.key.startswith(start) and middle in finding.key]


def _older_to_younger(groups: frozenset[str]) -> Callable[[Children], float]:
    """Minor foci at 15 years and more over those below 9 years."""

    def measure(children: Children) -> float:
        old = [count_foci(child, groups, MINOR) for child in children if child.age_years >= 15]
        young = [count_foci(child, groups, MINOR) for child in children if child.age_years < 9]
        return _average(old) / max(_average(young), 1e-9)

    return measure


def _average(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else float("nan")


SHARES: Final = (
    _Share("children with a major focus in the limbs", 115, 196, _with_any(LIMBS, MAJOR), LIMB_STUDY),
    _Share("major of the foci of the upper limbs", 79, 366, _ratio((UPPER, MAJOR), (UPPER, SEEN)), LIMB_STUDY),
    _Share("major of the foci of the lower limbs", 340, 675, _ratio((LOWER, MAJOR), (LOWER, SEEN)), LIMB_STUDY),
    _Share("children with a major axial focus", 58, 196, _with_any(AXIAL, MAJOR), AXIAL_STUDY),
    _Share("major of the axial foci", 75, 415, _ratio((AXIAL, MAJOR), (AXIAL, SEEN)), AXIAL_STUDY),
    _Share(
        "pelvis among the major axial foci",
        54,
        75,
        _ratio((frozenset({"pelvis"}), MAJOR), (AXIAL, MAJOR)),
        AXIAL_STUDY,
    ),
    _Share("feet with a focus, under 16 years", 24, 41, _foot(), FOOT_STUDY),
    # The abstract gives 54 % and 35 %; 14 and 9 of 26 is the denominator near its 24 patients that fits both.
    _Share("calcaneus, of feet with a focus", 14, 26, _foot("calcaneus"), FOOT_STUDY),
    _Share("talus, of feet with a focus", 9, 26, _foot("talus"), FOOT_STUDY),
    _Share("navicular, of feet with a focus", 9, 26, _foot(" tarsus_right part navicular"), FOOT_STUDY),
    _Share("both feet with foci or both without, under 16 years", 6, 7, _alike_feet, FOOT_STUDY),
    _Share("wrists with a focus, 7-17 years", 21, 31, _wrist((7, 18)), WRIST_STUDY),
    # 100 % and 25 % in the abstract, without numbers: a quarter of the 31 wrists is assumed in each group.
    _Share("wrists with a focus, 7-9 years", 8, 8, _wrist((7, 10)), WRIST_STUDY),
    _Share("wrists with a focus, 16-17 years", 2, 8, _wrist((16, 18)), WRIST_STUDY),
    _Share("wrists with a focus in the radius", 19, 31, _wrist((7, 18), "radius"), WRIST_STUDY),
    _Share("wrists with a focus in the ulna", 19, 31, _wrist((7, 18), "ulna"), WRIST_STUDY),
)
MEANS: Final = (
    _Mean("foci of the upper limbs a child", 366, _mean(UPPER), LIMB_STUDY),
    _Mean("foci of the lower limbs a child", 675, _mean(LOWER), LIMB_STUDY),
    _Mean("axial foci a child", 415, _mean(AXIAL), AXIAL_STUDY),
)
TRENDS: Final = (
    ("minor foci of the upper limbs, from 15 years over below 9", _older_to_younger(UPPER), LIMB_STUDY),
    ("minor axial foci, from 15 years over below 9", _older_to_younger(AXIAL), AXIAL_STUDY),
)
