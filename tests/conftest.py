"""Fixtures of all tests."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms

REPOSITORY = Path(__file__).parents[1]
UNSEEN_SEED = 77
SMOKE_FILES = {"test_smoke_training.py", "test_notebooks.py", "test_readme.py", "test_real_input.py"}

settings.register_profile("untimed", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("untimed")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Tests of one file share a process, for their fixtures' sake; so do all files that need the smoke training."""
    return FilesTogether(config, log)


class FilesTogether(LoadScopeScheduling):
    """Not xdist's loadgroup: its groups are lost with pytest 9.2 (xdist 3.8 writes ``item._nodeid`` in vain)."""

    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return "smoke" if Path(path).name in SMOKE_FILES else path


@pytest.fixture(scope="session", autouse=True)
def cache_of_this_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Prepared cases of trainings go to a temporary folder, not to the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMO_SEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real scanner files, which lie beside the project where it is developed and are no part of it."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs real scanner files in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def unseen_phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest of tiny phantoms that no training in the tests has seen."""
    return make_phantoms(
        tmp_path_factory.mktemp("unseen"), PhantomOptions(patients=6, preset="plain", tiny=True, seed=UNSEEN_SEED)
    )


@pytest.fixture(scope="session")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where commands run as in a checkout, without touching the checkout."""
    folder = tmp_path_factory.mktemp("workplace")
    for script in ("train.py", "infer.py"):
        (folder / script).symlink_to(REPOSITORY / script)
    return folder


@pytest.fixture(scope="session")
def smoke_run(workplace: Path) -> Path:
    """``outputs/smoke`` of one smoke training, by the command of the README."""
    run_command(["python", "train.py", "experiment=smoke", "output_dir=outputs/smoke"], workplace)
    return workplace / "outputs" / "smoke"


def run_command(words: Sequence[str], folder: Path) -> str:
    """Run a command as a user would, with this interpreter; what it prints."""
    programs = {"python": [sys.executable], "crmo-seg": [sys.executable, "-m", "crmo_seg"]}
    done = subprocess.run(
        [*programs[words[0]], *words[1:]], cwd=folder, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def command():  # noqa: ANN201
    return run_command
