"""``crmo-seg info``."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

import pytest
from stub_model import write_model

from crmo_seg import __version__
from crmo_seg.bundle import load_bundle
from crmo_seg.jobs import info, predict
from crmo_seg.jobs.info import installation_table


def test_versions_of_this_installation() -> None:
    table = dict(installation_table())
    assert (table["crmo_seg"], table["python"]) == (__version__, platform.python_version())
    assert table["torch"] == version("torch")


def test_a_library_that_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "_LIBRARIES", ("no-such-library",))
    assert dict(installation_table())["no-such-library"] == "not installed"


def test_shipped_models_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "WEIGHTS", tmp_path)
    assert dict(installation_table())["models"] == "none shipped; train one, give --model DIR"
    for name in ("default", "other"):
        write_model(tmp_path / name)
    table = dict(installation_table())
    assert "models" not in table
    weights, sha256 = count_weights(tmp_path / "other"), load_bundle(tmp_path / "other").sha256
    assert table["model other"] == f"reads stir, marks edema; {weights / 1e6:.1f} million weights, sha256 {sha256[:12]}"
    assert table["model default"] == table["model other"]


def count_weights(folder: Path) -> int:
    return sum(array.size for array in load_bundle(folder).weights.values())
