"""The wheel holds all that it needs and runs away from the repository."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(repository)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_it_holds_code_configurations_and_the_report_template(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {"crmo_seg/py.typed", "crmo_seg/configs/train.yaml", "crmo_seg/configs/experiment/smoke.yaml"}
    assert expected <= names
    assert any(name.endswith(".j2") for name in names)
    assert not any(name.startswith(("tests/", "configs/")) for name in names)


def test_it_trains_and_predicts_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Installed beside the libraries of this environment, in front of the editable copy."""
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True)

    def run(*words: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        command = [sys.executable, *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert str(site) in run("-c", "import crmo_seg; print(crmo_seg.__file__)")
    short = ["trainer.max_epochs=1", "data.sampling.patches_per_epoch=8", "data.phantom.patients=3", "data.folds=3"]
    run("-m", "crmo_seg", "train", "experiment=smoke", "output_dir=model", *short)
    run("-m", "crmo_seg", "phantom", "study", "--patients", "1", "--tiny")
    run("-m", "crmo_seg", "predict", "study/phantom-0000/stir.nii.gz", "-o", "out", "--model", "model/bundle")
    assert (tmp_path / "out" / "stir" / "report.html").is_file()
