"""From the summary of a cohort to the sections of the page: which chart and which table stand where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crmo_seg.evaluation.calibration import SMALLEST_PROBABILITY
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import CohortSummary
from crmo_seg.evaluation.comparison import Comparison
from crmo_seg.evaluation.lesions_summary import FrocSummary, LesionDetail
from crmo_seg.evaluation.readers import ReaderAgreement
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.evaluation.strata import Stratum
from crmo_seg.evaluation.volume_agreement import BlandAltman, VolumeAgreement
from crmo_seg.keys import EDEMA
from crmo_seg.report.evaluation.charts import bland_altman_png, calibration_png, froc_png, paired_png, strata_png
from crmo_seg.report.evaluation.comparison import change_table, difference_table, verdicts
from crmo_seg.report.evaluation.elements import PageFigure, Section, counted, readable, without_empty
from crmo_seg.report.evaluation.readers import mean_table, pair_table
from crmo_seg.report.evaluation.tables import (
    calibration_table,
    class_table,
    froc_table,
    interval_name,
    lesion_free_table,
    metric_table,
    patient_table,
    rule_table,
    stratum_table,
    volume_table,
)
from crmo_seg.report.evaluation.undefined import undefined_sentences

_MOST_NAMES: Final = 5


def sections(summary: CohortSummary) -> tuple[Section, ...]:
    """Everything between the head line and the pictures of cases."""
    settings, detail = summary.settings, summary.detail
    found = [_lesions(summary)] if summary.any_overlap else []
    found += [_froc(detail.froc, settings)] if detail and detail.froc and detail.froc.curve.n_ref else []
    found += [_strata(detail.strata, settings), _detection(detail, settings)] if detail else []
    found += [_voxels(summary)]
    found += [_volumes(summary.volumes, summary.cases, settings)] if summary.volumes else []
    found += [_calibration(detail)] if detail and (detail.lesion_calibration or detail.voxel_calibration) else []
    found += [_comparison(summary.comparison, settings)] if summary.comparison else []
    found += [_readers(summary.readers, settings)] if summary.readers else []
    undefined = undefined_sentences(summary)
    text = "What is undefined is left out of a mean and adds nothing to what is pooled; it never counts as 0 or 1."
    found += [Section("What is undefined, and why", text, items=undefined)] if undefined else []
    return tuple(found)


def _lesions(summary: CohortSummary) -> Section:
    smallest = summary.settings.minimum_lesion_ml
    text = f"Connected components of at least {smallest:g} ml; smaller ones count neither as found nor as false."
    return Section("Lesions", text, tables=(rule_table(summary), metric_table(summary, by_lesion=True)))


def _froc(froc: FrocSummary, settings: EvaluationSettings) -> Section:
    last = froc.curve.last_false_positives_per_scan
    caption = (
        f"{counted(froc.curve.n_ref, 'reference lesion')} in {counted(froc.curve.n_scans, 'scan')}; bars: "
        f"{interval_name(settings)}. The curve ends at {readable(last)} false positives a scan, the threshold of the "
        "model"
    )
    caption += "; the dotted line and the open circles are lower bounds." if last < max(froc.points) else "."
    alt = "Free-response ROC curve: lesion sensitivity against false positives a scan"
    text = "Sensitivity as the confidence that a lesion needs falls."
    figure = PageFigure("froc", froc_png(froc), alt, caption)
    return Section("FROC", text, (figure,), (froc_table(froc, settings),))


def _strata(strata: Sequence[Stratum], settings: EvaluationSettings) -> Section:
    dimensions = tuple(dict.fromkeys(one.dimension for one in strata))
    tables = tuple(stratum_table(strata, dimension) for dimension in dimensions)
    caption = f"Lesions found by any overlap, of all in the stratum; bars: {interval_name(settings)} over patients."
    alt = "Lesion sensitivity by size and by part of the skeleton, with intervals"
    text = "A lesion counts where its own size or bone puts it, a reference lesion and a predicted one alike."
    heading = "Lesions by size and bone" if len(dimensions) > 1 else "Lesions by size"
    return Section(heading, text, (PageFigure("strata", strata_png(strata), alt, caption),), tables)


def _detection(detail: LesionDetail, settings: EvaluationSettings) -> Section:
    tables = (patient_table(detail.detection, settings), lesion_free_table(detail.lesion_free))
    return Section("Patients and lesion-free scans", tables=tables)


def _voxels(summary: CohortSummary) -> Section:
    settings, has_edema = summary.settings, EDEMA in summary.heads
    tolerance = f"Surfaces agree within {settings.surface_tolerance_mm:g} mm." if has_edema else ""
    tables = without_empty([metric_table(summary, by_lesion=False), class_table(summary)])
    return Section("Voxels, surfaces, volumes" if has_edema else "Dice by class", tolerance, tables=tables)


def _volumes(volumes: VolumeAgreement, cases: Sequence[CaseMetrics], settings: EvaluationSettings) -> Section:
    found = volumes.bland_altman
    alt = "Bland-Altman plot: difference of predicted and reference edema volume against their mean"
    caption = f"A point a scan. {_outside_the_limits(found, _measured_ids(cases))}"
    figure = PageFigure("bland_altman", bland_altman_png(found), alt, caption)
    return Section("Edema volume: Bland-Altman", "", (figure,), (volume_table(volumes, settings),))


def _outside_the_limits(found: BlandAltman, case_ids: Sequence[str]) -> str:
    """Names of the scans with a ring, the farthest from the mean first."""
    differences = dict(zip(case_ids, found.difference_ml.tolist(), strict=True))
    low, high = found.limits_ml
    names = [name for name, value in differences.items() if value < low or value > high]
    names.sort(key=lambda name: -abs(differences[name] - found.bias_ml))
    listed = "; ".join(f"{name} ({readable(differences[name])} ml)" for name in names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"Rings: outside the limits of agreement: {listed}{more}." if names else ""


def _measured_ids(cases: Sequence[CaseMetrics]) -> list[str]:
    """Case ids in the order of the volumes: patient by patient, each in the order of its scans."""
    patients = dict.fromkeys(case.patient_id for case in cases)
    return [
        case.case_id
        for patient in patients
        for case in cases
        if case.patient_id == patient and EDEMA in case.heads.get(EDEMA, {})
    ]


def _calibration(detail: LesionDetail) -> Section:
    measured = {"lesions": detail.lesion_calibration, "voxels": detail.voxel_calibration}
    filled = {name: one for name, one in measured.items() if one and one.n.sum()}
    caption = "Ten bins; the larger a point, the more fall in its bin. On the broken line, 8 of 10 are right at 0.8."
    alt = "Reliability diagram: share that is right against confidence"
    figures = (PageFigure("calibration", calibration_png(filled), alt, caption),) if filled else ()
    text = "A lesion is right where it overlaps a reference lesion."
    text += f" Of voxels, those of a probability from {SMALLEST_PROBABILITY:g} on." if detail.voxel_calibration else ""
    return Section("Calibration of confidence", text, figures, (calibration_table(detail),))


def _comparison(comparison: Comparison, settings: EvaluationSettings) -> Section:
    figures = () if not comparison.cases or not comparison.cases[0].values else (_paired(comparison),)
    tables = without_empty([difference_table(comparison, settings), change_table(comparison)])
    items = verdicts(comparison)
    return Section("Against the other predictions", "", figures, items=items, wide_tables=tables)


def _readers(readers: ReaderAgreement, settings: EvaluationSettings) -> Section:
    text = "Agreement in edema; the reference is one of the readers. No one is taken to be right."
    tables = (mean_table(readers, settings), pair_table(readers, settings))
    return Section("Several readers", text, tables=tables)


def _paired(comparison: Comparison) -> PageFigure:
    values = [next(iter(case.values.values())) for case in comparison.cases]
    shown = sum(first == first and other == other for first, other in values)  # NaN is not itself
    n_hidden = len(values) - shown
    hidden = f" ({n_hidden} more have no value on one side or both)" if n_hidden else ""
    caption = f"{counted(shown, 'scan')}{hidden}; above the broken line this prediction has the higher value."
    return PageFigure("paired", paired_png(comparison), "Each scan under both predictions", caption)
