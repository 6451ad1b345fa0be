"""Whether a scan is sampled as the training cases were."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from crmo_seg.data.ranges import Range, TrainingRanges, acquired_spacing_mm
from crmo_seg.prediction import QualityFlag
from crmo_seg.volume import Geometry

TOLERANCE: Final = 1.1
"""A spacing may lie this factor beyond the training cases': an assumption. The augmentation of the training stretches
patches by more than that (configs/augmentation/nnunet.yaml), so that a model is not new to it."""


def spacing_flags(geometry: Geometry, training: TrainingRanges) -> Iterator[QualityFlag]:
    """A warning for each spacing outside the range of the training cases.

    >>> import numpy as np
    >>> seen = TrainingRanges((1.0, 1.5), (3.0, 8.0), ("stir",), 40)
    >>> [flag.text for flag in spacing_flags(Geometry(np.diag([1.2, 12.0, 1.2, 1.0]), (9, 9, 9)), seen)]
    ['The slices are 12 mm apart, but the model learned from slices 3 to 8 mm apart.']
    """
    *in_plane, slices = acquired_spacing_mm(geometry)
    far = next((mm for mm in in_plane if _is_outside(mm, training.in_plane_spacing_mm)), None)
    if far is not None:
        low, high = training.in_plane_spacing_mm
        text = f"The pixels measure {far:.3g} mm, but the model learned from pixels of {_span(low, high)} mm."
        yield QualityFlag("in_plane_spacing_outside_training", "warning", text, far)
    if _is_outside(slices, training.slice_spacing_mm):
        low, high = training.slice_spacing_mm
        text = f"The slices are {slices:.3g} mm apart, but the model learned from slices {_span(low, high)} mm apart."
        yield QualityFlag("slice_spacing_outside_training", "warning", text, slices)


def _is_outside(spacing_mm: float, seen: Range) -> bool:
    return not seen[0] / TOLERANCE <= spacing_mm <= seen[1] * TOLERANCE


def _span(low: float, high: float) -> str:
    return f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g}"
