"""A tiny model with drawn weights, and a tiny scan: enough for the commands to run in a moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import torch
from builders import body_with_lesion, make_geometry, make_plan

from crmo_seg.bundle import NETWORKS, ModelBundle, save_bundle
from crmo_seg.io.nifti import write_nifti
from crmo_seg.network import build_network
from crmo_seg.plan import EDEMA_HEAD, Head
from crmo_seg.volume import Volume

SHAPE = (20, 8, 24)
SPACING_MM = (2.0, 6.0, 2.0)


def make_bundle(
    name: str = "stub", *, heads: tuple[Head, ...] = (EDEMA_HEAD,), seed: int = 0, edema_logit: float | None = None
) -> ModelBundle:
    """A U-Net of two stages; with ``edema_logit`` that is its answer everywhere."""
    torch.manual_seed(seed)
    plan = make_plan(heads=heads)
    network = build_network(NETWORKS[0], plan)
    weights = {key: value.numpy().copy() for key, value in network.state_dict().items()}
    if edema_logit is not None:
        for key in weights:
            if key.startswith("heads.edema."):
                weights[key][...] = edema_logit if key.endswith("bias") else 0.0
    return ModelBundle(name, plan, weights)


def write_model(folder: Path, *, seed: int = 0, edema_logit: float | None = None) -> Path:
    save_bundle(make_bundle(seed=seed, edema_logit=edema_logit), folder)
    return folder


def make_image() -> Volume:
    return body_with_lesion(make_geometry(SHAPE, SPACING_MM), (0.0, 0.0, 0.0), 8.0)[0]


def write_image(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, make_image())
    return path


def save(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Path:
    """A NIfTI file as another program would write it; on the grid of ``make_image`` where no affine is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, make_image().geometry.affine if affine is None else affine), path)
    return path


def entries(folder: Path) -> list[str]:
    """Everything in a folder, hidden files too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*")) if folder.exists() else []


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def without_notes(self) -> str:
        """Standard error without the lines that say which backend is taken."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("note: "))

    def assert_refused(self, *parts: str) -> None:
        """Exit code 2 and one line for the user, which holds these parts and, behind a semicolon, a remedy."""
        assert (self.code, "Traceback" in self.err) == (2, False), self.err
        (line,) = self.without_notes.splitlines()
        assert line.startswith("error: ")
        assert line.partition("; ")[2], f"no remedy in {line!r}"
        assert [part for part in parts if part not in line] == [], line
