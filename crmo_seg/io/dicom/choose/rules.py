"""Rules over DICOM headers, from a YAML file that a site can change: which series are analysed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final, TypeAlias

import yaml

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read.header import HEADER_KEYWORDS
from crmo_seg.io.dicom.types import HeaderValue

PACKAGED_RULES: Final = "rules.yaml"
COMPUTED_KEYWORDS: Final = ("description", "plane", "head_to_feet_mm")
"""What rules may look at besides `HEADER_KEYWORDS`."""

_SECTIONS = ("refuse", "sequences", "prefer")
_REMEDY = "see the comments in the file that comes with the package"

Range: TypeAlias = tuple[float, float]
Condition: TypeAlias = re.Pattern[str] | Range


@dataclass(frozen=True)
class Rule:
    """One rule: holds where all its conditions do.

    Attributes:
        name: what it finds, in words that end up in tables.
        conditions: by DICOM or computed keyword.
        score: how much it counts; of no meaning where a rule refuses.
    """

    name: str
    conditions: Mapping[str, Condition]
    score: float = 0.0

    def holds(self, facts: Mapping[str, HeaderValue]) -> bool:
        """Whether the header fits.

        >>> rule = Rule("STIR", {"InversionTime": (100, 280), "ScanningSequence": re.compile("^IR$")})
        >>> rule.holds({"InversionTime": 160.0, "ScanningSequence": ("SE", "IR")}), rule.holds({"InversionTime": 160.0})
        (True, False)
        """
        return all(_fits(condition, facts.get(keyword)) for keyword, condition in self.conditions.items())


@dataclass(frozen=True)
class Rules:
    """All rules of a file, in its order.

    Attributes:
        refuse: the first that holds excludes a series.
        sequences: the first that holds says what a series is.
        prefer: all that hold add to the score.
    """

    refuse: tuple[Rule, ...]
    sequences: tuple[Rule, ...]
    prefer: tuple[Rule, ...]


def first_that_holds(rules: Iterable[Rule], facts: Mapping[str, HeaderValue]) -> Rule | None:
    """The first rule that the header fits; None where there is none."""
    return next((rule for rule in rules if rule.holds(facts)), None)


def read_rules(path: Path | None = None) -> Rules:
    """Rules of a YAML file; of the one that comes with the package where none is given.

    Raises:
        InputError: where the file cannot be read, or a rule in it is not understood.
    """
    source, content = path or Path(PACKAGED_RULES), _load(path)
    if not isinstance(content, dict) or set(content) != set(_SECTIONS):
        found = ", ".join(map(str, content)) if isinstance(content, dict) else type(content).__name__
        raise InputError(source, f"has not the parts {', '.join(_SECTIONS)} (found: {found})", _REMEDY)
    parts = {name: tuple(_rules(source, name, content[name])) for name in _SECTIONS}
    return Rules(**parts)


def _fits(condition: Condition, value: HeaderValue) -> bool:
    if value is None:
        return False
    if isinstance(condition, tuple):
        return isinstance(value, int | float) and condition[0] <= value <= condition[1]
    values = value if isinstance(value, tuple) else (value,)
    return any(condition.search(each if isinstance(each, str) else f"{each:g}") for each in values)


def _load(path: Path | None) -> object:
    try:
        text = (path or files("crmo_seg.io.dicom.choose") / PACKAGED_RULES).read_text(encoding="utf-8")
        return yaml.safe_load(text)
    except FileNotFoundError:
        raise InputError(path, "does not exist", "give a YAML file of rules") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        text = " ".join(str(error).split())
        raise InputError(path, f"is no YAML file that can be read ({text})", _REMEDY) from error


def _rules(source: Path, part: str, entries: object) -> Iterable[Rule]:
    if not isinstance(entries, list | None):
        raise InputError(source, f"{part} is no list", _REMEDY)
    for number, entry in enumerate(entries or [], 1):
        try:
            yield _rule(part, entry)
        except (KeyError, TypeError, ValueError, re.error) as error:
            raise InputError(source, f"rule {number} of {part} is not understood ({error})", _REMEDY) from error


def _rule(part: str, entry: object) -> Rule:
    wanted = {"name", "when"} if part == "refuse" else {"name", "when", "score"}
    if not isinstance(entry, dict) or set(entry) != wanted:
        raise ValueError(f"a rule of this part has {', '.join(sorted(wanted))}")
    when = entry["when"]
    if not isinstance(when, dict) or not when:
        raise ValueError("when has no condition")
    conditions = {_known(keyword): _condition(value) for keyword, value in when.items()}
    return Rule(str(entry["name"]), conditions, float(entry.get("score", 0)))


def _known(keyword: object) -> str:
    if keyword not in (*COMPUTED_KEYWORDS, *HEADER_KEYWORDS):
        known = ", ".join((*COMPUTED_KEYWORDS, *sorted(HEADER_KEYWORDS)))
        raise ValueError(f"{keyword} is not one of the keywords that are read: {known}")
    return str(keyword)


def _condition(value: object) -> Condition:
    if isinstance(value, str):
        return re.compile(value, re.IGNORECASE)
    if isinstance(value, list) and len(value) == 2:
        low, high = float(value[0]), float(value[1])
        if low <= high:
            return low, high
    raise ValueError(f"{value!r} is neither a text nor two numbers, the smaller one first")
