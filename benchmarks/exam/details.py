"""Where the model finds lesions, of which size, which bones it knows, and how long it takes: tables of the same run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.cohort import by_patient
from crmo_seg.evaluation.estimates import Estimate, estimate
from crmo_seg.evaluation.metrics import mean_metric
from crmo_seg.evaluation.strata import Stratum, stratify
from crmo_seg.jobs.exam import MODEL
from crmo_seg.keys import BONES
from exam.rows import POOLED, Exam, cases_of, or_none, with_interval

STRATUM_HEADER: Final = (
    "| {} | lesions | found | sensitivity | predicted | false positives | precision |\n|---|---|---|---|---|---|---|"
)
BONE_HEADER: Final = "| bone | studies | mean Dice |\n|---|---|---|"
SPEED_HEADER: Final = "| family | studies | median, s | longest, s |\n|---|---|---|---|"


@dataclass(frozen=True)
class BoneDice:
    """Dice of a class of bones: mean over the studies that show it, or where the model says so."""

    name: str
    dice: Estimate

    def as_markdown(self) -> str:
        """A line of the table."""
        return f"| {_plain(self.name)} | {self.dice.n_defined} | {with_interval(self.dice.value, self.dice.interval)} |"

    def as_dict(self) -> dict[str, object]:
        """For the file."""
        numbers = (self.dice.value, self.dice.interval.low, self.dice.interval.high)
        return {"bone": self.name, "studies": self.dice.n_defined, "dice": [or_none(number) for number in numbers]}


@dataclass(frozen=True)
class Speed:
    """Seconds that the model took for the studies of a family."""

    family: str
    seconds: tuple[float, ...]

    def as_markdown(self) -> str:
        """A line of the table."""
        median, longest = statistics.median(self.seconds), max(self.seconds)
        return f"| {self.family} | {len(self.seconds)} | {median:.1f} | {longest:.1f} |"

    def as_dict(self) -> dict[str, object]:
        """For the file."""
        return {"family": self.family, "seconds": [round(one, 2) for one in self.seconds]}


def strata_of(exam: Exam) -> tuple[Stratum, ...]:
    """The model's lesions by size and by the part of the skeleton, over all families."""
    tables = {one.case_id: [one.table] for one in _everything(exam) if one.table is not None}
    return stratify(tables) if tables else ()


def stratum_lines(strata: Sequence[Stratum], dimension: str) -> list[str]:
    """The table of one dimension: ``size``, ``bone group`` or ``extremities``."""
    own = [_stratum_line(one) for one in strata if one.dimension == dimension]
    return [STRATUM_HEADER.format(dimension), *own]


def stratum_dict(one: Stratum) -> dict[str, object]:
    """For the file."""
    numbers = (one.sensitivity, one.sensitivity_interval.low, one.sensitivity_interval.high)
    return {
        "dimension": one.dimension,
        "name": one.name,
        "lesions": one.n_ref,
        "found": one.n_found,
        "predicted": one.n_pred,
        "false_positives": one.n_false_positive,
        "sensitivity": [or_none(number) for number in numbers],
    }


def bones_of(exam: Exam) -> list[BoneDice]:
    """A row a class that any study has, from head to feet; none for a model without a head for bones."""
    patients = by_patient(one for one in _everything(exam) if BONES in one.heads)
    rows = [BoneDice(name, estimate(mean_metric(name, name, "higher", _dice(name)), patients)) for name in HEAD_CLASSES]
    return [row for row in rows if row.dice.n_defined] if patients else []


def speeds_of(exam: Exam) -> list[Speed]:
    """Each family, then all together."""
    rows = [Speed(family, tuple(one.seconds for one in answers)) for family, answers in exam.items() if answers]
    everything = tuple(second for row in rows for second in row.seconds)
    return [*rows, Speed(POOLED, everything)] if rows else []


def _everything(exam: Exam) -> list[CaseMetrics]:
    return [case for answers in exam.values() for case in cases_of(answers, MODEL)]


def _dice(name: str) -> Callable[[CaseMetrics], float]:
    return lambda case: case.heads[BONES][name].dice if name in case.heads[BONES] else float("nan")


def _stratum_line(one: Stratum) -> str:
    sensitivity = with_interval(one.sensitivity, one.sensitivity_interval)
    precision = f"{one.precision:.2f}" if one.n_pred else ""
    cells = (one.n_ref, one.n_found, sensitivity, one.n_pred, one.n_false_positive, precision)
    return f"| {_plain(one.name)} | {' | '.join(map(str, cells))} |"


def _plain(name: str) -> str:
    return name.replace("_", " ")
