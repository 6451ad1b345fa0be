"""A published bundle: half as large, the same masks by either backend, and honest about its rounding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from stub_model import entries, make_bundle, write_model

from crmo_seg.bundle import ModelBundle, has_half_weights, load_bundle, save_bundle
from crmo_seg.errors import InputError
from crmo_seg.inference.backend import OpenVinoUnusable
from crmo_seg.inference.openvino_backend import OpenVinoBackend
from crmo_seg.inference.openvino_constants import RebuiltModel, with_constants
from crmo_seg.inference.openvino_export import export_openvino
from crmo_seg.inference.openvino_files import find_openvino_files, model_file
from crmo_seg.inference.self_check import SelfCheck
from crmo_seg.inference.torch_backend import TorchBackend
from crmo_seg.jobs import publish as publish_module
from crmo_seg.jobs.publish import folder_megabytes, publish
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two members, two heads, with OpenVINO models and a check window of its own."""
    one, other = (make_bundle("trained", heads=(EDEMA_HEAD, BONES_HEAD), seed=seed) for seed in (1, 2))
    bundle = replace(one, other_weights=(other.weights,), provenance={"metrics": {"val/edema_dice": 0.5}})
    folder = tmp_path_factory.mktemp("training") / "bundle"
    save_bundle(bundle, folder)
    window = np.random.default_rng(5).normal(size=(1, 8, 8, 4)).astype(np.float16).astype(np.float32)
    export_openvino(bundle, folder, window)
    return folder


@pytest.fixture(scope="module")
def published(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("published") / "default"


@pytest.fixture(scope="module")
def bundle(trained: Path, published: Path) -> ModelBundle:
    made = publish(trained, published)
    assert made.megabytes == pytest.approx(folder_megabytes(published))
    loaded = load_bundle(published)
    assert loaded.sha256 == made.bundle.sha256
    return loaded


def test_it_is_the_same_model_by_another_name(bundle: ModelBundle, trained: Path) -> None:
    before = load_bundle(trained)
    assert (bundle.name, bundle.plan, bundle.threshold) == ("default", before.plan, before.threshold)
    assert has_half_weights(bundle)
    for name, array in before.weights.items():
        np.testing.assert_array_equal(bundle.weights[name], array.astype(np.float16))


def test_it_tells_what_it_was_made_of(bundle: ModelBundle, trained: Path) -> None:
    provenance = bundle.provenance or {}
    assert provenance["metrics"] == {"val/edema_dice": 0.5}
    rounding = provenance["rounding"]
    assert (rounding["weights"], rounding["from_sha256"]) == ("float16", load_bundle(trained).sha256)
    assert set(rounding["largest_difference"]) == {"edema", "bones"}
    assert all(0 < value < 0.01 for value in rounding["largest_difference"].values())


def test_both_backends_compute_with_the_rounded_weights(bundle: ModelBundle, published: Path, trained: Path) -> None:
    files = find_openvino_files(bundle, published)
    window = SelfCheck.load(files.self_check).window
    np.testing.assert_array_equal(window, SelfCheck.load(trained / "openvino" / "selfcheck.npz").window)
    fast, eager = OpenVinoBackend(bundle.plan, files.models, "f32")(window), TorchBackend(bundle, "cpu", "f32")(window)
    for head in ("edema", "bones"):
        np.testing.assert_allclose(fast[head], eager[head], atol=2e-6)


def test_all_that_grows_with_the_weights_is_halved(bundle: ModelBundle, published: Path, trained: Path) -> None:
    assert entries(published) == sorted(name.replace(".bin", ".recipe") for name in entries(trained))
    weights = sum(array.size for array in bundle.weights.values())
    saved = (trained / "model.safetensors").stat().st_size - (published / "model.safetensors").stat().st_size
    assert saved == pytest.approx(2 * weights, rel=0.02)


def test_weights_are_kept_once(bundle: ModelBundle, published: Path, tmp_path: Path) -> None:
    """The constants that are put together from them are those that OpenVINO writes."""
    save_bundle(bundle, tmp_path / "whole")
    export_openvino(bundle, tmp_path / "whole")
    for number, member in enumerate(bundle.members):
        xml = published / "openvino" / model_file(number)
        model = with_constants(xml, member.weights)
        assert not xml.with_suffix(".bin").exists()
        assert isinstance(model, RebuiltModel)
        assert model.constants == (tmp_path / "whole" / "openvino" / xml.name).with_suffix(".bin").read_bytes()


def test_a_recipe_of_other_weights_is_not_followed(bundle: ModelBundle, published: Path) -> None:
    xml = published / "openvino" / "model.xml"
    with pytest.raises(OpenVinoUnusable, match=r"openvino/model.recipe cannot be followed"):
        with_constants(xml, {name: array for name, array in bundle.weights.items() if name != "encoder.0.0.weight"})


def test_a_published_bundle_published_again_is_the_same_model(
    bundle: ModelBundle, published: Path, tmp_path: Path
) -> None:
    again = publish(published, tmp_path / "other", name="default")
    assert again.bundle.sha256 == bundle.sha256
    assert set(again.largest_difference.values()) == {0.0}


def test_a_model_that_rounding_would_change_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_model(tmp_path / "model")

    def spoilt(bundle: ModelBundle) -> ModelBundle:
        return replace(bundle, weights=make_bundle(edema_logit=9.0).weights)

    monkeypatch.setattr(publish_module, "with_half_weights", spoilt)
    with pytest.raises(InputError, match=r"stub: marks something else by weights of 16 bits \(edema differs .*Dice"):
        publish(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_bundle_itself_is_not_overwritten(trained: Path) -> None:
    with pytest.raises(InputError, match=r"bundle: is the bundle itself; give another folder after -o"):
        publish(trained, trained / "." / ".." / "bundle")


def test_a_library_that_is_missing_is_named(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish_module, "is_installed", lambda library: library != "openvino")
    with pytest.raises(InputError, match="openvino: is not installed; install it"):
        publish(trained, tmp_path / "out")


def test_the_contract_says_nothing_that_older_versions_would_not_read(bundle: ModelBundle, published: Path) -> None:
    contract = yaml.safe_load((published / "bundle.yaml").read_text())
    assert {key: contract[key] for key in bundle.contract} == bundle.contract
