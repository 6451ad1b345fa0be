"""Answers on disk, a file a study, so that no run is lost and several processes may share one.

A folder belongs to one model (its hash covers the weights, the threshold and the smallest lesion) and one mode. It
knows nothing of the phantoms: after a change of those, delete it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.files import written_whole
from crmo_seg.inference.predictor import Predictor
from crmo_seg.io.nifti import read_labels, write_nifti
from crmo_seg.jobs.exam import Answer
from crmo_seg.volume import Volume
from exam.records import case_of, record_of

_HASH_DIGITS = 12


@dataclass(frozen=True)
class KeptAnswer:
    """What is kept of an answer, but for the mask.

    Attributes:
        takers: what each taker reached.
        seconds: that the model took.
    """

    takers: Mapping[str, CaseMetrics]
    seconds: float


@dataclass(frozen=True)
class Kept:
    """The answers of one model in one mode."""

    folder: Path

    def has(self, case_id: str) -> bool:
        """Whether the study is answered."""
        return self._record(case_id).exists()

    def keep(self, case_id: str, answer: Answer) -> None:
        """Write an answer, the record last, so that one that is there is whole.

        Raises:
            InputError: where the disk is full or the folder cannot be written.
        """
        self._record(case_id).parent.mkdir(parents=True, exist_ok=True)
        write_nifti(self._mask(case_id), answer.edema)
        takers = {taker: record_of(case) for taker, case in answer.takers.items()}
        with written_whole(self._record(case_id)) as part:
            part.write_text(json.dumps({"seconds": answer.seconds, "takers": takers}, allow_nan=False) + "\n")

    def read(self, case_id: str) -> KeptAnswer:
        """An answer that is there."""
        record = json.loads(self._record(case_id).read_text())
        return KeptAnswer({taker: case_of(one) for taker, one in record["takers"].items()}, record["seconds"])

    def edema(self, case_id: str) -> Volume:
        """The model's mask of a study that is answered."""
        return read_labels(self._mask(case_id))

    def _record(self, case_id: str) -> Path:
        return self.folder / f"{case_id}.json"

    def _mask(self, case_id: str) -> Path:
        return self.folder / f"{case_id}_edema.nii.gz"


def name_of(predictor: Predictor) -> str:
    """A name for a model in a mode, which changes with anything that changes a prediction."""
    return f"{predictor.bundle.name}_{predictor.bundle.sha256[:_HASH_DIGITS]}_{predictor.mode.name}"


def kept_in(work: Path, predictor: Predictor) -> Kept:
    """Where the answers of a model lie."""
    return Kept(work / "answers" / name_of(predictor))
