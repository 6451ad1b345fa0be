"""The home exam of a model: F1, sensitivity, false positives and bones for each family, beside the baseline's.

python benchmarks/home_exam.py --model BUNDLE [--work DIR] [--families toddlers regions ...] [--mode default]

Phantoms that no training sees (crmo_seg/phantom/exam.py); they are kept in DIR, so that the next exam is faster.
Intervals are 95 % bootstrap intervals over patients. The baseline (inference/baseline.py) marks bright outliers in the
bones that the model predicted, and in the true ones. DIR/exam_<model>.json keeps all numbers.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import summarise
from crmo_seg.evaluation.estimates import Estimate
from crmo_seg.inference.modes import DEFAULT, MODES
from crmo_seg.jobs.exam import MODEL, TAKERS, Answers, take_exam
from crmo_seg.jobs.predict import load_model
from crmo_seg.phantom.exam import FAMILIES

HEADER: Final = (
    "| family | studies | lesions | F1 | sensitivity | from 0.5 ml | false positives a scan | bones, mean Dice |\n"
    "|---|---|---|---|---|---|---|---|"
)
METRICS: Final = (
    "lesion_f1", "lesion_sensitivity", "large_lesion_sensitivity", "lesion_false_positives_per_scan", "bones_dice",
)  # fmt: skip
BARS: Final = (
    ("lesion_f1", "at least", 0.85),
    ("large_lesion_sensitivity", "at least", 0.9),
    ("lesion_false_positives_per_scan", "at most", 1.0),
    ("bones_dice", "at least", 0.85),
)
POOLED: Final = "all"

Exam = Mapping[str, tuple[Answers, ...]]


@dataclass(frozen=True)
class Row:
    """A taker's numbers in one family, or in all."""

    taker: str
    family: str
    n_scans: int
    n_lesions: int
    estimates: Mapping[str, Estimate]

    def as_markdown(self) -> str:
        """A line of the table."""
        cells = (self.family, str(self.n_scans), str(self.n_lesions), *(self._cell(name) for name in METRICS))
        return f"| {' | '.join(cells)} |"

    def as_dict(self) -> dict[str, object]:
        """For the file; what is undefined is null."""
        numbers = {
            name: [_or_none(one.value), _or_none(one.interval.low), _or_none(one.interval.high)]
            for name, one in self.estimates.items()
            if name in METRICS
        }
        head = {"taker": self.taker, "family": self.family, "studies": self.n_scans, "lesions": self.n_lesions}
        return {**head, **numbers}

    def _cell(self, name: str) -> str:
        found = self.estimates.get(name)
        if found is None or math.isnan(found.value):
            return ""
        low, high = found.interval.low, found.interval.high
        return f"{found.value:.2f}" + ("" if math.isnan(low) else f" ({low:.2f}-{high:.2f})")


def rows_of(exam: Exam, taker: str) -> list[Row]:
    """A row for each family that the taker sat, then all together."""
    by_family = {
        name: [answers[taker] for answers in all_answers if taker in answers] for name, all_answers in exam.items()
    }
    rows = [_row(taker, name, cases) for name, cases in by_family.items() if cases]
    everything = [case for cases in by_family.values() for case in cases]
    return [*rows, _row(taker, POOLED, everything)] if everything else []


def _row(taker: str, family: str, cases: Sequence[CaseMetrics]) -> Row:
    summary = summarise(cases)
    n_lesions = summary.any_overlap.pooled.n_ref if summary.any_overlap else 0
    return Row(taker, family, summary.n_scans, n_lesions, summary.estimates)


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 4)


def verdicts(pooled: Row) -> list[str]:
    """Each bar of the exam, and whether the model takes it."""
    lines = []
    for name, sense, bar in BARS:
        value = pooled.estimates[name].value if name in pooled.estimates else math.nan
        taken = value >= bar if sense == "at least" else value <= bar
        lines.append(f"- {name} {value:.3f}, {sense} {bar:g}: {'yes' if taken else 'NO'}")
    return lines


def main() -> None:
    """Sit the exam and print a table for each taker."""
    arguments = _arguments()
    families = [family for family in FAMILIES if family.name in arguments.families]
    predictor = load_model(arguments.model, mode=arguments.mode)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.work or Path(temporary)
        exam = take_exam(predictor, families, work, lambda case: print(case, file=sys.stderr, flush=True))
        rows = {taker: rows_of(exam, taker) for taker in TAKERS}
        says = [one.as_dict() for found in rows.values() for one in found]
        (work / f"exam_{predictor.bundle.name}.json").write_text(json.dumps(says, indent=1) + "\n", encoding="utf-8")
    print(f"{predictor.bundle.name} ({predictor.bundle.sha256[:12]}), mode {predictor.mode.name}, "
          f"{sum(map(len, exam.values()))} studies in {time.perf_counter() - start:.0f} s")  # fmt: skip
    for taker, found in rows.items():
        print("\n".join(["", f"**{taker}**", "", HEADER, *(row.as_markdown() for row in found)]))
    print("\n".join(["", *verdicts(rows[MODEL][-1])]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = [family.name for family in FAMILIES]
    parser.add_argument("--model", required=True, help="folder of a bundle, or the name of a shipped model")
    parser.add_argument("--work", type=Path, help="keeps the phantoms; without it they are made and deleted")
    parser.add_argument("--families", nargs="+", choices=names, default=names)
    parser.add_argument("--mode", choices=[mode for mode in MODES if mode != "baseline"], default=DEFAULT.name)
    return parser.parse_args()


if __name__ == "__main__":
    main()
