"""Pictures of the studies that went worst: the whole, the largest lesion missed and the largest false one.

Blue is missed, red is false, yellow was found; a solid line is the truth, a dashed one the prediction, as in the page
of ``crmo-seg evaluate``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.lesion_table import ComparedLesion
from crmo_seg.jobs.exam import Question
from crmo_seg.lesions import find_lesions
from crmo_seg.report.drawing import (
    DOTS_PER_INCH,
    Line,
    draw_letters,
    draw_outline,
    draw_scale_bar,
    halo,
    png_of,
    show_signal,
)
from crmo_seg.report.evaluation.worst import Parts, parts_of
from crmo_seg.report.views import Plane, acquired_plane, projection_plane
from crmo_seg.volume import Array, Geometry, Volume

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HALF_CROP_MM: Final = 60.0
_HEIGHT_INCH: Final = 6.4
_WIDEST_INCH: Final = 8.0
_TITLE_INCH: Final = 0.3
_GAP_INCH: Final = 0.04


def missed(case: CaseMetrics) -> list[ComparedLesion]:
    """True lesions that no predicted one meets, the largest first."""
    return [one for one in case.table.ref if not one.is_met] if case.table else []


def false(case: CaseMetrics) -> list[ComparedLesion]:
    """Predicted lesions that meet no true one, the largest first."""
    return [one for one in case.table.pred if not one.is_met] if case.table else []


def worst(cases: Sequence[CaseMetrics], count: int) -> list[CaseMetrics]:
    """The studies with most missed lesions and those with most false ones, in turn; of equals that with more ml.

    Studies without a fault are in none of the two, so that there may be fewer than ``count``.
    """
    orders = [_by_number(cases, faults) for faults in (missed, false)]
    in_turn = [case for case in chain.from_iterable(zip_longest(*orders)) if case is not None]
    return list({case.case_id: case for case in in_turn}.values())[:count]


def failure_png(question: Question, edema: Volume, case: CaseMetrics) -> bytes:
    """A study that went wrong.

    Args:
        question: with the truth.
        edema: predicted mask on its grid.
        case: what was measured on it.
    """
    image = next(iter(question.images.values())).canonical()
    pred, ref = _lesions(edema), _lesions(question.edema)
    parts = parts_of(pred=pred, ref=ref)
    plane = projection_plane(image.geometry)
    figure, (whole, upper, lower) = _panels(plane, image.geometry)
    figure.text(0.01, 1 - 0.5 * _TITLE_INCH / _HEIGHT_INCH, _title(case), color="white", fontsize=8, va="center")
    _show_projection(whole, image, parts, plane)
    for axes, ids, faults, name in (
        (upper, ref, missed(case), "missed lesion"),
        (lower, pred, false(case), "false positive"),
    ):
        axes.set(facecolor="black", xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        if faults:
            _show_crop(axes, image, parts, ids == faults[0].lesion.lesion_id)
        _caption(axes, _words(faults[0], name) if faults else f"no {name}")
    return png_of(figure)


def _by_number(
    cases: Sequence[CaseMetrics], faults: Callable[[CaseMetrics], list[ComparedLesion]]
) -> list[CaseMetrics]:
    """The studies with any of these faults, that with most of them first."""
    found = [(faults(case), case) for case in cases]
    weighed = [((len(ill), sum(one.lesion.volume_ml for one in ill)), case) for ill, case in found if ill]
    return [case for _, case in sorted(weighed, key=itemgetter(0), reverse=True)]


def _lesions(mask: Volume) -> Array:
    """Ids of what counts as a lesion, as in the tables: specks below the smallest one are no failures."""
    return find_lesions(mask).labels.canonical().array


def _title(case: CaseMetrics) -> str:
    n_ref = len(case.table.ref) if case.table else 0
    return f"{case.case_id}: lesions {n_ref}, of them missed {len(missed(case))}; false positives {len(false(case))}"


def _show_projection(axes: Axes, image: Volume, parts: Parts, plane: Plane) -> None:
    show_signal(axes, image.array.max(axis=plane.normal), plane, image.geometry)
    for mask, line in parts.outlines():
        _outline(axes, np.asarray(mask.any(axis=plane.normal)), plane, image.geometry, line)
    draw_letters(axes, plane)
    draw_scale_bar(axes, plane.extent_mm(image.geometry)[1])


def _show_crop(axes: Axes, image: Volume, parts: Parts, lesion: NDArray[np.bool_]) -> None:
    """The slice that shows most of a lesion, around it."""
    plane = acquired_plane(image.geometry)
    indices = np.argwhere(lesion)
    number = int(np.bincount(indices[:, plane.normal]).argmax())
    index = indices[indices[:, plane.normal] == number].mean(axis=0)
    x, y = plane.page_corner_mm(image.geometry, (index[plane.across] + 0.5, index[plane.up] + 0.5))
    _show_slice(axes, image, parts, plane, number)
    axes.set(xlim=(x - HALF_CROP_MM, x + HALF_CROP_MM), ylim=(y + HALF_CROP_MM, y - HALF_CROP_MM))


def _outline(axes: Axes, mask: NDArray[np.bool_], plane: Plane, geometry: Geometry, line: Line) -> None:
    if mask.any():
        whole = tuple(slice(0, size) for size in geometry.shape)
        draw_outline(axes, mask, whole, plane, geometry, line)


def _words(one: ComparedLesion, name: str) -> str:
    bone = (one.lesion.site.bone or "far from any bone").replace("_", " ")
    return f"largest {name}: {bone}, {one.lesion.volume_ml:.1f} ml"


def _caption(axes: Axes, words: str) -> None:
    text = axes.text(0.02, 0.02, words, color="white", fontsize=8, transform=axes.transAxes)
    text.set_path_effects(halo())


def _show_slice(axes: Axes, image: Volume, parts: Parts, plane: Plane, number: int) -> None:
    show_signal(axes, image.array.take(number, axis=plane.normal), plane, image.geometry)
    for mask, line in parts.outlines():
        _outline(axes, np.asarray(mask.take(number, axis=plane.normal)), plane, image.geometry, line)


def _panels(plane: Plane, geometry: Geometry) -> tuple[Figure, tuple[Axes, Axes, Axes]]:
    """The whole on the left, two square crops on the right, a title above."""
    from matplotlib.figure import Figure

    _, width_mm, height_mm, _ = plane.extent_mm(geometry)
    height = _HEIGHT_INCH - _TITLE_INCH
    whole = min(_WIDEST_INCH, height * width_mm / height_mm)
    side = (height - _GAP_INCH) / 2
    total = whole + _GAP_INCH + side
    figure = Figure(figsize=(total, _HEIGHT_INCH), dpi=DOTS_PER_INCH, facecolor="black")
    boxes = (0, 0, whole, height), (whole + _GAP_INCH, side + _GAP_INCH, side, side), (whole + _GAP_INCH, 0, side, side)
    shares = [(x / total, y / _HEIGHT_INCH, w / total, h / _HEIGHT_INCH) for x, y, w, h in boxes]
    left, upper, lower = (figure.add_axes(share) for share in shares)
    return figure, (left, upper, lower)
