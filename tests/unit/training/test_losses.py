import pytest
import torch
from monai.losses import DiceCELoss, DiceLoss, FocalLoss, TverskyLoss
from torch import nn
from torch.nn import functional

from crmo_seg.training.losses import DiceCrossEntropy, DiceFocal, TverskyCrossEntropy, deep_supervision_loss

LABELLED = torch.ones(2)
EVERY_LOSS = [DiceCrossEntropy, DiceFocal, TverskyCrossEntropy]


def draw(channels: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(2, channels, 4, 4, 4), torch.randint(0, max(channels, 2), (2, 1, 4, 4, 4))


@pytest.mark.parametrize("batch", [True, False])
def test_a_sigmoid_head_agrees_with_monai(batch: bool) -> None:
    logits, target = draw(1)
    theirs = DiceCELoss(sigmoid=True, batch=batch, smooth_nr=1.0, smooth_dr=1.0)(logits, target.float())
    ours = DiceCrossEntropy(batch_dice=batch)(logits, target, LABELLED)
    assert ours == pytest.approx(theirs.item(), abs=1e-6)


@pytest.mark.parametrize("batch", [True, False])
def test_a_softmax_head_agrees_with_monai(batch: bool) -> None:
    logits, target = draw(3)
    dice = DiceLoss(
        softmax=True, to_onehot_y=True, include_background=False, batch=batch, smooth_nr=1.0, smooth_dr=1.0
    )(logits, target)
    dice_only = DiceCrossEntropy(cross_entropy_weight=0.0, batch_dice=batch)(logits, target, LABELLED)
    assert dice_only == pytest.approx(dice.item(), abs=1e-6)
    both = DiceCrossEntropy(batch_dice=batch)(logits, target, LABELLED)
    assert both - dice_only == pytest.approx(functional.cross_entropy(logits, target[:, 0]).item(), abs=1e-6)


@pytest.mark.parametrize(("batch", "one_class"), [(True, False), (False, True)])
def test_heads_of_one_class_may_be_pooled_otherwise(batch: bool, one_class: bool) -> None:
    loss = DiceCrossEntropy(batch_dice=batch, batch_dice_one_class=one_class)
    for channels, expected in ((1, DiceCrossEntropy(batch_dice=one_class)), (3, DiceCrossEntropy(batch_dice=batch))):
        logits, target = draw(channels)
        assert loss(logits, target, LABELLED) == expected(logits, target, LABELLED)


def test_sample_by_sample_a_small_lesion_counts_as_much_as_a_large_one() -> None:
    """One voxel and 32, all at probability 1/2. By hand: pulls of 0.75 / 1.25^2 and 32 (24.5 - 8.25) / 24.5^2."""
    logits = torch.full((2, 1, 4, 4, 4), -20.0)
    target = torch.zeros(2, 1, 4, 4, 4)
    target[0, 0, 0, 0, 0] = 1
    target[1, 0, :2] = 1
    logits[target == 1] = 0.0
    logits.requires_grad_()
    pulls = []
    for pooled in (True, False):
        loss = DiceCrossEntropy(cross_entropy_weight=0.0, batch_dice_one_class=pooled)(logits, target, LABELLED)
        (gradient,) = torch.autograd.grad(loss, logits)
        small, large = gradient.abs().flatten(1).sum(dim=1)
        pulls.append((small / large).item())
    assert pulls == pytest.approx([1 / 32, 0.48 / 0.8663], rel=1e-3)


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_tversky_term_agrees_with_monai(channels: int, batch: bool) -> None:
    logits, target = draw(channels)
    several = channels > 1
    theirs = TverskyLoss(
        sigmoid=not several,
        softmax=several,
        to_onehot_y=several,
        include_background=not several,
        alpha=0.2,
        beta=0.8,
        batch=batch,
        smooth_nr=0.5,
        smooth_dr=0.5,
    )(logits, target.float())
    ours = TverskyCrossEntropy(cross_entropy_weight=0.0, false_negative_weight=0.8, pool_batch=batch)
    assert ours(logits, target, LABELLED) == pytest.approx(theirs.item(), abs=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_focal_term_agrees_with_monai(channels: int) -> None:
    logits, target = draw(channels)
    several = channels > 1
    theirs = FocalLoss(use_softmax=several, to_onehot_y=several, gamma=1.5, alpha=0.25)(logits, target.float())
    ours = DiceFocal(dice_weight=0.0, gamma=1.5, alpha=0.25)(logits, target, LABELLED)
    assert ours == pytest.approx(theirs.item(), abs=1e-6)


@pytest.mark.parametrize("batch", [True, False])
def test_of_several_classes_only_those_count_that_are_there(batch: bool) -> None:
    # One voxel of class 1, right with probability 1/2; class 2, in no voxel, has the other half.
    logits = torch.tensor([-50.0, 0.0, 0.0]).reshape(1, 3, 1, 1, 1).requires_grad_()
    target = torch.ones(1, 1, 1, 1, 1)
    dice = DiceCrossEntropy(cross_entropy_weight=0.0, batch_dice=batch)(logits, target, torch.ones(1))
    assert dice.item() == pytest.approx(1 - (0.5 + 0.5) / (0.5 + 0.25 + 0.5))


def test_a_class_among_many_is_worth_learning() -> None:
    """Of 20 classes a patch has one, in 1 % of its voxels: probability must flow to it, not to the background alone."""
    logits = torch.zeros(1, 21, 10, 10, 10, requires_grad=True)
    target = torch.zeros(1, 1, 10, 10, 10)
    target[..., :10] = 3
    target[:, :, 1:] = 0
    target[:, :, :, 1:] = 0
    DiceCrossEntropy(cross_entropy_weight=0.0)(logits, target, torch.ones(1)).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    inside, outside = logits.grad[0, :, 0, 0, :], logits.grad[0, :, 1:]
    assert inside[3].sum() < 0, "raised where it is"
    assert outside[3].sum() > 0, "lowered where it is not"
    assert inside[0].abs().max() < inside[3].abs().min(), "and the background is not what is raised instead"


def test_without_any_class_the_overlap_says_nothing() -> None:
    logits = torch.randn(1, 4, 3, 3, 3, requires_grad=True)
    dice = DiceCrossEntropy(cross_entropy_weight=0.0)(logits, torch.zeros(1, 1, 3, 3, 3), torch.ones(1))
    assert dice.item() == 0


@pytest.mark.parametrize("loss", EVERY_LOSS)
def test_a_perfect_answer_costs_next_to_nothing(loss: type[nn.Module]) -> None:
    target = torch.zeros(2, 1, 4, 4, 4, dtype=torch.uint8)
    target[:, :, :2] = 1
    logits = target.float() * 40 - 20
    assert loss()(logits, target, LABELLED) < 1e-4


@pytest.mark.parametrize("loss", EVERY_LOSS)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_unlabelled_sample_counts_nothing(loss: type[nn.Module], channels: int) -> None:
    logits, target = draw(channels)
    half = loss()(logits, target, torch.tensor([1.0, 0.0]))
    assert half == pytest.approx(loss()(logits[:1], target[:1], torch.ones(1)).item(), abs=1e-6)


@pytest.mark.parametrize("loss", EVERY_LOSS)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_without_labels_gives_zero_and_a_gradient(loss: type[nn.Module], channels: int) -> None:
    logits = torch.randn(2, channels, 4, 4, 4, requires_grad=True)
    value = loss()(logits, torch.zeros(2, 1, 4, 4, 4, dtype=torch.uint8), torch.zeros(2))
    value.backward()
    assert value == 0
    assert torch.equal(logits.grad, torch.zeros_like(logits))


def test_positive_weight_makes_a_missed_lesion_dearer() -> None:
    logits, target = torch.full((1, 1, 4, 4, 4), -2.0), torch.zeros(1, 1, 4, 4, 4)
    target[0, 0, 0, 0, 0] = 1
    plain, heavy = (DiceCrossEntropy(0.0, 1.0, weight)(logits, target, torch.ones(1)) for weight in (1.0, 10.0))
    softplus = functional.softplus(torch.tensor(2.0)).item()
    assert heavy - plain == pytest.approx(9 * softplus / 64, rel=1e-5)


def test_class_weight_is_that_of_every_class_but_background() -> None:
    logits, target = draw(3)
    ours = DiceCrossEntropy(0.0, class_weight=3.0)(logits, target, LABELLED)
    share = torch.tensor([1.0, 3.0, 3.0])[target[:, 0]].sum() / target.numel()
    theirs = functional.cross_entropy(logits, target[:, 0], weight=torch.tensor([1.0, 3.0, 3.0]))
    assert ours == pytest.approx((theirs * share).item(), rel=1e-5)


def test_a_miss_costs_more_than_a_false_alarm() -> None:
    target = torch.zeros(1, 1, 4, 4, 4, dtype=torch.uint8)
    target[0, 0, :2] = 1
    loss = TverskyCrossEntropy(cross_entropy_weight=0.0, false_negative_weight=0.9)
    everything, nothing = torch.full((1, 1, 4, 4, 4), 20.0), torch.full((1, 1, 4, 4, 4), -20.0)
    nothing[0, 0, 0] = 20.0  # half of it found, none false; the other: all found, as much false as true
    assert loss(nothing, target, torch.ones(1)) > loss(everything, target, torch.ones(1))


def test_coarser_resolutions_weigh_half() -> None:
    class Mean(torch.nn.Module):
        def forward(self, logits: torch.Tensor, target: torch.Tensor, labelled: torch.Tensor) -> torch.Tensor:
            assert logits.shape[2:] == target.shape[2:]
            return logits.mean()

    outputs = [torch.full((1, 1, 4, 4, 4), 3.0), torch.full((1, 1, 2, 2, 2), 6.0)]
    loss = deep_supervision_loss(Mean(), outputs, torch.zeros(1, 1, 4, 4, 4, dtype=torch.uint8), torch.ones(1))
    assert loss == pytest.approx((3 + 0.5 * 6) / 1.5)
