"""A bundle on disk: written whole, read with checks."""

import errno
from pathlib import Path

import numpy as np
import pytest
import yaml
from builders import make_plan

from crmo_seg.bundle import ModelBundle, files, load_bundle, save_bundle
from crmo_seg.errors import InputError


def make_bundle(**changes: object) -> ModelBundle:
    weights = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    return ModelBundle(**{"name": "test", "plan": make_plan(), "weights": weights} | changes)  # type: ignore[arg-type]


def test_a_bundle_survives_the_disk(tmp_path: Path) -> None:
    point = {"threshold": 0.3, "minimum_lesion_ml": 0.2, "minimum_peak_probability": 0.9}
    saved = make_bundle(**point, provenance={"metrics": {"val/edema_dice": 0.5}})
    save_bundle(saved, tmp_path / "model")
    loaded = load_bundle(tmp_path / "model")
    assert (loaded.plan, loaded.threshold, loaded.minimum_lesion_ml) == (saved.plan, 0.3, 0.2)
    assert loaded.minimum_peak_probability == 0.9
    assert "A lesion reaches a probability of 0.9 somewhere." in (tmp_path / "model" / "README.md").read_text()
    np.testing.assert_array_equal(loaded.weights["a.weight"], saved.weights["a.weight"])
    assert loaded.sha256 == saved.sha256
    assert "not for diagnosis" in (tmp_path / "model" / "README.md").read_text()


def test_another_format_version_is_refused(tmp_path: Path) -> None:
    save_bundle(make_bundle(), tmp_path / "model")
    path = tmp_path / "model" / "bundle.yaml"
    path.write_text(path.read_text().replace("format_version: 1", "format_version: 99"))
    with pytest.raises(InputError, match=r"bundle.yaml: has the format version 99, this crmo_seg reads 1; install"):
        load_bundle(tmp_path / "model")


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    save_bundle(make_bundle(), tmp_path / "model")
    path = tmp_path / "model" / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(InputError, match="is not the file that bundle.yaml was saved with"):
        load_bundle(tmp_path / "model")


def test_missing_weights_are_named(tmp_path: Path) -> None:
    save_bundle(make_bundle(), tmp_path / "model")
    (tmp_path / "model" / "model.safetensors").unlink()
    with pytest.raises(InputError, match="model.safetensors: cannot be read"):
        load_bundle(tmp_path / "model")


@pytest.mark.parametrize("name", ["nowhere", "file.txt"])
def test_what_is_no_bundle_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").write_text("hello")
    with pytest.raises(InputError, match=f"{name}: is no model bundle"):
        load_bundle(tmp_path / name)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    save_bundle(make_bundle(), tmp_path / "model")
    path = tmp_path / "model" / "bundle.yaml"
    contract = yaml.safe_load(path.read_text())
    del contract["threshold"]
    path.write_text(yaml.safe_dump(contract))
    with pytest.raises(InputError, match="lacks threshold"):
        load_bundle(tmp_path / "model")


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    with pytest.raises(InputError, match="precious: exists and is no model bundle"):
        save_bundle(make_bundle(), tmp_path / "precious")


def test_a_full_disk_leaves_the_old_bundle_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_bundle(make_bundle(name="old"), tmp_path / "model")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files, "_write_files", full)
    with pytest.raises(InputError, match="could not be written"):
        save_bundle(make_bundle(name="new"), tmp_path / "model")
    assert load_bundle(tmp_path / "model").name == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("threshold: 0.5", "threshold: high"),
        ("threshold: 0.5", "threshold: 1.5"),
        ("minimum_lesion_ml: 0.1", "minimum_lesion_ml: -3"),
        ("  patch:\n  - 8", "  patch:\n  - wide"),
        ("    channels:\n    - 4", "    channels:\n    - 4.5"),
    ],
)
def test_a_contract_with_a_senseless_value_is_named(tmp_path: Path, right: str, wrong: str) -> None:
    save_bundle(make_bundle(), tmp_path / "model")
    path = tmp_path / "model" / "bundle.yaml"
    assert right in path.read_text()
    path.write_text(path.read_text().replace(right, wrong))
    with pytest.raises(InputError, match=r"bundle.yaml: .*; "):
        load_bundle(tmp_path / "model")
