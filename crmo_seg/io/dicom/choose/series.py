"""Which series of an examination are analysed, by rules over their headers, and why the others are not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from crmo_seg.io.dicom.choose.headers import age, bounds_mm, facts_of, label_of, plane_of
from crmo_seg.io.dicom.choose.rules import Rules, first_that_holds, read_rules
from crmo_seg.io.dicom.choose.stations import StationSet, station_sets
from crmo_seg.io.dicom.types import Stack

_BY_HAND = "choose one with --series UID; crmo-seg inspect lists them"
_SHOWN = 6


@dataclass(frozen=True)
class Verdict:
    """What becomes of one stack.

    Attributes:
        used: whether it is analysed.
        reason: why, or why not, in words that continue "series 4 ...".
    """

    used: bool
    reason: str


@dataclass(frozen=True)
class Choice:
    """What is analysed of one examination.

    Attributes:
        sequence: the stations, and the series that the scanner composed of them; None where nothing can be chosen.
        verdicts: one for each stack that was there to choose from, in their order.
        notes: sentences for the reader of the results.
        problem: why there is no choice, and what to do; None where there is one.
    """

    sequence: StationSet | None
    verdicts: tuple[Verdict, ...] = field(repr=False)
    notes: tuple[str, ...] = ()
    problem: tuple[str, str] | None = None

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """The composed series, then the stations."""
        return self.sequence.members if self.sequence else ()


@dataclass(frozen=True)
class _Candidate:
    """A sequence that a rule knows."""

    sequence: StationSet
    score: float
    reason: str


def choose_stacks(stacks: Sequence[Stack], rules: Rules) -> Choice:
    """The sequence of one study that the rules like best.

    Of a study with a single sequence this is taken even where no rule knows it, unless a rule refuses it.

    Args:
        stacks: all stacks of one study.
        rules: see `read_rules`.
    """
    refusals = {id(stack): _refusal(stack, rules) for stack in stacks}
    free = [stack for stack in stacks if refusals[id(stack)] is None]
    known = [stack for stack in free if _kind(stack, rules)]
    candidates = sorted((_candidate(each, rules) for each in station_sets(known)), key=_rank, reverse=True)
    reasons = {key: reason for key, reason in refusals.items() if reason}
    if candidates:
        reasons |= {id(stack): "is nothing that a rule looks for" for stack in free if stack not in known}
        return _choice(stacks, candidates, reasons)
    return _choice_without_rules(stacks, free, reasons)


def choose_series(stacks: Sequence[Stack], series_uid: str, rules: Rules) -> Choice:
    """The series that the user named, whatever rules say; its stations, where it has several.

    Where it holds several volumes that are no stations of each other, such as echoes, rules choose among these.
    """
    mine = [stack for stack in stacks if stack.series_uid == series_uid]
    usable = [stack for stack in mine if stack.problem is None and stack.geometry is not None]
    by_rules = choose_stacks(mine, rules)
    sets = station_sets(usable)
    if by_rules.sequence is None and len(sets) != 1:
        return Choice(None, (), problem=_problem_of_series(mine, series_uid))
    sequence = by_rules.sequence or sets[0]
    used = {id(stack) for stack in sequence.read}
    verdicts = (_named(stack, id(stack) in used) for stack in stacks)
    return Choice(sequence, tuple(verdicts), notes=_notes(sequence))


def choice_by_series(stacks: Iterable[Stack], rules: Rules | None = None) -> Mapping[tuple[str, str], Verdict]:
    """What `choose_stacks` says of every stack, by SeriesInstanceUID and name; of any number of studies and patients.

    Raises:
        InputError: where the packaged rules cannot be read.
    """
    rules, studies = rules or read_rules(), defaultdict(list)
    for stack in stacks:
        studies[stack.patient_id, stack.study_uid].append(stack)
    verdicts: dict[tuple[str, str], Verdict] = {}
    for study in studies.values():
        found = choose_stacks(study, rules).verdicts
        verdicts |= {(stack.series_uid, stack.name): each for stack, each in zip(study, found, strict=True)}
    return MappingProxyType(verdicts)


def _refusal(stack: Stack, rules: Rules) -> str | None:
    if stack.problem is not None or stack.geometry is None:
        return stack.problem[0] if stack.problem else "is no volume"
    rule = first_that_holds(rules.refuse, facts_of(stack, _length_mm([stack])))
    return f"is {rule.name}" if rule else None


def _kind(stack: Stack, rules: Rules) -> tuple[str, float] | None:
    rule = first_that_holds(rules.sequences, facts_of(stack, _length_mm([stack])))
    return (rule.name, rule.score) if rule else None


def _length_mm(stacks: Sequence[Stack]) -> float:
    low, high = bounds_mm(*stacks)
    return float(high[2] - low[2])


def _candidate(sequence: StationSet, rules: Rules) -> _Candidate:
    length = _length_mm(sequence.read)
    kinds = [kind for stack in sequence.members if (kind := _kind(stack, rules))]
    name, score = max(kinds, key=lambda kind: kind[1])
    facts = [facts_of(stack, length) for stack in sequence.read]
    liked = {rule.name: rule.score for rule in rules.prefer if any(rule.holds(each) for each in facts)}
    words = dict.fromkeys((name, plane_of(sequence.read[0]), *liked))
    return _Candidate(sequence, score + sum(liked.values()), ", ".join(words))


def _rank(candidate: _Candidate) -> tuple[float, float, tuple[str, float]]:
    """Of equals the longer, then the later."""
    read = candidate.sequence.read
    return candidate.score, round(_length_mm(read)), max(age(stack) for stack in read)


def _choice(stacks: Sequence[Stack], candidates: Sequence[_Candidate], reasons: Mapping[int, str]) -> Choice:
    best, *others = candidates
    said = dict(reasons) | _reasons_of(best.sequence, best.reason)
    first = label_of(best.sequence.read[0])
    for other in others:
        text = f"is {other.reason}, but {first} counts more ({best.score:g} against {other.score:g})"
        said |= {id(stack): text for stack in (*other.sequence.members, *(one for one, _ in other.sequence.left_out))}
    used = {id(stack) for stack in best.sequence.read}
    verdicts = tuple(Verdict(id(stack) in used, said[id(stack)]) for stack in stacks)
    return Choice(best.sequence, verdicts, _notes(best.sequence))


def _reasons_of(sequence: StationSet, reason: str) -> dict[int, str]:
    said = {id(stack): why for stack, why in sequence.left_out}
    if sequence.composed is None:
        count = len(sequence.stations)
        many = [f", station {place} of {count}" if count > 1 else "" for place in range(1, count + 1)]
        return said | {id(stack): f"is {reason}{text}" for stack, text in zip(sequence.stations, many, strict=True)}
    of = f", composed of {len(sequence.stations)} stations" if sequence.stations else ", composed"
    in_it = f"is a station of {label_of(sequence.composed)}, which is used"
    return said | {id(stack): in_it for stack in sequence.stations} | {id(sequence.composed): f"is {reason}{of}"}


def _choice_without_rules(stacks: Sequence[Stack], free: Sequence[Stack], reasons: Mapping[int, str]) -> Choice:
    sets = station_sets(free)
    if len(sets) == 1:
        said = {**reasons, **_reasons_of(sets[0], "the only sequence, though no rule knows it")}
        used = {id(stack) for stack in sets[0].read}
        verdicts = tuple(Verdict(id(stack) in used, said[id(stack)]) for stack in stacks)
        note = f"No rule knows {label_of(sets[0].read[0])}; it is the only sequence of the study."
        return Choice(sets[0], verdicts, (note, *_notes(sets[0])))
    said = {**reasons, **{id(stack): "is nothing that a rule looks for" for stack in free}}
    verdicts = tuple(Verdict(False, said[id(stack)]) for stack in stacks)
    listed = [f"{label_of(stack)} {said[id(stack)]}" for stack in stacks]
    return Choice(None, verdicts, problem=_problem(stacks, listed))


def _problem(stacks: Sequence[Stack], listed: Sequence[str]) -> tuple[str, str]:
    if len(stacks) == 1 and stacks[0].problem is not None:
        return stacks[0].problem
    more = f", and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return f"has no series that can be chosen ({', '.join(listed[:_SHOWN])}{more})", _BY_HAND


def _problem_of_series(mine: Sequence[Stack], series_uid: str) -> tuple[str, str]:
    if not mine:
        return f"has no series {series_uid}", "crmo-seg inspect lists what there is"
    problem = next((stack.problem for stack in mine if stack.problem), None)
    if problem is not None:
        return f"series {series_uid} {problem[0]}", problem[1]
    names = ", ".join(stack.name or "one without a name" for stack in mine)
    remedy = "write them with crmo-seg inspect --write and give the NIfTI file"
    return f"series {series_uid} holds {len(mine)} volumes ({names})", remedy


def _named(stack: Stack, used: bool) -> Verdict:
    return Verdict(used, "is the series that --series names" if used else "is not the series that --series names")


def _notes(sequence: StationSet) -> tuple[str, ...]:
    notes = [f"{label_of(stack)} {reason}; it was left out." for stack, reason in sequence.left_out]
    return tuple(note[0].upper() + note[1:] for note in notes)
