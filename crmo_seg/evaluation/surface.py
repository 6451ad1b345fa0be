"""How far the surfaces of two masks lie apart, in mm, every patch weighted by its area.

| pred  | ref   | surface Dice | distances |
|-------|-------|--------------|-----------|
| empty | empty | NaN          | NaN       |
| some  | empty | 0            | NaN       |
| empty | some  | 0            | NaN       |
| some  | some  | 0 to 1       | 0 or more |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from crmo_seg.evaluation.surface_elements import surface_elements
from crmo_seg.evaluation.voxel import check_same_grid, ratio
from crmo_seg.volume import Float64Array, Volume

_HAUSDORFF_PERCENT = 95.0
_ROUNDING_MM = 1e-6
"""A surface exactly at the tolerance agrees, whatever the rounding of its place."""


@dataclass(frozen=True, eq=False)
class SurfaceDistances:
    """From every patch of one surface to the nearest patch of the other; empty masks have no patches.

    Attributes:
        pred_to_ref_mm: shape (patches of the prediction,); infinite without a reference.
        ref_to_pred_mm: shape (patches of the reference,); infinite without a prediction.
        pred_areas_mm2: of the patches of the prediction.
        ref_areas_mm2: of the patches of the reference.
    """

    pred_to_ref_mm: Float64Array
    ref_to_pred_mm: Float64Array
    pred_areas_mm2: Float64Array
    ref_areas_mm2: Float64Array

    @property
    def has_both(self) -> bool:
        """Whether neither mask is empty."""
        return bool(len(self.pred_areas_mm2) and len(self.ref_areas_mm2))

    def surface_dice(self, tolerance_mm: float) -> float:
        """Share of both surfaces within a distance of the other (Nikolov et al., doi:10.2196/26151)."""
        pairs = ((self.pred_to_ref_mm, self.pred_areas_mm2), (self.ref_to_pred_mm, self.ref_areas_mm2))
        near = sum(float(areas[mm <= tolerance_mm + _ROUNDING_MM].sum()) for mm, areas in pairs)
        return ratio(near, float(self.pred_areas_mm2.sum() + self.ref_areas_mm2.sum()))

    @property
    def hausdorff95_mm(self) -> float:
        """The larger of both directions' distances within which 95 % of the surface lie; NaN where a mask is empty."""
        if not self.has_both:
            return float("nan")
        forth = _weighted_percentile(self.pred_to_ref_mm, self.pred_areas_mm2, _HAUSDORFF_PERCENT)
        back = _weighted_percentile(self.ref_to_pred_mm, self.ref_areas_mm2, _HAUSDORFF_PERCENT)
        return max(forth, back)

    @property
    def average_mm(self) -> float:
        """Mean distance over both surfaces together (average symmetric surface distance); NaN where one is empty."""
        if not self.has_both:
            return float("nan")
        sums = self.pred_to_ref_mm @ self.pred_areas_mm2 + self.ref_to_pred_mm @ self.ref_areas_mm2
        return float(sums / (self.pred_areas_mm2.sum() + self.ref_areas_mm2.sum()))


@dataclass(frozen=True)
class SurfaceAgreement:
    """Surfaces of one class of one scan.

    Attributes:
        surface_dice: at the tolerance of the settings.
        surface_dice_one_slice: at a tolerance of the largest spacing.
        hausdorff95_mm: 95th percentile of the distances, the larger of both directions.
        average_surface_distance_mm: over both surfaces together.
    """

    surface_dice: float
    surface_dice_one_slice: float
    hausdorff95_mm: float
    average_surface_distance_mm: float


def compare_surfaces(*, pred: Volume, ref: Volume, tolerance_mm: float) -> SurfaceAgreement:
    """Surfaces of two masks (nonzero is inside) on one grid.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    found = surface_distances(pred=pred, ref=ref)
    one_slice_mm = max(ref.geometry.spacing_mm)
    dice, dice_one_slice = found.surface_dice(tolerance_mm), found.surface_dice(one_slice_mm)
    return SurfaceAgreement(dice, dice_one_slice, found.hausdorff95_mm, found.average_mm)


def surface_distances(*, pred: Volume, ref: Volume) -> SurfaceDistances:
    """Distances between the surfaces of two masks (nonzero is inside) on one grid.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """
    check_same_grid(pred=pred, ref=ref)
    found, wanted = surface_elements(pred), surface_elements(ref)
    forth = _nearest_mm(found.points_mm, wanted.points_mm)
    back = _nearest_mm(wanted.points_mm, found.points_mm)
    return SurfaceDistances(forth, back, found.areas_mm2, wanted.areas_mm2)


def _nearest_mm(points_mm: Float64Array, others_mm: Float64Array) -> Float64Array:
    if not len(points_mm) or not len(others_mm):
        return np.full(len(points_mm), np.inf)
    distances: Float64Array = cKDTree(others_mm, leafsize=32).query(points_mm)[0]
    return distances


def _weighted_percentile(values: Float64Array, weights: Float64Array, percent: float) -> float:
    """The smallest value at or below which at least this share of the weight lies."""
    order = np.argsort(values, kind="stable")
    share = np.cumsum(weights[order]) / weights.sum()
    position = int(np.searchsorted(share, percent / 100.0))
    return float(values[order][min(position, len(values) - 1)])
