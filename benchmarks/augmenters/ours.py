"""The transforms of ``crmo_seg.data.augment``."""

from __future__ import annotations

from typing import Any

import numpy as np
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from augmenters.inputs import Draw, Patch, case_of
from crmo_seg.data.augment.spatial import RandBendd, is_of_window
from crmo_seg.data.pipeline import training_pipeline
from crmo_seg.data.sample import AIR, CENTRE_ON_FOREGROUND, FOREGROUND, IMAGE, label_key, labelled_key
from crmo_seg.data.sampling import CutPatchd, PlacePatchd
from crmo_seg.plan import GridPlan, Head, NetworkPlan, Plan
from crmo_seg.training.app import configs_dir


def draws_of(patch: Patch) -> dict[str, Draw]:
    """The transforms of crmo_seg.data.augment, each acting always; the pipelines with their probabilities."""
    sample, plan = _prepared(patch)
    cut = CutPatchd(plan)
    placed = _place(sample, plan)
    patch_sample = cut(placed)

    def alone(step: Any) -> Draw:  # noqa: ANN401
        step.prob, step.channel_prob = 1.0, 1.0
        if is_of_window(step):
            return lambda seed: cut(step.set_random_state(seed=seed)(placed))
        return lambda seed: step.set_random_state(seed=seed)(patch_sample)

    rows: dict[str, Draw] = {"crop": lambda seed: cut(placed)}
    rows |= {name.replace("_", " "): alone(step) for name, step in _steps("whole_body").items()}
    rows["bend"] = alone(RandBendd(1.0, 2.0))
    del rows["paste lesion"], rows["inverted gamma"]
    for name in ("nnunet", "default", "whole_body"):
        rows[f"all of {name}"] = _pipeline(sample, plan, list(_steps(name).values()))
    return rows


def _steps(name: str) -> dict[str, Any]:
    with initialize_config_dir(str(configs_dir()), version_base="1.3"):
        config = compose("train", overrides=[f"augmentation={name}"])
    named: dict[str, Any] = instantiate(config.augmentation.steps, _convert_="all")
    return named


def _prepared(patch: Patch) -> tuple[dict[Any, Any], Plan]:
    image, label = case_of(patch)
    positions = np.argwhere(label[0])[::50]
    network = NetworkPlan((4, 8), ((1, 1, 1), (2, 2, 1)), ((3, 3, 3), (3, 3, 3)))
    plan = Plan(("stir", "t1"), (Head("edema", ("a", "b")),), GridPlan(1.0, (1.0, 1.0)), patch, network)
    arrays = {IMAGE: image, label_key("edema"): label, AIR: image.min(axis=(1, 2, 3))}
    return arrays | {labelled_key("edema"): 1.0, FOREGROUND: positions, CENTRE_ON_FOREGROUND: True}, plan


def _place(sample: dict[Any, Any], plan: Plan) -> dict[Any, Any]:
    place = PlacePatchd(plan)
    place.set_random_state(seed=0)
    placed: dict[Any, Any] = place(sample)
    return placed


def _pipeline(sample: dict[Any, Any], plan: Plan, steps: list[Any]) -> Draw:
    donor = {**sample, FOREGROUND: {"edema": {1: sample[FOREGROUND]}}}
    pipeline = training_pipeline(plan, steps, [donor])
    return lambda seed: pipeline.set_random_state(seed=seed)(sample)
