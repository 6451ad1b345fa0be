"""The cases that went worst, as pictures: what was missed, what is false, what was found.

Blue is missed, red is false, yellow was found, as in the pictures of a training; a solid line is the reference, a
dashed one the prediction, so that no reader depends on the colours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.keys import EDEMA
from crmo_seg.lesions import NEIGHBOURS_26
from crmo_seg.report.drawing import (
    DOTS_PER_INCH,
    Line,
    draw_letters,
    draw_outline,
    draw_scale_bar,
    png_of,
    show_signal,
)
from crmo_seg.report.views import Plane, acquired_plane, grey_range, projection_plane
from crmo_seg.volume import Array, Geometry, Volume

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORST_CASES: Final = 5

MISSED_COLOUR: Final = "#4287f5"
FALSE_COLOUR: Final = "#eb4034"
FOUND_COLOUR: Final = "#ffcc00"

_PICTURE_INCH: Final = (9.0, 6.4)
_GAP: Final = 0.02

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """Components of two masks by whether they share a voxel with the other mask; shape (X, Y, Z) each."""

    found: BoolArray
    missed: BoolArray
    true: BoolArray
    false: BoolArray

    def outlines(self) -> tuple[tuple[BoolArray, Line], ...]:
        """Masks with their lines, what went wrong last, so that it lies on top."""
        return (
            (self.true, Line(FOUND_COLOUR, "dashed", 1.0)),
            (self.found, Line(FOUND_COLOUR, "solid", 0.9)),
            (self.false, Line(FALSE_COLOUR, "dashed", 1.3)),
            (self.missed, Line(MISSED_COLOUR, "solid", 1.3)),
        )


def shown_head(cases: Sequence[CaseMetrics]) -> str | None:
    """The head that cases are ranked and shown by: edema, else the first that was measured."""
    heads = [head for case in cases for head in case.heads]
    return EDEMA if EDEMA in heads else next(iter(heads), None)


def shown_cases(cases: Sequence[CaseMetrics]) -> list[CaseMetrics]:
    """The cases with the lowest Dice among those with a reference, and the empty one with most false volume.

    The two are apart since one false voxel gives an empty case a Dice of 0, which would hide what was missed in others.
    Of the same Dice the larger error in ml comes first.
    """
    head = shown_head(cases)
    if head is None:
        return []
    measured = [case for case in cases if head in case.heads]
    with_ref = [case for case in measured if _volume_ml(case, head, "ref_ml")]
    with_ref.sort(key=lambda case: (case.mean_dice(head), -_disagreement_ml(case, head)))
    empty = [case for case in measured if _is_empty_with_prediction(case, head)]
    empty.sort(key=lambda case: -_volume_ml(case, head, "pred_ml"))
    return [*with_ref[:WORST_CASES], *empty[:1]]


def has_empty_case(cases: Sequence[CaseMetrics]) -> bool:
    """Whether one of the cases that are shown has no reference."""
    head = shown_head(cases)
    return any(_is_empty_with_prediction(case, head) for case in cases if head in case.heads) if head else False


def by_dice(cases: Sequence[CaseMetrics]) -> list[CaseMetrics]:
    """Cases by the Dice of the head that is shown, the lowest first, undefined ones last."""
    head = shown_head(cases)
    dice = {case.case_id: case.mean_dice(head) if head in case.heads else math.nan for case in cases} if head else {}
    return sorted(cases, key=lambda case: (math.isnan(dice[case.case_id]), dice[case.case_id])) if head else list(cases)


def parts_of(*, pred: Array, ref: Array) -> Parts:
    """Sort the components (26-connected, of any size) of two masks, nonzero is inside.

    >>> ref, pred = np.zeros((2, 1, 9, 1))
    >>> ref[0, :3], ref[0, 5], pred[0, 2], pred[0, 8] = 1, 1, 1, 1
    >>> found = parts_of(pred=pred, ref=ref)
    >>> [int(part.sum()) for part in (found.found, found.missed, found.true, found.false)]
    [3, 1, 1, 1]
    """
    inside, wanted = pred != 0, ref != 0
    found, true = _meeting(wanted, inside), _meeting(inside, wanted)
    return Parts(found=found, missed=wanted & ~found, true=true, false=inside & ~true)


def case_png(image: Volume | None, *, pred: Volume, ref: Volume) -> bytes:
    """Maximum projection, and the slice in which the masks differ most, both with outlines.

    Args:
        image: signal on the grid of the masks, or None for a black ground.
        pred: predicted mask or classes, nonzero is inside, axes in any order.
        ref: reference on the same grid.
    """
    pred, ref = pred.canonical(), ref.canonical()
    signal = ref.with_array(np.zeros(ref.array.shape, np.float32)) if image is None else image.canonical()
    parts = parts_of(pred=pred.array, ref=ref.array)
    projected, acquired = projection_plane(ref.geometry), acquired_plane(ref.geometry)
    figure, axes = _panels([projected, acquired], ref.geometry)
    _show_projection(axes[0], signal, parts, projected)
    _show_slice(axes[1], signal, parts, acquired, most_different_slice(pred.array, ref.array, acquired.normal))
    return png_of(figure)


def most_different_slice(pred: Array, ref: Array, axis: int) -> int:
    """The slice along an axis in which most voxels differ; of the same number the first, 0 where none does."""
    differs = pred != ref
    others = tuple(other for other in range(3) if other != axis)
    return int(differs.sum(axis=others).argmax())


def _show_projection(axes: Axes, signal: Volume, parts: Parts, plane: Plane) -> None:
    geometry = signal.geometry
    show_signal(axes, signal.array.max(axis=plane.normal), plane, geometry)
    for mask, line in parts.outlines():
        _outline(axes, np.asarray(mask.any(axis=plane.normal)), plane, geometry, line)
    draw_letters(axes, plane)
    draw_scale_bar(axes, plane.extent_mm(geometry)[1])


def _show_slice(axes: Axes, signal: Volume, parts: Parts, plane: Plane, index: int) -> None:
    window = grey_range(signal.array[::2, ::2, ::2])
    show_signal(axes, signal.array.take(index, axis=plane.normal), plane, signal.geometry, window)
    for mask, line in parts.outlines():
        _outline(
            axes, np.asarray(mask.take([index], axis=plane.normal).any(axis=plane.normal)), plane, signal.geometry, line
        )
    draw_letters(axes, plane)


def _outline(axes: Axes, mask: BoolArray, plane: Plane, geometry: Geometry, line: Line) -> None:
    if mask.any():
        whole = tuple(slice(0, n) for n in geometry.shape)
        draw_outline(axes, mask, whole, plane, geometry, line)


def _panels(planes: Sequence[Plane], geometry: Geometry) -> tuple[Figure, list[Axes]]:
    """Axes side by side, of one height, each of its plane's proportions, in a figure that they fill."""
    from matplotlib.figure import Figure

    extents = [plane.extent_mm(geometry) for plane in planes]
    ratios = [width / height for _, width, height, _ in extents]
    width = min(_PICTURE_INCH[0], _PICTURE_INCH[1] * sum(ratios))
    figure = Figure(figsize=(width, width / sum(ratios)), dpi=DOTS_PER_INCH, facecolor="black")
    starts = np.concatenate(([0.0], np.cumsum(ratios))) / sum(ratios)
    return figure, [
        figure.add_axes((start + _GAP / 2, 0.0, stop - start - _GAP, 1.0)) for start, stop in pairwise(starts.tolist())
    ]


def _meeting(mask: BoolArray, other: BoolArray) -> BoolArray:
    """The components of a mask that share a voxel with another."""
    labels, n = ndimage.label(mask, structure=NEIGHBOURS_26)
    met = np.zeros(n + 1, dtype=np.bool_)
    met[np.unique(labels[other])] = True
    met[0] = False
    meeting: BoolArray = met[labels]
    return meeting


def _is_empty_with_prediction(case: CaseMetrics, head: str) -> bool:
    return _volume_ml(case, head, "ref_ml") == 0.0 < _volume_ml(case, head, "pred_ml")


def _volume_ml(case: CaseMetrics, head: str, name: Literal["pred_ml", "ref_ml", "shared_ml"]) -> float:
    return float(sum(getattr(one, name) for one in case.heads[head].values()))


def _disagreement_ml(case: CaseMetrics, head: str) -> float:
    return (
        _volume_ml(case, head, "pred_ml") + _volume_ml(case, head, "ref_ml") - 2 * _volume_ml(case, head, "shared_ml")
    )
