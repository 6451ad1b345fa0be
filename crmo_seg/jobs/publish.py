"""``crmo-seg publish``: a trained model a quarter as large, to be handed on or shipped with the package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from crmo_seg.bundle import ModelBundle, load_bundle, save_bundle, with_folders, with_half_weights
from crmo_seg.errors import InputError
from crmo_seg.inference.backend import is_installed
from crmo_seg.inference.openvino_constants import leave_out_weights
from crmo_seg.inference.openvino_files import model_file, write_contents
from crmo_seg.inference.self_check import difference, kept_window, make_self_check, noise_window
from crmo_seg.inference.windows import Float32Array

_BYTES_IN_A_MEGABYTE = 1e6


@dataclass(frozen=True)
class Published:
    """What was written, and how far it is from the model that it was made of.

    Attributes:
        bundle: with weights in 16 bits.
        megabytes: of all its files (10^6 bytes).
        largest_difference: head -> largest difference of a probability in the check window, by torch in full precision.
    """

    bundle: ModelBundle
    megabytes: float
    largest_difference: Mapping[str, float]


def publish(folder: Path, out: Path, name: str | None = None) -> Published:
    """Write a bundle with its weights, and its OpenVINO models, in 16 bits: the network itself computes as before.

    Both backends hold the same rounded weights, so they stay as close to each other as they were.

    Args:
        folder: of the bundle; it stays as it is.
        out: folder of the new one; a bundle that is there is replaced.
        name: of the model, in reports; None is that of the folder ``out``.

    Raises:
        InputError: where the bundle cannot be read, would be overwritten, does not mark the same after rounding (by
            the bounds of ``inference.self_check``), or torch or OpenVINO are not installed.
    """
    _check(folder, out)
    from crmo_seg.inference.openvino_export import export_openvino

    bundle = load_bundle(folder)
    small = replace(with_half_weights(bundle), name=name or out.resolve().name)
    windows = [_window(place, single) for single, place in with_folders(bundle, folder)]
    changes: dict[str, float] = {}
    for before, after, window in zip((bundle, *bundle.parts), (small, *small.parts), windows, strict=True):
        changes |= _changes(before, after, window)
    rounding = {"weights": "float16", "from_sha256": bundle.sha256, "largest_difference": changes}
    small = replace(small, provenance={**(bundle.provenance or {}), "rounding": rounding})
    save_bundle(small, out)
    for (single, place), window in zip(with_folders(small, out), windows, strict=True):
        _keep_weights_once(single, export_openvino(single, place, window))
    return Published(small, folder_megabytes(out), changes)


def folder_megabytes(folder: Path) -> float:
    """What all files below a folder hold, in 10^6 bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / _BYTES_IN_A_MEGABYTE


def _keep_weights_once(bundle: ModelBundle, models: Path) -> None:
    for number, member in enumerate(bundle.members):
        leave_out_weights(models / model_file(number), member.weights)
    write_contents(models, bundle)


def _check(folder: Path, out: Path) -> None:
    if folder.resolve() == out.resolve():
        raise InputError(out, "is the bundle itself", "give another folder after -o")
    for library in ("torch", "openvino"):
        if not is_installed(library):
            raise InputError(library, "is not installed", "install it: it is needed to write the models")


def _window(folder: Path, bundle: ModelBundle) -> Float32Array:
    """The check window of the bundle, or noise, of values that float16 holds: (sequence, x, y, z)."""
    kept = kept_window(folder, bundle.plan)
    window = noise_window(bundle.plan) if kept is None else kept
    return window.astype(np.float16).astype(np.float32)


def _changes(bundle: ModelBundle, small: ModelBundle, window: Float32Array) -> dict[str, float]:
    """Head -> largest difference of a probability.

    Raises:
        InputError: where the masks are not the same.
    """
    from crmo_seg.inference.torch_backend import TorchBackend

    before = TorchBackend(bundle, "cpu", "f32")(window[None])
    after = TorchBackend(small, "cpu", "f32")(window[None])
    problem = difference(make_self_check(lambda _: before, window), after, bundle.threshold)
    if problem is not None:
        raise InputError(
            f"bundle {bundle.name}", f"marks something else by weights of 16 bits ({problem})", "hand it on as it is"
        )
    return {head: round(float(np.abs(after[head] - before[head]).max()), 6) for head in before}
