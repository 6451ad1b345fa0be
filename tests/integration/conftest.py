"""The commands as a user types them, inside this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
from stub_model import Finished, write_image, write_model

from crmo_seg.cli import main, predict_main

Command = Callable[..., Finished]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """Run an entry point with arguments; what it printed and its exit code."""

    def run(entry: Callable[[], NoReturn], *arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["command", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            entry()
        printed = capsys.readouterr()
        return Finished(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def crmo_seg(run: Command) -> Command:
    """``crmo-seg ARGUMENTS``."""
    return lambda *arguments: run(main, *arguments)


@pytest.fixture
def infer(run: Command) -> Command:
    """``python infer.py ARGUMENTS``."""
    return lambda *arguments: run(predict_main, *arguments)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "bundle")


@pytest.fixture(scope="session")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_image(tmp_path_factory.mktemp("scan") / "scan.nii.gz")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"
