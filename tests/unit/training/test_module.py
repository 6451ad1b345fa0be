import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from builders import make_plan

from crmo_seg.cases import Case
from crmo_seg.data.sample import CASE, IMAGE, Sample, label_key, labelled_key
from crmo_seg.network import UNet
from crmo_seg.plan import EDEMA_HEAD, Head, NetworkPlan
from crmo_seg.training.datamodule import SPACING_MM
from crmo_seg.training.losses import DiceCrossEntropy
from crmo_seg.training.module import VALIDATED, SegmentationModule

PARTS = Head("parts", ("first", "second"))


def make_module(
    weights: dict[str, float] | None = None, network: NetworkPlan | None = None
) -> tuple[SegmentationModule, dict[str, float]]:
    torch.manual_seed(0)
    plan = make_plan(heads=(EDEMA_HEAD, PARTS))
    plan = plan if network is None else replace(plan, network=network)
    module = SegmentationModule(
        plan=plan,
        network=UNet(1, plan.network, plan.heads),
        losses={head.name: DiceCrossEntropy() for head in plan.heads},
        head_weights=weights or {},
        optimizer=torch.optim.SGD,
        schedule=lambda progress: 1 - progress,
    )
    logged: dict[str, float] = {}
    module.log = lambda name, value, **_: logged.update({name: float(torch.as_tensor(value).detach())})  # type: ignore[method-assign,assignment]
    return module, logged


def make_batch() -> Sample:
    labels = torch.zeros(2, 1, 8, 8, 4, dtype=torch.uint8)
    labels[:, :, 2:4] = 1
    batch: Sample = {IMAGE: torch.randn(2, 1, 8, 8, 4)}
    for head in ("edema", "parts"):
        batch |= {label_key(head): labels, labelled_key(head): torch.ones(2)}
    return batch


def test_the_loss_is_the_weighted_sum_over_heads() -> None:
    module, logged = make_module({"parts": 0.25})
    total = module.training_step(make_batch(), 0)
    assert total.item() == pytest.approx(logged["train/edema_loss"] + 0.25 * logged["train/parts_loss"], rel=1e-5)
    assert logged["train/loss"] == pytest.approx(total.item())


def test_the_last_layers_learn_at_their_own_rate() -> None:
    module, _ = make_module()
    module.output_rate = 30.0
    by_rate = {group["rate"]: group["params"] for group in module._groups()}
    assert set(by_rate) == {1.0, 30.0}
    assert {id(weight) for weight in by_rate[30.0]} <= {id(weight) for weight in module.network.heads.parameters()}
    assert len(by_rate[1.0]) + len(by_rate[30.0]) == sum(p.requires_grad for p in module.network.parameters())


def test_every_parameter_of_the_finest_output_learns() -> None:
    module, _ = make_module()
    module.training_step(make_batch(), 0).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in module.network.decoder.parameters())


def test_what_is_not_supervised_is_frozen_and_nothing_else() -> None:
    """DDP waits for the gradient of every parameter that is not frozen."""
    torch.manual_seed(0)
    stages = NetworkPlan((4, 6, 8), ((1, 1, 1), (2, 2, 1), (2, 2, 2)), ((3, 3, 1), (3, 3, 3), (3, 3, 3)))
    module, _ = make_module(network=stages)
    module.training_step(make_batch(), 0).backward()
    without = {name for name, weight in module.network.named_parameters() if weight.grad is None}
    assert without == {name for name, weight in module.network.named_parameters() if not weight.requires_grad}
    assert without == {f"heads.{head}.0.{kind}" for head in ("edema", "parts") for kind in ("weight", "bias")}


def make_case(case_id: str = "a") -> Sample:
    label = np.zeros((1, 10, 9, 6), np.uint8)
    label[:, 2:5] = 1
    sample: Sample = {IMAGE: np.random.default_rng(0).normal(size=(1, 10, 9, 6)).astype(np.float32)}
    sample |= {CASE: Case(case_id, case_id), SPACING_MM: (5.0, 4.0, 5.0)}
    sample |= {label_key("edema"): label, labelled_key("edema"): np.float32(1)}
    return sample | {label_key("parts"): label, labelled_key("parts"): np.float32(0)}


def test_validation_pools_whole_cases_and_starts_afresh() -> None:
    module, logged = make_module()
    module.eval()
    with torch.inference_mode():
        validated = module.validation_step(make_case(), 0)[VALIDATED]
    module.on_validation_epoch_end()
    assert 0 <= logged["val/edema_dice"] < 1
    assert math.isnan(logged["val/parts_dice"]), "no case has this label"
    assert module.scores == (validated.scores,)
    assert validated.classes["parts"].shape == validated.probabilities["edema"].shape == (10, 9, 6)
    assert validated.scores.lesions is not None
    assert validated.scores.lesions.n_ref == 1
    module.on_validation_epoch_end()
    assert math.isnan(logged["val/edema_dice"]), "the cases of the last epoch are forgotten"


def test_a_case_that_two_ranks_validated_counts_once() -> None:
    module, _ = make_module()
    module.eval()
    with torch.inference_mode():
        for case_id in ("b", "a", "b"):
            module.validation_step(make_case(case_id), 0)
    module.on_validation_epoch_end()
    assert [one.case_id for one in module.scores] == ["a", "b"]
