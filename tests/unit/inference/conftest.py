"""A bundle with its OpenVINO models, made once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from stub_model import make_bundle

from crmo_seg.bundle import ModelBundle, load_bundle, save_bundle
from crmo_seg.inference.openvino_export import export_openvino
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD

HEADS = (EDEMA_HEAD, BONES_HEAD)


@pytest.fixture(scope="session")
def _exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ensemble of two, with both kinds of heads."""
    one, other = make_bundle(heads=HEADS, seed=1), make_bundle(heads=HEADS, seed=2)
    folder = tmp_path_factory.mktemp("exported") / "model"
    save_bundle(replace(one, other_weights=(other.weights,)), folder)
    export_openvino(load_bundle(folder), folder)
    return folder


@pytest.fixture
def exported_folder(_exported: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(_exported, tmp_path / "model"))


@pytest.fixture
def exported(exported_folder: Path) -> ModelBundle:
    return load_bundle(exported_folder)


@pytest.fixture
def no_memory_of_checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A cache of this test alone."""
    monkeypatch.setenv("CRMO_SEG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
