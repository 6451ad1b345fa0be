"""``fit`` on two tiny phantoms for a few steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import DictConfig, open_dict
from training_runs import configure, largest_difference, weights_of

from crmo_seg.bundle import load_bundle
from crmo_seg.cases import read_manifest, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.training.planning import fixed_plan
from crmo_seg.training.run import fit


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_phantoms(
        tmp_path_factory.mktemp("phantoms"), PhantomOptions(patients=2, preset="plain", tiny=True, seed=3)
    )


class Interrupt(pl.Callback):
    """Ends the run as a crash would, in the middle of the second epoch."""

    def on_train_batch_start(self, trainer: pl.Trainer, module: pl.LightningModule, batch: object, index: int) -> None:
        if trainer.current_epoch == 1 and index == 1:
            raise RuntimeError("power cut")


class Pretend(pl.Callback):
    """Says that the best checkpoint has another value than it has."""

    def __init__(self, score: float) -> None:
        self.score = score

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        assert isinstance(trainer.checkpoint_callback, ModelCheckpoint)
        trainer.checkpoint_callback.best_model_score = torch.tensor(self.score)


@contextmanager
def interrupted(config: DictConfig) -> Iterator[None]:
    with open_dict(config):
        config.callbacks.interrupt = {"_target_": f"{__name__}.Interrupt"}
    with pytest.raises(RuntimeError, match="power cut"):
        yield


@pytest.mark.parametrize("callbacks", ["[default]", pytest.param("[default,ema]", marks=pytest.mark.slow)])
def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not(manifest: Path, tmp_path: Path, callbacks: str) -> None:
    chosen = f"callbacks={callbacks}"
    whole = weights_of(fit(configure(manifest, tmp_path / "whole", chosen)))
    cut = configure(manifest, tmp_path / "cut", chosen)
    with interrupted(cut):
        fit(cut)
    checkpoints = sorted(path.name for path in (tmp_path / "cut" / "checkpoints").iterdir())
    assert checkpoints == ["interrupted.ckpt", "last.ckpt"]
    again = weights_of(fit(configure(manifest, tmp_path / "cut", chosen, "resume_from=last")))
    assert largest_difference(whole, again) == 0


@pytest.mark.slow
def test_the_bundle_has_the_average_of_the_weights(manifest: Path, tmp_path: Path) -> None:
    plain, averaged = (
        weights_of(fit(configure(manifest, tmp_path / name, f"callbacks={callbacks}")))
        for name, callbacks in (("plain", "[default]"), ("averaged", "[default,ema]"))
    )
    assert largest_difference(plain, averaged) > 0
    saved = torch.load(tmp_path / "averaged" / "checkpoints" / "last.ckpt", weights_only=True)
    for name, array in averaged.items():
        assert np.array_equal(saved["state_dict"][f"network.{name}"].numpy(), array)
    for name, array in plain.items():
        assert np.array_equal(saved["current_model_state"][f"network.{name}"].numpy(), array), "the steps are the same"


def test_a_time_limit_ends_a_training_without_a_number_of_epochs(manifest: Path, tmp_path: Path) -> None:
    limited = ("trainer.max_epochs=-1", "trainer.max_time=00:00:00:02", "trainer.check_val_every_n_epoch=1000")
    bundle = load_bundle(fit(configure(manifest, tmp_path, *limited)))
    assert "val/edema_dice" in bundle.provenance["metrics"], "it is validated when the time is over"
    last = torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)
    assert np.array_equal(last["state_dict"]["network.encoder.0.0.weight"], bundle.weights["encoder.0.0.weight"])
    (rate,) = last["lr_schedulers"][0]["_last_lr"]
    assert rate < 0.1 * 8.0e-3, "the learning rate has come down"


@pytest.mark.slow
@pytest.mark.parametrize(("score", "expected"), [(-1.0, "last"), (2.0, "best")])
def test_weights_that_were_not_validated_are_taken_where_they_are_better(
    manifest: Path, tmp_path: Path, score: float, expected: str
) -> None:
    """Three epochs, validated after the second one only; its value is set to be worse, or better, than any can be."""
    config = configure(manifest, tmp_path, "trainer.max_epochs=3", "trainer.check_val_every_n_epoch=2")
    with open_dict(config):
        config.callbacks.pretend = {"_target_": f"{__name__}.Pretend", "score": score}
    weights = weights_of(fit(config))
    checkpoint = torch.load(tmp_path / "checkpoints" / f"{expected}.ckpt", weights_only=True)["state_dict"]
    assert all(np.array_equal(checkpoint[f"network.{name}"], array) for name, array in weights.items())


def test_a_training_without_an_end_is_refused(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="training would have no end; set trainer.max_time"):
        fit(configure(manifest, tmp_path, "trainer.max_epochs=-1"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "overrides", [["optimizer=sgd_poly"], ["loss=focal", "~loss.positive_weight"], ["loss=tversky"]], ids=str
)
def test_other_losses_and_optimizers_train(manifest: Path, tmp_path: Path, overrides: list[str]) -> None:
    provenance = load_bundle(fit(configure(manifest, tmp_path, *overrides))).provenance
    assert np.isfinite(provenance["metrics"]["val/edema_dice"])


@pytest.mark.slow
def test_early_stopping_ends_a_training_that_no_longer_gets_better(manifest: Path, tmp_path: Path) -> None:
    overrides = ["callbacks=[default,early_stopping]", "callbacks.early_stopping.patience=1"]
    overrides += ["callbacks.early_stopping.min_delta=2", "trainer.max_epochs=9", "trainer.check_val_every_n_epoch=1"]
    fit(configure(manifest, tmp_path, *overrides))
    assert torch.load(tmp_path / "checkpoints" / "last.ckpt", weights_only=True)["epoch"] == 1


def test_a_weight_of_no_head_is_refused(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="head_weights: names edma, which is no head; the heads are: edema"):
        fit(configure(manifest, tmp_path, "+head_weights.edma=3"))


def test_fine_tuning_begins_with_the_weights_of_a_bundle(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = fit(configure(manifest, tmp_path / "first", "trainer.max_epochs=1"))
    frozen = ("optimizer.optimizer.lr=0", "data.heads=[edema,bones]", "trainer.max_epochs=1", "seed=5")
    tuned = fit(configure(manifest, tmp_path / "second", f"init_from={first}", *frozen))
    assert "new: heads.bones.0" in capsys.readouterr().out
    before, after = weights_of(first), weights_of(tuned)
    assert all(np.array_equal(array, after[name]) for name, array in before.items())
    provenance = load_bundle(tuned).provenance
    assert provenance["config"]["init_from"] == load_bundle(first).sha256
    assert "cache" not in provenance["config"]["data"], "a folder of this machine tells others nothing"


def test_two_heads_train_together(manifest: Path, tmp_path: Path) -> None:
    bundle = load_bundle(fit(configure(manifest, tmp_path, "data.heads=[edema,bones]", "trainer.max_epochs=1")))
    assert [head.name for head in bundle.plan.heads] == ["edema", "bones"]
    assert {"val/edema_dice", "val/lesion_f1", "val/bones_dice", "val/bones_dice_femur"} <= set(
        bundle.provenance["metrics"]
    )


def test_a_case_without_a_label_trains_the_other_head(manifest: Path, tmp_path: Path) -> None:
    first, second = read_manifest(manifest)
    write_manifest(tmp_path / "manifest.csv", [replace(first, labels={"edema": first.labels["edema"]}), second])
    overrides = ("data.heads=[edema,bones]", "trainer.max_epochs=1")
    bundle = load_bundle(fit(configure(tmp_path / "manifest.csv", tmp_path / "run", *overrides)))
    assert bundle.weights["heads.bones.0.weight"].shape[0] == 21


def test_the_first_head_chooses_the_best_checkpoint(manifest: Path, tmp_path: Path) -> None:
    """Here another head than edema, whose labels name its classes."""
    cases = [replace(case, labels={"marrow": case.labels["edema"]}) for case in read_manifest(manifest)]
    write_manifest(tmp_path / "manifest.csv", cases)
    overrides = ("data.heads=[{marrow:[bright]}]", "trainer.max_epochs=1", "trainer.check_val_every_n_epoch=1")
    bundle = load_bundle(fit(configure(tmp_path / "manifest.csv", tmp_path / "run", *overrides)))
    assert set(bundle.provenance["metrics"]) == {"val/marrow_dice"}
    assert (bundle.threshold, bundle.minimum_lesion_ml) == (0.5, 0.1)
    assert (tmp_path / "run" / "checkpoints" / "best.ckpt").is_file()
    assert (tmp_path / "run" / "validation" / "epoch_0000.csv").is_file()
    assert len(list((tmp_path / "run" / "validation" / "worst").glob("1_*.png"))) == 1


def test_without_data_it_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data.manifest: is not set; add data.manifest=FILE"):
        fit(configure(None, tmp_path, "data.phantom=null"))


@pytest.mark.slow
def test_phantoms_stand_in_for_a_manifest(tmp_path: Path) -> None:
    """Another number of phantoms is another set, also in the same folder."""
    for patients in (2, 3, 2):
        fit(configure(None, tmp_path, f"data.phantom.patients={patients}", "trainer.max_epochs=1"))
    manifests = [read_manifest(path) for path in tmp_path.glob("phantom/*/manifest.csv")]
    assert sorted(len(cases) for cases in manifests) == [2, 3]


def test_the_plan_follows_the_configuration(tmp_path: Path) -> None:
    plan = fixed_plan(configure(None, tmp_path, "network.patch=[16,16,8]", "network.grid.in_plane_spacing_mm=3.0"))
    assert plan.patch == (16, 16, 8)
    assert plan.grid.in_plane_spacing_mm == 3.0
