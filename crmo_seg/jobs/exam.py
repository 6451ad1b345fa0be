"""The home exam: a model and the baseline on phantoms that no training sees, family by family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.cases import Case, read_manifest
from crmo_seg.evaluation.case import CaseMetrics
from crmo_seg.evaluation.lesionwise import compare_lesions
from crmo_seg.evaluation.voxel import overlap, overlap_by_class
from crmo_seg.inference.baseline import mark_outliers
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.jobs.study_job import as_the_model_says
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.phantom.dataset import MANIFEST_FILE, PhantomOptions, make_phantoms
from crmo_seg.phantom.exam import ExamFamily
from crmo_seg.phantom.settings import EXAM_PREFIX
from crmo_seg.sites import head_classes_of
from crmo_seg.volume import Volume

MODEL: Final = "model"
BASELINE: Final = "baseline, predicted bones"
BASELINE_TRUE_BONES: Final = "baseline, true bones"
TAKERS: Final = (MODEL, BASELINE, BASELINE_TRUE_BONES)

Answers = Mapping[str, CaseMetrics]
"""What each taker reached on a study."""


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


def questions(family: ExamFamily, folder: Path) -> Iterator[Question]:
    """The studies of a family, made in ``folder/<family>`` unless they are there already.

    Raises:
        InputError: where the folder cannot be written or read.
    """
    manifest = folder / family.name / MANIFEST_FILE
    if not manifest.exists():
        options = PhantomOptions(patients=family.patients, preset=EXAM_PREFIX + family.name, seed=family.seed)
        make_phantoms(manifest.parent, options)
    return (_question(family, case) for case in read_manifest(manifest))


def _question(family: ExamFamily, case: Case) -> Question:
    images = {name: read_image(path) for name, path in case.images.items()}
    edema, bones = (read_labels(case.labels[head]) for head in (EDEMA, BONES))
    return Question(f"{family.name}/{case.case_id}", images, edema, bones)


def answer(question: Question, predictor: Predictor) -> Answers:
    """Predict a study and measure every taker; without a head for bones the baseline has the true ones only.

    Raises:
        InputError: where the model needs other sequences.
    """
    images = as_the_model_says(question.images, predictor)
    prediction = predictor.predict(StudyImages(question.case_id, images))
    bones, minimum_ml = prediction.masks.get(BONES), predictor.bundle.minimum_lesion_ml
    image = next(iter(images.values()))
    masks = {MODEL: prediction.masks[EDEMA]}
    if bones is not None:
        masks[BASELINE] = mark_outliers(image, bones, minimum_ml)
    masks[BASELINE_TRUE_BONES] = mark_outliers(image, question.bones, minimum_ml)
    answers = {taker: measure(question, mask, bones if taker == MODEL else None) for taker, mask in masks.items()}
    return MappingProxyType(answers)


def measure(question: Question, edema: Volume, bones: Volume | None = None) -> CaseMetrics:
    """Lesions, and where they are given bones, of one study beside its truth."""
    metrics = CaseMetrics(
        question.case_id,
        question.case_id,
        heads={EDEMA: {EDEMA: overlap(pred=edema, ref=question.edema)}},
        lesions=compare_lesions(pred=edema, ref=question.edema),
    )
    if bones is None:
        return metrics
    found = overlap_by_class(pred=head_classes_of(bones), ref=head_classes_of(question.bones))
    classes = {HEAD_CLASSES[value - 1]: shared for value, shared in found.items()}
    return replace(metrics, heads={**metrics.heads, BONES: classes})


def take_exam(
    predictor: Predictor,
    families: Sequence[ExamFamily],
    folder: Path,
    on_answer: Callable[[str], None] | None = None,
) -> Mapping[str, tuple[Answers, ...]]:
    """Every study of every family.

    Args:
        predictor: the model.
        families: of ``crmo_seg.phantom.exam``.
        folder: keeps the phantoms.
        on_answer: told the id of each study that is done.

    Returns:
        The answers by family.
    """
    taken: dict[str, tuple[Answers, ...]] = {}
    for family in families:
        answers = []
        for question in questions(family, folder):
            answers.append(answer(question, predictor))
            if on_answer is not None:
                on_answer(question.case_id)
        taken[family.name] = tuple(answers)
    return MappingProxyType(taken)
