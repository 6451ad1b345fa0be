"""Wheel and source distribution hold all that they need, and run away from the repository."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms

pytestmark = pytest.mark.slow

DEFAULT_MODEL = "crmo_seg/weights/default"


@pytest.fixture(scope="module")
def distributions(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both; the wheel is built from the unpacked source distribution."""
    folder = tmp_path_factory.mktemp("distributions")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(repository)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (path,) = distributions.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def sources(distributions: Path) -> set[str]:
    """Names in the source distribution, from its root."""
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


@pytest.fixture(scope="module")
def default_model(repository: Path) -> list[str]:
    """Names of its files, from the repository's root."""
    folder = repository / DEFAULT_MODEL
    if not (folder / "bundle.yaml").is_file():
        pytest.skip("this checkout has no default model")
    return [path.relative_to(repository).as_posix() for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def zipped_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole body in stations, as a PACS would export it."""
    folder = tmp_path_factory.mktemp("study")
    make_phantoms(folder / "phantom", PhantomOptions(patients=1, seed=1, dicom=True))
    (dicom,) = (folder / "phantom").glob("*/dicom")
    return Path(shutil.make_archive(str(folder / "STUDY"), "zip", dicom))


def test_it_holds_code_configurations_and_the_report_template(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {"crmo_seg/py.typed", "crmo_seg/configs/train.yaml", "crmo_seg/configs/experiment/smoke.yaml"}
    assert expected <= names
    assert any(name.endswith(".j2") for name in names)
    assert not any(name.startswith(("tests/", "configs/")) for name in names)


def test_the_source_distribution_holds_what_development_needs(sources: set[str]) -> None:
    expected = {"Makefile", "constraints.txt", "LICENSE", "configs/train.yaml", "tests/conftest.py", "train.py"}
    assert expected <= sources


def test_both_hold_the_default_model(wheel: Path, sources: set[str], default_model: list[str]) -> None:
    assert set(default_model) <= set(zipfile.ZipFile(wheel).namelist())
    assert set(default_model) <= sources


def test_it_trains_and_predicts_outside_the_repository(wheel: Path, tmp_path: Path) -> None:
    """Installed beside the libraries of this environment, in front of the editable copy."""
    site = tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)]
    subprocess.run(install, check=True)

    def run(*words: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(site)}
        return output_of([sys.executable, *words], tmp_path, environment)

    assert str(site) in run("-c", "import crmo_seg; print(crmo_seg.__file__)")
    short = ["trainer.max_epochs=1", "data.sampling.patches_per_epoch=8", "data.phantom.patients=3", "data.folds=3"]
    run("-m", "crmo_seg", "train", "experiment=smoke", "output_dir=model", *short)
    run("-m", "crmo_seg", "phantom", "study", "--patients", "1", "--tiny")
    run("-m", "crmo_seg", "predict", "study/phantom-0000/stir.nii.gz", "-o", "out", "--model", "model/bundle")
    assert (tmp_path / "out" / "stir" / "report.html").is_file()


@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("default_model")
def test_the_default_model_marks_a_zipped_study_from_an_empty_environment(
    wheel: Path, zipped_study: Path, repository: Path, tmp_path: Path
) -> None:
    programs = empty_environment(tmp_path / "environment")
    constraints = str(repository / "constraints.txt")
    output_of([str(programs / "python"), "-m", "pip", "install", "-q", "-c", constraints, str(wheel)], tmp_path)
    crmo_seg = str(programs / "crmo-seg")
    assert "model default" in output_of([crmo_seg, "info"], tmp_path)
    output_of([crmo_seg, "predict", str(zipped_study), "-o", "out", "--device", "cpu"], tmp_path)
    check_prediction(tmp_path / "out")


def empty_environment(folder: Path) -> Path:
    """A new virtual environment; the folder of its programs."""
    venv.create(folder, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin")


def output_of(words: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    """What a command prints, which must succeed; by default this test's own packages are out of its reach."""
    environment = environment or {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def check_prediction(out: Path) -> None:
    """One case, whole, by the default model through OpenVINO, on the grid of the image that was analysed."""
    (case,) = (path for path in out.iterdir() if path.is_dir())
    summary = json.loads((case / "summary.json").read_text(encoding="utf-8"))
    assert (summary["model"], summary["backend"]) == ("default", "openvino")
    image = read_image(case / "image.nii.gz").geometry
    for name in ("edema", "bones", "lesions"):
        assert read_labels(case / f"{name}.nii.gz").geometry.same_grid(image)
    with (case / "lesions.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == summary["totals"]["n_lesions"]
    assert "<html" in (case / "report.html").read_text(encoding="utf-8")
    assert (case / "dicom" / "edema_sr.dcm").is_file()
