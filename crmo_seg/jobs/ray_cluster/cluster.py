"""A Ray cluster: is it there, how many cores has it. Ray comes with ``pip install "crmo_seg[ray]"``."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Final

from crmo_seg.errors import InputError

LOCAL: Final = "local"
"""The address of a cluster that is this machine alone, and ends with the command."""

_OWN_CLUSTER: Final = "auto"
_PATIENCE_S: Final = 10.0


@dataclass(frozen=True)
class Cluster:
    """Where the workers run.

    Attributes:
        address: ``local``, ``auto`` (the cluster that this machine belongs to), ``HOST:PORT`` or ``ray://HOST:PORT``.
        workers: how many; None is one for each machine. The cores of a machine are shared out among its workers.
        quiet: keep to ourselves what workers print.
    """

    address: str
    workers: int | None = None
    quiet: bool = False

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise InputError("--ray-workers", f"is {self.workers}", "give 1 or more, or leave it out: one each machine")


@dataclass(frozen=True)
class WorkerSize:
    """What one worker asks of Ray."""

    cpus: int
    gpus: int


def worker_size(cores: Sequence[int], workers: int, device: str) -> WorkerSize:
    """The cores of each worker, so many that all of them fit, and a GPU where one is asked for.

    Args:
        cores: of each machine.
        workers: how many there will be.
        device: cuda, or another.

    Raises:
        InputError: where there are more workers than cores.

    >>> worker_size([16, 16, 8], workers=5, device="cpu")
    WorkerSize(cpus=8, gpus=0)
    """
    fitting = (size for size in range(max(cores), 0, -1) if sum(of // size for of in cores) >= workers)
    size = next(fitting, None)
    if size is None:
        raise InputError("--ray-workers", f"is {workers}, but the cluster has {sum(cores)} cores", "ask for fewer")
    return WorkerSize(size, 1 if device == "cuda" else 0)


@contextmanager
def connected(cluster: Cluster) -> Iterator[ModuleType]:
    """Ray, connected; a local cluster ends with the block."""
    ray = _library()
    _check_reachable(cluster.address)
    own = {"include_dashboard": False} if cluster.address == LOCAL else {}
    try:
        with _sigterm_kept():
            ray.init(address=cluster.address, log_to_driver=not cluster.quiet, logging_level="error", **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise _no_cluster(cluster.address, error) from error
    try:
        yield ray
    except SystemError as error:  # what a signal's handler raised while Ray's compiled code was running
        raise (error.__cause__ or error) from None
    finally:
        ray.shutdown()


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Ray takes the signal for itself when it connects; here it goes on to mean what it meant to the caller."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _check_reachable(address: str) -> None:
    """Ray itself would wait for ever for a cluster that does not answer."""
    if address in (LOCAL, _OWN_CLUSTER):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not (host and port.isdecimal()):
        raise InputError("--ray", f"is {address!r}", f"give HOST:PORT, ray://HOST:PORT, {_OWN_CLUSTER} or {LOCAL}")
    try:
        socket.create_connection((host, int(port)), timeout=_PATIENCE_S).close()
    except (OSError, OverflowError) as error:  # a port above 65535
        raise _no_cluster(address, error) from error


def _no_cluster(address: str, error: Exception) -> InputError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    remedy = f"start one with ray start --head, give the address of one, or --ray {LOCAL} for this machine"
    return InputError("--ray", f"no cluster answers at {address} ({reason})", remedy)


def _library() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would send figures of its use
    try:
        import ray
    except ModuleNotFoundError as error:
        raise InputError("--ray", "needs Ray, which is not installed", 'pip install "crmo_seg[ray]"') from error
    module: ModuleType = ray
    return module


def cores_of_machines(ray: ModuleType) -> list[int]:
    """Of each machine that is up."""
    return [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
