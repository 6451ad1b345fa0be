"""What runs in each process of the cluster."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.io.study import Study
from crmo_seg.jobs.predict import ModelChoice, studies_of
from crmo_seg.jobs.study_job import CaseResult, PredictOptions, StudyJob


class StudyWorker:
    """One process of the cluster: its model and its list of studies stay between studies.

    Args:
        study: what the user gave, a path that holds on every machine.
        out: folder of the prediction folders, as well.
        chosen: the model.
        options: what to write.
    """

    def __init__(self, study: Path, out: Path, chosen: ModelChoice, options: PredictOptions) -> None:
        self._study, self._out, self._chosen, self._options = study, out, chosen, options

    def model_sha256(self) -> str:
        """Load the model; its hash, of which all workers must have the same."""
        return self._job.predictor.bundle.sha256

    def predict(self, case_id: str) -> CaseResult:
        """Read, compute and write one study.

        Raises:
            InputError: where the disk is full.
        """
        result = self._job.write(self._job.compute(self._job.read(self._studies[case_id])))
        return CaseResult(result.folder, result.totals, portable(result.error))

    @cached_property
    def _job(self) -> StudyJob:
        return StudyJob(self._out, self._chosen.load(), self._options)

    @cached_property
    def _studies(self) -> Mapping[str, Study]:
        return {one.case_id: one for one in studies_of(self._study, self._out, self._options)}


def portable(error: Exception | None) -> Exception | None:
    """An error that survives the way between processes, which a traceback does not but in words."""
    if error is None or isinstance(error, InputError):
        return error
    return RuntimeError("".join(traceback.format_exception(error)))
