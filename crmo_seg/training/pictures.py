"""Small pictures of a prediction beside its reference, by numpy alone: for a look at the cases that went wrong."""

from __future__ import annotations

import struct
import zlib
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Array

Picture: TypeAlias = NDArray[np.uint8]
"""(rows, columns, 3), red, green, blue."""

MISSED: Final = (66, 135, 245)
FALSE: Final = (235, 64, 52)
AGREED: Final = (255, 204, 0)

_GREY_PERCENTILES = (1.0, 99.5)
_OPACITY = 0.65
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def agreement_picture(image: Array, *, pred: Array, ref: Array) -> Picture:
    """Seen along the slices: the brightest signal in grey, agreed voxels yellow, missed ones blue, false ones red.

    Args:
        image: signal (X, Y, Z) on the model grid; the second axis runs up the page.
        pred: mask or class values on the same grid; a voxel of another class than the reference's is false.
        ref: the same of the reference.
    """
    grey = _grey(image.max(axis=2))
    picture = np.repeat(grey[..., None], 3, axis=2)
    # What is drawn last lies on top: agreement hides nothing that went wrong.
    for colour, mask in (
        (AGREED, (pred == ref) & (ref != 0)),
        (FALSE, (pred != 0) & (pred != ref)),
        (MISSED, (ref != 0) & (pred == 0)),
    ):
        shown = mask.any(axis=2)
        picture[shown] = (1 - _OPACITY) * picture[shown] + _OPACITY * np.array(colour)
    page: Picture = np.ascontiguousarray(picture.transpose(1, 0, 2)[::-1]).astype(np.uint8)
    return page


def png(picture: Picture) -> bytes:
    """The picture as a PNG file (ISO/IEC 15948): eight bits a channel, no filter.

    >>> png(np.zeros((2, 3, 3), np.uint8))[1:4]
    b'PNG'
    """
    rows, columns, _ = picture.shape
    lines = np.pad(picture.reshape(rows, columns * 3), ((0, 0), (1, 0)))  # each line begins with its filter: none
    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")]
    return _PNG_SIGNATURE + b"".join(_chunk(kind, content) for kind, content in parts)


def _grey(signal: Array) -> NDArray[np.float32]:
    low, high = np.percentile(signal, _GREY_PERCENTILES)
    grey: NDArray[np.float32] = np.clip((signal - low) / max(float(high - low), 1e-6), 0, 1).astype(np.float32) * 255
    return grey


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
