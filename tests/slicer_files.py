"""Segmentations as 3D Slicer 5 saves them, written by hand from the description of the format."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from crmo_seg.volume import Volume


def write_segmentation(path: Path, layers: Sequence[Volume], *, crop: bool = True, encoding: str = "gzip") -> Path:
    """A ``.seg.nrrd`` file: in LPS, cropped to what is marked, a list axis where there are several layers."""
    marked = np.argwhere(np.any([layer.array for layer in layers], axis=0))
    start = marked.min(axis=0) if crop and len(marked) else np.zeros(3, int)
    stop = marked.max(axis=0) + 1 if crop and len(marked) else np.array(layers[0].array.shape)
    parts = [layer.array[tuple(map(slice, start, stop))].astype(np.uint8) for layer in layers]
    affine = np.diag([-1.0, -1.0, 1.0]) @ layers[0].geometry.affine[:3]
    origin = affine[:, :3] @ start + affine[:, 3]
    many = len(parts) > 1
    stacked = np.stack(parts) if many else parts[0]
    header = [
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        "type: unsigned char",
        f"dimension: {stacked.ndim}",
        "space: left-posterior-superior",
        f"sizes: {' '.join(map(str, stacked.shape))}",
        f"space directions: {'none ' if many else ''}{' '.join(_vector(column) for column in affine[:, :3].T)}",
        f"kinds: {'list ' if many else ''}domain domain domain",
        f"encoding: {encoding}",
        f"space origin: {_vector(origin)}",
        "Segment0_ID:=Segment_1",
        "Segment0_LabelValue:=1",
        "Segment0_Name:=edema: left knee",
        f"Segmentation_ReferenceImageExtentOffset:={' '.join(map(str, start))}",
    ]
    data = stacked.tobytes(order="F")
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(header).encode() + b"\n\n"
    path.write_bytes(text + (gzip.compress(data) if encoding == "gzip" else data))
    return path


def _vector(values: np.ndarray) -> str:
    return f"({','.join(repr(float(value)) for value in values)})"
