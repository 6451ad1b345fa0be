"""The charts of the page, as PNG bytes: one function a chart, each of the numbers that a table shows too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from crmo_seg.evaluation.calibration import BINS, Reliability
from crmo_seg.evaluation.comparison import Comparison
from crmo_seg.evaluation.lesions_summary import FrocSummary
from crmo_seg.evaluation.strata import Stratum
from crmo_seg.evaluation.volume_agreement import BlandAltman
from crmo_seg.report.drawing import DOTS_PER_INCH, png_of
from crmo_seg.report.evaluation.elements import readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#1c2733"
SOFT: Final = "#5a6877"
ACCENT: Final = "#0072b2"
"""Blue, told apart from the grey of all other lines by all forms of colour vision (doi:10.1038/nmeth.1618)."""

_WIDTH_INCH: Final = 5.4
_HEIGHT_INCH: Final = 3.9
_ROW_INCH: Final = 0.27
_LEFTMOST_FALSE_POSITIVES: Final = 0.125


def froc_png(froc: FrocSummary) -> bytes:
    """Sensitivity against false positives a scan; beyond the model's own threshold a broken line, a lower bound."""
    figure, axes = _chart("False positives a scan", "Lesion sensitivity")
    last = froc.curve.last_false_positives_per_scan
    right = max(froc.points, default=1.0) * 1.15
    grid = np.geomspace(_LEFTMOST_FALSE_POSITIVES, right, 400)
    height = froc.curve.sensitivities_at(grid.tolist())
    known = grid <= last
    axes.plot(grid[known], height[known], color=ACCENT, linewidth=1.8)
    axes.plot(grid[~known], height[~known], color=ACCENT, linewidth=1.2, linestyle=(0, (2, 3)))
    for number, value in froc.points.items():
        interval = froc.point_intervals[number]
        axes.plot((number, number), (interval.low, interval.high), color=ACCENT, linewidth=1.2)
        axes.plot(number, value, "o", markersize=5, color=ACCENT, markerfacecolor=ACCENT if number <= last else "white")
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(froc.points), [f"{number:g}" for number in froc.points])
    axes.set_xlim(_LEFTMOST_FALSE_POSITIVES, right)
    _unit_axis(axes)
    return png_of(figure)


def strata_png(strata: Sequence[Stratum]) -> bytes:
    """Sensitivity of each stratum with its interval, and of how many lesions it is."""
    figure, axes = _chart("Lesion sensitivity", "", height_inch=0.8 + _ROW_INCH * len(strata))
    for row, one in enumerate(strata):
        interval = one.sensitivity_interval
        axes.plot((interval.low, interval.high), (row, row), color=ACCENT, linewidth=1.4)
        axes.plot(one.sensitivity, row, "o", markersize=5, color=ACCENT, clip_on=False)
        counts = f"{one.n_found} of {one.n_ref}" if one.n_ref else "no lesion"
        axes.text(1.03, row, counts, fontsize=8, va="center", color=INK if one.n_ref else SOFT)
        if row and one.dimension != strata[row - 1].dimension:
            axes.axhline(row - 0.5, color=SOFT, linewidth=0.6)
    axes.set_yticks(range(len(strata)), [one.name.replace("_", " ") for one in strata])
    axes.set_ylim(len(strata) - 0.5, -0.5)
    axes.set_xlim(0.0, 1.0)
    axes.grid(axis="y", visible=False)
    return png_of(figure)


def bland_altman_png(found: BlandAltman) -> bytes:
    """Differences of volumes against their means, with a ring around scans outside the limits of agreement."""
    figure, axes = _chart("Mean of predicted and reference volume (ml)", "Predicted less reference (ml)")
    axes.plot(found.mean_ml, found.difference_ml, "o", markersize=4, color=ACCENT, alpha=0.7, markeredgewidth=0)
    low, high = found.limits_ml
    for value, style, name in ((found.bias_ml, "-", "mean"), (low, "--", "-1.96 SD"), (high, "--", "+1.96 SD")):
        if not np.isnan(value):
            axes.axhline(value, color=INK, linewidth=1.0, linestyle=style)
            label = f"{name}\n{readable(value)}"
            axes.text(1.01, value, label, transform=axes.get_yaxis_transform(), fontsize=7.5, va="center", color=INK)
    outside = (found.difference_ml < low) | (found.difference_ml > high)
    x, y = found.mean_ml[outside], found.difference_ml[outside]
    axes.plot(x, y, "o", markersize=9, markerfacecolor="none", markeredgecolor=INK)
    return png_of(figure)


def calibration_png(measured: dict[str, Reliability]) -> bytes:
    """Share that is right against mean confidence in bins, for lesions, voxels or both side by side."""
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(_WIDTH_INCH, 3.0 if len(measured) > 1 else _HEIGHT_INCH), dpi=DOTS_PER_INCH, layout="constrained"
    )
    for position, (name, one) in enumerate(measured.items(), 1):
        axes = figure.add_subplot(1, len(measured), position)
        _style(axes, f"Confidence of {name}", "Share that is right" if position == 1 else "")
        axes.plot((0, 1), (0, 1), color=SOFT, linewidth=0.8, linestyle="--")
        filled = one.n > 0
        n, x, y = one.n[filled], (one.confidence_sum / np.maximum(one.n, 1))[filled], one.n_true[filled] / one.n[filled]
        axes.plot(x, y, color=ACCENT, linewidth=1.2)
        axes.scatter(x, y, s=12 + 60 * n / n.max(), color=ACCENT, zorder=3, clip_on=False)
        axes.set_xticks(np.linspace(0, 1, BINS // 2 + 1))
        axes.set_xlim(0.0, 1.0)
        _unit_axis(axes)
    return png_of(figure)


def paired_png(comparison: Comparison) -> bytes:
    """The first tested metric of every scan: this prediction against the other; the diagonal is no change."""
    name = next(iter(comparison.cases[0].values))
    label = next(one.label for one in comparison.metrics if one.name == name)
    figure, axes = _chart(f"{label}, other", f"{label}, this", height_inch=_WIDTH_INCH * 0.8)
    first, other = np.array([case.values[name] for case in comparison.cases]).T
    low, high = (float(bound([0.0, 1.0, *first[~np.isnan(first)], *other[~np.isnan(other)]])) for bound in (min, max))
    axes.plot((low, high), (low, high), color=SOFT, linewidth=0.8, linestyle="--")
    axes.plot(other, first, "o", markersize=4.5, color=ACCENT, alpha=0.7, markeredgewidth=0, clip_on=False)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_aspect("equal")
    return png_of(figure)


def _chart(x_label: str, y_label: str, *, height_inch: float = _HEIGHT_INCH) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH_INCH, height_inch), dpi=DOTS_PER_INCH, layout="constrained")
    axes = figure.add_subplot()
    _style(axes, x_label, y_label)
    return figure, axes


def _style(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set_xlabel(x_label, fontsize=9, color=INK)
    axes.set_ylabel(y_label, fontsize=9, color=INK)
    axes.tick_params(labelsize=8, colors=INK, length=3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#d9dfe6", linewidth=0.6)
    axes.set_axisbelow(True)


def _unit_axis(axes: Axes) -> None:
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks(np.linspace(0, 1, 6))
