"""What happens beside the steps: tables and pictures of validations, and the search of the operating point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
from lightning.pytorch.trainer.states import TrainerFn

from crmo_seg.data.sample import IMAGE, Sample, label_key, labelled_key
from crmo_seg.files import folder_written_whole, write_table
from crmo_seg.keys import EDEMA
from crmo_seg.training.datamodule import voxel_ml
from crmo_seg.training.metrics import CaseScores
from crmo_seg.training.module import VALIDATED, SegmentationModule, Validated
from crmo_seg.training.operating_point import (
    Candidates,
    OperatingPoint,
    candidates_by_threshold,
    choose_operating_point,
)
from crmo_seg.training.pictures import Picture, agreement_picture, png
from crmo_seg.training.ranks import gathered


def write_scores(path: Path, scores: Sequence[CaseScores]) -> None:
    """A CSV table with a row a case.

    Raises:
        InputError: where the disk is full or the folder cannot be written.
    """
    rows = [one.row() for one in scores]
    columns = dict.fromkeys(name for row in rows for name in row)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_table(path, list(columns) or ["case_id"], rows)


class ValidationTable(pl.Callback):
    """Writes ``epoch_<number>.csv``, a row a case, at each validation of a training.

    Args:
        folder: of the tables.
    """

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the table."""
        in_training = trainer.state.fn == TrainerFn.FITTING and trainer.is_global_zero
        if in_training and isinstance(pl_module, SegmentationModule):
            write_scores(self.folder / f"epoch_{trainer.current_epoch:04d}.csv", pl_module.scores)


@dataclass(frozen=True, eq=False)
class _Judged:
    """A case's value of what it is judged by, and its picture."""

    case_id: str
    dice: float
    picture: Picture


class WorstCases(pl.Callback):
    """Draws the cases with the lowest Dice of a head at each validation, over those of the validation before.

    Args:
        folder: gets ``1_<case>_dice_<value>.png``, the worst first.
        count: how many are drawn.
        head: by which cases are judged; None is the first one.
    """

    def __init__(self, folder: str, count: int = 3, head: str | None = None) -> None:
        self.folder = Path(folder)
        self.count = count
        self.head = head
        self.worst: list[_Judged] = []

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the case's picture if it is among the worst so far."""
        if not isinstance(pl_module, SegmentationModule):
            return
        validated: Validated = outputs[VALIDATED]
        head = self.head or pl_module.plan.heads[0].name
        dice = validated.scores.dice(head)
        if np.isfinite(dice) and self._is_bad(dice):
            pred, ref = validated.classes[head], batch[label_key(head)][0]
            picture = agreement_picture(batch[IMAGE][0], pred=pred, ref=ref)
            self.worst = self._worst_of([*self.worst, _Judged(validated.scores.case_id, dice, picture)])

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the worst cases of all ranks."""
        judged = {one.case_id: one for one in gathered(self.worst)}
        self.worst = []
        if trainer.is_global_zero and judged:
            self._draw(self._worst_of(list(judged.values())))

    def _is_bad(self, dice: float) -> bool:
        return len(self.worst) < self.count or dice < self.worst[-1].dice

    def _worst_of(self, judged: list[_Judged]) -> list[_Judged]:
        return sorted(judged, key=lambda one: (one.dice, one.case_id))[: self.count]

    def _draw(self, judged: list[_Judged]) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with folder_written_whole(self.folder) as folder:
            for place, one in enumerate(judged, 1):
                name = f"{place}_{one.case_id}_dice_{one.dice:.2f}.png"
                (folder / name).write_bytes(png(one.picture))


class OperatingPointSearch(pl.Callback):
    """Tries thresholds on the validation cases of one validation; see ``operating_point``. For the head edema."""

    def __init__(self) -> None:
        self.scans: dict[str, Mapping[float, Candidates]] = {}

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget the validation before."""
        self.scans = {}

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,  # noqa: ANN401
        batch: Sample,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the components of this case at each threshold."""
        if batch.get(labelled_key(EDEMA)):
            validated: Validated = outputs[VALIDATED]
            probability, ref = validated.probabilities[EDEMA], batch[label_key(EDEMA)][0]
            self.scans[validated.scores.case_id] = candidates_by_threshold(probability, ref, voxel_ml(batch))

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Every rank knows all cases."""
        self.scans = dict(gathered(list(self.scans.items())))

    def best(self) -> OperatingPoint:
        """The point to store in the bundle."""
        return choose_operating_point([self.scans[case_id] for case_id in sorted(self.scans)])
