"""Loggers: what each leaves on disk, and what is said where its package is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from lightning.pytorch.loggers import CSVLogger
from training_runs import configure

from crmo_seg.errors import InputError
from crmo_seg.training import loggers
from crmo_seg.training.loggers import hyperparameters, make_logger


def test_csv_is_the_default_and_needs_nothing(tmp_path: Path) -> None:
    logger = make_logger(configure(None, tmp_path))
    assert isinstance(logger, CSVLogger)
    assert Path(logger.log_dir) == tmp_path / "logs" / "version_0"


def test_its_folder_can_be_set(tmp_path: Path) -> None:
    logger = make_logger(configure(None, tmp_path, f"logger.save_dir={tmp_path / 'other'}", "logger.name=x"))
    assert Path(logger.log_dir or "").parent == tmp_path / "other" / "x"


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb"])
def test_a_missing_package_is_one_line_with_its_extra(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loggers, "find_spec", lambda package: None)
    message = rf'logger={name}: needs the package {name}, which is not installed; pip install "crmo_seg\[{name}\]", or'
    with pytest.raises(InputError, match=message):
        make_logger(configure(None, tmp_path, f"logger={name}"))
    assert not list(tmp_path.iterdir())


def test_runs_are_compared_by_settings_not_by_callbacks(tmp_path: Path) -> None:
    found = hyperparameters(configure(None, tmp_path, "optimizer.optimizer.lr=0.5"))
    assert found["optimizer"]["optimizer"]["lr"] == 0.5
    assert found["output_dir"] == str(tmp_path)
    assert not {"callbacks", "logger", "resume_from"} & found.keys()


def test_tensorboard_writes_below_the_output(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs the extra tensorboard")
    logger = make_logger(configure(None, tmp_path, "logger=tensorboard"))
    logger.log_metrics({"val/dice": 0.5}, 1)
    logger.finalize("success")
    assert list((tmp_path / "logs" / "version_0").glob("events.out.tfevents.*"))


@pytest.mark.filterwarnings("ignore")
def test_mlflow_keeps_runs_and_settings_in_one_file_and_tells_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow", reason="needs the extra mlflow")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    logger = make_logger(configure(None, tmp_path / "run", "logger=mlflow"))
    logger.log_metrics({"val/dice": 0.5}, 1)
    logger.finalize("success")
    (run,) = mlflow.MlflowClient("sqlite:///outputs/mlflow.db").search_runs(["1"])
    assert (run.info.run_name, run.data.metrics) == (str(tmp_path / "run"), {"val/dice": 0.5})
    assert run.data.params["data/folds"] == "2"
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert [path.name for path in tmp_path.iterdir()] == ["outputs"]


@pytest.mark.filterwarnings("ignore")
def test_wandb_stays_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb", reason="needs the extra wandb")
    monkeypatch.chdir(tmp_path)
    logger = make_logger(configure(None, tmp_path / "run", "logger=wandb"))
    logger.log_metrics({"val/dice": 0.5}, 1)
    logger.experiment.finish()
    assert list((tmp_path / "run" / "wandb").glob("offline-run-*"))
