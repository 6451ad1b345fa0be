import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from crmo_seg.training.averaging import MovingAverage, decay_after


def test_the_average_follows_the_formula() -> None:
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    averaged = AveragedModel(model, **MovingAverage(decay=0.9)._kwargs)
    expected = None
    for step in range(60):
        with torch.no_grad():
            model.weight.add_(torch.randn(2, 3))
        averaged.update_parameters(model)
        decay = decay_after(step, 0.9)
        expected = model.weight.detach().clone() if expected is None else expected.lerp(model.weight, 1 - decay)
    assert torch.allclose(averaged.module.weight, expected, atol=1e-6)


def test_the_memory_is_short_at_first() -> None:
    assert decay_after(1, 0.999) < 0.2
    assert decay_after(1_000, 0.999) < 0.999
    assert decay_after(20_000, 0.999) == 0.999
