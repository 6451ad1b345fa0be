"""Lesions are the 26-connected components of an edema mask; here they are found, measured and matched.

Arrays are (X, Y, Z) in voxel order of the volume they come from; every physical number is in RAS+ mm or ml.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment
from scipy.spatial import ConvexHull, QhullError
from scipy.spatial.distance import pdist

from crmo_seg.anatomy import NOWHERE, Site
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

NEIGHBOURS_26: Final = np.ones((3, 3, 3), dtype=bool)
"""Voxels that share a face, an edge or a corner are of one lesion; a ``structure`` of `scipy.ndimage`."""
NEIGHBOURS_6: Final = ndimage.generate_binary_structure(3, 1)
"""Voxels that share a face: where a voxel lacks one, it is of the surface."""

NEIGHBOURS_26.flags.writeable = NEIGHBOURS_6.flags.writeable = False
_FACE_CENTRES = np.array([(s * 0.5, 0, 0) for s in (-1, 1)] + [(0, s * 0.5, 0) for s in (-1, 1)]
                         + [(0, 0, s * 0.5) for s in (-1, 1)])  # fmt: skip


@dataclass(frozen=True)
class Lesion:
    """One component of an edema mask. What could not be determined is None.

    Attributes:
        lesion_id: its value in ``lesions.nii.gz``, from 1, largest first.
        volume_ml: number of voxels times their volume.
        max_diameter_mm: largest distance between two points of the voxel surface (IBSI L0JK,
            doi:10.1148/radiol.2020191145).
        centroid_ras_mm: mean of the voxel centres.
        mean_probability: mean of the network's probability inside.
        signal_ratio: signal of the lesion over that of muscle.
        site: bone, side and part of the bone.
        soft_tissue_ratio: signal of the soft tissue beside the lesion, outside its bone, over that of muscle.
    """

    lesion_id: int
    volume_ml: float
    max_diameter_mm: float
    centroid_ras_mm: tuple[float, float, float]
    mean_probability: float | None = None
    signal_ratio: float | None = None
    site: Site = NOWHERE
    soft_tissue_ratio: float | None = None


@dataclass(frozen=True)
class LesionMap:
    """Lesions and the volume that holds their ids (int32, 0 is no lesion)."""

    labels: Volume
    lesions: tuple[Lesion, ...]

    @property
    def total_volume_ml(self) -> float:
        """Volume of all lesions together."""
        return float(sum(lesion.volume_ml for lesion in self.lesions))


@dataclass(frozen=True)
class Match:
    """A reference lesion and the predicted lesion that it is paired with."""

    ref_id: int
    pred_id: int
    iou: float


def find_lesions(
    mask: Volume,
    *,
    probability: Volume | None = None,
    minimum_ml: float = MINIMUM_LESION_ML,
    minimum_peak: float = 0.0,
) -> LesionMap:
    """Components of a mask (26-connected) of at least ``minimum_ml``, the largest first.

    Where a probability is given, components that reach ``minimum_peak`` in no voxel are dropped too.

    >>> mask = np.zeros((8, 8, 8), dtype=bool)
    >>> mask[1:3, 1:3, 1:3] = mask[3, 3, 3] = True   # touching at a corner: one lesion
    >>> found = find_lesions(Volume(mask, Geometry(np.diag([5.0, 5, 5, 1]), mask.shape)))
    >>> [(lesion.lesion_id, lesion.volume_ml) for lesion in found.lesions]
    [(1, 1.125)]
    """
    components, count = ndimage.label(mask.array, structure=NEIGHBOURS_26)
    sizes = np.bincount(components.ravel(), minlength=count + 1)[1:]
    kept = _kept_components(sizes, minimum_ml / mask.geometry.voxel_volume_ml)
    if probability is not None and minimum_peak > 0:
        kept = kept[peak_of_each(components, probability.array)[kept - 1] >= minimum_peak]
    new_ids = np.zeros(count + 1, dtype=np.int32)
    new_ids[kept] = np.arange(1, len(kept) + 1, dtype=np.int32)
    labels = mask.with_array(new_ids[components])
    return LesionMap(labels, measure_lesions(labels, probability=probability))


def peak_of_each(components: Array, probability: Array) -> NDArray[np.float32]:
    """Highest probability in each component 1, 2, ... of an array of labels.

    >>> peak_of_each(np.array([0, 1, 1, 2]), np.array([0.9, 0.3, 0.5, 0.8])).tolist()
    [0.5, 0.800000011920929]
    """
    inside = components > 0
    peaks = np.zeros(int(components.max(initial=0)) + 1, dtype=np.float32)
    np.maximum.at(peaks, components[inside], probability[inside].astype(np.float32))
    return peaks[1:]


def measure_lesions(labels: Volume, *, probability: Volume | None = None) -> tuple[Lesion, ...]:
    """A ``Lesion`` for each id in a volume of lesion ids."""
    boxes = ndimage.find_objects(labels.array)
    return tuple(
        _measure(lesion_id, labels, box, probability) for lesion_id, box in enumerate(boxes, 1) if box is not None
    )


def overlap_voxels(*, pred: Array, ref: Array) -> NDArray[np.int64]:
    """Voxels shared by each pair of lesions, shape (largest ref id + 1, largest pred id + 1); row 0 is no lesion.

    >>> overlap_voxels(ref=np.array([0, 1, 1]), pred=np.array([0, 0, 2])).tolist()
    [[1, 0, 0], [1, 0, 1]]
    """
    columns = int(pred.max(initial=0)) + 1
    rows = int(ref.max(initial=0)) + 1
    pairs = ref.astype(np.int64).ravel() * columns + pred.ravel()
    return np.bincount(pairs, minlength=rows * columns).reshape(rows, columns).astype(np.int64)


def match_one_to_one(overlap: NDArray[np.int64], minimum_iou: float = 0.0) -> tuple[Match, ...]:
    """Pairs of lesions with the largest sum of IoU, each lesion used once; pairs without overlap are no pairs.

    Args:
        overlap: from ``overlap_voxels``.
        minimum_iou: lesions with a smaller IoU cannot be paired.
    """
    shared = overlap[1:, 1:]
    union = overlap.sum(axis=1)[1:, None] + overlap.sum(axis=0)[None, 1:] - shared
    iou = shared / np.maximum(union, 1)
    iou[iou < minimum_iou] = 0.0  # before pairing, so that no pair that counts gives way to one that does not
    pairs = zip(*linear_sum_assignment(-iou), strict=True)
    return tuple(Match(int(ref) + 1, int(pred) + 1, float(iou[ref, pred])) for ref, pred in pairs if iou[ref, pred] > 0)


def _kept_components(sizes: Array, minimum_voxels: float) -> NDArray[np.int64]:
    # The small tolerance keeps a lesion of exactly the minimum volume, whatever the rounding of the affine.
    large = np.flatnonzero(sizes >= minimum_voxels - 1e-6) + 1
    by_size = np.argsort(-sizes[large - 1], kind="stable")
    return large[by_size].astype(np.int64)


def _measure(lesion_id: int, labels: Volume, box: tuple[slice, ...], probability: Volume | None) -> Lesion:
    inside = labels.array[box] == lesion_id
    indices = np.argwhere(inside) + [part.start for part in box]
    centroid = labels.geometry.to_world_mm(indices).mean(axis=0)
    mean = None if probability is None else float(probability.array[box][inside].mean())
    return Lesion(
        lesion_id=lesion_id,
        volume_ml=len(indices) * labels.geometry.voxel_volume_ml,
        max_diameter_mm=_max_diameter_mm(indices, labels.geometry),
        centroid_ras_mm=(float(centroid[0]), float(centroid[1]), float(centroid[2])),
        mean_probability=mean,
    )


def _max_diameter_mm(indices: Array, geometry: Geometry) -> float:
    extremes = _line_ends(indices)
    surface = (extremes[:, None, :] + _FACE_CENTRES[None]).reshape(-1, 3)
    return float(pdist(_hull(geometry.to_world_mm(surface))).max())


def _line_ends(indices: Array) -> Array:
    """First and last voxel of every line along the first axis: the others cannot be furthest apart."""
    order = np.lexsort((indices[:, 0], indices[:, 1], indices[:, 2]))
    ordered = indices[order]
    new_line = np.any(np.diff(ordered[:, 1:], axis=0) != 0, axis=1)
    first = np.concatenate(([True], new_line))
    last = np.concatenate((new_line, [True]))
    return ordered[first | last]


def _hull(points: Float64Array) -> Float64Array:
    try:
        corners: Float64Array = points[ConvexHull(points).vertices]
    except QhullError:  # a degenerate cloud has few points anyway
        return points
    return corners
