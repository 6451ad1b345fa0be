"""A window and its probabilities by torch in full precision: what a faster backend has to come close to.

It is run at a bundle's first use on a machine; a file in the user's cache folder remembers that it went well.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.inference.backend import Backend, OpenVinoUnusable
from crmo_seg.inference.openvino_files import OPENVINO_FOLDER, SELF_CHECK_FILE, OpenVinoFiles
from crmo_seg.inference.windows import Float32Array, RunWindow, classes_of
from crmo_seg.plan import Plan, Triple
from crmo_seg.preprocess import pad_to
from crmo_seg.volume import Array

MINIMUM_DICE: Final = 0.995
"""Of the mask at the model's threshold."""
MINIMUM_AGREEMENT: Final = 0.995
"""Share of voxels with the same class."""
MAXIMUM_MEAN_DIFFERENCE: Final = 0.002
"""Of probabilities. By bf16 those of trained networks differ by 1e-5 in the mean, at the edge of a lesion by 1e-2."""

_WINDOW: Final = "window"
_HEAD: Final = "head_"
_CACHE_VARIABLE: Final = "CRMO_SEG_CACHE"


@dataclass(frozen=True, eq=False)
class SelfCheck:
    """What is kept of a run by torch.

    Attributes:
        window: (1, sequence, x, y, z), of values that float16 holds exactly.
        heads: of one channel: probability (x, y, z) as float16; of more: class (x, y, z) as uint8.
    """

    window: Float32Array
    heads: Mapping[str, NDArray[np.float16] | NDArray[np.uint8]]

    def save(self, path: Path) -> None:
        """Write a compressed ``.npz``."""
        arrays: dict[str, Any] = {f"{_HEAD}{name}": array for name, array in self.heads.items()}
        np.savez_compressed(path, **{_WINDOW: self.window.astype(np.float16)} | arrays)

    @classmethod
    def load(cls, path: Path) -> SelfCheck:
        """Read what ``save`` wrote.

        Raises:
            OpenVinoUnusable: where it is no such file.
        """
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                heads = {name.removeprefix(_HEAD): arrays[name] for name in arrays.files if name != _WINDOW}
                return cls(arrays[_WINDOW].astype(np.float32), heads)
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            raise OpenVinoUnusable(f"{path.name} cannot be read") from None


def make_self_check(run: RunWindow, window: Float32Array) -> SelfCheck:
    """Run a window by the backend that others are compared with.

    Args:
        run: torch in full precision.
        window: (sequence, x, y, z).
    """
    rounded = window.astype(np.float16).astype(np.float32)[None]
    return SelfCheck(rounded, {head: _compact(probability[0]) for head, probability in run(rounded).items()})


def noise_window(plan: Plan) -> Float32Array:
    """A window for models of which no case is at hand: noise of the deviation that normalised images have."""
    generator = np.random.default_rng(0)
    return generator.standard_normal((len(plan.sequences), *plan.patch), dtype=np.float32)


def kept_window(bundle_folder: Path, plan: Plan) -> Float32Array | None:
    """The check window, (sequence, x, y, z), that a bundle has; None where it has none that suits the plan."""
    try:
        (window,) = SelfCheck.load(bundle_folder / OPENVINO_FOLDER / SELF_CHECK_FILE).window
    except OpenVinoUnusable:
        return None
    return window if window.shape == (len(plan.sequences), *plan.patch) else None


