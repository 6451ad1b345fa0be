"""Models that OpenVINO reads, in full precision, written whole, with a window to check them by."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stub_model import entries, make_bundle, write_model

from crmo_seg.bundle import ModelBundle, load_bundle, save_bundle
from crmo_seg.errors import InputError
from crmo_seg.inference import openvino_export
from crmo_seg.inference.openvino_export import export_bundle, export_openvino
from crmo_seg.inference.openvino_library import openvino
from crmo_seg.inference.self_check import SelfCheck
from crmo_seg.inference.torch_backend import TorchBackend


def test_a_model_for_each_member_in_the_plan_s_shape_and_heads(exported: ModelBundle, exported_folder: Path) -> None:
    for name in ("model.xml", "model_1.xml"):
        model = openvino.Core().read_model(exported_folder / "openvino" / name)
        assert list(model.input().shape) == [1, 1, 8, 8, 4]
        assert [sorted(output.names) for output in model.outputs] == [["edema"], ["bones"]]
        assert [list(output.shape)[1] for output in model.outputs] == [1, exported.plan.heads[1].channels]


def test_weights_keep_full_precision(exported: ModelBundle, exported_folder: Path) -> None:
    content = (exported_folder / "openvino" / "model.bin").read_bytes()
    for name in ("encoder.0.0.weight", "encoder.1.3.weight", "heads.bones.0.weight"):
        assert exported.weights[name].tobytes() in content, name


def test_the_check_window_is_the_one_given_and_answered_by_torch(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    window = np.random.default_rng(3).normal(size=(1, 8, 8, 4)).astype(np.float32)
    assert export_bundle(folder, window) == folder / "openvino"
    check = SelfCheck.load(folder / "openvino" / "selfcheck.npz")
    np.testing.assert_array_equal(check.window, window[None].astype(np.float16))
    expected = TorchBackend(load_bundle(folder), "cpu", "f32")(check.window)["edema"][0, 0]
    np.testing.assert_allclose(check.heads["edema"], expected, atol=5e-4)
    export_bundle(folder)
    again = SelfCheck.load(folder / "openvino" / "selfcheck.npz")
    np.testing.assert_array_equal(again.window, check.window)


def test_the_same_bundle_gives_the_same_files(tmp_path: Path) -> None:
    folders = [write_model(tmp_path / name) for name in ("one", "two")]
    names = ("model.xml", "model.bin", "selfcheck.npz")
    one, two = ([(export_bundle(folder) / name).read_bytes() for name in names] for folder in folders)
    assert one == two


def test_saving_the_bundle_anew_takes_the_stale_models_away(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    export_bundle(folder)
    save_bundle(make_bundle(seed=5), folder)
    assert entries(folder) == ["README.md", "bundle.yaml", "model.safetensors"]


def test_a_full_disk_leaves_the_older_models_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_model(tmp_path / "model")
    export_bundle(folder)
    before = entries(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(openvino_export, "write_contents", full)
    with pytest.raises(InputError, match=r"model/openvino: could not be written \(No space left on device\); free"):
        export_bundle(folder)
    assert entries(folder) == before


def test_a_model_of_fewer_members_leaves_no_older_one(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "model")
    bundle = load_bundle(folder)
    both = replace(bundle, other_weights=(bundle.weights,))
    export_openvino(both, folder)
    assert "openvino/model_1.xml" in entries(folder)
    export_openvino(bundle, folder)
    assert "openvino/model_1.xml" not in entries(folder)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    for refused in (export_bundle, lambda folder: export_openvino(make_bundle(), folder)):
        with pytest.raises(InputError, match=r"nowhere: is no model bundle \(it has no bundle.yaml\); give a folder"):
            refused(tmp_path / "nowhere")
    assert entries(tmp_path) == []


def test_without_openvino_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_export, "is_installed", lambda _: False)
    with pytest.raises(InputError, match="openvino: is not installed; install it, or run the model by torch"):
        export_bundle(write_model(tmp_path / "model"))
