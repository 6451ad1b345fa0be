"""Losses of one head; a case without that head's label counts nothing.

A loss is called with logits (batch, channel, x, y, z), target (batch, 1, x, y, z) of class values, and labelled
(batch,) of 1.0 or 0.0, and returns a scalar.
"""

from __future__ import annotations

import torch
from monai.losses import DiceLoss
from torch import Tensor, nn
from torch.nn import functional


class DiceCrossEntropy(nn.Module):
    """Dice loss plus cross-entropy, per sample, averaged over the labelled samples.

    Args:
        dice_weight: of the Dice term (MONAI's ``DiceLoss``; background left out for a softmax head).
        cross_entropy_weight: of the cross-entropy term.
        positive_weight: of foreground in the cross-entropy of a sigmoid head, against its rarity.
        batch_dice: pool voxels over the batch in the Dice term: steadier where most patches hold no foreground.
    """

    def __init__(
        self,
        dice_weight: float = 1.0,
        cross_entropy_weight: float = 1.0,
        positive_weight: float = 1.0,
        batch_dice: bool = True,
    ) -> None:
        super().__init__()
        self.dice_weight = dice_weight
        self.cross_entropy_weight = cross_entropy_weight
        self.positive_weight = positive_weight
        self.binary_dice = DiceLoss(sigmoid=True, batch=batch_dice, smooth_nr=1.0, smooth_dr=1.0)
        self.class_dice = DiceLoss(
            softmax=True, to_onehot_y=True, include_background=False, batch=batch_dice, smooth_nr=1.0, smooth_dr=1.0
        )

    def forward(self, logits: Tensor, target: Tensor, labelled: Tensor) -> Tensor:
        """The loss of a batch; zero, with gradient, where no sample is labelled."""
        kept = labelled > 0
        if not bool(kept.any()):
            return logits.sum() * 0.0
        logits, target = logits[kept].float(), target[kept]
        cross_entropy = self._cross_entropy(logits, target)
        dice = self.binary_dice(logits, target) if logits.shape[1] == 1 else self.class_dice(logits, target)
        total: Tensor = self.dice_weight * dice + self.cross_entropy_weight * cross_entropy
        return total

    def _cross_entropy(self, logits: Tensor, target: Tensor) -> Tensor:
        if logits.shape[1] > 1:
            return functional.cross_entropy(logits, target[:, 0].long())
        weight = torch.tensor(self.positive_weight, device=logits.device)
        return functional.binary_cross_entropy_with_logits(logits, target.float(), pos_weight=weight)


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
