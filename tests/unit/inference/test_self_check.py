"""A backend is refused where it computes something else than torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from builders import make_plan

from crmo_seg.bundle import ModelBundle
from crmo_seg.inference.backend import OpenVinoUnusable
from crmo_seg.inference.openvino_files import OpenVinoFiles
from crmo_seg.inference.self_check import (
    SelfCheck,
    difference,
    kept_window,
    make_self_check,
    noise_window,
    refuse_wrong,
    user_cache_folder,
    window_around,
)
from crmo_seg.inference.torch_backend import TorchBackend
from crmo_seg.inference.windows import Float32Array

SHAPE = (10, 10, 10)


def mask_of(voxels: int) -> Float32Array:
    """Probability 0.9 in the first voxels, 0.1 elsewhere."""
    probability = np.full(1000, 0.1, np.float32)
    probability[:voxels] = 0.9
    return probability.reshape(SHAPE)


def classes_of_first(voxels: int) -> Float32Array:
    """Class 2 in the first voxels, class 0 elsewhere."""
    return np.stack([1 - mask_of(voxels), np.zeros(SHAPE, np.float32), mask_of(voxels)])


def check_of(mask: int, classes: int) -> SelfCheck:
    answers = {"edema": mask_of(mask)[None, None], "bones": classes_of_first(classes)[None]}
    return make_self_check(lambda _: answers, np.zeros((1, *SHAPE), np.float32))


class Stub:
    """A backend with a fixed answer."""

    name, device, precision = "openvino", "cpu", "f32"

    def __init__(self, answer: Mapping[str, Float32Array] | Exception) -> None:
        self.answer = answer
        self.calls = 0

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize(
    ("mask", "classes", "problem"),
    [
        (200, 300, None),
        (202, 300, None),  # Dice 400 / 402 = 0.9950, mean difference 0.0016
        (203, 300, "edema differs from torch: Dice 0.993, mean difference 0.0024"),
        (0, 300, "edema differs from torch: Dice 0.000, mean difference 0.1600"),
        (200, 305, None),
        (200, 306, "bones differs from torch: 99.4% of voxels agree"),
    ],
)
def test_what_differs_is_told(mask: int, classes: int, problem: str | None) -> None:
    outputs = {"edema": mask_of(mask)[None, None], "bones": classes_of_first(classes)[None]}
    assert difference(check_of(200, 300), outputs, 0.5) == problem


def test_a_mask_that_is_empty_in_both_agrees_unless_the_probability_differs() -> None:
    check = make_self_check(lambda _: {"edema": mask_of(0)[None, None]}, np.zeros((1, *SHAPE), np.float32))
    assert difference(check, {"edema": mask_of(0)[None, None]}, 0.5) is None
    shifted = difference(check, {"edema": mask_of(0)[None, None] + np.float32(0.01)}, 0.5)
    assert shifted == "edema differs from torch: Dice 1.000, mean difference 0.0100"


def test_other_heads_are_told() -> None:
    assert difference(check_of(1, 1), {"edema": mask_of(1)[None, None]}, 0.5) == "it has the heads edema"


def test_a_check_survives_the_disk_and_is_small(tmp_path: Path, exported: ModelBundle) -> None:
    run = TorchBackend(exported, "cpu", "f32")
    check = make_self_check(run, noise_window(exported.plan))
    check.save(tmp_path / "selfcheck.npz")
    loaded = SelfCheck.load(tmp_path / "selfcheck.npz")
    np.testing.assert_array_equal(loaded.window, check.window)
    assert {name: (array.dtype, array.shape) for name, array in loaded.heads.items()} == {
        "edema": (np.float16, exported.plan.patch),
        "bones": (np.uint8, exported.plan.patch),
    }
    assert difference(loaded, run(loaded.window), exported.threshold) is None


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_check_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "selfcheck.npz").write_bytes(content)
    with pytest.raises(OpenVinoUnusable, match=r"selfcheck.npz cannot be read"):
        SelfCheck.load(tmp_path / "selfcheck.npz")


def test_noise_is_the_same_each_time_and_of_the_plan_s_shape() -> None:
    plan = make_plan(patch=(16, 16, 8))
    np.testing.assert_array_equal(noise_window(plan), noise_window(plan))
    assert noise_window(plan).shape == (1, 16, 16, 8)


@pytest.mark.parametrize(
    ("at", "start"), [((0, 0, 0), (0, 0, 0)), ((10, 10, 6), (6, 7, 4)), ((19, 19, 7), (12, 14, 4)), (None, (6, 7, 2))]
)
def test_the_window_holds_the_foreground(at: tuple[int, int, int] | None, start: tuple[int, int, int]) -> None:
    image = np.arange(20 * 20 * 8, dtype=np.float32).reshape(1, 20, 20, 8)
    foreground = np.empty((0, 3), int) if at is None else np.array([at])
    window = window_around(image, foreground, (8, 6, 4))
    assert window.shape == (1, 8, 6, 4)
    assert window[0, 0, 0, 0] == image[(0, *start)]
    assert at is None or image[(0, *at)] in window


def test_an_image_smaller_than_the_window_is_padded_with_its_air() -> None:
    image = np.full((2, 3, 8, 2), 5.0, np.float32)
    image[0, 0, 0, 0] = -1
    window = window_around(image, np.array([[2, 7, 1]]), (4, 4, 4))
    assert window.shape == (2, 4, 4, 4)
    assert (window[:, :3, :, :2] == 5).all()
    assert window.sum() == 2 * 3 * 4 * 2 * 5 - (2 * 64 - 2 * 3 * 4 * 2)


def test_the_window_of_a_bundle_is_kept_where_it_suits(exported: ModelBundle, exported_folder: Path) -> None:
    np.testing.assert_array_equal(
        kept_window(exported_folder, exported.plan), noise_window(exported.plan).astype(np.float16)
    )
    assert kept_window(exported_folder, make_plan(patch=(16, 16, 8))) is None
    assert kept_window(exported_folder / "nowhere", exported.plan) is None


@pytest.fixture
def files(tmp_path: Path) -> OpenVinoFiles:
    check_of(200, 300).save(tmp_path / "selfcheck.npz")
    return OpenVinoFiles((), tmp_path / "selfcheck.npz", "hash of the files")


RIGHT = {"edema": mask_of(200)[None, None], "bones": classes_of_first(300)[None]}
WRONG = {"edema": mask_of(100)[None, None], "bones": classes_of_first(300)[None]}


@pytest.mark.usefixtures("no_memory_of_checks")
def test_a_good_backend_is_checked_once_on_a_machine(files: OpenVinoFiles) -> None:
    backend = Stub(RIGHT)
    for _ in range(3):
        assert refuse_wrong(backend, files, 0.5, "this machine") is backend
    assert backend.calls == 1
    refuse_wrong(backend, files, 0.5, "another machine")
    refuse_wrong(backend, files, 0.4, "this machine")
    refuse_wrong(backend, OpenVinoFiles((), files.self_check, "other files"), 0.5, "this machine")
    assert backend.calls == 4
    backend.precision = "bf16"
    refuse_wrong(backend, files, 0.5, "this machine")
    assert backend.calls == 5


@pytest.mark.usefixtures("no_memory_of_checks")
def test_a_wrong_backend_is_refused_each_time(files: OpenVinoFiles) -> None:
    backend = Stub(WRONG)
    for _ in range(2):
        with pytest.raises(OpenVinoUnusable, match=r"^on its check window edema differs from torch: Dice 0\.667"):
            refuse_wrong(backend, files, 0.5, "this machine")
    assert backend.calls == 2


@pytest.mark.usefixtures("no_memory_of_checks")
@pytest.mark.parametrize(
    ("error", "reason"),
    [(RuntimeError("Exception from a.cpp\nno such primitive\n"), "no such primitive"), (MemoryError(), "MemoryError")],
)
def test_a_backend_that_cannot_run_it_is_refused(files: OpenVinoFiles, error: Exception, reason: str) -> None:
    with pytest.raises(OpenVinoUnusable, match=rf"on its check window it fails \({reason}\)"):
        refuse_wrong(Stub(error), files, 0.5, "this machine")


def test_a_cache_that_cannot_be_written_is_done_without(
    files: OpenVinoFiles, no_memory_of_checks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_memory_of_checks.write_text("a file where the folder should be")
    backend = Stub(RIGHT)
    for _ in range(2):
        refuse_wrong(backend, files, 0.5, "this machine")
    assert backend.calls == 2

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("CRMO_SEG_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    refuse_wrong(backend, files, 0.5, "this machine")
    assert backend.calls == 3


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {}, "home/.cache/crmo_seg"),
        ("linux", {"XDG_CACHE_HOME": "elsewhere"}, "elsewhere/crmo_seg"),
        ("darwin", {}, "home/Library/Caches/crmo_seg"),
        ("win32", {"LOCALAPPDATA": "local"}, "local/crmo_seg"),
        ("win32", {}, "home/AppData/Local/crmo_seg"),
        ("linux", {"CRMO_SEG_CACHE": "mine"}, "mine"),
    ],
)
def test_the_cache_lies_where_the_system_has_it(
    monkeypatch: pytest.MonkeyPatch, platform: str, variables: Mapping[str, str], folder: str
) -> None:
    for name in ("CRMO_SEG_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert user_cache_folder() == Path(folder)
