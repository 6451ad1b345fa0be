"""``plan.yaml``: a plan that a person can read, with the reason of each number above it, and read back."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import yaml

from crmo_seg.errors import InputError
from crmo_seg.files import written_whole
from crmo_seg.plan.contract import Plan
from crmo_seg.plan.cost import memory_gb, parameters, step_gflop
from crmo_seg.plan.fingerprint import Fingerprint
from crmo_seg.plan.planner import Planned
from crmo_seg.plan.settings import Budget

PLAN_FILE: Final = "plan.yaml"

_WIDTH: Final = 110
_HEADER = (
    "Planned from the cases of the manifest. Any number can be given instead, for example network.patch=[64,64,32]."
)
_NOTES: Final = {
    "estimate": "Of a training step in 32 bit.",
    "budget": "The plan keeps within these: network.budget in the configuration.",
    "fingerprint": "The cases: smallest, percentiles 10, 50 and 90, and largest value.",
}


def write_plan(path: Path, planned: Planned) -> None:
    """Write a plan as YAML with comments, complete or not at all.

    Raises:
        InputError: where the disk is full or the folder cannot be written.
    """
    with written_whole(path) as part:
        part.write_text(plan_text(planned), encoding="utf-8")


def plan_text(planned: Planned) -> str:
    """The content of ``plan.yaml``."""
    plan, batch_size = planned.plan, planned.batch_size
    estimate = {
        "parameters": parameters(plan),
        "step_gflop": round(step_gflop(plan, batch_size), 1),
        "memory_gb": round(memory_gb(plan, batch_size), 2),
    }
    data = {"batch_size": batch_size, **plan.to_dict(), "estimate": estimate, "budget": asdict(planned.budget)}
    data["fingerprint"] = planned.fingerprint.to_dict()
    return "\n".join([*_comment(_HEADER, ""), *_lines(data, {**planned.reasons, **_NOTES}), ""])


def read_plan(path: Path) -> Planned:
    """A plan that ``write_plan`` wrote; the reasons stay in the file.

    Raises:
        InputError: where it is missing, no YAML, or lacks a key.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        plan = Plan.from_dict(data)
        fingerprint = Fingerprint.from_dict(data["fingerprint"])
        return Planned(plan, int(data["batch_size"]), fingerprint, Budget(**data["budget"]))
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "give the plan.yaml of a training") from None
    except InputError as error:
        raise InputError(path, f"{error.source} {error.problem}", error.remedy) from None
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        problem = f"is no plan ({' '.join(str(error).split())})"
        raise InputError(path, problem, "plan again, or undo the change to the file") from None


def _lines(data: Mapping[str, Any], notes: Mapping[str, str], place: str = "") -> Iterator[str]:
    """YAML of a tree of mappings; what holds no mapping stands on one line."""
    indent = "  " * place.count(".")
    for key, value in data.items():
        note = notes.get(f"{place}{key}")
        if not place and note:
            yield ""
        yield from _comment(note, indent) if note else ()
        if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield f"{indent}{_flow(key)}:"
            yield from (f"{indent}- {_flow(item)}" for item in value)
        elif isinstance(value, Mapping) and any(isinstance(item, Mapping | list) for item in value.values()):
            yield f"{indent}{_flow(key)}:"
            yield from _lines(value, notes, f"{place}{key}.")
        else:
            yield f"{indent}{_flow(key)}: {_flow(value)}"


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# ")


def _flow(value: object) -> str:
    dumped = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000, allow_unicode=True)
    return dumped.removesuffix("\n").removesuffix("\n...")
