from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crmo_seg.errors import InputError
from crmo_seg.jobs.node import run
from crmo_seg.jobs.node.lock import only_one
from crmo_seg.jobs.node.run import run_node
from crmo_seg.jobs.node.settings import NodeSettings


class EnoughError(Exception):
    """The test has seen enough."""


@pytest.fixture
def incoming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run, "load_model", lambda *_, **__: None)
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def sleeping(monkeypatch: pytest.MonkeyPatch, *steps: Callable[[], object]) -> None:
    """Do one thing at each pause, and end at the one after."""
    remaining = iter(steps)

    def sleep(_: float) -> None:
        for step in remaining:
            step()
            return
        raise EnoughError

    monkeypatch.setattr(run.time, "sleep", sleep)


def test_a_folder_that_is_away_for_a_while_does_not_stop_a_node_that_watches(
    incoming: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    sleeping(monkeypatch, lambda: shutil.rmtree(incoming), incoming.mkdir, lambda: None)
    with pytest.raises(EnoughError):
        run_node(incoming, tmp_path / "out", NodeSettings(), lines.append, once=False)
    assert lines == ["watching, 0 studies waiting", "the incoming folder cannot be read, tried again"]


def test_once_ends_where_nothing_is_to_do(incoming: Path, tmp_path: Path) -> None:
    outcome = run_node(incoming, tmp_path / "out", NodeSettings(), print, once=True)
    assert (outcome.finished, outcome.failed, outcome.unsent, outcome.unreadable) == (0, 0, 0, 0)


def test_rules_that_cannot_be_read_are_told_before_anything_is_watched(incoming: Path, tmp_path: Path) -> None:
    settings = NodeSettings(rules=tmp_path / "none.yaml")
    with pytest.raises(InputError, match=r"none\.yaml: does not exist"):
        run_node(incoming, tmp_path / "out", settings, print, once=True)


def test_a_second_node_is_refused(incoming: Path, tmp_path: Path) -> None:
    lock = tmp_path / "out" / "queue" / ".lock"
    with only_one(lock), pytest.raises(InputError, match="is in the hands of another node"):
        run_node(incoming, tmp_path / "out", NodeSettings(), print, once=True)
