"""An answer is the same after it was kept, and a run goes on where it was."""

from __future__ import annotations

import argparse
import doctest
import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from exam import rows, sitting
from exam.kept import Kept, kept_in
from exam.sitting import Task, report, shard_of, sit
from exam_builders import IN_FEMUR, OUTSIDE, SECONDS, answered, question
from stub_model import make_bundle

from crmo_seg.errors import InputError
from crmo_seg.inference.modes import BEST, FAST
from crmo_seg.inference.predictor import Predictor
from crmo_seg.inference.torch_backend import TorchBackend
from crmo_seg.jobs.exam import TAKERS, Answer, Question

NAMES = ("a/0", "a/1", "b/0")


def tasks() -> list[Task]:
    return [Task(name, partial(question, name)) for name in NAMES]


def answer(asked: Question) -> Answer:
    return answered(asked.case_id, pred=[IN_FEMUR, OUTSIDE])


def refuse(asked: Question) -> Answer:
    pytest.fail(f"{asked.case_id} was answered before")


def failing(error: Exception) -> Callable[[Question], Answer]:
    """Answers all but the second study."""

    def answer_or_fail(asked: Question) -> Answer:
        if asked.case_id == NAMES[1]:
            raise error
        return answer(asked)

    return answer_or_fail


def test_an_answer_that_was_kept_is_the_same(tmp_path: Path) -> None:
    kept, made = Kept(tmp_path), answered("a/0", pred=[IN_FEMUR, OUTSIDE])
    kept.keep("a/0", made)
    read = kept.read("a/0")
    assert read.seconds == SECONDS
    assert list(read.takers) == [taker for taker in TAKERS if taker in made.takers]
    assert np.array_equal(kept.edema("a/0").array, made.edema.array)
    for taker, case in read.takers.items():
        expected = made.takers[taker]
        assert (case.case_id, case.patient_id) == ("a/0", "a/0")
        assert (case.heads, case.lesions) == (expected.heads, expected.lesions)
        for own, other in zip(case.table.ref + case.table.pred, expected.table.ref + expected.table.pred, strict=True):
            assert (own.meets, own.partner, own.group) == (other.meets, other.partner, other.group)
            assert own.iou == pytest.approx(other.iou, nan_ok=True)
            assert own.lesion.site.side == other.lesion.site.side
            assert own.lesion.volume_ml == other.lesion.volume_ml


def test_what_is_there_is_not_answered_again(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    assert sit(tasks(), answer, kept) == []
    assert sit(tasks(), refuse, kept) == []
    assert report(tasks(), kept, []) == "3 of 3 studies"


def test_shards_share_the_work(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    sit(tasks(), answer, kept, (0, 2))
    assert [kept.has(name) for name in NAMES] == [True, False, True]
    sit(tasks(), answer, kept, (1, 2))
    assert all(kept.has(name) for name in NAMES)


@pytest.mark.parametrize(
    ("error", "said"), [(InputError("x", "is bad", "mend it"), "x: is bad"), (KeyError("k"), "Tr")]
)
def test_a_study_that_fails_does_not_lose_the_rest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    kept = Kept(tmp_path)
    failed = sit(tasks(), failing(error), kept)
    assert failed == ["a/1"]
    assert report(tasks(), kept, failed) == "2 of 3 studies; failed: a/1"
    assert f"2/3 a/1 FAILED: {said}" in capsys.readouterr().err
    assert sit(tasks(), answer, kept) == [], "it is tried again"


def test_a_full_disk_stops_the_run(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "a")
    with pytest.raises(OSError, match="No space left"):
        sit(tasks(), failing(full), Kept(tmp_path))


def test_another_threshold_or_mode_is_another_folder(tmp_path: Path) -> None:
    bundle = make_bundle()
    backend = TorchBackend(bundle, "cpu", "f32")
    folders = {
        kept_in(tmp_path, Predictor(one, backend, mode)).folder
        for one in (bundle, make_bundle(seed=1))
        for mode in (FAST, BEST)
    }
    assert len(folders) == 4


@pytest.mark.parametrize("text", ["2/2", "1", "a/2", "-1/2"])
def test_a_wrong_shard_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no i/n"):
        shard_of(text)


@pytest.mark.parametrize("module", [rows, sitting], ids=lambda module: module.__name__)
def test_examples_hold(module: ModuleType) -> None:
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0
