"""docs/training.md: its Optuna study runs, and its launchers compose, where the extras are installed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from training_runs import SHORT

from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.training.app import configs_dir

OPTION = r"hydra\.launcher\.\w+=\S+"


def blocks(repository: Path) -> list[str]:
    text = (repository / "docs" / "training.md").read_text()
    return re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_optuna_study_runs_and_goes_on(repository: Path, tmp_path: Path, command: Callable[..., str]) -> None:
    pytest.importorskip("optuna", reason="needs the extra sweeps")
    (study,) = [block for block in blocks(repository) if "import optuna" in block]
    manifest = make_phantoms(tmp_path / "phantoms", PhantomOptions(patients=2, preset="plain", tiny=True, seed=3))
    settings = ["experiment=smoke", f"data.manifest={manifest}", *SHORT]
    short, settled = re.subn(r"^SETTINGS = .*$", f"SETTINGS = {settings}", study, flags=re.MULTILINE)
    short, counted = re.subn(r"^TRIALS = .*$", "TRIALS = 1", short, flags=re.MULTILINE)
    assert (settled, counted) == (1, 1)
    for trials in (1, 2):
        assert "rate" in command(["python", "-c", short], tmp_path).splitlines()[-1]
        assert len(list((tmp_path / "outputs" / "study").glob("trial_*/bundle/bundle.yaml"))) == trials


@pytest.mark.parametrize("launcher", ["joblib", "submitit_slurm", "submitit_local"])
def test_the_options_of_the_launchers_exist(repository: Path, launcher: str) -> None:
    package = "hydra_plugins.hydra_joblib_launcher" if launcher == "joblib" else "hydra_plugins.hydra_submitit_launcher"
    pytest.importorskip(package, reason="needs the extra sweeps")
    commands = [words for block in blocks(repository) for words in block.split("python train.py")]
    options = [
        option for words in commands if f"/launcher={launcher} " in words for option in re.findall(OPTION, words)
    ]
    assert options or launcher == "submitit_local"
    with initialize_config_dir(str(configs_dir()), version_base="1.3"):
        compose("train", [f"hydra/launcher={launcher}", *options], return_hydra_config=True)
