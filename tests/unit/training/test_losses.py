import pytest
import torch
from monai.losses import DiceCELoss
from torch.nn import functional

from crmo_seg.training.losses import DiceCrossEntropy, deep_supervision_loss

LABELLED = torch.ones(2)


def test_a_sigmoid_head_agrees_with_monai() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(2, 1, 4, 4, 4), torch.randint(0, 2, (2, 1, 4, 4, 4))
    theirs = DiceCELoss(sigmoid=True, batch=True, smooth_nr=1.0, smooth_dr=1.0)(logits, target.float())
    assert DiceCrossEntropy()(logits, target, LABELLED) == pytest.approx(theirs.item(), abs=1e-6)


def test_a_softmax_head_agrees_with_monai() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(2, 3, 4, 4, 4), torch.randint(0, 3, (2, 1, 4, 4, 4))
    theirs = DiceCELoss(
        softmax=True, to_onehot_y=True, include_background=False, batch=True, smooth_nr=1.0, smooth_dr=1.0
    )
    dice_only = DiceCrossEntropy(cross_entropy_weight=0.0)(logits, target, LABELLED)
    assert dice_only == pytest.approx(theirs.dice(logits, target).item(), abs=1e-6)
    both = DiceCrossEntropy()(logits, target, LABELLED)
    assert both - dice_only == pytest.approx(functional.cross_entropy(logits, target[:, 0]).item(), abs=1e-6)


def test_a_perfect_answer_costs_next_to_nothing() -> None:
    target = torch.zeros(2, 1, 4, 4, 4, dtype=torch.uint8)
    target[:, :, :2] = 1
    logits = target.float() * 40 - 20
    assert DiceCrossEntropy()(logits, target, LABELLED) < 1e-4


def test_an_unlabelled_sample_counts_nothing() -> None:
    torch.manual_seed(0)
    logits, target = torch.randn(2, 1, 4, 4, 4), torch.randint(0, 2, (2, 1, 4, 4, 4))
    half = DiceCrossEntropy()(logits, target, torch.tensor([1.0, 0.0]))
    assert half == DiceCrossEntropy()(logits[:1], target[:1], torch.ones(1))


def test_a_batch_without_labels_gives_zero_and_a_gradient() -> None:
    logits = torch.randn(2, 1, 4, 4, 4, requires_grad=True)
    loss = DiceCrossEntropy()(logits, torch.zeros(2, 1, 4, 4, 4), torch.zeros(2))
    loss.backward()
    assert loss == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_positive_weight_makes_a_missed_lesion_dearer() -> None:
    logits, target = torch.full((1, 1, 4, 4, 4), -2.0), torch.zeros(1, 1, 4, 4, 4)
    target[0, 0, 0, 0, 0] = 1
    plain, heavy = (DiceCrossEntropy(0.0, 1.0, weight)(logits, target, torch.ones(1)) for weight in (1.0, 10.0))
    softplus = functional.softplus(torch.tensor(2.0)).item()
    assert heavy - plain == pytest.approx(9 * softplus / 64, rel=1e-5)


def test_coarser_resolutions_weigh_half() -> None:
    class Mean(torch.nn.Module):
        def forward(self, logits: torch.Tensor, target: torch.Tensor, labelled: torch.Tensor) -> torch.Tensor:
            assert logits.shape[2:] == target.shape[2:]
            return logits.mean()

    outputs = [torch.full((1, 1, 4, 4, 4), 3.0), torch.full((1, 1, 2, 2, 2), 6.0)]
    loss = deep_supervision_loss(Mean(), outputs, torch.zeros(1, 1, 4, 4, 4, dtype=torch.uint8), torch.ones(1))
    assert loss == pytest.approx((3 + 0.5 * 6) / 1.5)
