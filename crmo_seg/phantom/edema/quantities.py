"""Every quantity that a study reports and that drawn cohorts are held to, with its 95 % confidence interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from crmo_seg.phantom.comparison import wilson
from crmo_seg.phantom.edema import literature as lit
from crmo_seg.phantom.edema import measures
from crmo_seg.phantom.edema.fates import Fate
from crmo_seg.phantom.edema.intervals import Interval, group_means, lognormal_median
from crmo_seg.phantom.edema.literature import Share, Source
from crmo_seg.phantom.edema.measures import Patient, Visits

Of = TypeVar("Of")
Measured: TypeAlias = Share | float

DESIGN: Final = Source("requirement of this phantom", "assumption")
SMALLEST_LESION_FREE: Final = 0.3
"""A model has to see enough children without edema."""


@dataclass(frozen=True)
class Quantity(Generic[Of]):
    """Something that a study reports, counted in the phantom in the same way.

    Attributes:
        name: for the table.
        reported: value of the study.
        interval: 95 % confidence interval of it.
        measure: gives the value of a cohort.
        source: the study.
        percent: whether values are shares.
    """

    name: str
    reported: float
    interval: Interval
    measure: Callable[[Sequence[Of]], Measured]
    source: Source
    percent: bool = True


def _share(name: str, reported: Share, measure: Callable[[Sequence[Of]], Measured], source: Source) -> Quantity[Of]:
    return Quantity(name, reported.value, wilson(reported.hits, reported.total), measure, source)


_BEFORE: Final = group_means(lit.RATIO_BEFORE)
_AFTER: Final = group_means(lit.RATIO_AFTER)
_SITES_INTERVAL: Final = lognormal_median(lit.SITES_MEDIAN, lit.SITES_CHILDREN, lit.UNIFOCAL)
_METAPHYSEAL: Final = measures.in_long_metaphysis

QUANTITIES: Final[tuple[Quantity[Patient], ...]] = (
    Quantity("children without edema", 0.3, (SMALLEST_LESION_FREE, 1.0), measures.lesion_free, DESIGN),
    Quantity(
        "sites per ill child, median", lit.SITES_MEDIAN, _SITES_INTERVAL, measures.sites_median, lit.DANGELO, False
    ),
    _share("children with one site", lit.UNIFOCAL, measures.unifocal, lit.DANGELO),
    _share("children with femur", lit.FEMUR, measures.patients_with("femur"), lit.DANGELO),
    _share("children with tibia", lit.TIBIA, measures.patients_with("tibia"), lit.DANGELO),
    _share("children with pelvis", lit.PELVIS, measures.patients_with("pelvis"), lit.DANGELO),
    _share("children with spine", lit.SPINE, measures.patients_with("vertebra"), lit.DANGELO),
    _share("children with clavicle", lit.CLAVICLE, measures.patients_with("clavicle"), lit.MAPPING),
    _share(
        "children with clavicle and tibia",
        lit.CLAVICLE_AND_TIBIA,
        measures.patients_with("clavicle", "tibia"),
        lit.MAPPING,
    ),
    _share("several vertebrae, if any", lit.SEVERAL_VERTEBRAE, measures.several_vertebrae, lit.FALIP),
    _share("bones ill on both sides: same site", lit.SYMMETRIC, measures.symmetric, lit.MAPPING),
    _share("tibia on both sides, if any", lit.TIBIA_ON_BOTH_SIDES, measures.on_both_sides("tibia"), lit.MAPPING),
    _share("lesions in the lower limb", lit.LOWER_LIMB, measures.lesions_that(measures.in_lower_limb), lit.KIENINGER),
    _share("lesions in metaphyses of long bones", lit.IN_METAPHYSES, measures.lesions_that(_METAPHYSEAL), lit.FALIP),
    _share(
        "of these beside the growth plate",
        lit.JUXTAPHYSEAL,
        measures.lesions_that(lambda lesion: bool(lesion.juxtaphyseal), _METAPHYSEAL),
        lit.FALIP,
    ),
    _share(
        "lesions at ends of long bones: reach the epiphysis",
        lit.REACHING_EPIPHYSIS,
        measures.lesions_that(measures.reaches_epiphysis, measures.at_long_end),
        lit.FALIP,
    ),
    _share(
        "lesions at ends of long bones: soft-tissue inflammation",
        lit.WITH_HALO,
        measures.lesions_that(lambda lesion: lesion.halo, measures.at_long_end),
        lit.FALIP,
    ),
    _share(
        "lesions at ends of long bones: nodular",
        lit.NODULAR,
        measures.lesions_that(lambda lesion: lesion.nodular, measures.at_long_end),
        lit.FALIP,
    ),
    _share("parts beside plates: metaphyseal", lit.METAPHYSEAL_PARTS, measures.metaphyseal_parts, lit.MAPPING),
    _share(
        "parts beside plates: distal metaphyseal",
        lit.DISTAL_METAPHYSEAL_PARTS,
        measures.distal_metaphyseal_parts,
        lit.MAPPING,
    ),
    Quantity(
        "signal over muscle, responders",
        lit.RATIO_BEFORE.first,
        _BEFORE[0],
        measures.ratio_mean(responders=True),
        lit.KIENINGER,
        False,
    ),
    Quantity(
        "signal over muscle, non-responders",
        lit.RATIO_BEFORE.second,
        _BEFORE[1],
        measures.ratio_mean(responders=False),
        lit.KIENINGER,
        False,
    ),
)
"""Every quantity that a single visit is held to."""

VISIT_QUANTITIES: Final[tuple[Quantity[Visits], ...]] = (
    _share("lesions that resolved", lit.RESOLVED, measures.fate_share(Fate.RESOLVED), lit.PAMIDRONATE),
    _share("lesions that grew (worsened)", lit.WORSENED, measures.fate_share(Fate.GROWN), lit.PAMIDRONATE),
    _share("new lesions, of those before", lit.NEW, measures.fate_share(Fate.NEW), lit.PAMIDRONATE),
    Quantity(
        "signal over muscle at follow-up, responders",
        lit.RATIO_AFTER.first,
        _AFTER[0],
        measures.ratio_mean_after(responders=True),
        lit.KIENINGER,
        False,
    ),
    Quantity(
        "signal over muscle at follow-up, non-responders",
        lit.RATIO_AFTER.second,
        _AFTER[1],
        measures.ratio_mean_after(responders=False),
        lit.KIENINGER,
        False,
    ),
)
"""Every quantity that two visits of a child are held to."""
