"""Masks as 3D Slicer saves them: ``.nrrd`` and ``.seg.nrrd`` files -> volumes.

The format is that of http://teem.sourceforge.net/nrrd/format.html; of it, what Slicer writes is read: one file with
its header, raw or gzip, three axes in space and perhaps a list of layers, which Slicer adds where segments overlap
(https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.volume import Array, Geometry, GeometryError, Volume

NRRD_ENDING: Final = ".nrrd"
"""Of file names, ``.seg.nrrd`` among them."""

_REMEDY: Final = "save it from 3D Slicer again, or as NIfTI"
_LARGEST_LABEL: Final = 255
_WINDOW_BITS_OF_GZIP: Final = 31  # zlib's number for a gzip header and the largest window
_TYPES: Final = MappingProxyType(
    {
        **dict.fromkeys(("signed char", "int8", "int8_t"), "i1"),
        **dict.fromkeys(("uchar", "unsigned char", "uint8", "uint8_t"), "u1"),
        **dict.fromkeys(("short", "short int", "signed short", "int16", "int16_t"), "i2"),
        **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), "u2"),
        **dict.fromkeys(("int", "signed int", "int32", "int32_t"), "i4"),
        **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t"), "u4"),
        "float": "f4",
        "double": "f8",
    }
)
_TO_RAS: Final = MappingProxyType(
    {
        **dict.fromkeys(("left-posterior-superior", "lps"), (-1.0, -1.0, 1.0)),
        **dict.fromkeys(("right-anterior-superior", "ras"), (1.0, 1.0, 1.0)),
        **dict.fromkeys(("left-anterior-superior", "las"), (-1.0, 1.0, 1.0)),
    }
)


@dataclass(frozen=True)
class _Header:
    """Fields in lower case, key/value pairs left out, and the byte behind the empty line that ends it."""

    fields: Mapping[str, str]
    data_start: int


def is_nrrd_name(path: Path) -> bool:
    """Whether the file name is one of NRRD.

    >>> is_nrrd_name(Path("Segmentation.seg.nrrd")), is_nrrd_name(Path("edema.nii.gz"))
    (True, False)
    """
    return path.name.lower().endswith(NRRD_ENDING)


def read_nrrd_labels(path: Path) -> tuple[Volume, ...]:
    """Labels (uint8) of one file: one volume, or one for each layer where segments overlap.

    A segmentation without any voxel is saved by Slicer as one voxel of value 0, whose position means nothing.

    Raises:
        InputError: where the file is missing, damaged, no NRRD, says not where it lies in space, or holds values
            that are no labels.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "give the path of a mask") from None
    header = _parse_header(path, content)
    sizes, list_axis = _sizes(path, header)
    try:
        geometry = Geometry(_affine(path, header), _shape(sizes, list_axis))
    except GeometryError as error:
        raise InputError(path, f"has a header that cannot be right: {error}", _REMEDY) from None
    array = _as_labels(path, _voxels(path, header, content, sizes))
    layers = [array] if list_axis is None else list(np.moveaxis(array, list_axis, 0))
    return tuple(Volume(np.ascontiguousarray(layer), geometry) for layer in layers)


def _parse_header(path: Path, content: bytes) -> _Header:
    if not content.startswith(b"NRRD"):
        raise InputError(path, "is no NRRD file", "give a mask saved as .seg.nrrd, .nrrd or NIfTI")
    end = re.search(rb"\r?\n\r?\n", content)
    if end is None:
        raise _damaged(path, "its header has no end")
    fields = {}
    for line in content[: end.start()].decode("utf-8", errors="replace").splitlines()[1:]:
        name, separator, value = line.partition(": ")
        if separator and ":=" not in name and not line.startswith("#"):
            fields[name.strip().lower()] = value.strip()
    if "data file" in fields or "datafile" in fields:
        raise InputError(path, "keeps its voxels in another file", "save it as one .nrrd file")
    return _Header(MappingProxyType(fields), end.end())


