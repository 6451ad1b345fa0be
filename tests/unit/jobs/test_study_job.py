"""One study: options, and what a failure of each step becomes."""

from __future__ import annotations

import errno
import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from stub_model import write_image, write_model

from crmo_seg.errors import InputError
from crmo_seg.inference.predictor import Predictor
from crmo_seg.io.study import open_study
from crmo_seg.jobs import study_job
from crmo_seg.jobs.predict import load_model
from crmo_seg.jobs.study_job import CaseResult, PredictOptions, StudyJob


@pytest.mark.parametrize("shard", [(0, 1), (2, 3)])
def test_shards_that_exist(shard: tuple[int, int]) -> None:
    assert PredictOptions(shard=shard).shard == shard


@pytest.mark.parametrize("shard", [(1, 1), (-1, 2), (0, 0), (0, -1)])
def test_shards_that_do_not(shard: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=r"--shard: is -?\d/-?\d; give i/n with i from 0 to n - 1"):
        PredictOptions(shard=shard)


@dataclass
class Bench:
    """A job of one study, whose steps can be broken."""

    job: StudyJob
    source: Path

    def run(self) -> CaseResult:
        (study,) = open_study(self.source)
        return self.job.write(self.job.compute(self.job.read(study)))


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return load_model(write_model(tmp_path_factory.mktemp("model") / "bundle", edema_logit=2.0), "cpu")


@pytest.fixture
def bench(predictor: Predictor, tmp_path: Path) -> Bench:
    source = write_image(tmp_path / "scan.nii.gz")
    return Bench(StudyJob(tmp_path / "out", predictor, PredictOptions()), source)


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


def test_a_study_is_read_computed_and_written(bench: Bench) -> None:
    result = bench.run()
    assert (result.folder, result.error) == (bench.job.out / "scan", None)
    assert result.totals is not None
    assert result.totals["n_lesions"] == 1


def test_a_finished_case_is_neither_read_nor_computed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run()
    (bench.job.out / ".scan.part" / "junk").mkdir(parents=True)
    monkeypatch.setattr(study_job, "images_of", failing(AssertionError("read")))
    assert bench.run() == CaseResult(bench.job.out / "scan", None)
    assert [path.name for path in bench.job.out.iterdir()] == ["scan"]  # a run that was killed left the other


@pytest.mark.parametrize("step", ["images_of", "write_prediction"])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InputError("knee.nii.gz", "is 2D", "give a volume"), "knee.nii.gz: is 2D; give a volume"),
        (PermissionError(errno.EACCES, "Permission denied", "k.nii"), "k.nii: Permission denied; check the path"),
        (ZeroDivisionError("a bug"), "a bug"),
        (MemoryError("too large"), "too large"),
    ],
    ids=["input", "system", "bug", "memory"],
)
def test_a_failure_is_the_studys_own(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception, text: str
) -> None:
    monkeypatch.setattr(study_job, step, failing(error))
    result = bench.run()
    assert (result.folder, result.totals) == (bench.job.out / "scan", None)
    assert str(result.error).startswith(text)
    assert isinstance(result.error, InputError) == isinstance(error, InputError | PermissionError)


def test_a_full_disk_is_everyones(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "scan")
    monkeypatch.setattr(study_job, "write_prediction", failing(full))
    with pytest.raises(OSError, match="No space left"):
        bench.run()


def test_an_error_keeps_no_volume_in_memory(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    class Heavy:
        array = np.zeros(10)

    alive: list[weakref.ref[Heavy]] = []

    def fail(*_: object, **__: object) -> None:
        heavy = Heavy()
        alive.append(weakref.ref(heavy))
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise InputError("a", "is wrong", "mend it") from inner

    monkeypatch.setattr(study_job, "images_of", fail)
    result = bench.run()
    gc.collect()
    assert result.error is not None
    assert alive[0]() is None


def test_the_sequence_that_the_model_reads_is_shown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, shown = bench.source.parent, []
    write_image(folder / "water.nii.gz")
    manifest = folder / "manifest.csv"
    header = "case_id,patient_id,image_dixon_water,image_stir"
    manifest.write_text(f"{header}\na,p,water.nii.gz,scan.nii.gz\n")
    monkeypatch.setattr(
        study_job, "write_prediction", lambda out, prediction, images, *_, **__: shown.append(list(images)) or out
    )
    bench.source = manifest
    bench.run()
    assert shown == [["stir"]]
