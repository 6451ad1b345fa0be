"""Settings of the node: a YAML file that names only what differs from the defaults here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from crmo_seg.errors import InputError
from crmo_seg.inference.modes import DEFAULT

_Settings = TypeVar("_Settings", "NodeSettings", "Destination")

_REMEDY: Final = "docs/node.md lists the settings"


@dataclass(frozen=True)
class Destination:
    """Where the DICOM results go besides the prediction folder; nowhere where nothing is given.

    Attributes:
        folder: the files are copied there, all in one folder.
        url: root of a DICOMweb service, to which they are sent by STOW-RS.
        authorization_variable: environment variable that holds the value of the header ``Authorization`` for ``url``.
    """

    folder: Path | None = None
    url: str | None = None
    authorization_variable: str | None = None

    def __post_init__(self) -> None:
        if self.url is not None and not self.url.startswith(("http://", "https://")):
            raise InputError("results_to, url", f"is {self.url!r}", "give an address that begins with http or https")
        if self.authorization_variable is not None and self.url is None:
            raise InputError("results_to, authorization_variable", "stands without url", "give both, or neither")

    @property
    def is_somewhere(self) -> bool:
        """Whether there is anything to send to."""
        return self.folder is not None or self.url is not None


@dataclass(frozen=True)
class NodeSettings:
    """How the node waits, reads, predicts and sends.

    Attributes:
        model: folder of a model bundle, or the name of a shipped model; None for the default model.
        device: auto, cpu, cuda or mps.
        mode: fast, default or best.
        rules: YAML file of rules that say which series to read; None for those that come with the package.
        probability: write the probability of edema too.
        quiet_s: a study is complete when none of its files is new or has grown for so long.
        poll_s: pause between two looks at the folder.
        send_again_s: pause before results that were not taken are sent again.
        most_starts: a study that the node did not survive so many times is given up.
        results_to: where the DICOM results go besides the prediction folder.
    """

    model: str | None = None
    device: str = "auto"
    mode: str = DEFAULT.name
    rules: Path | None = None
    probability: bool = False
    quiet_s: float = 60.0
    poll_s: float = 5.0
    send_again_s: float = 60.0
    most_starts: int = 3
    results_to: Destination = field(default_factory=Destination)

    def __post_init__(self) -> None:
        for name, least in (("quiet_s", 0.0), ("poll_s", 0.1), ("send_again_s", 0.0), ("most_starts", 1)):
            value = getattr(self, name)
            if not (least <= value < math.inf):
                raise InputError(name, f"is {value:g}", f"give a number of at least {least:g}")


def read_settings(path: Path | None) -> NodeSettings:
    """Settings of a YAML file; relative paths in it start from its folder. The defaults where none is given.

    Raises:
        InputError: where the file cannot be read, or a setting is unknown or of another type.
    """
    if path is None:
        return NodeSettings()
    given = _load(path)
    here = path.absolute().parent
    try:
        places = _read(path, Destination(), _mapping(path, "results_to", given.pop("results_to", {})), here)
        return replace(_read(path, NodeSettings(), given, here), results_to=places)
    except InputError as error:
        source = error.source if error.source == path else f"{path}, {error.source}"
        raise InputError(source, error.problem, error.remedy) from error


def _load(path: Path) -> dict[str, Any]:
    try:
        return dict(_mapping(path, "the file", yaml.safe_load(path.read_text(encoding="utf-8")) or {}))
    except FileNotFoundError:
        raise InputError(path, "does not exist", "give a YAML file of settings") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        text = " ".join(str(error).split())
        raise InputError(path, f"is no YAML file that can be read ({text})", _REMEDY) from error


def _mapping(path: Path, what: str, given: object) -> Mapping[str, Any]:
    if not isinstance(given, dict):
        raise InputError(path, f"{what} is no list of names and values", _REMEDY)
    return {str(name): value for name, value in given.items()}


def _read(path: Path, defaults: _Settings, given: Mapping[str, Any], here: Path) -> _Settings:
    types = {each.name: str(each.type) for each in fields(defaults) if each.name != "results_to"}
    for name in given:
        if name not in types:
            raise InputError(path, f"has the unknown setting {name}", f"known are {', '.join(types)}")
    values: dict[str, Any] = {name: _value(name, types[name], value, here) for name, value in given.items()}
    return replace(defaults, **values)


def _value(name: str, kind: str, value: object, here: Path) -> object:
    """A YAML value as the type of its field; a path that begins with a folder's name starts from ``here``."""
    if value is None and kind.endswith("| None"):
        return None
    wanted = kind.removesuffix(" | None")
    if wanted == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if wanted == "Path" and isinstance(value, str):
        return here / value
    if type(value).__name__ == wanted:
        return value
    raise InputError(name, f"is {value!r}", f"give a value of type {wanted}")
