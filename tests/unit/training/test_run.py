"""``fit`` on two tiny phantoms for a few steps."""

from dataclasses import replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, open_dict

from crmo_seg.bundle import load_bundle
from crmo_seg.cases import read_manifest, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.training.app import configs_dir
from crmo_seg.training.run import fit, plan_from


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_phantoms(
        tmp_path_factory.mktemp("phantoms"), PhantomOptions(patients=2, preset="plain", tiny=True, seed=3)
    )


def configure(manifest: Path | None, output_dir: Path, *overrides: str) -> DictConfig:
    short = ["trainer.max_epochs=2", "trainer.check_val_every_n_epoch=9", "trainer.limit_val_batches=1"]
    short += ["data.sampling.patches_per_epoch=4", "data.folds=2", "trainer.enable_progress_bar=false"]
    source = f"data.manifest={manifest or 'null'}"
    with initialize_config_dir(str(configs_dir()), version_base="1.3"):
        return compose("train", overrides=["experiment=smoke", source, f"output_dir={output_dir}", *short, *overrides])


class Interrupt(pl.Callback):
    """Ends the run as a crash would, in the middle of the second epoch."""

    def on_train_batch_start(self, trainer: pl.Trainer, module: pl.LightningModule, batch: object, index: int) -> None:
        if trainer.current_epoch == 1 and index == 1:
            raise RuntimeError("power cut")


def weights_of(bundle: Path) -> dict[str, np.ndarray]:
    return dict(load_bundle(bundle).weights)


def test_a_run_that_was_cut_off_goes_on_as_if_it_had_not(manifest: Path, tmp_path: Path) -> None:
    whole = weights_of(fit(configure(manifest, tmp_path / "whole")))
    cut = configure(manifest, tmp_path / "cut")
    with open_dict(cut):
        cut.callbacks.interrupt = {"_target_": f"{__name__}.Interrupt"}
        cut.callbacks.last.save_on_exception = False  # the epoch's end is what must be whole
    with pytest.raises(RuntimeError, match="power cut"):
        fit(cut)
    resumed = configure(manifest, tmp_path / "cut", f"resume_from={tmp_path}/cut/checkpoints/last.ckpt")
    again = weights_of(fit(resumed))
    assert all(np.array_equal(whole[name], again[name]) for name in whole)


def test_two_heads_train_together(manifest: Path, tmp_path: Path) -> None:
    bundle = load_bundle(fit(configure(manifest, tmp_path, "data.heads=[edema,bones]", "trainer.max_epochs=1")))
    assert [head.name for head in bundle.plan.heads] == ["edema", "bones"]


def test_a_case_without_a_label_trains_the_other_head(manifest: Path, tmp_path: Path) -> None:
    partly = [replace(case, labels={"edema": case.labels["edema"]}) for case in read_manifest(manifest)]
    write_manifest(tmp_path / "manifest.csv", partly)
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
    assert (tmp_path / "run" / "checkpoints" / "best.ckpt").is_file()


def test_without_data_it_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data.manifest: is not set; add data.manifest=FILE"):
        fit(configure(None, tmp_path, "data.phantom=null"))


def test_phantoms_stand_in_for_a_manifest(tmp_path: Path) -> None:
    """Another number of phantoms is another set, also in the same folder."""
    for patients in (2, 3, 2):
        fit(configure(None, tmp_path, f"data.phantom.patients={patients}", "trainer.max_epochs=1"))
    manifests = [read_manifest(path) for path in tmp_path.glob("phantom/*/manifest.csv")]
    assert sorted(len(cases) for cases in manifests) == [2, 3]


def test_the_plan_follows_the_configuration(tmp_path: Path) -> None:
    plan = plan_from(configure(None, tmp_path, "network.patch=[16,16,8]", "network.grid.in_plane_spacing_mm=3.0"))
    assert plan.patch == (16, 16, 8)
    assert plan.grid.in_plane_spacing_mm == 3.0
