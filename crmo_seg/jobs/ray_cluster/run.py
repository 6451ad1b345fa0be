"""The studies of a folder, spread over the workers of a Ray cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final, TypeAlias

from crmo_seg.errors import InputError
from crmo_seg.inference.predictor import Progress
from crmo_seg.jobs.predict import ModelChoice, shipped_models, studies_of
from crmo_seg.jobs.ray_cluster.cluster import Cluster, WorkerSize, connected, cores_of_machines, worker_size
from crmo_seg.jobs.ray_cluster.worker import StudyWorker
from crmo_seg.jobs.study_job import CaseResult, PredictOptions

_LOOK_AT_MEMORY: Final = "run the command again; where it dies again, look at the memory, or try fewer --ray-workers"

_Worker: TypeAlias = Any  # Ray's handle of a StudyWorker in another process
_Promise: TypeAlias = Any  # Ray's reference to what a worker will return
_Answer: TypeAlias = Any  # whatever that is


def predict_on_ray(
    study: Path, out: Path, chosen: ModelChoice, options: PredictOptions, cluster: Cluster, progress: Progress
) -> list[CaseResult]:
    """Predict every study of a path on a cluster and write the prediction folders.

    A study that fails does not stop the others, nor does a worker that dies: another one takes its place, and the
    study that it was at is told as failed.

    Args:
        study: as of ``predict_studies``; it and ``out`` must be the same files on every machine.
        out: folder of the prediction folders.
        chosen: the model.
        options: what to write.
        cluster: where.
        progress: told of studies done and in all.

    Returns:
        A result for each study, in the order of the manifest or of the file names.

    Raises:
        InputError: where Ray is not installed or does not answer, the path or the model cannot be read, the workers
            have different models, or the disk is full.
    """
    study, out, chosen = study.absolute(), out.absolute(), _wherever_it_runs(chosen)
    case_ids = [one.case_id for one in studies_of(study, out, options)]
    with connected(cluster) as ray:
        cores = cores_of_machines(ray)
        count = min(cluster.workers or len(cores), len(case_ids))
        size = worker_size(cores, count, chosen.device)
        start = _starter(ray, size, study, out, chosen, options)
        workers = [start() for _ in range(count)]
        _check_one_model(_loaded(ray, workers))
        results = {}
        for case_id, result in _spread(ray, workers, start, case_ids):
            results[case_id] = result or _lost(out / case_id)
            progress(len(results), len(case_ids))
    return [results[case_id] for case_id in case_ids]


def _wherever_it_runs(chosen: ModelChoice) -> ModelChoice:
    """A worker has a working folder of its own."""
    if chosen.model is None or chosen.model in shipped_models():
        return chosen
    return replace(chosen, model=str(Path(chosen.model).absolute()))


def _starter(ray: ModuleType, size: WorkerSize, *arguments: object) -> Callable[[], _Worker]:
    """A function that starts a worker, which Ray makes with these arguments on a machine that has room."""
    threads = {"env_vars": {"OMP_NUM_THREADS": str(size.cpus)}}
    remote = ray.remote(num_cpus=size.cpus, num_gpus=size.gpus, runtime_env=threads)(StudyWorker)
    return lambda: remote.remote(*arguments)


def _loaded(ray: ModuleType, workers: Sequence[_Worker]) -> list[str]:
    """The hash of each worker's model; all load at the same time."""
    try:
        return [_answer(ray, promise) for promise in [worker.model_sha256.remote() for worker in workers]]
    except ray.exceptions.RayActorError as error:
        raise InputError("--ray", "a worker died while it loaded the model", _LOOK_AT_MEMORY) from error


def _check_one_model(hashes: Sequence[str]) -> None:
    if len(set(hashes)) > 1:
        problem = "is not the same on all machines of the cluster"
        raise InputError("--model", problem, "install one version everywhere, or give a folder that all of them see")


def _answer(ray: ModuleType, asked: _Promise) -> _Answer:
    """What a worker returned; what it raised is raised here as it was there."""
    try:
        return ray.get(asked)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None


def _spread(
    ray: ModuleType, workers: Sequence[_Worker], start: Callable[[], _Worker], case_ids: Sequence[str]
) -> Iterator[tuple[str, CaseResult | None]]:
    """Each case with its result as it comes; None where its worker died, in whose place a new one is started."""
    idle, waiting = list(workers), deque(case_ids)
    running: dict[_Promise, tuple[_Worker, str]] = {}
    while waiting or running:
        while idle and waiting:
            worker, case_id = idle.pop(), waiting.popleft()
            running[worker.predict.remote(case_id)] = worker, case_id
        (done,), _ = ray.wait(list(running))
        worker, case_id = running.pop(done)
        try:
            result = _answer(ray, done)
        except ray.exceptions.RayActorError:
            worker, result = start(), None
        idle.append(worker)
        yield case_id, result


def _lost(folder: Path) -> CaseResult:
    return CaseResult(folder, None, InputError(folder, "its worker died", _LOOK_AT_MEMORY))
