"""The home exam: a model and the baseline on phantoms that no training sees, study by study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.lesion_table import lesion_table
from crmo_seg.evaluation.lesionwise import count_agreement, match_lesions
from crmo_seg.evaluation.voxel import overlap, overlap_by_class
from crmo_seg.inference.baseline import mark_outliers
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.jobs.study_job import as_the_model_says
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.phantom.exam import ExamFamily
from crmo_seg.phantom.files import SCAN_FILE, varied_study, write_study
from crmo_seg.sites import head_classes_of
from crmo_seg.volume import Volume

MODEL: Final = "model"
BASELINE: Final = "baseline, predicted bones"
BASELINE_TRUE_BONES: Final = "baseline, true bones"
TAKERS: Final = (MODEL, BASELINE, BASELINE_TRUE_BONES)


@dataclass(frozen=True, eq=False)
class Question:
    """A study with its truth, all on one grid.

    Attributes:
        case_id: unique in the exam; every study is a patient of its own.
        images: one sequence, whatever its name.
        edema: true mask.
        bones: true fine labels.
    """

    case_id: str
    images: Mapping[str, Volume]
    edema: Volume
    bones: Volume


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of a study.

    Attributes:
        takers: what each of ``TAKERS`` reached; without the baseline in predicted bones where a model has none.
        edema: the model's mask.
        seconds: that the model took for the study in memory.
    """

    takers: Mapping[str, CaseMetrics]
    edema: Volume
    seconds: float


def question(family: ExamFamily, index: int, folder: Path) -> Question:
    """A study of a family, from 0, made in ``folder/<family>/<study>`` unless it is there already.

    Raises:
        InputError: where the folder cannot be written or read.
    """
    study = folder / family.name / family.case_id(index)
    if not (study / SCAN_FILE).exists():  # the last of its files
        write_study(study.parent, varied_study(family.study(index)))
    images = {name: read_image(study / f"{name}.nii.gz") for name in family.settings().sequences}
    edema, bones = (read_labels(study / f"{head}.nii.gz") for head in (EDEMA, BONES))
    return Question(f"{family.name}/{study.name}", images, edema, bones)


def answer(question: Question, predictor: Predictor) -> Answer:
    """Predict a study and measure every taker; without a head for bones the baseline has the true ones only.

    Raises:
        InputError: where the model needs other sequences.
    """
    images = as_the_model_says(question.images, predictor)
    prediction = predictor.predict(StudyImages(question.case_id, images))
    bones, image = prediction.masks.get(BONES), next(iter(images.values()))
    masks = {MODEL: prediction.masks[EDEMA]}
    if bones is not None:
        masks[BASELINE] = mark_outliers(image, bones)
    masks[BASELINE_TRUE_BONES] = mark_outliers(image, question.bones)
    takers = {taker: measure(question, mask, bones if taker == MODEL else None) for taker, mask in masks.items()}
    return Answer(MappingProxyType(takers), masks[MODEL], sum(prediction.provenance.timings_s.values()))


def measure(question: Question, edema: Volume, bones: Volume | None = None) -> CaseMetrics:
    """Lesions, each in its true bone, and where they are given bones, of one study beside its truth."""
    matched = match_lesions(pred=edema, ref=question.edema)
    metrics = CaseMetrics(
        question.case_id,
        question.case_id,
        heads={EDEMA: {EDEMA: overlap(pred=edema, ref=question.edema)}},
        lesions=count_agreement(matched),
        table=lesion_table(matched, bones=question.bones),
    )
    if bones is None:
        return metrics
    found = overlap_by_class(pred=head_classes_of(bones), ref=head_classes_of(question.bones))
    classes = {HEAD_CLASSES[value - 1]: shared for value, shared in found.items()}
    return replace(metrics, heads={**metrics.heads, BONES: classes})
