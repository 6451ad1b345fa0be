"""How large a worker is. Addresses are in ``test_run.py``, a real cluster in ``tests/integration/test_ray.py``."""

from __future__ import annotations

import pytest

from crmo_seg.errors import InputError
from crmo_seg.jobs.ray_cluster.cluster import Cluster, worker_size


@pytest.mark.parametrize(
    ("cores", "workers", "expected"),
    [([2], 1, 2), ([2], 2, 1), ([16, 16], 2, 16), ([16, 8], 2, 8), ([16, 8], 3, 8), ([16, 4], 2, 8), ([3, 3, 3], 4, 1)],
)
def test_workers_are_as_large_as_fits(cores: list[int], workers: int, expected: int) -> None:
    assert worker_size(cores, workers, "auto").cpus == expected
    assert sum(of // expected for of in cores) >= workers


def test_only_cuda_asks_for_a_gpu() -> None:
    assert [worker_size([4], 1, device).gpus for device in ("auto", "cpu", "cuda")] == [0, 0, 1]


def test_more_workers_than_cores_are_refused() -> None:
    with pytest.raises(InputError, match="--ray-workers: is 5, but the cluster has 4 cores; ask for fewer"):
        worker_size([2, 2], 5, "cpu")


def test_no_worker_is_refused() -> None:
    with pytest.raises(InputError, match="--ray-workers: is 0"):
        Cluster("local", workers=0)
