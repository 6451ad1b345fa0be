"""Reads the files of one case and measures them; a file that cannot be read is a problem, not the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
from scipy import ndimage

from crmo_seg.cases import Case
from crmo_seg.data.check.report import CaseFacts, ImageFacts, LabelFacts, Problem, Severity, SignalFacts
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_geometry, read_image, read_labels
from crmo_seg.io.nifti_header import read_header
from crmo_seg.lesions import NEIGHBOURS_26
from crmo_seg.volume import Array, Volume

UNREADABLE: Final = "unreadable"
MOST_DISTINCT: Final = 100
"""Different values are counted up to this number."""

_SAMPLED_VOXELS: Final = 1_000_000  # of a whole body, every 16th voxel: percentiles to three digits

_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Scope:
    """What is looked at: None is all. Without ``voxels`` images are opened, not read; labels are always read."""

    sequences: tuple[str, ...] | None = None
    heads: tuple[str, ...] | None = None
    voxels: bool = True


def measure_case(case: Case, scope: Scope) -> tuple[CaseFacts, list[Problem]]:
    """Facts of every file of a case that can be read, and a problem for every other."""
    errors: list[tuple[Path, InputError]] = []
    images: dict[str, ImageFacts] = {}
    labels: dict[str, LabelFacts] = {}
    image: Volume | None = None
    for name, path in _chosen(case.images.items(), scope.sequences):
        facts = _read(path, open_image, errors)
        volume = _read(path, read_image, errors) if scope.voxels and facts else None
        if facts:
            images[name] = replace(facts, signal=measure_signal(volume.array)) if volume else facts
        image = image or volume
    for name, path in _chosen(case.labels.items(), scope.heads):
        label = _read(path, read_labels, errors)
        if label:
            labels[name] = _label_facts(path, label, image, thorough=scope.voxels)
    problems = [
        Problem(Severity.ERROR, UNREADABLE, case.case_id, path, error.problem, error.remedy) for path, error in errors
    ]
    return CaseFacts(case, images, labels), problems


def open_image(path: Path) -> ImageFacts:
    """Header and grid of an image.

    Raises:
        InputError: where the file is damaged, or is not one 3D volume on a grid that can be right.
    """
    return ImageFacts(path, read_header(path), read_geometry(path))


def measure_signal(array: Array) -> SignalFacts:
    """Facts of the voxels of one image, float32 (X, Y, Z), finite.

    >>> facts = measure_signal(np.arange(8, dtype=np.float32).reshape(2, 2, 2))
    >>> facts.zero_share, facts.distinct, facts.percentiles[-1]
    (0.125, 8, 7.0)
    """
    lowest, highest = float(array.min()), float(array.max())
    sample = array.ravel()[:: max(1, array.size // _SAMPLED_VOXELS)]
    p01, p50, p99 = (float(value) for value in np.percentile(sample, (1, 50, 99)))
    return SignalFacts(
        percentiles=(lowest, p01, p50, p99, highest),
        zero_share=float(np.mean(array == 0)),
        negative_share=float(np.mean(array < 0)),
        top_share=float((np.sum(array == highest) - 1) / max(1, np.sum(array > lowest))),
        distinct=min(MOST_DISTINCT, np.unique(sample).size),
        rim_to_core=_rim_to_core(array, lowest),
        digest=digest(array),
    )


def component_sizes(labels: Array) -> dict[int, tuple[int, ...]]:
    """Voxels of each 26-connected component of each value above 0, largest first; labels uint8 (X, Y, Z).

    >>> row = np.array([1, 1, 0, 1, 2], dtype=np.uint8)
    >>> component_sizes(row[:, None, None])
    {1: (2, 1), 2: (1,)}
    """
    sizes: dict[int, tuple[int, ...]] = {}
    for value, box in enumerate(ndimage.find_objects(labels), 1):
        if box is not None:
            components, count = ndimage.label(labels[box] == value, structure=NEIGHBOURS_26)
            counts = np.bincount(components.ravel(), minlength=count + 1)[1:]
            sizes[value] = tuple(int(n) for n in sorted(counts, reverse=True))
    return sizes


def digest(array: Array) -> str:
    """Hash of voxels and shape, the same for the same numbers, however their file was written."""
    hashed = hashlib.blake2b(str((array.shape, array.dtype.name)).encode(), digest_size=16)
    hashed.update(np.ascontiguousarray(array).data)
    return hashed.hexdigest()


def _chosen(files: Iterable[tuple[str, Path]], names: tuple[str, ...] | None) -> list[tuple[str, Path]]:
    return [(name, path) for name, path in files if names is None or name in names]


def _read(path: Path, read: Callable[[Path], _Read], errors: list[tuple[Path, InputError]]) -> _Read | None:
    try:
        return read(path)
    except InputError as error:
        errors.append((path, error))
    except OSError as error:  # the system refuses it
        reason = error.strerror or type(error).__name__
        errors.append((path, InputError(path, f"cannot be read ({reason})", "check its rights and the disk")))
    return None


def _label_facts(path: Path, label: Volume, image: Volume | None, *, thorough: bool) -> LabelFacts:
    counts = np.bincount(label.array.ravel(), minlength=1)
    facts = LabelFacts(
        path=path,
        header=read_header(path),
        geometry=label.geometry,
        voxels={int(value): int(counts[value]) for value in np.flatnonzero(counts) if value},
    )
    if not thorough:
        return facts
    on_zero_share, contrast = _signal_of_label(label.array, image)
    return replace(
        facts,
        components=component_sizes(label.array),
        on_zero_share=on_zero_share,
        contrast=contrast,
        digest=digest(label.array),
    )


def _signal_of_label(labels: Array, image: Volume | None) -> tuple[float | None, float | None]:
    """Share of the label without signal, and how far its signal lies from the rest; None where it is empty."""
    if image is None or image.array.shape != labels.shape or not labels.any():
        return None, None
    inside = image.array[labels > 0]
    spread = float(image.array.std())
    contrast = float(inside.mean() - np.median(image.array)) / spread if spread > 0 else 0.0
    return float(np.mean(inside == 0)), contrast


def _rim_to_core(array: Array, lowest: float) -> float:
    """NaN where the volume is too small to have a middle, infinite where its middle is empty."""
    if min(array.shape) < 4:
        return float("nan")
    faces = [array.take(end, axis=axis).mean() - lowest for axis in range(3) for end in (0, -1)]
    middle = array[tuple(slice(n // 4, n - n // 4) for n in array.shape)].mean() - lowest
    return float(np.mean(faces) / middle) if middle > 0 else float("inf")
