"""The plan of a training: the numbers of the configuration, or planned from the cases within a budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from omegaconf import DictConfig

from crmo_seg.cases import Case
from crmo_seg.data.budget import budget_of
from crmo_seg.data.fingerprint import fingerprint
from crmo_seg.errors import InputError
from crmo_seg.plan import Head, Overrides, Plan, Planned, heads_from, planned, read_plan
from crmo_seg.plan.files import PLAN_FILE
from crmo_seg.training.checkpoints import checkpoint_to_resume
from crmo_seg.training.result import plain

BATCH_SIZE: Final = 2
"""Of a fixed network, where the configuration does not say."""


@dataclass(frozen=True)
class ChosenPlan:
    """What is trained.

    Attributes:
        plan: grid, patch, network, heads.
        batch_size: patches a step.
        planned: with its reasons, where it was planned from the cases; None where the configuration says everything.
    """

    plan: Plan
    batch_size: int
    planned: Planned | None = None


def is_planned(config: DictConfig) -> bool:
    """Whether the configuration leaves the plan to the cases."""
    return "budget" in config.network


def choose_plan(config: DictConfig, cases: Sequence[Case]) -> ChosenPlan:
    """The plan of a configuration.

    All cases count, those held out too, as in nnU-Net: so all folds share one plan. A resumed run keeps the plan that
    it began with, on whatever machine it goes on.

    Raises:
        InputError: where the cases cannot be read, nothing fits the budget, or a resumed run has other heads.
    """
    if not is_planned(config):
        return ChosenPlan(fixed_plan(config), config.data.sampling.batch_size or BATCH_SIZE)
    heads, sequences = heads_of(config), tuple(config.data.sequences)
    made = _resumed(config, heads, sequences) if goes_on(config) else _planned(config, cases, sequences, heads)
    return ChosenPlan(made.plan, made.batch_size, made)


def goes_on(config: DictConfig) -> bool:
    """Whether a run is resumed; ``resume_from=last`` begins where there is nothing yet.

    Raises:
        InputError: where the checkpoint that is named does not exist.
    """
    return checkpoint_to_resume(config.resume_from, Path(config.output_dir)) is not None


def heads_of(config: DictConfig) -> tuple[Head, ...]:
    """The heads that a configuration names."""
    return heads_from(plain(config)["data"]["heads"])


def fixed_plan(config: DictConfig) -> Plan:
    """The plan that stands in a configuration, number by number."""
    settings = plain(config)
    return Plan.from_dict(
        {
            "sequences": settings["data"]["sequences"],
            "heads": [{"name": head.name, "classes": head.classes} for head in heads_of(config)],
            "grid": settings["network"]["grid"],
            "patch": settings["network"]["patch"],
            "network": settings["network"]["stages"],
        }
    )


def device_type(accelerator: str) -> str:
    """``cpu``, ``cuda`` or ``mps``: what a trainer's accelerator will run on."""
    known = {"gpu": "cuda", "cuda": "cuda", "mps": "mps", "cpu": "cpu"}
    if accelerator in known:
        return known[accelerator]
    return "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"


def _planned(config: DictConfig, cases: Sequence[Case], sequences: tuple[str, ...], heads: tuple[Head, ...]) -> Planned:
    network: dict[str, Any] = plain(config)["network"]
    budget = budget_of(network["budget"], device_type(config.trainer.accelerator))
    overrides = Overrides.from_settings(network, config.data.sampling.batch_size)
    return planned(fingerprint(cases, sequences, heads), budget, sequences, heads, overrides)


def _resumed(config: DictConfig, heads: tuple[Head, ...], sequences: tuple[str, ...]) -> Planned:
    path = Path(config.output_dir) / PLAN_FILE
    made = read_plan(path)
    if made.plan.heads != heads:
        names = ", ".join(head.name for head in made.plan.heads)
        raise InputError(path, f"was made for the heads {names}", "resume with the same heads, or start anew")
    if made.plan.sequences != sequences:
        names = ", ".join(made.plan.sequences)
        raise InputError(path, f"was made for the sequences {names}", "resume with the same sequences, or start anew")
    return made