def window_around(image: Float32Array, foreground: NDArray[np.integer], patch: Triple) -> Float32Array:
    """The window of an image about a voxel of its foreground, as far inside as it can lie.

    Args:
        image: (sequence, X, Y, Z); where it is smaller than the patch it is padded with air.
        foreground: voxels (n, 3), of which the middle one is taken; without any, the image's middle.
        patch: sides of the window.

    >>> image = np.arange(12, dtype=np.float32).reshape(1, 12, 1, 1)
    >>> window_around(image, np.array([[0, 0, 0], [11, 0, 0]]), (4, 1, 1)).ravel()
    array([ 8.,  9., 10., 11.], dtype=float32)
    """
    padded = pad_to(image, patch, value=float(image.min()))
    shape = np.array(padded.shape[1:])
    middle = foreground[len(foreground) // 2] if len(foreground) else shape // 2
    start = np.clip(middle - np.array(patch) // 2, 0, shape - patch)
    box = tuple(slice(int(first), int(first) + side) for first, side in zip(start, patch, strict=True))
    return np.ascontiguousarray(padded[(slice(None), *box)])


def difference(check: SelfCheck, outputs: Mapping[str, Float32Array], threshold: float) -> str | None:
    """What is wrong with the outputs of a backend on the window of a check; None where nothing is.

    Args:
        check: the window as torch answers it.
        outputs: head -> probabilities (1, channel, x, y, z).
        threshold: of a head of one channel.
    """
    if set(outputs) != set(check.heads):
        return f"it has the heads {', '.join(outputs)}"
    for head, expected in check.heads.items():
        found = outputs[head][0]
        problem = _wrong_mask(expected, found[0], threshold) if len(found) == 1 else _wrong_classes(expected, found)
        if problem is not None:
            return f"{head} {problem}"
    return None


def refuse_wrong(backend: Backend, files: OpenVinoFiles, threshold: float, machine: str) -> Backend:
    """The backend, if it computes what torch does: checked at its first use on a machine.

    Args:
        backend: OpenVINO's.
        files: that it was made of.
        threshold: of the bundle.
        machine: words that change where its results may change.

    Raises:
        OpenVinoUnusable: where it does not, or cannot compute the window.
    """
    marker = _marker(f"{files.sha256} {threshold} {backend.precision} {machine}")
    if marker is not None and marker.exists():
        return backend
    check = SelfCheck.load(files.self_check)
    try:
        problem = difference(check, backend(check.window), threshold)
    except (MemoryError, RuntimeError, ValueError) as error:
        last_line = str(error).strip().rpartition("\n")[2]
        problem = f"it fails ({last_line or type(error).__name__})"
    if problem is not None:
        raise OpenVinoUnusable(f"on its check window {problem}")
    _remember(marker)
    return backend


def user_cache_folder() -> Path:
    """Where programs keep what they can make again: ``CRMO_SEG_CACHE``, or the system's place for it."""
    if _CACHE_VARIABLE in os.environ:
        return Path(os.environ[_CACHE_VARIABLE])
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "crmo_seg"
    variable, default = ("LOCALAPPDATA", "AppData/Local") if sys.platform == "win32" else ("XDG_CACHE_HOME", ".cache")
    return Path(os.environ.get(variable) or Path.home() / default) / "crmo_seg"


def _compact(probability: Float32Array) -> NDArray[np.float16] | NDArray[np.uint8]:
    if len(probability) == 1:
        rounded: NDArray[np.float16] = probability[0].astype(np.float16)
        return rounded
    return classes_of(probability)


def _wrong_mask(expected: Array, found: Float32Array, threshold: float) -> str | None:
    reference, mask = expected.astype(np.float32) >= threshold, found >= threshold
    voxels = int(reference.sum() + mask.sum())
    dice = 2 * int((reference & mask).sum()) / voxels if voxels else 1.0
    mean = float(np.abs(found - expected).mean())
    if dice >= MINIMUM_DICE and mean <= MAXIMUM_MEAN_DIFFERENCE:
        return None
    return f"differs from torch: Dice {dice:.3f}, mean difference {mean:.4f}"


def _wrong_classes(expected: Array, found: Float32Array) -> str | None:
    agreement = float((classes_of(found) == expected).mean())
    return None if agreement >= MINIMUM_AGREEMENT else f"differs from torch: {agreement:.1%} of voxels agree"


def _marker(key: str) -> Path | None:
    """None where this user has no home."""
    try:
        return user_cache_folder() / "self_check" / hashlib.sha256(key.encode()).hexdigest()
    except RuntimeError:
        return None


def _remember(marker: Path | None) -> None:
    """A cache that cannot be written costs a second at each start, and nothing else."""
    try:
        if marker is not None:
            marker.parent.mkdir(parents=True, exist_ok=True)
            marker.touch()
    except OSError:
        return
