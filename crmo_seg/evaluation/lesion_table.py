"""Every lesion of a scan by itself: what it is, where it lies, and what became of it in the other mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crmo_seg.anatomy import BONES_TABLE, Site
from crmo_seg.evaluation.froc import ScoredLesions
from crmo_seg.evaluation.lesionwise import MatchedLesions
from crmo_seg.evaluation.settings import MINIMUM_IOU
from crmo_seg.lesions import Lesion, match_one_to_one
from crmo_seg.sites import assign_sites
from crmo_seg.volume import Volume

UNKNOWN_GROUP = "unknown"
"""The bone group of a lesion whose bone is not known."""

_GROUP_OF_BONE = {bone.name: bone.group for bone in BONES_TABLE}


@dataclass(frozen=True)
class ComparedLesion:
    """A lesion of one mask beside the lesions of the other.

    Attributes:
        lesion: its measurements.
        meets: ids of the lesions of the other mask that share a voxel with it; more than one where a reference was
            split, or a prediction merges several.
        partner: of them the one it is paired with, by the rule of one-to-one pairs; None without one.
        iou: of that pair; NaN without one.
    """

    lesion: Lesion
    meets: tuple[int, ...]
    partner: int | None
    iou: float

    @property
    def is_met(self) -> bool:
        """Found, for a reference lesion; true, for a predicted one; both by any overlap."""
        return bool(self.meets)

    @property
    def group(self) -> str:
        """Part of the skeleton, as in ``anatomy``."""
        return group_of(self.lesion.site)


@dataclass(frozen=True)
class LesionTable:
    """Reference and predicted lesions of one scan, the largest first."""

    ref: tuple[ComparedLesion, ...]
    pred: tuple[ComparedLesion, ...]

    @property
    def scored(self) -> ScoredLesions:
        """Confidences and overlaps of this scan, for FROC and calibration."""
        probabilities = (one.lesion.mean_probability for one in self.pred)
        confidence = np.array([np.nan if value is None else value for value in probabilities], dtype=np.float64)
        column = {one.lesion.lesion_id: index for index, one in enumerate(self.pred)}
        meets = np.zeros((len(self.ref), len(self.pred)), dtype=np.bool_)
        for row, one in enumerate(self.ref):
            meets[row, [column[pred_id] for pred_id in one.meets]] = True
        return ScoredLesions(confidence, meets)


def lesion_table(
    matched: MatchedLesions, *, bones: Volume | None = None, minimum_iou: float = MINIMUM_IOU
) -> LesionTable:
    """A row for every lesion of both masks.

    Args:
        matched: lesions of a prediction and of a reference.
        bones: fine labels on the same grid; without them lesions keep the sites they have.
        minimum_iou: of a one-to-one pair.

    Raises:
        GeometryError: where the grids differ.
    """
    ref, pred = matched.ref, matched.pred
    if bones is not None:
        ref, pred = assign_sites(ref, bones), assign_sites(pred, bones)
    pairs = match_one_to_one(matched.shared, minimum_iou)
    of_ref = {pair.ref_id: (pair.pred_id, pair.iou) for pair in pairs}
    of_pred = {pair.pred_id: (pair.ref_id, pair.iou) for pair in pairs}
    return LesionTable(
        ref=_compared(ref.lesions, matched.shared > 0, of_ref),
        pred=_compared(pred.lesions, matched.shared.T > 0, of_pred),
    )


def with_confidence(table: LesionTable, confidence: Sequence[float | None]) -> LesionTable:
    """The same table with these confidences of the predicted lesions, in their order."""
    pairs = zip(table.pred, confidence, strict=True)
    return replace(table, pred=tuple(replace(one, lesion=replace(one.lesion, mean_probability=p)) for one, p in pairs))


def group_of(site: Site) -> str:
    """The part of the skeleton of a site.

    >>> group_of(Site(bone="calcaneus")), group_of(Site())
    ('foot', 'unknown')
    """
    return _GROUP_OF_BONE.get(site.bone or "", UNKNOWN_GROUP)


def _compared(
    lesions: Sequence[Lesion], meets: NDArray[np.bool_], partners: dict[int, tuple[int, float]]
) -> tuple[ComparedLesion, ...]:
    rows = []
    for lesion in lesions:
        others = np.flatnonzero(meets[lesion.lesion_id, 1:]) + 1
        partner, iou = partners.get(lesion.lesion_id, (None, float("nan")))
        rows.append(ComparedLesion(lesion, tuple(int(other) for other in others), partner, iou))
    return tuple(rows)
