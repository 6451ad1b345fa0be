"""Only whole OpenVINO models of the bundle's own weights are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.bundle import ModelBundle
from crmo_seg.inference.backend import OpenVinoUnusable
from crmo_seg.inference.openvino_files import find_openvino_files


def test_all_files_are_found(exported: ModelBundle, exported_folder: Path) -> None:
    files = find_openvino_files(exported, exported_folder)
    assert [path.name for path in files.models] == ["model.xml", "model_1.xml"]
    assert files.self_check == exported_folder / "openvino" / "selfcheck.npz"
    assert sorted(path.name for path in files.self_check.parent.iterdir()) == sorted(
        ["model.xml", "model.bin", "model_1.xml", "model_1.bin", "openvino.yaml", "selfcheck.npz"]
    )


def test_another_threshold_or_name_keeps_them(exported: ModelBundle, exported_folder: Path) -> None:
    changed = replace(exported, threshold=0.3, minimum_lesion_ml=0.5, name="other")
    assert find_openvino_files(changed, exported_folder) == find_openvino_files(exported, exported_folder)


def test_models_of_other_weights_are_refused(exported: ModelBundle, exported_folder: Path) -> None:
    first = next(iter(exported.weights))
    others = [
        replace(exported, weights={**exported.weights, first: exported.weights[first] + np.float32(0.1)}),
        replace(exported, other_weights=()),
        replace(exported, other_weights=exported.other_weights * 2),
        replace(exported, plan=replace(exported.plan, patch=(16, 16, 8))),
    ]
    for other in others:
        with pytest.raises(OpenVinoUnusable, match="its OpenVINO model was made of other weights"):
            find_openvino_files(other, exported_folder)


def test_a_bundle_without_them_is_told(exported: ModelBundle, tmp_path: Path) -> None:
    for folder in (None, tmp_path / "nowhere", tmp_path):
        with pytest.raises(OpenVinoUnusable, match="the bundle has no OpenVINO model"):
            find_openvino_files(exported, folder)


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "model_1.bin", "selfcheck.npz"])
def test_a_damaged_or_missing_file_is_named(exported: ModelBundle, exported_folder: Path, name: str) -> None:
    path = exported_folder / "openvino" / name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OpenVinoUnusable, match=f"openvino/{name} is not the file that was saved"):
        find_openvino_files(exported, exported_folder)
    path.unlink()
    with pytest.raises(OpenVinoUnusable, match=f"openvino/{name} cannot be read"):
        find_openvino_files(exported, exported_folder)


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        ("format_version: 1", "format_version: 9", "of another version of crmo_seg"),
        ("model_1.xml:", "model_2.xml:", "does not name all of its files"),
        ("files:", "file:", "does not name all of its files"),
        ("network_sha256:", "sha256:", "was made of other weights"),
        ("files:", "- files:", "openvino.yaml cannot be read"),
    ],
)
def test_contents_that_make_no_sense_are_refused(
    exported: ModelBundle, exported_folder: Path, right: str, wrong: str, reason: str
) -> None:
    path = exported_folder / "openvino" / "openvino.yaml"
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(OpenVinoUnusable, match=reason):
        find_openvino_files(exported, exported_folder)
