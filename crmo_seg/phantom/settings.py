"""What a phantom is drawn from: one tree of settings, read from a YAML file.

The files in ``presets/`` are the shipped ones; ``--preset FILE.yaml`` takes any other. A file names only what differs
from the defaults of the dataclasses below.
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from crmo_seg.errors import InputError
from crmo_seg.keys import STIR
from crmo_seg.phantom.body.person import AGE_RANGE_YEARS
from crmo_seg.phantom.body.settings import BodySettings
from crmo_seg.phantom.edema.settings import EdemaSettings
from crmo_seg.phantom.normal.settings import NormalSettings
from crmo_seg.phantom.plain.presets import PLAIN
from crmo_seg.phantom.scan.settings import ScanSettings
from crmo_seg.phantom.scan.settings import as_tiny as tiny_scan
from crmo_seg.phantom.signal.contrast import ContrastSettings
from crmo_seg.phantom.signal.sequences import SEQUENCE_NAMES

Settings = TypeVar("Settings")

PRESETS_DIR: Final = Path(__file__).parent / "presets"
EXAM_PREFIX: Final = "exam_"
"""Of the presets that no training may use."""


@dataclass(frozen=True)
class PhantomSettings:
    """A population of children and the way they are scanned.

    Attributes:
        age_years: at the first visit, drawn evenly.
        months_between_visits: drawn evenly for each visit after the first.
        sequences: of each study; all lie on one grid.
        body: how unlike each other the children are.
        edema: how many children are ill, how large and bright their lesions are.
        normal: look-alikes.
        contrast: by physics, or randomised.
        scan: views, slices, stations, artefacts.

    Raises:
        InputError: for ages beyond 3 to 17 years or a sequence that the phantom does not have.
    """

    age_years: tuple[float, float] = AGE_RANGE_YEARS
    months_between_visits: tuple[float, float] = (4.0, 14.0)
    sequences: tuple[str, ...] = (STIR,)
    body: BodySettings = field(default_factory=BodySettings)
    edema: EdemaSettings = field(default_factory=EdemaSettings)
    normal: NormalSettings = field(default_factory=NormalSettings)
    contrast: ContrastSettings = field(default_factory=ContrastSettings)
    scan: ScanSettings = field(default_factory=ScanSettings)

    def __post_init__(self) -> None:
        youngest, oldest = self.age_years
        if not AGE_RANGE_YEARS[0] <= youngest <= oldest <= AGE_RANGE_YEARS[1]:
            raise InputError("age_years", f"is {youngest:g} to {oldest:g}", "give ages of 3 to 17 years, rising")
        if not 0 < self.months_between_visits[0] <= self.months_between_visits[1]:
            raise InputError("months_between_visits", f"is {self.months_between_visits}", "give two numbers, rising")
        unknown = [name for name in self.sequences if name not in SEQUENCE_NAMES]
        if unknown or len(set(self.sequences)) < max(len(self.sequences), 1):
            problem = f"is {', '.join(self.sequences) or 'empty'}"
            raise InputError("sequences", problem, f"give each once, of: {', '.join(SEQUENCE_NAMES)}")


def as_tiny(settings: PhantomSettings) -> PhantomSettings:
    """The same children on coarse grids, coronal whole bodies only; for tests."""
    return replace(settings, scan=tiny_scan(settings.scan))


def preset_names() -> tuple[str, ...]:
    """The shipped presets that are files; ``plain`` is none, it has settings of its own."""
    return tuple(sorted(path.stem for path in PRESETS_DIR.glob("*.yaml")))


def read_preset(name: str) -> PhantomSettings:
    """The settings of a shipped preset, or of a YAML file.

    Raises:
        InputError: where there is no such preset or file, or it names an unknown or impossible setting.
    """
    path = Path(name) if name.endswith((".yaml", ".yml")) else PRESETS_DIR / f"{name}.yaml"
    if not path.is_file():
        usual = [name for name in preset_names() if not name.startswith(EXAM_PREFIX)]
        remedy = f"give a YAML file that exists, or one of: {', '.join((*usual, PLAIN.name))}, or a family of the exam"
        raise InputError(f"preset {name!r}", "is not known", remedy)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(path, f"is no YAML ({str(error).splitlines()[0]})", "mend it") from None
    try:
        return settings_from(PhantomSettings, content if content is not None else {}, "preset")
    except InputError as error:
        raise InputError(path, f"{error.source}: {error.problem}", error.remedy) from None


def settings_from(kind: type[Settings], content: Any, where: str) -> Settings:  # noqa: ANN401  (from YAML)
    """A dataclass of settings from nested mappings; what is not named keeps its default.

    Raises:
        InputError: where a name is unknown or missing, or a value is of another kind than the setting.

    >>> settings_from(PhantomSettings, {"age_years": [4, 9], "edema": {"lesion_free": 0.5}}, "preset").edema.lesion_free
    0.5
    """
    if not isinstance(content, Mapping):
        raise InputError(where, f"is {content!r}", "write it as names with values")
    kinds = typing.get_type_hints(kind)
    names = [one.name for one in dataclasses.fields(kind)]  # type: ignore[arg-type]
    unknown = [name for name in content if name not in names]
    if unknown:
        raise InputError(where, f"has no setting {unknown[0]!r}", f"it has: {', '.join(names)}")
    missing = [name for name in _without_default(kind) if name not in content]
    if missing:
        raise InputError(where, f"lacks {missing[0]!r}", f"give all of: {', '.join(_without_default(kind))}")
    values = {name: _value(kinds[name], value, f"{where}.{name}") for name, value in content.items()}
    return kind(**values)


def _without_default(kind: Any) -> list[str]:  # noqa: ANN401  (types as values)
    """Settings that a file has to name."""
    absent = dataclasses.MISSING
    return [one.name for one in dataclasses.fields(kind) if one.default is absent and one.default_factory is absent]


def _value(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401  (types as values)
    """One value, checked against the annotation of its setting."""
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return settings_from(kind, value, where)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _value(arguments[0], value, where)
    if origin is typing.Literal:
        return _checked(value in arguments, value, where, f"give one of: {', '.join(map(str, arguments))}")
    if origin is tuple:
        return _tuple(arguments, value, where)
    truth_value = isinstance(value, bool)  # which Python counts as a whole number
    if kind is float:
        number = isinstance(value, int | float) and not truth_value and math.isfinite(value)
        return float(_checked(number, value, where, "give a number"))
    if kind is int:
        return _checked(isinstance(value, int) and not truth_value, value, where, "give a whole number")
    return _checked(isinstance(value, kind), value, where, f"give a {kind.__name__}")


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401
    endless = len(kinds) == 2 and kinds[1] is Ellipsis
    expected = "a list" if endless else f"a list of {len(kinds)}"
    right = isinstance(value, list | tuple) and (endless or len(value) == len(kinds))
    _checked(right, value, where, f"give {expected}")
    wanted = [kinds[0]] * len(value) if endless else kinds
    return tuple(_value(kind, item, where) for kind, item in zip(wanted, value, strict=True))


def _checked(right: bool, value: Any, where: str, remedy: str) -> Any:  # noqa: ANN401
    if not right:
        raise InputError(where, f"is {value!r}", remedy)
    return value
