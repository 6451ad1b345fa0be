"""What is measured on one scan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from crmo_seg.evaluation.calibration import Reliability
from crmo_seg.evaluation.lesion_scores import LesionScores, lesion_scores
from crmo_seg.evaluation.lesion_table import LesionTable, lesion_table
from crmo_seg.evaluation.lesionwise import LesionAgreement, count_agreement, match_lesions
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS, EvaluationSettings
from crmo_seg.evaluation.surface import SurfaceAgreement
from crmo_seg.evaluation.voxel import Overlap, ratio
from crmo_seg.volume import Volume


@dataclass(frozen=True)
class Mean:
    """A mean over the defined values, and how many of all values those were."""

    value: float
    n_defined: int
    n: int


@dataclass(frozen=True)
class CaseMetrics:
    """What was measured on one scan.

    Attributes:
        case_id: as in the manifest.
        patient_id: groups the visits of a patient.
        heads: head -> class name -> overlap; classes that neither mask holds are absent.
        lesions: of the edema head; None where the case has no reference for it.
        surfaces: head -> class name -> surfaces, as ``heads``.
        table: the lesions one by one; None where the case has no reference for edema.
        scores: lesion-wise scores of the challenges; None as ``table``.
        voxel_calibration: of the edema probability; None where it was not saved.
    """

    case_id: str
    patient_id: str
    heads: Mapping[str, Mapping[str, Overlap]] = field(default_factory=lambda: MappingProxyType({}))
    lesions: LesionAgreement | None = None
    surfaces: Mapping[str, Mapping[str, SurfaceAgreement]] = field(default_factory=lambda: MappingProxyType({}))
    table: LesionTable | None = None
    scores: LesionScores | None = None
    voxel_calibration: Reliability | None = None

    def mean_dice(self, head: str) -> float:
        """Mean Dice over the classes of a head that are defined in this scan; NaN where none is."""
        return mean_of_defined(overlap.dice for overlap in self.heads[head].values()).value


@dataclass(frozen=True)
class MeasuredLesions:
    """The edema of one scan, lesion by lesion."""

    agreement: LesionAgreement
    table: LesionTable
    scores: LesionScores


def measure_lesions(
    *,
    pred: Volume,
    ref: Volume,
    bones: Volume | None = None,
    probability: Volume | None = None,
    settings: EvaluationSettings = DEFAULT_SETTINGS,
) -> MeasuredLesions:
    """All lesion-wise numbers of two masks (nonzero is edema) on one grid.

    Args:
        pred: predicted mask.
        ref: reference mask.
        bones: fine labels, for the bone of each lesion.
        probability: of edema, for the confidence of each predicted lesion.
        settings: definitions.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    minimum_ml = settings.minimum_lesion_ml
    matched = match_lesions(pred=pred, ref=ref, minimum_ml=minimum_ml, probability=probability)
    return MeasuredLesions(
        agreement=count_agreement(matched, settings.minimum_iou),
        table=lesion_table(matched, bones=bones, minimum_iou=settings.minimum_iou),
        scores=lesion_scores(matched, pred=pred, ref=ref, minimum_ml=minimum_ml),
    )


def mean_of_defined(values: Iterable[float]) -> Mean:
    """Mean of the values that are not NaN.

    >>> mean_of_defined([0.5, float("nan"), 0.7])
    Mean(value=0.6, n_defined=2, n=3)
    """
    listed = list(values)
    defined = [value for value in listed if not math.isnan(value)]
    return Mean(ratio(math.fsum(defined), len(defined)), len(defined), len(listed))
