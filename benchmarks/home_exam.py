"""The home exam of a model: by family beside the baseline, by site and size of lesions, by bone; pictures of failures.

python benchmarks/home_exam.py --model BUNDLE [--work DIR] [--families toddlers regions ...] [--mode default]
                               [--shard i/n] [--pictures DIR]

Phantoms that no training sees (crmo_seg/phantom/exam.py). DIR keeps them and every answer of every model, so that a
run goes on where it was stopped, and one of an answered exam only prints. Two processes share the work with --shard 0/2
and --shard 1/2; a run without it then gathers. After a change of the phantom delete DIR. Intervals are 95 % bootstrap
intervals over patients. The baseline (inference/baseline.py) marks bright outliers in the bones that the model
predicted, and in the true ones. DIR/exam_<model>_<hash>_<mode>.json has all numbers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from exam.details import (
    BONE_HEADER,
    SPEED_HEADER,
    BoneDice,
    Speed,
    bones_of,
    speeds_of,
    strata_of,
    stratum_dict,
    stratum_lines,
)
from exam.failures import failure_png, worst
from exam.kept import Kept, kept_in, name_of
from exam.rows import HEADER, Exam, Row, cases_of, rows_of, verdicts
from exam.sitting import WHOLE, Task, report, shard_of, sit

from crmo_seg.evaluation.strata import Stratum
from crmo_seg.files import written_whole
from crmo_seg.inference.modes import DEFAULT, MODES
from crmo_seg.jobs.exam import MODEL, TAKERS, answer, question
from crmo_seg.jobs.predict import load_model
from crmo_seg.phantom.exam import FAMILIES, ExamFamily

Tasks = Mapping[str, Sequence[Task]]
"""By family."""


def tasks_of(families: Sequence[ExamFamily], work: Path) -> Tasks:
    """A task for each study; none is made yet."""
    return {
        family.name: [
            Task(f"{family.name}/{family.case_id(index)}", partial(question, family, index, work))
            for index in range(family.patients)
        ]
        for family in families
    }


def gather(tasks: Tasks, kept: Kept) -> Exam:
    """The answers that are there."""
    return {
        family: [kept.read(task.case_id) for task in own if kept.has(task.case_id)] for family, own in tasks.items()
    }


@dataclass(frozen=True)
class Tables:
    """Everything that is printed, counted once."""

    rows: Mapping[str, Sequence[Row]]
    strata: Sequence[Stratum]
    bones: Sequence[BoneDice]
    speeds: Sequence[Speed]

    def lines(self) -> list[str]:
        """Every table, and whether the model takes the bars."""
        lines = []
        for taker, rows in self.rows.items():
            lines += ["", f"**{taker}**", "", HEADER, *(row.as_markdown() for row in rows)]
        for dimension in ("bone group", "size", "extremities"):
            lines += ["", f"**model, by {dimension}**", "", *stratum_lines(self.strata, dimension)]
        lines += ["", "**model, by bone**", "", BONE_HEADER, *(bone.as_markdown() for bone in self.bones)]
        lines += ["", "**model, seconds a study**", "", SPEED_HEADER, *(speed.as_markdown() for speed in self.speeds)]
        return [*lines, "", *verdicts(self.rows[MODEL][-1])]

    def numbers(self) -> dict[str, object]:
        """The same for the file."""
        return {
            "families": [row.as_dict() for rows in self.rows.values() for row in rows],
            "strata": [stratum_dict(one) for one in self.strata],
            "bones": [bone.as_dict() for bone in self.bones],
            "speed": [speed.as_dict() for speed in self.speeds],
        }


def tables_of(exam: Exam) -> Tables:
    """The tables of an exam with an answer or more."""
    return Tables({taker: rows_of(exam, taker) for taker in TAKERS}, strata_of(exam), bones_of(exam), speeds_of(exam))


def draw_failures(exam: Exam, tasks: Tasks, kept: Kept, folder: Path, count: int) -> list[Path]:
    """A picture for each of the worst studies, which are read again; masks are those that were kept."""
    ask = {task.case_id: task.ask for own in tasks.values() for task in own}
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for case in worst([one for answers in exam.values() for one in cases_of(answers, MODEL)], count):
        pictures.append(folder / f"{case.case_id.replace('/', '_')}.png")
        with written_whole(pictures[-1]) as part:
            part.write_bytes(failure_png(ask[case.case_id](), kept.edema(case.case_id), case))
    return pictures


def main() -> int:
    """Sit the exam, or a share of it, and print the tables; 1 where a study failed."""
    arguments = _arguments()
    predictor = load_model(arguments.model, mode=arguments.mode)
    tasks = tasks_of([family for family in FAMILIES if family.name in arguments.families], arguments.work)
    everything = [task for own in tasks.values() for task in own]
    kept = kept_in(arguments.work, predictor)
    failed = sit(everything, partial(answer, predictor=predictor), kept, arguments.shard)
    print(f"{name_of(predictor)}: {report(everything, kept, failed)}")
    exam = gather(tasks, kept)
    if arguments.shard == WHOLE and any(exam.values()):
        tables = tables_of(exam)
        with written_whole(arguments.work / f"exam_{name_of(predictor)}.json") as part:
            part.write_text(json.dumps(tables.numbers(), indent=1) + "\n", encoding="utf-8")
        print("\n".join(tables.lines()))
        if arguments.pictures:
            print("", *draw_failures(exam, tasks, kept, arguments.pictures, arguments.worst), sep="\n")
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    names = [family.name for family in FAMILIES]
    parser.add_argument("--model", required=True, help="folder of a bundle, or the name of a shipped model")
    parser.add_argument("--work", type=Path, default=Path("outputs/exam"), help="keeps phantoms and answers")
    parser.add_argument("--families", nargs="+", choices=names, default=names)
    parser.add_argument("--mode", choices=[mode for mode in MODES if mode != "baseline"], default=DEFAULT.name)
    parser.add_argument("--shard", type=shard_of, default=WHOLE, help="i/n: only every n-th study, from the i-th")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the worst studies")
    parser.add_argument("--worst", type=int, default=6, help="how many of them")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
