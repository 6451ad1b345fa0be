"""The exam's measuring on answers that are known: the truth itself, nothing, and one lesion too many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stub_model import make_bundle

from crmo_seg.anatomy import bone_named
from crmo_seg.errors import InputError
from crmo_seg.inference.baseline import mark_outliers
from crmo_seg.inference.modes import BASELINE as BASELINE_MODE
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.inference.torch_backend import TorchBackend
from crmo_seg.jobs.exam import BASELINE, BASELINE_TRUE_BONES, MODEL, Question, answer, measure
from crmo_seg.jobs.exam import question as question_of
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.phantom.exam import ExamFamily
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD, Head
from crmo_seg.volume import Geometry, Volume

SHAPE = (30, 6, 40)
GEOMETRY = Geometry(np.diag([3.0, 6.0, 3.0, 1.0]), SHAPE)
FEMUR, TIBIA = (bone_named(f"{name}_left").label for name in ("femur", "tibia"))
FAMILY = ExamFamily("toddlers", "3 to 5 years", 1, 5)


@pytest.fixture(scope="module")
def question() -> Question:
    rng = np.random.default_rng(0)
    image = rng.normal(100, 4, SHAPE).astype(np.float32)
    bones, edema = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, bool)
    bones[10:20, 1:5, 2:18], bones[10:20, 1:5, 22:38] = FEMUR, TIBIA
    edema[12:16, 2:4, 4:8] = edema[12:16, 2:4, 30:34] = True
    image[edema] = 700
    return Question("a", {"stir": Volume(image, GEOMETRY)}, Volume(edema, GEOMETRY), Volume(bones, GEOMETRY))


def test_the_truth_takes_the_exam(question: Question) -> None:
    metrics = measure(question, question.edema, question.bones)
    assert metrics.lesions is not None
    counts = metrics.lesions.any_overlap
    assert (counts.n_ref, counts.n_found, counts.n_false_positive) == (2, 2, 0)
    assert metrics.mean_dice(BONES) == metrics.mean_dice(EDEMA) == 1.0
    assert set(metrics.heads[BONES]) == {"femur", "tibia"}
    assert metrics.table is not None
    assert sorted(str(one.lesion.site.bone) for one in metrics.table.ref) == ["femur", "tibia"]
    assert all(one.is_met for one in (*metrics.table.ref, *metrics.table.pred))


def test_what_is_missed_and_what_is_too_much_counts(question: Question) -> None:
    mask = np.zeros(SHAPE, bool)
    mask[12:16, 2:4, 4:8] = mask[24:28, 2:4, 4:8] = True
    metrics = measure(question, Volume(mask, GEOMETRY))
    assert metrics.lesions is not None
    counts = metrics.lesions.any_overlap
    assert (counts.n_found, counts.n_false_positive, counts.f1) == (1, 1, 0.5)
    assert BONES not in metrics.heads


def predictor(*heads: Head) -> Predictor:
    bundle = make_bundle(heads=heads)
    return Predictor(bundle, TorchBackend(bundle, "cpu", "f32"))


def test_every_taker_answers(question: Question) -> None:
    answered = answer(question, predictor(EDEMA_HEAD, BONES_HEAD))
    found = answered.takers
    assert answered.edema.geometry.same_grid(GEOMETRY)
    assert answered.seconds > 0
    assert list(found) == [MODEL, BASELINE, BASELINE_TRUE_BONES]
    assert set(found[MODEL].heads) == {EDEMA, BONES}
    with_true_bones = found[BASELINE_TRUE_BONES].lesions
    assert with_true_bones is not None
    assert with_true_bones.any_overlap.f1 == 1.0


def test_a_model_without_bones_leaves_the_baseline_the_true_ones(question: Question) -> None:
    assert list(answer(question, predictor(EDEMA_HEAD)).takers) == [MODEL, BASELINE_TRUE_BONES]


def test_the_mode_baseline_is_the_baseline_and_needs_bones(question: Question) -> None:
    bundle = replace(make_bundle(heads=(EDEMA_HEAD, BONES_HEAD)), minimum_peak_probability=0.9)
    model = Predictor(bundle, TorchBackend(bundle, "cpu", "f32"), BASELINE_MODE)
    prediction = model.predict(StudyImages("a", question.images))
    expected = mark_outliers(question.images["stir"], prediction.masks[BONES])
    assert np.array_equal(prediction.masks[EDEMA].array, expected.array)
    assert prediction.probability is None
    assert (prediction.provenance.mode, prediction.provenance.threshold) == ("baseline", None)
    assert (prediction.provenance.minimum_lesion_ml, prediction.provenance.minimum_peak_probability) == (0.5, 0.0)
    bare = make_bundle()
    with pytest.raises(InputError, match="model stub: has no head bones, in which the mode baseline looks"):
        Predictor(bare, TorchBackend(bare, "cpu", "f32"), BASELINE_MODE)


def test_phantoms_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    options = PhantomOptions(patients=1, preset="exam_toddlers", tiny=True, seed=FAMILY.seed)
    make_phantoms(tmp_path / FAMILY.name, options)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nii.gz")}
    found = question_of(FAMILY, 0, tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nii.gz")} == before
    assert found.case_id == "toddlers/phantom-0000"
    assert found.edema.geometry.same_grid(found.images["stir"].geometry)
    assert found.bones.array.max() > 0
