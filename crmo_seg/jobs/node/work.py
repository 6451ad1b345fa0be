"""One study of the node: read, predict, write."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.inference.predictor import Predictor
from crmo_seg.io.dicom.choose.rules import Rules
from crmo_seg.io.study import Study, open_dicom_files
from crmo_seg.jobs.node.arrivals import Arrival
from crmo_seg.jobs.output import Wanted, is_finished
from crmo_seg.jobs.overlap import written_behind
from crmo_seg.jobs.study_job import CaseResult, PredictOptions, StudyJob


@dataclass(frozen=True)
class Workshop:
    """What every study is predicted with.

    Attributes:
        incoming: the watched folder.
        out: folder of the prediction folders.
        predictor: the model.
        rules: which series to read; None for those that come with the package.
        probability: write the probability of edema too.
    """

    incoming: Path
    out: Path
    predictor: Predictor
    rules: Rules | None = None
    probability: bool = False

    def work_on(self, arrival: Arrival) -> CaseResult:
        """Write the prediction folder of a study, unless it is there already; an older state of the study is replaced.

        Returns:
            With ``error`` where the study cannot be read or predicted.

        Raises:
            InputError: where the disk is full.
        """
        folder = self.out / arrival.case_id
        try:
            (study,) = open_dicom_files(arrival.paths, self.incoming, rules=self.rules)
            replaces = self._replaces(folder, study)
        except Exception as error:
            return CaseResult(folder, None, error)
        options = PredictOptions(overwrite=replaces, probability=self.probability, rules=self.rules)
        job = StudyJob(self.out, self.predictor, options)
        # Written by another thread, which a signal does not cut off.
        (result,) = written_behind(job.write, map(job.compute, map(job.read, [study])))
        return result

    def _replaces(self, folder: Path, study: Study) -> bool:
        """Whether the folder holds a prediction of an older state of the study, or by another model."""
        predictor = self.predictor
        try:
            is_finished(
                folder,
                input_sha256=study.input_sha256(),
                model_sha256=predictor.bundle.sha256,
                wanted=Wanted(predictor.mode.name, probability=self.probability),
            )
        except InputError:
            return folder.is_dir()
        return False


def words_of(error: Exception) -> str:
    """What ``error.txt`` says: one line that a user can act on; of a bug, its traceback."""
    if isinstance(error, InputError):
        return f"{error}\n"
    bug = "".join(traceback.format_exception(error))
    return f"A bug stopped this study; report it with the lines below, without names of patients.\n\n{bug}"
