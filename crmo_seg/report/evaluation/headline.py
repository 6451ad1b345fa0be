"""The few numbers at the head of the page, each with its interval and with what it was counted from."""

from __future__ import annotations

from crmo_seg.evaluation.cohort import CohortSummary, LesionSummary
from crmo_seg.evaluation.estimates import Estimate
from crmo_seg.evaluation.settings import LARGE_LESION_ML
from crmo_seg.evaluation.statistics import Interval
from crmo_seg.keys import EDEMA
from crmo_seg.report.console import UNDEFINED
from crmo_seg.report.evaluation.elements import Tile, counted, defined_of, readable, readable_interval


def headline(summary: CohortSummary) -> tuple[Tile, ...]:
    """Edema by lesion, by voxel and by volume; of every other head its mean Dice."""
    tiles = [] if summary.any_overlap is None else _lesion_tiles(summary, summary.any_overlap)
    for head in sorted(summary.heads, key=lambda name: name != EDEMA):
        is_edema = head == EDEMA
        label = "Dice of edema, mean over patients" if is_edema else f"Dice of {head}, mean over classes and patients"
        one = summary.estimates["dice" if is_edema else f"{head}_dice"]
        tiles.append(_tile(label, one, _patients(one)))
    if summary.volumes:
        volumes = summary.volumes
        scans = counted(len(volumes.bland_altman.difference_ml), "scan")
        interval = _known(volumes.correlation_interval)
        tiles.append(Tile("Edema volume: ICC(A,1)", readable(volumes.correlation), interval, scans))
    return tuple(tiles)


def _lesion_tiles(summary: CohortSummary, lesions: LesionSummary) -> list[Tile]:
    of, pooled = summary.estimates, lesions.pooled
    large = of["large_lesion_sensitivity"]
    n_large_found = sum(case.lesions.n_large_found for case in summary.cases if case.lesions)
    found = f"{pooled.n_found} of {pooled.n_ref} lesions found"
    false = f"{pooled.n_false_positive} on {counted(lesions.n_scans, 'scan')}"
    both = f"{pooled.n_ref} reference, {pooled.n_pred} predicted"
    return [
        _tile("Lesions: F1", of["lesion_f1"], both),
        _tile("Lesions: sensitivity", of["lesion_sensitivity"], found),
        _tile(
            f"Sensitivity from {LARGE_LESION_ML:g} ml", large, f"{n_large_found} of {summary.n_large_ref} lesions found"
        ),
        _tile("False positives a scan", of["lesion_false_positives_per_scan"], false),
    ]


def _patients(one: Estimate) -> str:
    return counted(one.n, "patient") if one.n_defined == one.n else f"{defined_of(one.n_defined, one.n)} patients"


def _tile(label: str, one: Estimate, counts: str) -> Tile:
    return Tile(label, readable(one.value), _known(one.interval), counts)


def _known(interval: Interval) -> str:
    """Empty where there is no interval."""
    text = readable_interval(interval)
    return "" if text == UNDEFINED else text
