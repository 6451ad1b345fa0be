"""Counting on hand-made cohorts."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from crmo_seg.anatomy import Segment, bone_named
from crmo_seg.phantom.body.solid_bone import LesionSite, ball_site
from crmo_seg.phantom.edema import measures
from crmo_seg.phantom.edema.fates import Fate, NextVisit
from crmo_seg.phantom.edema.lesion import LastingLesion, LesionShape, PlannedLesion, SiteKey
from crmo_seg.phantom.edema.literature import Share
from crmo_seg.phantom.solids.shapes import vector

_SHAPE = LesionShape(np.zeros((0, 3)), np.zeros(0), np.empty((0, 4)))


def lesion(
    bone: str,
    region: str = "body",
    *,
    gap_mm: float | None = None,
    lobe: LesionSite | None = None,
    ratio: float = 5.0,
    responder: bool = True,
) -> PlannedLesion:
    words = region.split()
    segment = Segment(words[-1]) if words[-1] in {s.value for s in Segment} else None
    key = SiteKey(bone_named(bone), region, 0)
    lasting = LastingLesion(
        f"{bone} {region}", key, np.zeros(3), np.ones(3), 1.0, ratio, responder, 0.0, 0.0, 3.0, _SHAPE
    )
    place = ball_site(vector(0, 0, 0), 5.0, region)
    return PlannedLesion(lasting, segment, place, 1.0, None, gap_mm, lobe, 0.0, 3.0)


LOBE = ball_site(vector(0, 0, 9), 2.0)
ANNA = (
    lesion("tibia_left", "distal metaphysis", gap_mm=0.0, lobe=LOBE),
    lesion("tibia_right", "distal metaphysis", gap_mm=9.0),
    lesion("femur_left", "proximal metaphysis", gap_mm=2.0),
    lesion("femur_right", "distal epiphysis", gap_mm=0.0),
)
BEN = (
    lesion("clavicle_left", "medial metaphysis", gap_mm=0.0, ratio=8.0, responder=False),
    lesion("vertebra_T5", ratio=6.0, responder=False),
    lesion("vertebra_L1", ratio=7.0, responder=False),
)
CARLA = (lesion("sacrum", "wing"),)
COHORT = (ANNA, (), BEN, CARLA)


def test_children() -> None:
    assert measures.lesion_free(COHORT) == Share(1, 4)
    assert measures.unifocal(COHORT) == Share(1, 3)
    assert measures.sites_median(COHORT) == 3
    assert measures.patients_with("tibia")(COHORT) == Share(1, 3)
    assert measures.patients_with("pelvis")(COHORT) == Share(1, 3)
    assert measures.patients_with("vertebra")(COHORT) == Share(1, 3)
    assert measures.patients_with("clavicle", "tibia")(COHORT) == Share(0, 3)
    assert measures.several_vertebrae(COHORT) == Share(1, 1)


def test_symmetry() -> None:
    """Anna's tibias are ill at the same site, her femurs at different ones."""
    assert measures.symmetric(COHORT) == Share(1, 2)
    assert measures.on_both_sides("tibia")(COHORT) == Share(1, 1)
    assert measures.on_both_sides("clavicle")(COHORT) == Share(0, 1)


def test_lesions() -> None:
    metaphyseal = measures.in_long_metaphysis
    assert measures.lesions_that(metaphyseal)(COHORT) == Share(3, 8)
    assert measures.lesions_that(lambda le: bool(le.juxtaphyseal), metaphyseal)(COHORT) == Share(2, 3)
    assert measures.lesions_that(measures.reaches_epiphysis, measures.at_long_end)(COHORT) == Share(2, 4)
    assert measures.lesions_that(measures.in_lower_limb)(COHORT) == Share(4, 8)


def test_parts_beside_plates_count_a_crossing_lesion_twice() -> None:
    assert measures.metaphyseal_parts(COHORT) == Share(3, 5)
    assert measures.distal_metaphyseal_parts(COHORT) == Share(2, 5)


def test_signal_ratios_are_means_of_the_children() -> None:
    assert measures.ratio_mean(responders=False)(COHORT) == pytest.approx(7.0)
    assert measures.ratio_mean(responders=True)(COHORT) == pytest.approx(5.0)
    assert np.isnan(measures.ratio_mean(responders=True)((BEN,)))


def test_fates_are_counted_over_the_lesions_before() -> None:
    fates = {"a": Fate.RESOLVED, "b": Fate.GROWN, "c": Fate.RESOLVED, "new": Fate.NEW}
    visits = ((BEN, NextVisit(BEN[:1], MappingProxyType(fates))), ((), NextVisit((), MappingProxyType({}))))
    assert measures.fate_share(Fate.RESOLVED)(visits) == Share(2, 3)
    assert measures.fate_share(Fate.NEW)(visits) == Share(1, 3)
    assert measures.ratio_mean_after(responders=False)(visits) == pytest.approx(8.0)
