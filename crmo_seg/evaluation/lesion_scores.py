"""Lesion-wise scores of the challenges: BraTS 2023, panoptic quality, autoPET.

| predicted | reference | BraTS lesion-wise Dice | panoptic quality | false-positive ml | false-negative ml |
|-----------|-----------|------------------------|------------------|-------------------|-------------------|
| none      | none      | NaN                    | NaN              | 0                 | 0                 |
| some      | none      | 0                      | 0                | > 0               | 0                 |
| none      | some      | 0                      | 0                | 0                 | > 0               |
| some      | some      | 0 to 1                 | 0 to 1           | 0 or more         | 0 or more         |

The volumes of autoPET know no smallest lesion: every component counts with its volume.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.evaluation.lesionwise import MatchedLesions, shared_voxels
from crmo_seg.evaluation.surface_elements import bounding_box
from crmo_seg.evaluation.voxel import check_same_grid, ratio
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.lesions import NEIGHBOURS_26, match_one_to_one
from crmo_seg.volume import Array, Volume

PANOPTIC_IOU: Final = 0.5
"""Segments match from here on (Kirillov et al., doi:10.1109/CVPR.2019.00963)."""

_NEIGHBOURS_18 = ndimage.generate_binary_structure(3, 2)
_ROUNDING_VOXELS = 1e-6


@dataclass(frozen=True)
class PanopticQuality:
    """Lesions paired one to one at an IoU of at least 0.5; those of several scans can be added up.

    >>> one = PanopticQuality(n_true=1, n_false_positive=1, n_missed=0, iou_sum=0.75)
    >>> one.recognition_quality, one.segmentation_quality, one.quality
    (0.6666666666666666, 0.75, 0.5)
    """

    n_true: int
    n_false_positive: int
    n_missed: int
    iou_sum: float

    @property
    def recognition_quality(self) -> float:
        """F1 of the pairs; NaN where neither mask has a lesion."""
        return ratio(self.n_true, self.n_true + 0.5 * (self.n_false_positive + self.n_missed))

    @property
    def segmentation_quality(self) -> float:
        """Mean IoU of the pairs; NaN without any."""
        return ratio(self.iou_sum, self.n_true)

    @property
    def quality(self) -> float:
        """Recognition times segmentation quality, 0 without a pair; NaN where neither mask has a lesion."""
        return ratio(self.iou_sum, self.n_true + 0.5 * (self.n_false_positive + self.n_missed))


@dataclass(frozen=True)
class LesionScores:
    """Scores of one scan.

    Attributes:
        brats_dice: from ``brats_lesionwise_dice``.
        panoptic: at an IoU of 0.5.
        false_positive_ml: of predicted components that share no voxel with the reference (autoPET).
        false_negative_ml: of reference components that share no voxel with the prediction (autoPET).
    """

    brats_dice: float
    panoptic: PanopticQuality
    false_positive_ml: float
    false_negative_ml: float


def lesion_scores(
    matched: MatchedLesions, *, pred: Volume, ref: Volume, minimum_ml: float = MINIMUM_LESION_ML
) -> LesionScores:
    """Scores of two masks (nonzero is edema) on one grid.

    Args:
        matched: their lesions.
        pred: predicted mask.
        ref: reference mask.
        minimum_ml: smaller reference lesions do not enter the score of BraTS.
    """
    check_same_grid(pred=pred, ref=ref)
    box = _box_with_margin(pred.array, ref.array, margin=1)
    found, wanted = pred.array[box] != 0, ref.array[box] != 0
    voxel_ml = ref.geometry.voxel_volume_ml
    pred_labels, ref_labels = _components(found), _components(wanted)
    return LesionScores(
        brats_dice=_brats_dice(pred_labels, wanted, 1, minimum_ml / voxel_ml),
        panoptic=panoptic_quality(matched.shared),
        false_positive_ml=_unmet_voxels(pred_labels, wanted) * voxel_ml,
        false_negative_ml=_unmet_voxels(ref_labels, found) * voxel_ml,
    )


def brats_lesionwise_dice(
    *, pred: Volume, ref: Volume, minimum_ml: float = MINIMUM_LESION_ML, dilations: int = 1
) -> float:
    """Mean Dice over reference lesions and false predicted components, which count 0 (BraTS 2023, arXiv:2305.17033).

    The reference is dilated (18 neighbours) so that near components are one lesion; all predicted components
    (26-connected, of any size) that meet the dilated lesion are compared with it together. Reference lesions below
    ``minimum_ml`` are left out, but predictions that meet them are not false.

    Args:
        pred: predicted mask.
        ref: reference mask on the same grid.
        minimum_ml: of a reference lesion.
        dilations: 1 as for metastases and meningioma; 3 as for glioma.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    check_same_grid(pred=pred, ref=ref)
    box = _box_with_margin(pred.array, ref.array, margin=dilations)
    found, wanted = pred.array[box] != 0, ref.array[box] != 0
    return _brats_dice(_components(found), wanted, dilations, minimum_ml / ref.geometry.voxel_volume_ml)


