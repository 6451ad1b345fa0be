"""A number at rising levels, as rows of a table and as curves with the range of training shaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crmo_seg.evaluation.estimates import Estimate
from crmo_seg.files import written_whole
from crmo_seg.jobs.exam import BASELINE_TRUE_BONES, MODEL
from crmo_seg.phantom.settings import PhantomSettings
from exam.rows import or_none, with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TAKERS: Final = (MODEL, BASELINE_TRUE_BONES)


@dataclass(frozen=True)
class Axis:
    """One way out of the training range.

    Attributes:
        name: of what is varied.
        label: what its levels mean, for the figure.
        levels: rising.
        usual: highest level that most studies of training have.
        trained: highest level that any has.
        at: the settings of a level.
    """

    name: str
    label: str
    levels: tuple[float, ...]
    usual: float
    trained: float
    at: Callable[[PhantomSettings, float], PhantomSettings]


@dataclass(frozen=True)
class Point:
    """What the takers reached at a level."""

    axis: Axis
    level: float
    n_lesions: int
    f1: Mapping[str, Estimate]
    false_positives_per_scan: float

    def as_markdown(self) -> str:
        """A line of the table."""
        cells = [with_interval(one.value, one.interval) for one in self.f1.values()]
        inside = "" if self.level <= self.axis.trained else "beyond"
        numbers = (f"{self.level:g}", inside, str(self.n_lesions), *cells, f"{self.false_positives_per_scan:.1f}")
        return f"| {self.axis.name} | {' | '.join(numbers)} |"

    def as_dict(self) -> dict[str, object]:
        """For the file."""
        f1 = {
            taker: [or_none(number) for number in (one.value, one.interval.low, one.interval.high)]
            for taker, one in self.f1.items()
        }
        return {"axis": self.axis.name, "level": self.level, "lesions": self.n_lesions, "f1": f1}


def draw(points: Sequence[Point], file: Path) -> None:
    """A panel for each axis; what training has is shaded, darker where most of its studies are."""
    from matplotlib.figure import Figure

    axes = list(dict.fromkeys(point.axis for point in points))
    figure = Figure(figsize=(1.0 + 3.2 * len(axes), 3.4), dpi=150, layout="constrained")
    panels = figure.subplots(1, len(axes), sharey=True, squeeze=False)[0]
    for axis, panel in zip(axes, panels, strict=True):
        _draw_panel(panel, axis, [point for point in points if point.axis is axis])
    panels[0].set_ylabel("lesion-wise F1, phantoms")
    pairs = (zip(*reversed(panel.get_legend_handles_labels()), strict=True) for panel in panels)
    legend = {name: line for panel in pairs for name, line in panel}
    figure.legend(
        legend.values(), legend.keys(), loc="outside upper center", ncols=len(legend), fontsize=8, frameon=False
    )
    with written_whole(file) as part:
        figure.savefig(part, format="png", metadata={"Software": None})


def _draw_panel(panel: Axes, axis: Axis, points: Sequence[Point]) -> None:
    levels = [point.level for point in points]
    panel.axvspan(0.0, axis.usual, color="0.85", linewidth=0, label="most of training")
    if axis.trained > axis.usual:
        panel.axvspan(axis.usual, axis.trained, color="0.93", linewidth=0, label="some of training")
    for taker, colour, marker in zip(TAKERS, ("tab:blue", "tab:orange"), "os", strict=True):
        found = [point.f1[taker] for point in points]
        low, high = ([getattr(one.interval, end) for one in found] for end in ("low", "high"))
        panel.plot(levels, [one.value for one in found], marker=marker, color=colour, label=taker)
        panel.fill_between(levels, low, high, color=colour, alpha=0.15, linewidth=0)
    panel.set(title=axis.name, xlabel=axis.label, xlim=(-0.04 * max(axis.levels), 1.05 * max(axis.levels)), ylim=(0, 1))
    panel.grid(visible=True, axis="y", color="0.8", linewidth=0.5)
