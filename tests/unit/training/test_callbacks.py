from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from builders import make_plan
from lightning.pytorch.trainer.states import TrainerFn

from crmo_seg.cases import Case
from crmo_seg.data.sample import CASE, IMAGE, Sample, label_key, labelled_key
from crmo_seg.network import UNet
from crmo_seg.training.callbacks import OperatingPointSearch, ValidationTable, WorstCases
from crmo_seg.training.datamodule import SPACING_MM
from crmo_seg.training.losses import DiceCrossEntropy
from crmo_seg.training.metrics import CaseScores, class_voxels
from crmo_seg.training.module import VALIDATED, SegmentationModule, Validated


@pytest.fixture
def module() -> SegmentationModule:
    plan = make_plan()
    network = UNet(1, plan.network, plan.heads)
    return SegmentationModule(plan, network, {"edema": DiceCrossEntropy()}, {}, torch.optim.SGD, lambda _: 1.0)


def trainer_of(function: TrainerFn = TrainerFn.FITTING, epoch: int = 4, first: bool = True) -> Any:  # noqa: ANN401
    return SimpleNamespace(state=SimpleNamespace(fn=function), current_epoch=epoch, is_global_zero=first)


def validated(case_id: str, wrong: int, module: SegmentationModule) -> tuple[dict[str, Validated], Sample]:
    """Four slices of edema, of which the prediction lacks some."""
    ref = np.zeros((6, 5, 4), np.uint8)
    ref[:4] = 1
    pred = ref.copy()
    pred[:wrong] = 0
    voxels = {"edema": class_voxels(pred=pred, ref=ref, head=module.plan.heads[0])}
    probability = np.where(pred, 0.7, 0.3).astype(np.float32)[None]
    sample = {CASE: Case(case_id, case_id), IMAGE: np.zeros((1, 6, 5, 4), np.float32), SPACING_MM: (5.0, 4.0, 5.0)}
    sample |= {label_key("edema"): ref[None], labelled_key("edema"): np.float32(1)}
    return {VALIDATED: Validated(CaseScores(case_id, voxels), {"edema": probability[0]}, {"edema": pred})}, sample


def test_each_validation_has_a_table(module: SegmentationModule, tmp_path: Path) -> None:
    module.scores = tuple(validated(name, wrong, module)[0][VALIDATED].scores for name, wrong in (("a", 0), ("b", 2)))
    table = ValidationTable(str(tmp_path / "validation"))
    table.on_validation_end(trainer_of(), module)
    table.on_validation_end(trainer_of(TrainerFn.VALIDATING), module)
    table.on_validation_end(trainer_of(epoch=9, first=False), module)
    assert [path.name for path in (tmp_path / "validation").iterdir()] == ["epoch_0004.csv"], "after training none"
    assert (tmp_path / "validation" / "epoch_0004.csv").read_text() == "case_id,edema_dice\na,1.0\nb,0.6667\n"


def test_the_worst_cases_are_drawn_and_replace_those_before(module: SegmentationModule, tmp_path: Path) -> None:
    worst = WorstCases(str(tmp_path / "validation" / "worst"), count=2)
    for wrongs in ({"old": 4}, {"good": 0, "bad": 3, "fair": 1}):
        for index, (name, wrong) in enumerate(wrongs.items()):
            worst.on_validation_batch_end(trainer_of(), module, *validated(name, wrong, module), index)
        worst.on_validation_epoch_end(trainer_of(), module)
    names = sorted(path.name for path in (tmp_path / "validation" / "worst").iterdir())
    assert names == ["1_bad_dice_0.40.png", "2_fair_dice_0.86.png"]


def test_only_the_first_rank_draws(module: SegmentationModule, tmp_path: Path) -> None:
    worst = WorstCases(str(tmp_path / "worst"))
    worst.on_validation_batch_end(trainer_of(), module, *validated("a", 1, module), 0)
    worst.on_validation_epoch_end(trainer_of(first=False), module)
    assert list(tmp_path.iterdir()) == []


def test_the_operating_point_is_searched_on_all_labelled_cases(module: SegmentationModule) -> None:
    search = OperatingPointSearch()
    for index, wrong in enumerate((0, 1)):
        search.on_validation_batch_end(trainer_of(), module, *validated(f"case{index}", wrong, module), index)
    output, unlabelled = validated("none", 0, module)
    search.on_validation_batch_end(trainer_of(), module, output, unlabelled | {labelled_key("edema"): 0.0}, 2)
    search.on_validation_epoch_end(trainer_of(), module)
    point = search.best()
    assert point.counts is not None
    assert (point.counts.n_ref, point.counts.f1) == (2, 1.0)
    assert point.threshold == 0.5
