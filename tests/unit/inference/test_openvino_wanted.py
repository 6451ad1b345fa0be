from __future__ import annotations

from pathlib import Path

import pytest
from stub_model import make_bundle, write_model

from crmo_seg.inference import openvino_wanted
from crmo_seg.inference.openvino_files import find_openvino_files
from crmo_seg.inference.openvino_wanted import export_where_possible


def test_models_are_made_where_both_libraries_are_there(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    folder = write_model(tmp_path / "model")
    assert export_where_possible(make_bundle(), folder) == folder / "openvino"
    assert len(find_openvino_files(make_bundle(), folder).models) == 1


@pytest.mark.parametrize("missing", ["openvino", "torch"])
def test_without_one_of_them_nothing_is_made(missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_wanted, "is_installed", lambda library: library != missing)
    assert export_where_possible(make_bundle(), tmp_path) is None
    assert list(tmp_path.iterdir()) == []
