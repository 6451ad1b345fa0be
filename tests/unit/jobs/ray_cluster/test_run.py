"""Dealing studies out, and what a user may get wrong; the workers and Ray itself are acted."""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path
from types import SimpleNamespace

import pytest
from stub_model import write_image

from crmo_seg.errors import InputError
from crmo_seg.jobs.predict import ModelChoice
from crmo_seg.jobs.ray_cluster import run
from crmo_seg.jobs.ray_cluster.cluster import Cluster
from crmo_seg.jobs.ray_cluster.run import predict_on_ray
from crmo_seg.jobs.study_job import CaseResult, PredictOptions


class WorkerDiedError(Exception):
    pass


class FakeTaskError(Exception):
    def __init__(self, cause: Exception) -> None:
        self.cause = cause


class FakeRay:
    """Answers are there at once, the oldest first; an exception is raised where it is asked for."""

    exceptions = SimpleNamespace(RayActorError=WorkerDiedError, RayTaskError=FakeTaskError)

    def wait(self, promises: list[list[object]]) -> tuple[list[list[object]], list[list[object]]]:
        return promises[:1], promises[1:]

    def get(self, promise: Promise) -> object:
        if isinstance(promise.answer, Exception):
            raise promise.answer
        return promise.answer


class Promise:
    def __init__(self, answer: object) -> None:
        self.answer = answer


class FakeWorker:
    """Gives the answers that it was made with, and notes what it was asked."""

    def __init__(self, answers: list[object]) -> None:
        self.asked: list[str] = []
        self._answers = deque(answers)
        self.predict = SimpleNamespace(remote=self._remote)

    def _remote(self, case_id: str) -> Promise:
        self.asked.append(case_id)
        return Promise(self._answers.popleft())


def done(name: str) -> CaseResult:
    return CaseResult(Path(name), {"n_lesions": 0})


# Dealing studies out


def test_a_worker_that_is_free_gets_the_next_study() -> None:
    first, second = FakeWorker([done("a"), done("c")]), FakeWorker([done("b")])
    results = dict(run._spread(FakeRay(), [second, first], list, ["a", "b", "c"]))
    assert results == {"a": done("a"), "b": done("b"), "c": done("c")}
    assert (first.asked, second.asked) == (["a", "c"], ["b"])


def test_another_worker_takes_the_place_of_one_that_died() -> None:
    dying, other = FakeWorker([WorkerDiedError()]), FakeWorker([done("b"), done("c")])
    results = dict(run._spread(FakeRay(), [dying], lambda: other, ["a", "b", "c"]))
    assert results == {"a": None, "b": done("b"), "c": done("c")}
    assert (dying.asked, other.asked) == (["a"], ["b", "c"])


def test_a_full_disk_ends_the_job() -> None:
    full = FakeWorker([FakeTaskError(InputError("out", "is full", "free space"))])
    with pytest.raises(InputError, match="out: is full"):
        dict(run._spread(FakeRay(), [full], list, ["a", "b"]))


def test_models_that_differ_are_refused() -> None:
    run._check_one_model(["one", "one"])
    with pytest.raises(InputError, match="--model: is not the same on all machines"):
        run._check_one_model(["one", "other"])


# What a user may get wrong


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return write_image(tmp_path / "studies" / "a.nii.gz")


def attempt(study: Path, address: str) -> None:
    predict_on_ray(study, study.parents[1] / "out", ModelChoice(), PredictOptions(), Cluster(address), lambda *_: None)


def test_without_ray_the_command_to_install_it_is_told(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r'--ray: needs Ray, which is not installed; pip install "crmo_seg\[ray\]"'):
        attempt(study, "local")


@pytest.fixture
def ray_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", FakeRay())


@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize("address", ["head", "head:", ":6379", "ray://head"])
def test_an_address_that_is_none_is_refused(study: Path, address: str) -> None:
    with pytest.raises(InputError, match=f"--ray: is '{address}'; give HOST:PORT"):
        attempt(study, address)


@pytest.mark.usefixtures("ray_installed")
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:99999"])
def test_a_cluster_that_does_not_answer_is_not_waited_for(study: Path, address: str) -> None:
    with pytest.raises(InputError, match=f"--ray: no cluster answers at {address} .*; start one with ray start --head"):
        attempt(study, address)
