"""What each mode costs and finds: `--fast`, default and `--best` of one model on phantoms of the home exam.

python benchmarks/mode_quality.py --model BUNDLE [--work DIR] [--families regions ...] [--studies 2]

Phantoms that no training sees (crmo_seg/phantom/exam.py), kept in DIR as `home_exam.py` keeps them; of each family the
first studies. Lesion-wise F1 pools lesions that touch any truth; Dice is the mean over studies. Seconds are those of a
loaded model without reading and writing, the median over studies after one that is not counted. Each mode is loaded by
itself, so that none finds the window shapes compiled that another has paid for.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import summarise
from crmo_seg.inference.modes import BEST, DEFAULT, FAST, Mode
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.jobs.exam import Question, measure, question
from crmo_seg.jobs.predict import load_model
from crmo_seg.jobs.study_job import as_the_model_says
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.phantom.exam import FAMILIES

COMPARED: Final = (FAST, DEFAULT, BEST)
METRICS: Final = ("lesion_f1", "lesion_sensitivity", "lesion_false_positives_per_scan", "dice", "bones_dice")
HEADER: Final = (
    "| mode | studies | F1 | sensitivity | false positives a scan | edema, mean Dice | bones, mean Dice | "
    "s a study | to default |\n|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Sitting:
    """A mode's results on one study, and the seconds that it took."""

    metrics: CaseMetrics
    seconds: float
    passes: int


def questions(families: Sequence[str], studies: int, work: Path) -> Iterator[Question]:
    """The first studies of each family, made when they are asked for."""
    for family in (one for one in FAMILIES if one.name in families):
        for index in range(min(studies, family.patients)):
            yield question(family, index, work)


def sit(study: Question, predictor: Predictor) -> Sitting:
    """Predict one study and measure it beside its truth."""
    images = as_the_model_says(study.images, predictor)
    prediction = predictor.predict(StudyImages(study.case_id, images))
    metrics = measure(study, prediction.masks[EDEMA], prediction.masks.get(BONES))
    return Sitting(metrics, math.fsum(prediction.provenance.timings_s.values()), predictor.mode.passes)


def row_of(mode: Mode, sittings: Sequence[Sitting], default_s: float) -> str:
    """A line of the table."""
    estimates = summarise([one.metrics for one in sittings]).estimates
    values = [estimates[name].value if name in estimates else math.nan for name in METRICS]
    cells = ["" if math.isnan(value) else f"{value:.3f}" for value in values]
    seconds = median_s(sittings)
    name = f"{mode.name}, {sittings[0].passes} of {mode.passes} passes" if mode.passes > 1 else mode.name
    return f"| {name} | {len(sittings)} | {' | '.join(cells)} | {seconds:.1f} | {seconds / default_s:.2f} |"


def median_s(sittings: Sequence[Sitting]) -> float:
    """Seconds a study."""
    return statistics.median(one.seconds for one in sittings)


def main() -> None:
    """Sit every mode on every study and print the table."""
    arguments = _arguments()
    predictors = {mode: load_model(arguments.model, mode=mode.name) for mode in COMPARED}
    sittings: dict[Mode, list[Sitting]] = {mode: [] for mode in COMPARED}
    with tempfile.TemporaryDirectory() as temporary:
        for study in questions(arguments.families, arguments.studies, arguments.work or Path(temporary)):
            for mode, predictor in predictors.items():
                if not sittings[mode]:
                    sit(study, predictor)  # the first call is slower
                sittings[mode].append(sit(study, predictor))
            print(study.case_id, file=sys.stderr, flush=True)
    bundle, backend = predictors[DEFAULT].bundle, predictors[DEFAULT].backend
    print(f"{bundle.name} ({bundle.sha256[:12]}), {backend.name} {backend.precision}\n\n{HEADER}")
    for mode, found in sittings.items():
        print(row_of(mode, found, median_s(sittings[DEFAULT])))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = [family.name for family in FAMILIES]
    parser.add_argument("--model", required=True, help="folder of a bundle, or the name of a shipped model")
    parser.add_argument("--work", type=Path, help="keeps the phantoms; without it they are made and deleted")
    parser.add_argument("--families", nargs="+", choices=names, default=names)
    parser.add_argument("--studies", type=int, default=2, help="of each family, at least 1")
    return parser.parse_args()


if __name__ == "__main__":
    main()
