"""Losses of one head; a case without that head's label counts nothing.

A loss is called with logits (batch, channel, x, y, z), target (batch, 1, x, y, z) of class values, and labelled
(batch,) of 1.0 or 0.0, and returns a scalar. It has a value for each sample; their sum is divided by the number of
labelled samples, both counted over all ranks. So every rank returns the loss of the joint batch, and DDP's mean of the
gradients is the joint batch's gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from monai.losses import FocalLoss
from torch import Tensor, nn
from torch.nn import functional

from crmo_seg.training.ranks import sum_over_ranks

VoxelLoss: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Logits and target -> a loss for each voxel, batch first."""

_SMOOTH = 0.5
"""Makes the index of an empty patch 1; for Dice the same as MONAI's ``smooth_nr=1, smooth_dr=1``."""


@dataclass(frozen=True)
class OverlapTerm:
    """One minus the Tversky index (arXiv:1706.05721) of each class; with halves it is the Dice loss.

    Attributes:
        false_positive_weight: of predicted voxels outside the reference.
        false_negative_weight: of missed voxels; above the other one it favours sensitivity.
        pool_batch: count voxels over the whole batch, over all ranks, and not sample by sample: steadier where most
            patches hold no foreground.
        pool_one_class: the same for heads of one class; None is ``pool_batch``. Sample by sample a small lesion counts
            as much as a large one in another patch.
    """

    false_positive_weight: float = 0.5
    false_negative_weight: float = 0.5
    pool_batch: bool = True
    pool_one_class: bool | None = None

    def __call__(self, logits: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
        """Mean over classes, and over labelled samples; of several classes those count that the reference has."""
        counts = soft_counts(logits, target)
        if self._pools(logits.shape[1]):
            return self._loss(sum_over_ranks((counts * labelled[:, None]).sum(dim=1)))
        return mean_of_labelled(self._loss(counts), labelled)

    def _pools(self, channels: int) -> bool:
        return self.pool_batch if channels > 1 or self.pool_one_class is None else self.pool_one_class

    def _loss(self, counts: Tensor) -> Tensor:
        """Counts (3, ..., class) -> mean over classes."""
        shared, pred, ref = counts
        false = self.false_positive_weight * (pred - shared) + self.false_negative_weight * (ref - shared)
        loss = 1 - (shared + _SMOOTH) / (shared + false + _SMOOTH)
        # Of many classes a patch holds a few. An absent one is all but lost with a voxel's worth of probability, and
        # so steep there that it outweighs every class that is present: nothing but background would be learnt.
        counted = ref > 0 if ref.shape[-1] > 1 else torch.ones_like(ref, dtype=torch.bool)
        mean: Tensor = (loss * counted).sum(dim=-1) / counted.sum(dim=-1).clamp(min=1)
        return mean


class CompoundLoss(nn.Module):
    """A term that sees overlap plus a term that sees voxels.

    Args:
        overlap: of the classes but background.
        voxel: loss of each voxel.
        overlap_weight: of the first term.
        voxel_weight: of the second term.
    """

    def __init__(self, overlap: OverlapTerm, voxel: VoxelLoss, overlap_weight: float, voxel_weight: float) -> None:
        super().__init__()
        self.overlap = overlap
        self.voxel = voxel
        self.overlap_weight = overlap_weight
        self.voxel_weight = voxel_weight

    def forward(self, logits: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
        """The loss of the joint batch; zero, with gradient, where no sample is labelled."""
        logits, labelled = logits.float(), labelled.float()
        overlap = self.overlap(logits, target, labelled)
        voxel = mean_of_labelled(self.voxel(logits, target).flatten(1).mean(dim=1), labelled)
        return self.overlap_weight * overlap + self.voxel_weight * voxel


class DiceCrossEntropy(CompoundLoss):
    """Dice loss plus cross-entropy.

    Args:
        dice_weight: of the Dice term (background left out for a softmax head).
        cross_entropy_weight: of the cross-entropy term.
        positive_weight: of foreground in the cross-entropy of a sigmoid head, against its rarity.
        class_weight: of foreground in the cross-entropy of a softmax head.
        batch_dice: pool voxels over the batch in the Dice term.
        batch_dice_one_class: the same in heads of one class; None is ``batch_dice``.
    """

    def __init__(
        self,
        dice_weight: float = 1.0,
        cross_entropy_weight: float = 1.0,
        positive_weight: float = 1.0,
        class_weight: float = 1.0,
        batch_dice: bool = True,
        batch_dice_one_class: bool | None = None,
    ) -> None:
        overlap = OverlapTerm(pool_batch=batch_dice, pool_one_class=batch_dice_one_class)
        super().__init__(overlap, CrossEntropy(positive_weight, class_weight), dice_weight, cross_entropy_weight)


class DiceFocal(CompoundLoss):
    """Dice loss plus focal loss (arXiv:1708.02002, MONAI's), which leaves easy voxels out.

    Args:
        dice_weight: of the Dice term.
        focal_weight: of the focal term.
        gamma: how strongly easy voxels are left out.
        alpha: share of the weight that foreground has, 0 to 1; None weighs all voxels alike.
        batch_dice: pool voxels over the batch in the Dice term.
    """

    def __init__(
        self,
        dice_weight: float = 1.0,
        focal_weight: float = 1.0,
        gamma: float = 2.0,
        alpha: float | None = None,
        batch_dice: bool = True,
    ) -> None:
        super().__init__(OverlapTerm(pool_batch=batch_dice), Focal(gamma, alpha), dice_weight, focal_weight)


class TverskyCrossEntropy(CompoundLoss):
    """Tversky loss plus cross-entropy: misses may cost more than false alarms.

    Args:
        tversky_weight: of the Tversky term.
        cross_entropy_weight: of the cross-entropy term.
        false_negative_weight: 0 to 1, of missed voxels; false alarms have the rest.
        positive_weight: as in ``DiceCrossEntropy``.
        pool_batch: pool voxels over the batch in the Tversky term.
    """

    def __init__(
        self,
        tversky_weight: float = 1.0,
        cross_entropy_weight: float = 1.0,
        false_negative_weight: float = 0.7,
        positive_weight: float = 1.0,
        pool_batch: bool = True,
    ) -> None:
        overlap = OverlapTerm(1 - false_negative_weight, false_negative_weight, pool_batch)
        super().__init__(overlap, CrossEntropy(positive_weight), tversky_weight, cross_entropy_weight)


@dataclass(frozen=True)
class CrossEntropy:
    """Cross-entropy of each voxel.

    Attributes:
        positive_weight: of foreground, sigmoid heads only.
        class_weight: of every class but background, softmax heads only.
    """

    positive_weight: float = 1.0
    class_weight: float = 1.0

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        """A ``VoxelLoss``."""
        if logits.shape[1] > 1:
            weights = logits.new_full(logits.shape[1:2], self.class_weight)
            weights[0] = 1.0
            return functional.cross_entropy(logits, target[:, 0].long(), weight=weights, reduction="none")
        weight = torch.tensor(self.positive_weight, device=logits.device)
        return functional.binary_cross_entropy_with_logits(logits, target.float(), pos_weight=weight, reduction="none")


@dataclass(frozen=True)
class Focal:
    """MONAI's focal loss of each voxel and channel."""

    gamma: float = 2.0
    alpha: float | None = None

    def __call__(self, logits: Tensor, target: Tensor) -> Tensor:
        """A ``VoxelLoss``."""
        several = logits.shape[1] > 1
        loss = FocalLoss(gamma=self.gamma, alpha=self.alpha, use_softmax=several, to_onehot_y=several, reduction="none")
        value: Tensor = loss(logits, target)
        return value


def soft_counts(logits: Tensor, target: Tensor) -> Tensor:
    """Voxels shared, predicted and wanted, weighted by probability: (3, batch, class), background left out."""
    if logits.shape[1] == 1:
        pred, ref = logits.sigmoid().flatten(2), target.flatten(2).to(logits.dtype)
        return torch.stack([(pred * ref).sum(-1), pred.sum(-1), ref.sum(-1)])
    # Each voxel adds to the one class that it is of: no one-hot copy of the target.
    pred, ref = logits.softmax(dim=1).flatten(2), target.flatten(1).long()
    nothing = pred.new_zeros(pred.shape[:2])
    shared = nothing.scatter_add(1, ref, pred.gather(1, ref[:, None])[:, 0])
    wanted = nothing.scatter_add(1, ref, torch.ones_like(pred[:, 0]))
    return torch.stack([shared, pred.sum(-1), wanted])[:, :, 1:]


def mean_of_labelled(values: Tensor, labelled: Tensor) -> Tensor:
    """Sum of the labelled samples' values over their number, both over all ranks; 0 where there is none.

    >>> mean_of_labelled(torch.tensor([1.0, 3.0, 9.0]), torch.tensor([1.0, 1.0, 0.0]))
    tensor(2.)
    """
    total = sum_over_ranks(torch.stack([(values * labelled).sum(), labelled.sum()]))
    return total[0] / total[1].clamp(min=1)


def deep_supervision_loss(loss: nn.Module, outputs: list[Tensor], target: Tensor, labelled: Tensor) -> Tensor:
    """Weighted mean of the loss at each resolution, each half the weight of the finer one, as in nnU-Net.

    Args:
        loss: of one head at one resolution.
        outputs: logits, the finest first.
        target: class values at full resolution.
        labelled: 1.0 for samples that have this label.
    """
    weights = [0.5**level for level in range(len(outputs))]
    losses = [loss(output, _shrink(target, output), labelled) for output in outputs]
    return torch.stack([weight * value for weight, value in zip(weights, losses, strict=True)]).sum() / sum(weights)


def _shrink(target: Tensor, output: Tensor) -> Tensor:
    if target.shape[2:] == output.shape[2:]:
        return target
    return functional.interpolate(target.float(), size=output.shape[2:], mode="nearest-exact").to(target.dtype)
