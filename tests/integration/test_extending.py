"""docs/extending.md: its files and commands, taken as they stand there."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from hydra.utils import instantiate
from network_packages import install
from omegaconf import DictConfig
from stub_model import Finished
from training_runs import SHORT

from crmo_seg.cases import read_manifest
from crmo_seg.cli import main
from crmo_seg.network import build_network
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.training.app import main as train_main
from crmo_seg.training.planning import fixed_plan

FILE = r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```"
COMMANDS = r"^```bash\n(.*?)^```"
TINY = (
    *SHORT,
    "augmentation=none",
    "trainer.accelerator=cpu",
    "trainer.precision=32-true",
    "network.grid.in_plane_spacing_mm=4",
    "network.patch=[32,32,8]",
    "network.stages.channels=[4,4,8,8,8]",
)
"""Settings with which the trainings of the page take seconds."""


@pytest.fixture
def place(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the files of the page, where its commands run."""
    text = (repository / "docs" / "extending.md").read_text()
    files = re.findall(FILE, text, re.DOTALL | re.MULTILINE)
    assert len(files) == text.count("```python") + text.count("```yaml") + text.count("```toml")
    for name, content in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    for name in {Path(name).stem for name, _ in files if name.endswith(".py")}:
        sys.modules.pop(name, None)  # the next test has modules of these names in another folder


@pytest.fixture
def archive(place: Path) -> None:
    """Phantoms as the page's archive holds studies."""
    phantoms = make_phantoms(place / "phantoms", PhantomOptions(patients=3, preset="plain", tiny=True, seed=11))
    for case in read_manifest(phantoms):
        folder = place / "archive" / case.patient_id / "2024-05-02"
        folder.mkdir(parents=True)
        shutil.copy(case.images["stir"], folder)
        shutil.copy(case.labels["edema"], folder)


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Callable[..., DictConfig]:
    """The configuration of a training by its command line; nothing is trained."""

    def configured(*arguments: str) -> DictConfig:
        seen: list[DictConfig] = []
        monkeypatch.setattr("crmo_seg.training.run.fit", lambda config: seen.append(config) or Path("bundle"))
        monkeypatch.setattr("crmo_seg.training.memory.keep_freed_memory", lambda: None)  # this process is not its own
        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        train_main()
        return seen[0]

    return configured


def test_the_data_source(
    place: Path, archive: None, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Finished]
) -> None:
    monkeypatch.setattr(sys, "argv", ["read_archive.py", "archive", "manifest.csv"])
    runpy.run_path("read_archive.py", run_name="__main__")
    cases = read_manifest(place / "manifest.csv")
    assert [(case.visit, *case.images, *case.labels) for case in cases] == [("2024-05-02", "stir", "edema")] * 3
    assert run(main, "dataset", "check", "manifest.csv").code == 0


def test_the_loss(place: Path, configured: Callable[..., DictConfig]) -> None:
    config = configured("--config-dir", "mine", "loss=hardest", "data.heads=[edema]", "output_dir=out")
    loss = instantiate(config.loss, _convert_="all")
    logits = torch.zeros(2, 1, 4, 4, 4, requires_grad=True)
    value = loss(logits, torch.ones(2, 1, 4, 4, 4), torch.tensor([1.0, 0.0]))
    value.backward()
    # Every voxel is as hard: Dice of a probability of one half, and the cross-entropy with its weight of 4.
    dice = 1 - (64 * 0.5 + 0.5) / (64 * 0.75 + 0.5)
    assert value.item() == pytest.approx(dice + 4 * torch.log(torch.tensor(2.0)).item(), rel=1e-5)
    assert logits.grad is not None
    assert logits.grad[0].abs().sum() > 0
    assert logits.grad[1].abs().sum() == 0


def test_a_folder_of_hydras_searchpath_does_the_same(place: Path, configured: Callable[..., DictConfig]) -> None:
    config = configured(f"hydra.searchpath=[file://{place}/mine]", "loss=hardest", "output_dir=out")
    assert type(instantiate(config.loss, _convert_="all")).__name__ == "DiceHardest"


def test_the_network(place: Path, configured: Callable[..., DictConfig], monkeypatch: pytest.MonkeyPatch) -> None:
    package = tomllib.loads((place / "hospital_networks" / "pyproject.toml").read_text())["project"]
    networks = package["entry-points"]["crmo_seg.networks"]
    install(place / "hospital_networks", "hospital_networks", networks, package["version"])
    monkeypatch.syspath_prepend(place / "hospital_networks")
    config = configured("--config-dir", "mine", "experiment=ours", "output_dir=out", *TINY)
    plan = fixed_plan(config)
    network = build_network(config.network.network_class, plan)
    assert type(network).__name__ == "ResidualUNet"
    image = torch.randn(1, 1, *(2 * side for side in plan.network.divisors))
    assert network(image)["edema"].shape == (1, 1, *image.shape[2:])


@pytest.mark.slow
def test_all_its_commands(
    place: Path, archive: None, repository: Path, command: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    site = place / "site"
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")
    shutil.copy(repository / "train.py", place)
    text = (repository / "docs" / "extending.md").read_text()
    for line in "".join(re.findall(COMMANDS, text, re.DOTALL | re.MULTILINE)).splitlines():
        words = shlex.split(line)
        if words[0] == "pip":
            _install_offline(words[-1], site)
        else:
            command([*words, *(TINY if "train.py" in words else ())], place)
    assert (place / "outputs" / "evaluation" / "report.html").is_file()
    contract = (place / "outputs" / "ours" / "bundle" / "bundle.yaml").read_text()
    assert "network_class: residual_unet" in contract
    assert "hospital-networks: 0.1.0" in contract


def _install_offline(package: str, site: Path) -> None:
    """As ``pip install`` does, but beside this environment and with its build tools."""
    options = ["-q", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, package], check=True)
