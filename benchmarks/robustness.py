"""How lesion-wise F1 falls as shapes, contrast and noise leave the range of training: a table and a curve.

python benchmarks/robustness.py --model BUNDLE [--patients 4] [--picture robustness.png]

The same children at every level, ill all of them, whole bodies. Shape: factor on the variation of bones and organs,
trained with 1. Contrast: tissue means at random, within factors of 2.2 to the power of the level, trained with 1.
Noise: over the signal of muscle, trained up to 0.09, in one of eleven studies up to 0.25. The baseline has the true
bones.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from crmo_seg.evaluation.cohort import summarise
from crmo_seg.evaluation.estimates import Estimate
from crmo_seg.inference.predictor import Predictor
from crmo_seg.jobs.exam import BASELINE_TRUE_BONES, MODEL, Question, answer
from crmo_seg.jobs.predict import load_model
from crmo_seg.phantom.exam import TRAINING_PRESET
from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.scan.settings import Chance
from crmo_seg.phantom.settings import PhantomSettings, read_preset

SEED: Final = 820_001
TAKERS: Final = (MODEL, BASELINE_TRUE_BONES)


@dataclass(frozen=True)
class Axis:
    """One way out of the training range.

    Attributes:
        name: of what is varied.
        levels: rising.
        trained: highest level that training has.
        at: the settings of a level.
    """

    name: str
    levels: tuple[float, ...]
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
        cells = [_with_interval(one) for one in self.f1.values()]
        inside = "" if self.level <= self.axis.trained else "beyond"
        numbers = (f"{self.level:g}", inside, str(self.n_lesions), *cells, f"{self.false_positives_per_scan:.1f}")
        return f"| {self.axis.name} | {' | '.join(numbers)} |"


def _with_interval(found: Estimate) -> str:
    low, high = found.interval.low, found.interval.high
    return f"{found.value:.2f}" + ("" if math.isnan(low) else f" ({low:.2f}-{high:.2f})")


def _shape(settings: PhantomSettings, level: float) -> PhantomSettings:
    return replace(settings, body=replace(settings.body, shape=level))


def _contrast(settings: PhantomSettings, level: float) -> PhantomSettings:
    return replace(settings, contrast=replace(settings.contrast, mode="randomised", strength=level))


def _noise(settings: PhantomSettings, level: float) -> PhantomSettings:
    artefacts = replace(settings.scan.artefacts, noise=Chance(1.0, (level, level)), strong_noise=Chance(0.0, (0, 0)))
    return replace(settings, scan=replace(settings.scan, artefacts=artefacts))


AXES: Final = (
    Axis("shape", (0.5, 1.0, 1.5, 2.0, 2.5), 1.0, _shape),
    Axis("contrast", (0.0, 0.5, 1.0, 1.5, 2.0), 1.0, _contrast),
    Axis("noise", (0.05, 0.1, 0.2, 0.3, 0.4), 0.25, _noise),
)


def usual() -> PhantomSettings:
    """As in training, but ill children, whole bodies, and contrast by physics."""
    settings = read_preset(TRAINING_PRESET)
    scan = replace(settings.scan, coronal_whole_body=1.0, sagittal_spine=0.0, region=0.0)
    edema, contrast = replace(settings.edema, lesion_free=0.0), replace(settings.contrast, mode="physical")
    return replace(settings, scan=scan, edema=edema, contrast=contrast)


def measure(axis: Axis, level: float, patients: int, predictor: Predictor) -> Point:
    """One level with the same children as every other."""
    settings = axis.at(usual(), level)
    answers = []
    for index in range(patients):
        scan = next(make_studies(settings, SEED, index)).scan
        answers.append(answer(Question(f"{index}", scan.images, scan.edema, scan.bones), predictor))
    summaries = {taker: summarise([one[taker] for one in answers]) for taker in TAKERS}
    lesions = summaries[MODEL].any_overlap
    assert lesions is not None
    f1 = {taker: summary.estimates["lesion_f1"] for taker, summary in summaries.items()}
    return Point(axis, level, lesions.pooled.n_ref, f1, lesions.false_positives_per_scan)


def draw(points: list[Point], picture: Path) -> None:
    """A panel for each axis; what training has is shaded."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.2), dpi=150, layout="constrained")
    panels = figure.subplots(1, len(AXES), sharey=True)
    for axis, panel in zip(AXES, panels, strict=True):
        own = [point for point in points if point.axis is axis]
        levels = [point.level for point in own]
        panel.axvspan(min(0.0, *axis.levels), axis.trained, color="0.92", label="training")
        for taker, colour in zip(TAKERS, ("tab:blue", "tab:orange"), strict=True):
            found = [point.f1[taker] for point in own]
            panel.plot(levels, [one.value for one in found], "o-", color=colour, label=taker)
            panel.fill_between(
                levels, [one.interval.low for one in found], [one.interval.high for one in found],
                color=colour, alpha=0.15, linewidth=0,
            )  # fmt: skip
        panel.set(xlabel=axis.name, ylim=(0, 1))
    panels[0].set_ylabel("lesion-wise F1")
    panels[0].legend(fontsize=8, loc="lower left")
    figure.savefig(picture, metadata={"Software": None})


def main() -> None:
    """Print a row a level as it is done, and draw the curve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", required=True, help="folder of a bundle, or the name of a shipped model")
    parser.add_argument("--patients", type=int, default=4, help="of each level")
    parser.add_argument("--axes", nargs="+", choices=[axis.name for axis in AXES], default=[axis.name for axis in AXES])
    parser.add_argument("--picture", type=Path, default=Path("robustness.png"))
    arguments = parser.parse_args()
    predictor = load_model(arguments.model)
    print(f"| what | level | training | lesions | F1, {' | F1, '.join(TAKERS)} | false positives a scan |\n"
          "|---|---|---|---|---|---|---|")  # fmt: skip
    points = []
    for axis in AXES:
        for level in axis.levels if axis.name in arguments.axes else ():
            points.append(measure(axis, level, arguments.patients, predictor))
            print(points[-1].as_markdown(), flush=True)
    draw(points, arguments.picture)
    print(f"\n{arguments.picture}")


if __name__ == "__main__":
    main()