def _field(path: Path, header: _Header, name: str) -> str:
    if name not in header.fields:
        raise InputError(path, f"has no field '{name}' in its header", _REMEDY)
    return header.fields[name]


def _sizes(path: Path, header: _Header) -> tuple[tuple[int, ...], int | None]:
    """Length of every axis, and which one is a list of layers."""
    try:
        sizes = tuple(int(size) for size in _field(path, header, "sizes").split())
    except ValueError:
        raise _damaged(path, f"sizes are {header.fields['sizes']!r}") from None
    lists = [axis for axis, text in enumerate(_directions(path, header)) if text.lower() == "none"]
    if len(sizes) - len(lists) != 3 or len(lists) > 1 or min(sizes) < 1:
        problem = f"has axes of {' x '.join(map(str, sizes))}, {len(sizes) - len(lists)} of them in space"
        raise InputError(path, problem, "give one 3D mask")
    return sizes, lists[0] if lists else None


def _shape(sizes: tuple[int, ...], list_axis: int | None) -> tuple[int, int, int]:
    x, y, z = (size for axis, size in enumerate(sizes) if axis != list_axis)
    return x, y, z


def _directions(path: Path, header: _Header) -> list[str]:
    return re.findall(r"none|\([^)]*\)", _field(path, header, "space directions"), re.IGNORECASE)


def _affine(path: Path, header: _Header) -> Array:
    space = _field(path, header, "space").lower()
    if space not in _TO_RAS:
        raise InputError(path, f"lies in the space {space!r}", f"give one of {', '.join(sorted(_TO_RAS))}")
    vectors = [_vector(path, text) for text in _directions(path, header) if text.lower() != "none"]
    affine = np.eye(4)
    affine[:3, :3] = np.array(vectors).T
    affine[:3, 3] = _vector(path, _field(path, header, "space origin"))
    ras: Array = np.diag((*_TO_RAS[space], 1.0)) @ affine
    return ras


def _vector(path: Path, text: str) -> tuple[float, float, float]:
    try:
        x, y, z = (float(number) for number in text.strip("() ").split(","))
    except ValueError:
        raise _damaged(path, f"{text!r} is no point of three numbers") from None
    return x, y, z


def _voxels(path: Path, header: _Header, content: bytes, sizes: tuple[int, ...]) -> Array:
    kind = _field(path, header, "type").lower()
    if kind not in _TYPES:
        raise InputError(path, f"holds voxels of type {kind!r}", "give a mask of whole numbers")
    order = ">" if header.fields.get("endian", "little").lower() == "big" else "<"
    dtype = np.dtype(order + _TYPES[kind])
    data = _unpacked(path, _field(path, header, "encoding").lower(), content[header.data_start :])
    expected = int(np.prod(sizes)) * dtype.itemsize
    if len(data) != expected:
        raise _damaged(path, f"it holds {len(data)} bytes of voxels, not {expected}")
    return np.frombuffer(data, dtype).reshape(sizes, order="F")


def _unpacked(path: Path, encoding: str, data: bytes) -> bytes:
    if encoding == "raw":
        return data
    if encoding not in ("gzip", "gz"):
        raise InputError(path, f"is encoded as {encoding!r}", "save it compressed (gzip) or raw")
    try:
        return zlib.decompress(data, wbits=_WINDOW_BITS_OF_GZIP)
    except zlib.error as error:
        raise _damaged(path, str(error)) from None


def _as_labels(path: Path, values: Array) -> Array:
    with np.errstate(invalid="ignore"):
        is_label = (values >= 0) & (values <= _LARGEST_LABEL) & (values == np.rint(values))
    if not is_label.all():
        problem = f"{int((~is_label).sum())} of {values.size} voxels are no label (whole number 0 to {_LARGEST_LABEL})"
        raise InputError(path, problem, "give a segmentation, not an image")
    return values.astype(np.uint8)


def _damaged(path: Path, detail: str) -> InputError:
    return InputError(path, f"is damaged ({detail})", _REMEDY)
