"""What a check found: problems, and the facts of each case that they were drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.io.nifti_header import NiftiHeader
from crmo_seg.volume import Geometry

_NAMED_IN_REFUSAL: Final = 3


class Severity(Enum):
    """How much a problem weighs: an error stops a training, a warning wants a look, a note is for information."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Problem:
    """One row of the table of problems.

    Attributes:
        severity: of the problem.
        kind: short name; problems of one kind are listed together.
        case_id: whose problem it is; empty for one of the whole data set.
        file: where it lies, or None.
        what: is wrong, with the numbers that say so.
        remedy: what to do.
    """

    severity: Severity
    kind: str
    case_id: str
    file: Path | None
    what: str
    remedy: str


@dataclass(frozen=True)
class SignalFacts:
    """The voxels of one image, measured.

    Attributes:
        percentiles: smallest value, percentiles 1, 50, 99, and the largest value.
        zero_share: share of voxels that are exactly 0.
        negative_share: share of voxels below 0.
        top_share: share of the voxels above the smallest value that have the largest value, beyond the first.
        distinct: number of different values, counted up to a limit.
        rim_to_core: mean distance from the smallest value at the faces of the volume over that in its middle.
        digest: hash of the voxels; files with the same voxels have the same digest.
    """

    percentiles: tuple[float, float, float, float, float]
    zero_share: float
    negative_share: float
    top_share: float
    distinct: int
    rim_to_core: float
    digest: str


@dataclass(frozen=True)
class ImageFacts:
    """One image that has a readable header; ``signal`` is None where the voxels were not or could not be read."""

    path: Path
    header: NiftiHeader
    geometry: Geometry
    signal: SignalFacts | None = None


@dataclass(frozen=True)
class LabelFacts:
    """One label that could be read.

    Attributes:
        path: of the file.
        header: of the file.
        geometry: of the file.
        voxels: value -> number of voxels, without 0.
        components: value -> voxels of each component (26-connected), largest first; empty where not asked for.
        on_zero_share: share of the labelled voxels where the first image is exactly 0, or None.
        contrast: mean signal of the labelled voxels above the image's median, in its standard deviations, or None.
        digest: hash of the voxels, or empty.
    """

    path: Path
    header: NiftiHeader
    geometry: Geometry
    voxels: Mapping[int, int]
    components: Mapping[int, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))
    on_zero_share: float | None = None
    contrast: float | None = None
    digest: str = ""


@dataclass(frozen=True)
class CaseFacts:
    """One case: the images by sequence and the labels by head that could be read."""

    case: Case
    images: Mapping[str, ImageFacts]
    labels: Mapping[str, LabelFacts]


@dataclass(frozen=True)
class DatasetReport:
    """Everything that a check found, errors first."""

    manifest: Path
    cases: tuple[CaseFacts, ...]
    problems: tuple[Problem, ...]

    def of(self, severity: Severity) -> tuple[Problem, ...]:
        """The problems of one severity."""
        return tuple(problem for problem in self.problems if problem.severity is severity)

    @property
    def verdict(self) -> str:
        """One line."""
        errors, warnings, notes = (self.of(severity) for severity in Severity)
        cases = f"{len(self.cases)} cases: "
        if not self.problems:
            return f"{cases}nothing found"
        broken = len({problem.case_id for problem in errors if problem.case_id})
        counts = f"{_count(len(errors), 'error')}, {_count(len(warnings), 'warning')}, {_count(len(notes), 'note')}"
        end = f"; {_count(broken, 'case')} cannot be trained on" if broken else ""
        return f"{cases}{counts}{end}"


def refuse_broken(report: DatasetReport) -> None:
    """Refuse a data set with errors; warnings and notes pass.

    Raises:
        InputError: names the first errors, their number, and the command that lists all.
    """
    errors = report.of(Severity.ERROR)
    if not errors:
        return
    examples = " | ".join(_one_line(problem) for problem in errors[:_NAMED_IN_REFUSAL])
    more = f" | and {len(errors) - _NAMED_IN_REFUSAL} more" if len(errors) > _NAMED_IN_REFUSAL else ""
    problem = f"has {_count(len(errors), 'error')}: {examples}{more}"
    raise InputError(report.manifest, problem, f"list all with: crmo-seg dataset check {report.manifest}")


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Errors, warnings, notes; in each the kinds together, in the order in which they were found."""
    severities = list(Severity)
    found = list(problems)
    first = {kind: number for number, kind in reversed(list(enumerate(problem.kind for problem in found)))}
    return tuple(sorted(found, key=lambda problem: (severities.index(problem.severity), first[problem.kind])))


def _one_line(problem: Problem) -> str:
    source = problem.file or (f"case {problem.case_id}" if problem.case_id else "the manifest")
    return f"{source}: {problem.what}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
