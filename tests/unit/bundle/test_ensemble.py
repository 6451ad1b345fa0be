"""Several bundles as one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import stub_model
from builders import make_plan

from crmo_seg.bundle import ModelBundle, combined, ensemble_bundles, load_bundle, save_bundle
from crmo_seg.errors import InputError
from crmo_seg.inference.torch_backend import TorchBackend
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD

BONES_MODEL = stub_model.make_bundle("bones", heads=(BONES_HEAD,), seed=1)


def make_bundle(**changes: object) -> ModelBundle:
    weights = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3)}
    return ModelBundle(**{"name": "test", "plan": make_plan(), "weights": weights} | changes)  # type: ignore[arg-type]


def scaled(factor: float) -> dict[str, np.ndarray]:
    return {"a.weight": factor * np.arange(6, dtype=np.float32).reshape(2, 3)}


def test_an_ensemble_is_written_and_read_back(tmp_path: Path) -> None:
    folders = [tmp_path / f"fold_{seed}" for seed in range(3)]
    for seed, folder in enumerate(folders):
        save_bundle(make_bundle(name=f"m{seed}", threshold=0.2 + 0.2 * seed, weights=scaled(seed + 1.0)), folder)
    ensemble_bundles(folders, tmp_path / "ensemble")
    ensemble = load_bundle(tmp_path / "ensemble")
    assert ensemble.threshold == pytest.approx(0.4)
    files = sorted(path.name for path in (tmp_path / "ensemble").glob("*.safetensors"))
    assert files == ["model.safetensors", "model_1.safetensors", "model_2.safetensors"]
    for seed, member in enumerate(ensemble.members):
        assert not member.other_weights
        assert all(np.array_equal(member.weights[name], array) for name, array in scaled(seed + 1.0).items())
    assert ensemble.sha256 != ensemble.members[0].sha256
    assert len({ensemble_bundles(folders[:2], tmp_path / "two").sha256, ensemble.sha256}) == 2
    nested = ensemble_bundles([tmp_path / "two", folders[2]], tmp_path / "nested")
    assert len(nested.members) == 3


def probability(bundle: ModelBundle) -> np.ndarray:
    """Of one window by a network's own computation, without what inference does around it."""
    window = np.random.default_rng(0).normal(size=(1, 1, *bundle.plan.patch)).astype(np.float32)
    return TorchBackend(bundle, "cpu", "f32")(window)["edema"]


def test_each_member_counts_from_its_own_threshold(tmp_path: Path) -> None:
    """Of a probability p and its threshold t the odds are p / (1 - p) and t / (1 - t); p is moved to their ratio."""
    members = [replace(stub_model.make_bundle(seed=seed), threshold=t) for seed, t in ((0, 0.45), (1, 0.6))]
    folders = [tmp_path / "one", tmp_path / "two"]
    for member, folder in zip(members, folders, strict=True):
        save_bundle(member, folder)
    made = ensemble_bundles(folders, tmp_path / "ensemble")
    assert made.threshold == 0.5
    expected = []
    for before, after in zip(members, made.members, strict=True):
        p, t = probability(before), before.threshold
        odds = p / (1 - p) * (1 - t) / t
        expected.append(odds / (1 + odds))
        np.testing.assert_allclose(probability(after), expected[-1], rtol=1e-4)
    np.testing.assert_allclose(probability(made), np.mean(expected, axis=0), rtol=1e-4)


def test_the_least_peak_moves_with_the_probabilities(tmp_path: Path) -> None:
    """Odds of the peak 0.8 are 4, those of the threshold 0.2 are 1/4: 16, a probability of 16/17."""
    for name, peak in (("one", 0.8), ("two", 0.0)):
        member = replace(stub_model.make_bundle(), threshold=0.2, minimum_peak_probability=peak)
        save_bundle(member, tmp_path / name)
    twice = ensemble_bundles([tmp_path / "one", tmp_path / "one"], tmp_path / "twice")
    assert twice.minimum_peak_probability == pytest.approx(16 / 17)
    mixed = ensemble_bundles([tmp_path / "one", tmp_path / "two"], tmp_path / "mixed")
    assert mixed.minimum_peak_probability == pytest.approx(8 / 17)


def test_networks_of_others_keep_their_probabilities(tmp_path: Path) -> None:
    """Of a network whose last layer is not known, or that thresholds nothing, the mean of the thresholds is taken."""
    for name, threshold in (("one", 0.2), ("two", 0.4)):
        save_bundle(replace(BONES_MODEL, threshold=threshold), tmp_path / name)
    made = ensemble_bundles([tmp_path / "one", tmp_path / "two"], tmp_path / "ensemble")
    assert made.threshold == pytest.approx(0.3)
    for member in made.members:
        assert all(np.array_equal(member.weights[name], array) for name, array in BONES_MODEL.weights.items())


def test_a_missing_or_changed_member_is_named(tmp_path: Path) -> None:
    save_bundle(make_bundle(), tmp_path / "model")
    ensemble_bundles([tmp_path / "model", tmp_path / "model"], tmp_path / "ensemble")
    (tmp_path / "ensemble" / "model_1.safetensors").write_bytes(b"other")
    with pytest.raises(InputError, match="model_1.safetensors: is not the file that bundle.yaml was saved with"):
        load_bundle(tmp_path / "ensemble")


def test_a_combined_model_is_refused_as_its_parts_would_be_lost(tmp_path: Path) -> None:
    save_bundle(combined(stub_model.make_bundle("edema"), [BONES_MODEL]), tmp_path / "both")
    with pytest.raises(InputError, match=r"both: is a combined model; make ensembles of what was combined"):
        ensemble_bundles([tmp_path / "both", tmp_path / "both"], tmp_path / "ensemble")


def test_ensembles_are_combined(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b", "c", "d")]
    for folder, seed in zip(folders, (0, 1, 0, 1), strict=True):
        heads = (BONES_HEAD,) if folder.name in "cd" else (EDEMA_HEAD,)
        save_bundle(stub_model.make_bundle(folder.name, heads=heads, seed=seed), folder)
    edema = ensemble_bundles(folders[:2], tmp_path / "edema")
    bones = ensemble_bundles(folders[2:], tmp_path / "bones")
    made = combined(edema, [bones])
    assert [len(bundle.members) for bundle in (made, *made.parts)] == [2, 2]


def test_members_of_different_plans_are_refused(tmp_path: Path) -> None:
    save_bundle(make_bundle(), tmp_path / "one")
    save_bundle(make_bundle(plan=make_plan(patch=(16, 16, 8))), tmp_path / "two")
    with pytest.raises(InputError, match=r"two: has another plan than .*one; train all members"):
        ensemble_bundles([tmp_path / "one", tmp_path / "two"], tmp_path / "ensemble")
    with pytest.raises(InputError, match="would be an ensemble of no bundle"):
        ensemble_bundles([], tmp_path / "ensemble")