def panoptic_quality(shared: NDArray[np.int64], minimum_iou: float = PANOPTIC_IOU) -> PanopticQuality:
    """Panoptic quality of the lesions of one scan.

    Args:
        shared: voxels of each pair, shape (reference lesions + 1, predicted lesions + 1), from ``shared_voxels``.
        minimum_iou: of a pair.
    """
    n_ref, n_pred = shared.shape[0] - 1, shared.shape[1] - 1
    pairs = match_one_to_one(shared, minimum_iou)
    return PanopticQuality(len(pairs), n_pred - len(pairs), n_ref - len(pairs), sum(pair.iou for pair in pairs))


def pooled_panoptic(scans: Iterable[PanopticQuality]) -> PanopticQuality:
    """Several scans as if they were one."""
    rows = [astuple(one) for one in scans]
    n_true, n_false, n_missed, iou = np.sum(rows, axis=0) if rows else np.zeros(4)
    return PanopticQuality(int(n_true), int(n_false), int(n_missed), float(iou))


def _brats_dice(pred_labels: NDArray[np.int32], wanted: Array, dilations: int, minimum_voxels: float) -> float:
    reach = _components(_dilated(wanted, dilations))
    near = shared_voxels(pred=pred_labels, ref=reach)
    inside = shared_voxels(pred=pred_labels, ref=np.where(wanted, reach, 0))
    meets = near[1:, 1:] > 0
    lesion_voxels, component_voxels = inside.sum(axis=1)[1:], inside.sum(axis=0)[1:]
    dice = 2 * (inside[1:, 1:] * meets).sum(axis=1) / np.maximum(meets @ component_voxels + lesion_voxels, 1)
    counted = lesion_voxels >= minimum_voxels - _ROUNDING_VOXELS
    n_false = int((~meets.any(axis=0)).sum())
    return ratio(float(dice[counted].sum()), int(counted.sum()) + n_false)


def _dilated(mask: Array, steps: int) -> NDArray[np.bool_]:
    # scipy takes 0 iterations for "until nothing changes".
    return np.asarray(ndimage.binary_dilation(mask, _NEIGHBOURS_18, steps) if steps else mask, dtype=np.bool_)


def _unmet_voxels(labels: NDArray[np.int32], other: Array) -> int:
    """Voxels of the components that share none with another mask."""
    inside = labels > 0
    sizes = np.bincount(labels[inside], minlength=1)
    sizes[np.unique(labels[inside & other])] = 0
    return int(sizes.sum())


def _components(mask: Array) -> NDArray[np.int32]:
    labels: NDArray[np.int32] = np.zeros(mask.shape, dtype=np.int32)
    ndimage.label(mask, structure=NEIGHBOURS_26, output=labels)
    return labels


def _box_with_margin(pred: Array, ref: Array, margin: int) -> tuple[slice, ...]:
    """Where either mask is, and so far around it."""
    box = bounding_box((pred != 0) | (ref != 0))
    return tuple(slice(max(0, part.start - margin), part.stop + margin) for part in box)
