"""The Lightning module: steps and optimizer, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import lightning.pytorch as pl
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from crmo_seg.data.sample import CASE, IMAGE, Sample, label_key, labelled_key
from crmo_seg.inference.modes import DEFAULT
from crmo_seg.inference.sliding import predict_windows
from crmo_seg.inference.torch_backend import probabilities
from crmo_seg.inference.windows import Float32Array
from crmo_seg.keys import EDEMA
from crmo_seg.network import Network
from crmo_seg.plan import Plan
from crmo_seg.preprocess import body_region
from crmo_seg.training.datamodule import SPACING_MM, voxel_ml
from crmo_seg.training.losses import deep_supervision_loss
from crmo_seg.training.metrics import CaseScores, class_voxels, summary
from crmo_seg.training.operating_point import DEFAULT_THRESHOLD, candidates
from crmo_seg.training.ranks import gathered
from crmo_seg.training.schedules import Schedule, training_share
from crmo_seg.volume import Array

VALIDATED: Final = "validated"
"""The key under which a validation step gives its ``Validated``."""

BuildOptimizer: TypeAlias = Callable[[list[dict[str, Any]]], Optimizer]
ForwardPatches: TypeAlias = Callable[[Tensor], dict[str, list[Tensor]]]
"""As ``Network.forward_deep``."""


@dataclass(frozen=True, eq=False)
class Validated:
    """A validated case, for callbacks: arrays are gone when the next case begins.

    Attributes:
        scores: its agreement with the labels.
        probabilities: head of one channel -> (X, Y, Z).
        classes: head -> class values (X, Y, Z).
    """

    scores: CaseScores
    probabilities: Mapping[str, Float32Array]
    classes: Mapping[str, Array]


class SegmentationModule(pl.LightningModule):
    """Trains a network on patches and validates it on whole cases by sliding window.

    Args:
        plan: heads and patch.
        network: to train.
        losses: of each head, see ``losses``.
        head_weights: weight of each head in the sum.
        optimizer: makes one from groups of parameters.
        schedule: see ``schedules``.

    ``forward_patches`` may be replaced by a compiled one; ``output_rate`` is the learning rate of the network's
    ``last_layers`` over that of its other parameters. Logs ``train/loss``, ``train/<head>_loss``, and what
    ``metrics.summary`` names. After a validation ``scores`` holds all its cases, on every rank, and ``validated_step``
    the number of steps that its weights had learnt.
    """

    def __init__(
        self,
        plan: Plan,
        network: Network,
        losses: Mapping[str, nn.Module],
        head_weights: Mapping[str, float],
        optimizer: BuildOptimizer,
        schedule: Schedule,
    ) -> None:
        super().__init__()
        self.plan = plan
        self.network = network
        self.forward_patches: ForwardPatches = network.forward_deep
        self.output_rate = 1.0
        self.losses = nn.ModuleDict(dict(losses))
        self.head_weights = dict(head_weights)
        self.build_optimizer = optimizer
        self.schedule = schedule
        self.scores: tuple[CaseScores, ...] = ()
        self.validated_step = -1
        self._own_scores: list[CaseScores] = []
        for weight in network.unused_in_training():
            weight.requires_grad_(False)

    def training_step(self, batch: Sample, batch_index: int) -> Tensor:
        """Loss of a batch of patches, summed over heads, averaged over resolutions."""
        total = torch.zeros((), device=self.device)
        for head, outputs in self.forward_patches(batch[IMAGE]).items():
            loss = deep_supervision_loss(self.losses[head], outputs, batch[label_key(head)], batch[labelled_key(head)])
            self.log(f"train/{head}_loss", loss, on_step=False, on_epoch=True, batch_size=len(batch[IMAGE]))
            total = total + self.head_weights.get(head, 1.0) * loss
        self.log("train/loss", total, prog_bar=True, on_step=False, on_epoch=True, batch_size=len(batch[IMAGE]))
        return total

    def validation_step(self, sample: Sample, batch_index: int) -> Mapping[str, Validated]:
        """Compare one whole case with its labels."""
        body = body_region(sample[IMAGE], sample[SPACING_MM])
        outputs = predict_windows(sample[IMAGE], body, self._run_window, self.plan, DEFAULT)
        marked = {head: _at_default_threshold(one) for head, one in outputs.probabilities.items()}
        classes = marked | dict(outputs.classes)
        scores = self._compare(sample, classes)
        self._own_scores.append(scores)
        return {VALIDATED: Validated(scores, outputs.probabilities, classes)}

    def on_validation_epoch_end(self) -> None:
        """Log what the cases of all ranks gave together."""
        # A rank may have validated a case a second time, so that all ranks have equally many.
        by_case = {one.case_id: one for one in gathered(self._own_scores)}
        self.scores = tuple(by_case[case_id] for case_id in sorted(by_case))
        self._own_scores = []
        self.validated_step = self.global_step
        in_bar = {f"val/{head.name}_dice" for head in self.plan.heads} | {"val/lesion_f1"}
        for name, value in summary(self.scores, self.plan.heads).items():
            self.log(name, value, prog_bar=name in in_bar)

    def configure_optimizers(self) -> Any:  # noqa: ANN401  (Lightning's union of dictionaries)
        """One optimizer, its learning rate scaled at every step."""
        optimizer = self.build_optimizer(self._groups())
        for group in optimizer.param_groups:
            group["lr"] *= group.pop("rate")
        share = training_share(self.trainer)
        scheduler = LambdaLR(optimizer, lambda step: self.schedule(share(step)))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _groups(self) -> list[dict[str, Any]]:
        """Parameters that learn, with their rate over the optimizer's.

        Adam moves every weight by as much. A last layer sums over few features, eight in a narrow network, so that its
        logits leave zero far more slowly than features change (maximal update parametrisation, arXiv:2203.03466).
        """
        last = {id(weight) for weight in self.network.last_layers()}
        rates: dict[float, list[nn.Parameter]] = {}
        for weight in self.network.parameters():
            if weight.requires_grad:
                rates.setdefault(self.output_rate if id(weight) in last else 1.0, []).append(weight)
        return [{"params": weights, "rate": rate} for rate, weights in rates.items()]

    def _run_window(self, window: Float32Array) -> Mapping[str, Float32Array]:
        logits = self.network(torch.from_numpy(window).to(self.device))
        return {head: probabilities(output).cpu().numpy() for head, output in logits.items()}

    def _compare(self, sample: Sample, classes: Mapping[str, Array]) -> CaseScores:
        labelled = [head for head in self.plan.heads if sample[labelled_key(head.name)]]
        refs = {head.name: sample[label_key(head.name)][0] for head in labelled}
        voxels = {head.name: class_voxels(pred=classes[head.name], ref=refs[head.name], head=head) for head in labelled}
        known = EDEMA in refs
        lesions = candidates(classes[EDEMA], refs[EDEMA], voxel_ml(sample)).counts() if known else None
        return CaseScores(sample[CASE].case_id, voxels, lesions)


def _at_default_threshold(probability: Float32Array) -> Array:
    mask: Array = (probability >= DEFAULT_THRESHOLD).astype(np.uint8)
    return mask
