"""How lesion-wise F1 falls as shapes, contrast and noise leave the range of training: a table and a curve.

python benchmarks/robustness.py --model BUNDLE [--work DIR] [--patients 4] [--figure FILE.png] [--axes shape ...]
                                [--shard i/n]

The same children at every level, ill all of them, whole bodies. Shape: factor on the variation of bones and organs,
trained with 1. Contrast: tissue means at random, within factors of 2.2 to the power of the level, trained with 1.
Noise: over the signal of muscle, trained up to 0.09, in one of eleven studies up to 0.25. The baseline has the true
bones. DIR keeps every answer: a run goes on where it was stopped, processes share the work with --shard 0/2 and 1/2, a
run without it gathers. After a change of the phantom delete DIR.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from exam.curves import TAKERS, Axis, Point, draw
from exam.kept import Kept, kept_in, name_of
from exam.rows import cases_of
from exam.sitting import WHOLE, Task, report, shard_of, sit

from crmo_seg.evaluation.cohort import summarise
from crmo_seg.files import written_whole
from crmo_seg.jobs.exam import MODEL, Question, answer
from crmo_seg.jobs.predict import load_model
from crmo_seg.phantom.exam import TRAINING_PRESET
from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.scan.settings import Chance
from crmo_seg.phantom.settings import PhantomSettings, read_preset

SEED: Final = 820_001


def _shape(settings: PhantomSettings, level: float) -> PhantomSettings:
    return replace(settings, body=replace(settings.body, shape=level))


def _contrast(settings: PhantomSettings, level: float) -> PhantomSettings:
    return replace(settings, contrast=replace(settings.contrast, mode="randomised", strength=level))


def _noise(settings: PhantomSettings, level: float) -> PhantomSettings:
    artefacts = replace(settings.scan.artefacts, noise=Chance(1.0, (level, level)), strong_noise=Chance(0.0, (0, 0)))
    return replace(settings, scan=replace(settings.scan, artefacts=artefacts))


AXES: Final = (
    Axis("shape", "variation of shapes, 1 is that of training", (0.5, 1.0, 1.5, 2.0, 2.5), 1.0, 1.0, _shape),
    Axis("contrast", "range of tissue means, 2.2 to this power", (0.0, 0.5, 1.0, 1.5, 2.0), 1.0, 1.0, _contrast),
    Axis("noise", "standard deviation over muscle", (0.05, 0.1, 0.2, 0.3, 0.4), 0.09, 0.25, _noise),
)


def usual() -> PhantomSettings:
    """As in training, but ill children, whole bodies, and contrast by physics."""
    settings = read_preset(TRAINING_PRESET)
    scan = replace(settings.scan, coronal_whole_body=1.0, sagittal_spine=0.0, region=0.0)
    edema, contrast = replace(settings.edema, lesion_free=0.0), replace(settings.contrast, mode="physical")
    return replace(settings, scan=scan, edema=edema, contrast=contrast)


def tasks_of(axis: Axis, level: float, patients: int) -> list[Task]:
    """The same children as at every other level; none is made yet."""
    names = [f"{axis.name}_{level:g}/{index}" for index in range(patients)]
    return [Task(name, partial(_ask, axis, level, index, name)) for index, name in enumerate(names)]


def _ask(axis: Axis, level: float, index: int, case_id: str) -> Question:
    scan = next(make_studies(axis.at(usual(), level), SEED, index)).scan
    return Question(case_id, scan.images, scan.edema, scan.bones)


def point_of(axis: Axis, level: float, tasks: Sequence[Task], kept: Kept) -> Point | None:
    """A level from the answers that are there; None without any."""
    answers = [kept.read(task.case_id) for task in tasks if kept.has(task.case_id)]
    if not answers:
        return None
    summaries = {taker: summarise(cases_of(answers, taker)) for taker in TAKERS}
    lesions = summaries[MODEL].any_overlap
    assert lesions is not None
    f1 = {taker: summary.estimates["lesion_f1"] for taker, summary in summaries.items()}
    return Point(axis, level, lesions.pooled.n_ref, f1, lesions.false_positives_per_scan)


def main() -> int:
    """Answer every level, or a share of them, print the table and draw the curve; 1 where a study failed."""
    arguments = _arguments()
    predictor = load_model(arguments.model)
    kept = kept_in(arguments.work, predictor)
    levels = [(axis, level) for axis in AXES if axis.name in arguments.axes for level in axis.levels]
    tasks = [tasks_of(axis, level, arguments.patients) for axis, level in levels]
    everything = [task for own in tasks for task in own]
    failed = sit(everything, partial(answer, predictor=predictor), kept, arguments.shard)
    print(f"{name_of(predictor)}: {report(everything, kept, failed)}")
    found = (point_of(*level, own, kept) for level, own in zip(levels, tasks, strict=True))
    points = [point for point in found if point is not None]
    if arguments.shard == WHOLE and points:
        with written_whole(arguments.work / f"robustness_{name_of(predictor)}.json") as part:
            part.write_text(json.dumps([point.as_dict() for point in points], indent=1) + "\n", encoding="utf-8")
        print(f"\n| what | level | training | lesions | F1, {' | F1, '.join(TAKERS)} | false positives a scan |\n"
              "|---|---|---|---|---|---|---|")  # fmt: skip
        print("\n".join(point.as_markdown() for point in points))
        draw(points, arguments.figure)
        print(f"\n{arguments.figure}")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = [axis.name for axis in AXES]
    parser.add_argument("--model", required=True, help="folder of a bundle, or the name of a shipped model")
    parser.add_argument("--work", type=Path, default=Path("outputs/robustness"), help="keeps the answers")
    parser.add_argument("--patients", type=int, default=4, help="of each level")
    parser.add_argument("--axes", nargs="+", choices=names, default=names)
    parser.add_argument("--shard", type=shard_of, default=WHOLE, help="i/n: only every n-th study, from the i-th")
    parser.add_argument("--figure", type=Path, default=Path("robustness.png"), help="PNG")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
