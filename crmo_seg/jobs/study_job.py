"""One study of ``predict`` in three steps, read, compute and write, each of which may fail without harm to others."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from crmo_seg.errors import InputError
from crmo_seg.files import is_disk_full, remove_leftovers, user_error
from crmo_seg.inference.predictor import Predictor, Progress, StudyImages
from crmo_seg.io.dicom.choose.rules import Rules
from crmo_seg.io.dicom.types import ComposedStudy
from crmo_seg.io.study import Study
from crmo_seg.jobs.output import Origin, Wanted, is_finished, patient_key, write_prediction
from crmo_seg.keys import STIR
from crmo_seg.prediction import Prediction, QualityFlag
from crmo_seg.volume import Volume

_Made = TypeVar("_Made")


@dataclass(frozen=True)
class PredictOptions:
    """How to predict and what to write.

    Attributes:
        overwrite: replace finished cases.
        probability: write the probability of edema too.
        series_uid: the DICOM series to read, where there are several.
        shard: (i, n): only every n-th study, from the i-th (from 0), to spread a folder over machines.
        patient_id: the key in ``summary.json`` instead of a salted hash.
        visit: ISO date instead of the study's own.
        rules: which DICOM series to read; None for those that come with the package.
    """

    overwrite: bool = False
    probability: bool = False
    series_uid: str | None = None
    shard: tuple[int, int] = (0, 1)
    patient_id: str | None = None
    visit: str | None = None
    rules: Rules | None = None

    def __post_init__(self) -> None:
        index, count = self.shard
        if not 0 <= index < count:
            raise InputError("--shard", f"is {index}/{count}", "give i/n with i from 0 to n - 1, for example 0/4")


@dataclass(frozen=True)
class CaseResult:
    """What became of one case; its volumes are on disk, so that a thousand cases need no more memory than one.

    Attributes:
        folder: ``OUT/<case_id>``.
        totals: number and volume of its lesions; None where the case was finished before and skipped, or failed.
        error: why there is no prediction: an ``InputError``, or any other exception where there is a bug.
    """

    folder: Path
    totals: Mapping[str, Any] | None
    error: Exception | None = None


@dataclass(frozen=True)
class ReadStudy:
    """A study with its images in memory.

    Attributes:
        study: what was read.
        images: what the model reads.
        composed: of a DICOM study: its stations and where each voxel comes from.
    """

    study: Study
    images: StudyImages
    composed: ComposedStudy | None = None


@dataclass(frozen=True)
class PredictedStudy:
    """A study that waits to be written.

    Attributes:
        study: what was read.
        images: what the model read.
        prediction: what it said.
        composed: of a DICOM study: its stations and where each voxel comes from.
    """

    study: Study
    images: StudyImages
    prediction: Prediction
    composed: ComposedStudy | None = None


@dataclass(frozen=True)
class StudyJob:
    """The steps; what an earlier one settled (skipped, or failed) passes through the later ones.

    Attributes:
        out: folder of the prediction folders.
        predictor: the model.
        options: what to write.
        progress: gives, for a case id, a callback that is told of windows done and in all.
    """

    out: Path
    predictor: Predictor
    options: PredictOptions
    progress: Callable[[str], Progress] | None = None

    def read(self, study: Study) -> ReadStudy | CaseResult:
        """Hash and read the input, unless its case is finished."""
        return self._attempt(study, lambda: self._read(study))

    def compute(self, read: ReadStudy | CaseResult) -> PredictedStudy | CaseResult:
        """Run the model."""
        return read if isinstance(read, CaseResult) else self._attempt(read.study, lambda: self._compute(read))

    def write(self, predicted: PredictedStudy | CaseResult) -> CaseResult:
        """Write the prediction folder.

        Raises:
            InputError: where the disk is full, which no other study would survive.
        """
        if isinstance(predicted, CaseResult):
            return predicted
        return self._attempt(predicted.study, lambda: self._write(predicted))

    def _attempt(self, study: Study, step: Callable[[], _Made]) -> _Made | CaseResult:
        try:
            return step()
        except Exception as error:
            if is_disk_full(error):
                raise
            return CaseResult(self.out / study.case_id, None, _without_volumes(error))

    def _read(self, study: Study) -> ReadStudy | CaseResult:
        folder, input_sha256 = self.out / study.case_id, study.input_sha256()
        hashes = {"input_sha256": input_sha256, "model_sha256": self.predictor.bundle.sha256}
        if not self.options.overwrite and is_finished(folder, **hashes, wanted=self._wanted()):
            remove_leftovers(folder)
            return CaseResult(folder, None)
        composed = study.read_dicom() if study.kind == "dicom" else None
        return ReadStudy(study, images_of(study, input_sha256, self.predictor, composed), composed)

    def _wanted(self) -> Wanted:
        options = self.options
        return Wanted(self.predictor.mode.name, options.visit, options.patient_id, options.probability)

    def _compute(self, read: ReadStudy) -> PredictedStudy:
        on_window = self.progress(read.study.case_id) if self.progress else None
        prediction = with_notes(self.predictor.predict(read.images, on_window), read.composed)
        return PredictedStudy(read.study, read.images, prediction, read.composed)

    def _write(self, predicted: PredictedStudy) -> CaseResult:
        study, options = predicted.study, self.options
        origin = Origin(
            source=study.source,
            patient_key=options.patient_id or patient_key(study.patient_id, self.out),
            visit=options.visit or study.visit,
            keep_image=study.kind == "dicom",
            composed=predicted.composed,
        )
        images, prediction = predicted.images.images, predicted.prediction
        # A manifest may have other sequences too; the first one that the model reads is shown.
        analysed = {name: images[name] for name in self.predictor.bundle.sequences if name in images}
        folder = write_prediction(self.out, prediction, analysed, origin, probability=options.probability)
        return CaseResult(folder, prediction.summary())


def images_of(
    study: Study, input_sha256: str, predictor: Predictor, composed: ComposedStudy | None = None
) -> StudyImages:
    """The images of a study, named as the model names them where nobody else did.

    Args:
        study: what to read.
        input_sha256: of its files.
        predictor: the model.
        composed: the volume of a DICOM study, where it is read already.

    Raises:
        InputError: where a file cannot be read.
    """
    images = study.read() if composed is None else {STIR: composed.volume}
    named = images if study.named else as_the_model_says(images, predictor)
    return StudyImages(study.case_id, named, input_sha256, composed.laterality if composed else None)


def with_notes(prediction: Prediction, composed: ComposedStudy | None) -> Prediction:
    """The prediction with a flag for each note on how its volume came about, last."""
    notes = composed.notes if composed else ()
    flags = tuple(QualityFlag("dicom_source", "info", note) for note in notes)
    return replace(prediction, quality_flags=(*prediction.quality_flags, *flags))


def as_the_model_says(images: Mapping[str, Volume], predictor: Predictor) -> Mapping[str, Volume]:
    """One image that nobody named is the sequence that a model of one sequence reads."""
    wanted = predictor.bundle.sequences
    if len(images) != 1 or len(wanted) != 1:
        return images
    return dict(zip(wanted, images.values(), strict=True))


def _without_volumes(error: Exception) -> Exception:
    """The error without the arrays that its traceback would keep in memory until the last study is done."""
    linked: BaseException | None = error
    while linked is not None:
        traceback.clear_frames(linked.__traceback__)
        linked = linked.__cause__ or linked.__context__
    return user_error(error) or error
