"""From which probability a voxel is edema, and which components are no lesions: chosen on validation cases.

A component is none where it is too small, or where the model is nowhere sure of it: a low threshold outlines a lesion
as far as it goes, and the peak says whether there is one. The numbers are tried on a grid; those with the highest
lesion-wise F1 (any overlap, pooled over scans) are stored in the bundle. A threshold that costs more than a twentieth
of the voxel-wise Dice at 0.5 is not considered: a mask that keeps only the core of each lesion may have a fine F1, but
says too little of their volume.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.evaluation.lesionwise import LesionCounts, pooled
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.lesions import NEIGHBOURS_26, overlap_voxels, peak_of_each
from crmo_seg.training.metrics import ClassVoxels
from crmo_seg.volume import Array

DEFAULT_THRESHOLD: Final = 0.5
THRESHOLDS: Final = (0.1, 0.2, 0.3, 0.4, DEFAULT_THRESHOLD, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
MINIMUM_VOLUMES_ML: Final = (MINIMUM_LESION_ML, 0.15, 0.2, 0.3, 0.5)
MINIMUM_PEAKS: Final = (0.0, 0.8, 0.9, 0.95)

LEAST_DICE_SHARE: Final = 0.95
"""A threshold must keep this share of the default threshold's Dice, pooled over scans."""

_NOT_COUNTED: Final = ClassVoxels(0, 0, 0)
_ROUNDING_ML = 1e-9
"""Keeps a component of exactly the smallest volume, whatever the rounding of its voxels' volume."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Components of a prediction, before small ones are dropped, and the reference lesions that they meet.

    Attributes:
        volumes_ml: of each component.
        meets: whether a reference lesion (row) shares a voxel with a component (column).
        peaks: highest probability in each component.
        voxels: of the whole masks.
    """

    volumes_ml: NDArray[np.float64]
    meets: NDArray[np.bool_]
    peaks: NDArray[np.float32]
    voxels: ClassVoxels = _NOT_COUNTED

    def counts(self, minimum_ml: float = MINIMUM_LESION_ML, minimum_peak: float = 0.0) -> LesionCounts:
        """Counts by the rule of any overlap where smaller components, and those of a lower peak, are dropped.

        >>> scan = Candidates(np.array([0.2, 4.0]), np.array([[True, False]]), np.array([0.9, 0.6], np.float32))
        >>> scan.counts(0.1), scan.counts(1.0).n_found, scan.counts(minimum_peak=0.8).n_false_positive
        (LesionCounts(n_ref=1, n_pred=2, n_found=1, n_false_positive=1), 0, 0)
        """
        kept = self.meets[:, (self.volumes_ml >= minimum_ml - _ROUNDING_ML) & (self.peaks >= minimum_peak)]
        found, true = int(kept.any(axis=1).sum()), int(kept.any(axis=0).sum())
        return LesionCounts(len(kept), kept.shape[1], found, kept.shape[1] - true)


@dataclass(frozen=True)
class OperatingPoint:
    """What was chosen, and what it gave on the cases that it was chosen on."""

    threshold: float = DEFAULT_THRESHOLD
    minimum_lesion_ml: float = MINIMUM_LESION_ML
    minimum_peak_probability: float = 0.0
    counts: LesionCounts | None = None


def candidates(probability: Array, ref: Array, voxel_ml: float, threshold: float = DEFAULT_THRESHOLD) -> Candidates:
    """Components of a thresholded probability and of a mask (X, Y, Z).

    Reference components below ``MINIMUM_LESION_ML`` are no lesions.

    Args:
        probability: or a mask.
        ref: mask on the same grid.
        voxel_ml: volume of a voxel.
        threshold: probability from which a voxel is predicted.
    """
    pred = probability >= threshold
    box = _box(pred, ref)
    wanted, wanted_ml = _components(ref[box], voxel_ml)
    found, found_ml = _components(pred[box], voxel_ml)
    meets = overlap_voxels(pred=found, ref=wanted)[1:, 1:] > 0
    is_lesion = wanted_ml >= MINIMUM_LESION_ML - _ROUNDING_ML
    is_candidate = found_ml >= MINIMUM_LESION_ML - _ROUNDING_ML  # the smallest volume that is ever asked for
    voxels = ClassVoxels(*(int(np.count_nonzero(mask)) for mask in ((found > 0) & (wanted > 0), found, wanted)))
    peaks = peak_of_each(found, probability[box])
    return Candidates(found_ml[is_candidate], meets[is_lesion][:, is_candidate], peaks[is_candidate], voxels)


def candidates_by_threshold(probability: Array, ref: Array, voxel_ml: float) -> dict[float, Candidates]:
    """``candidates`` at each of ``THRESHOLDS``, of a probability (X, Y, Z)."""
    return {threshold: candidates(probability, ref, voxel_ml, threshold) for threshold in THRESHOLDS}


def choose_operating_point(scans: Sequence[Mapping[float, Candidates]]) -> OperatingPoint:
    """Threshold, smallest volume and least peak with the highest F1; among equals, the fewest false positives.

    Where these are equal too, the lowest peak, then the point nearest to the defaults. Without a reference lesion in
    any scan there is nothing to choose by: the defaults.
    """
    points = list(_points(scans))
    if not points or not any(point.counts is not None and point.counts.n_ref for point in points):
        return OperatingPoint()
    return max(points, key=_merit)


def _points(scans: Sequence[Mapping[float, Candidates]]) -> Iterator[OperatingPoint]:
    for threshold, minimum_ml, peak in product(_worthy_thresholds(scans), MINIMUM_VOLUMES_ML, MINIMUM_PEAKS):
        counts = pooled(scan[threshold].counts(minimum_ml, peak) for scan in scans)
        yield OperatingPoint(threshold, minimum_ml, peak, counts)


def _worthy_thresholds(scans: Sequence[Mapping[float, Candidates]]) -> list[float]:
    """Those whose Dice is good enough, the default among them; all where it is undefined."""
    thresholds = sorted(set.intersection(*(set(scan) for scan in scans))) if scans else []
    dice = {one: sum((scan[one].voxels for scan in scans), _NOT_COUNTED).dice for one in thresholds}
    usual = dice.get(DEFAULT_THRESHOLD, float("nan"))
    return [one for one in thresholds if not dice[one] < LEAST_DICE_SHARE * usual]


def _merit(point: OperatingPoint) -> tuple[float, ...]:
    counts = point.counts or LesionCounts(0, 0, 0, 0)
    near = -abs(point.threshold - DEFAULT_THRESHOLD)
    peak, smallest = point.minimum_peak_probability, point.minimum_lesion_ml
    return round(counts.f1, 12), -counts.n_false_positive, -peak, near, -smallest


def _components(mask: Array, voxel_ml: float) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    labels: NDArray[np.int32] = np.zeros(mask.shape, dtype=np.int32)
    count = ndimage.label(mask, structure=NEIGHBOURS_26, output=labels)
    sizes = np.bincount(labels.ravel(), minlength=int(count) + 1)[1:]
    return labels, sizes.astype(np.float64) * voxel_ml


def _box(pred: Array, ref: Array) -> tuple[slice, ...]:
    """Where there is anything at all."""
    boxes = ndimage.find_objects(((pred != 0) | (ref != 0)).astype(np.uint8))
    return tuple(boxes[0]) if boxes else tuple(slice(0, 1) for _ in pred.shape)
