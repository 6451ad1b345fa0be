"""Prepared cases on disk: read and resampled once, then patches are cut out of memory maps.

A case's folder is named by the content of its files and by what the plan makes of them. So a changed file or plan makes
a new folder, an unchanged one is found again, and two runs can share a cache: each writes under a name of its own, and
the first to finish gives its folder the final name.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.cases import Case
from crmo_seg.data.loading import LoadCased
from crmo_seg.data.sample import AIR, CASE, FOREGROUND, IMAGE, ForegroundPositions, Sample, label_key, labelled_key
from crmo_seg.errors import InputError
from crmo_seg.plan import Plan

CACHE_FORMAT: Final = 3
"""Raised whenever preprocessing or these files change, so that no old folder is taken for a new one."""

_CONTENTS: Final = "contents.json"
_KEY_DIGITS: Final = 24
_HASH_CHUNK_BYTES: Final = 1 << 20


class PreparedCases:
    """A cache of prepared cases for one plan.

    Args:
        folder: of the cache; made where it does not exist. Delete it at any time between runs.
        plan: sequences, heads and grid.

    Calling it with a case gives its prepared sample (see ``sample``); arrays are read-only memory maps.

    Raises:
        InputError: where the case cannot be read or trained on, or the disk is full.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        self._load = LoadCased(plan)

    def __call__(self, case: Case) -> Sample:
        """The case's prepared sample, made on first use."""
        folder = self.folder / case_key(case, self.plan)
        if not folder.is_dir():
            _write(folder, self._load({CASE: case}), self.plan)
        return _read(folder, case, self.plan)


def case_key(case: Case, plan: Plan) -> str:
    """Hexadecimal digits that change with the content of any file of the case, and with the plan's grid and heads."""
    digest = hashlib.sha256()
    settings = {"format": CACHE_FORMAT, "grid": asdict(plan.grid), "heads": [asdict(head) for head in plan.heads]}
    digest.update(json.dumps(settings, sort_keys=True).encode())
    for name in plan.sequences:
        digest.update(f"image {name} {_content(case.images.get(name))}".encode())
    for head in plan.heads:
        digest.update(f"label {head.name} {_content(case.labels.get(head.name))}".encode())
    return digest.hexdigest()[:_KEY_DIGITS]


def _content(path: Path | None) -> str:
    if path is None:
        return "none"
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_HASH_CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "check the path and its rights") from None
    return digest.hexdigest()


def _write(folder: Path, sample: Sample, plan: Plan) -> None:
    part = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    try:
        part.mkdir(parents=True)
        _write_arrays(part, sample, plan)
        _name_finally(part, folder)
    except OSError as error:
        remedy = "free space on the disk, or set data.cache to another folder"
        raise InputError(folder.parent, f"prepared cases could not be written ({error.strerror})", remedy) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_arrays(part: Path, sample: Sample, plan: Plan) -> None:
    np.save(part / f"{IMAGE}.npy", sample[IMAGE])
    for head in _labelled(sample, plan):
        np.save(part / f"{label_key(head)}.npy", sample[label_key(head)])
        for region, positions in sample[FOREGROUND][head].items():
            np.save(part / f"{_positions_name(head, region)}.npy", positions)
    regions = {head: sorted(sample[FOREGROUND][head]) for head in _labelled(sample, plan)}
    (part / _CONTENTS).write_text(json.dumps({"regions": regions, "air": sample[AIR].tolist()}))


def _name_finally(part: Path, folder: Path) -> None:
    try:
        part.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another run was faster, and its folder holds the same
            raise


def _read(folder: Path, case: Case, plan: Plan) -> Sample:
    contents = json.loads((folder / _CONTENTS).read_text())
    image = np.load(folder / f"{IMAGE}.npy", mmap_mode="r")
    sample: Sample = {CASE: case, IMAGE: image, AIR: np.array(contents["air"], np.float32)}
    regions, foreground = contents["regions"], ForegroundPositions()
    for head in plan.heads:
        known = head.name in regions
        path = folder / f"{label_key(head.name)}.npy"
        sample[label_key(head.name)] = np.load(path, mmap_mode="r") if known else _no_label(image.shape[1:])
        sample[labelled_key(head.name)] = np.float32(known)
        foreground[head.name] = _positions(folder, head.name, regions.get(head.name, ()))
    return sample | {FOREGROUND: foreground}


def _no_label(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """All background, without memory: one voxel seen from everywhere."""
    return np.broadcast_to(np.uint8(0), (1, *shape))


def _positions(folder: Path, head: str, regions: Iterable[int]) -> dict[int, NDArray[np.int32]]:
    return {region: np.load(folder / f"{_positions_name(head, region)}.npy", mmap_mode="r") for region in regions}


def _positions_name(head: str, region: int) -> str:
    return f"foreground_{head}_{region}"


def _labelled(sample: Sample, plan: Plan) -> list[str]:
    return [head.name for head in plan.heads if sample[labelled_key(head.name)]]
