"""NIfTI files <-> volumes, with the geometry taken from the header and never guessed.

The sform is preferred to the qform, as the NIfTI-1 standard's method 3 and nibabel do. Where both claim the same space
and run an axis in opposite directions, programs disagree on which side is left: refused. Where a file has neither
(both codes 0), nibabel's fallback is taken: the voxel sizes on the axes, with the first axis running to the
patient's left; such a file is accepted, but its left and right are a convention, not a measurement.
"""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import Path
from typing import Any, Final

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError, ImageDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import DTypeLike

from crmo_seg.errors import InputError
from crmo_seg.files import written_whole
from crmo_seg.volume import Array, Float64Array, Geometry, GeometryError, Volume

NIFTI_ENDINGS: Final = (".nii.gz", ".nii", ".hdr", ".img", ".mgz")
"""File names that can be read; ``.hdr`` and ``.img`` are one image, ``.mgz`` is FreeSurfer's own format."""

LARGEST_LABEL: Final = 255

_WRITABLE_ENDINGS = (".nii.gz", ".nii")
# Measured on 384 x 36 x 1200 voxels, one core: level 2 takes 0.02 s for a mask, 0.9 s for a noisy float32 signal;
# level 6 takes 0.1 s and 6.6 s for files only 14 % smaller (signal).
_COMPRESSION_LEVEL = 2
_INTEGER_TOLERANCE = 1e-3  # a label that went through a float32 scl_slope is not exactly whole
_ORTHOGONAL_TOLERANCE = 1e-4  # largest cosine between two axes that a qform may leave out
_MM_PER_UNIT = {"meter": 1000.0, "micron": 0.001}
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    OverflowError,
    MemoryError,
    zlib.error,
    ImageFileError,
    HeaderDataError,
    ImageDataError,
    WrapStructError,
)


def read_image(path: Path) -> Volume:
    """Signal of one image as float32, with the header's scl_slope and scl_inter applied.

    Raises:
        InputError: where the file is missing, damaged, no NIfTI, not one 3D volume, complex or coloured, has an
            absurd geometry, or holds NaN or infinite voxels.
    """
    stored = open_stored(path)
    geometry = _geometry(path, stored)
    with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is counted below
        array = np.asarray(_voxels(path, stored), dtype=np.float32).reshape(geometry.shape)
    wrong = array.size - int(np.isfinite(array).sum())
    if wrong:
        raise InputError(path, f"{wrong} of {array.size} voxels are NaN or infinite", "replace them, for example by 0")
    return Volume(array, geometry)


def read_labels(path: Path) -> Volume:
    """Labels or a mask as uint8; any stored type will do, as long as the values are whole numbers 0 to 255.

    Raises:
        InputError: as `read_image`, and where a value is no label.
    """
    stored = open_stored(path)
    geometry = _geometry(path, stored)
    values = _voxels(path, stored).reshape(geometry.shape)
    if values.dtype != np.uint8:
        _check_labels(path, values)
        values = np.rint(values).astype(np.uint8)
    return Volume(values, geometry)


def read_geometry(path: Path) -> Geometry:
    """Grid of one image; reads the header only.

    Raises:
        InputError: where the file is missing, no NIfTI, not one 3D volume, or has an absurd geometry.
    """
    return _geometry(path, open_stored(path))


def write_nifti(path: Path, volume: Volume) -> None:
    """Write a volume as ``.nii`` or ``.nii.gz``: complete or not at all, and the same bytes for the same voxels.

    Masks are stored as uint8, int32 as the smallest of uint8, int16 and int32 that holds it, signal as float32.
    The affine goes to the sform, which the standard keeps in float32 (seven digits: below 0.1 micrometre for an
    origin within 1 m), and to the qform where its axes are orthogonal (a qform cannot hold shear).

    Raises:
        InputError: where the file name is no NIfTI name or the file cannot be written.
    """
    if not path.name.lower().endswith(_WRITABLE_ENDINGS):
        raise InputError(path, "is not the name of a NIfTI file", "let it end in .nii.gz or .nii")
    with written_whole(path) as part:
        _write_part(part, _to_nifti(volume), compress=path.name.lower().endswith(".gz"))


def nifti_bytes(volume: Volume) -> bytes:
    """The content of a ``.nii.gz`` file with the same voxels, types and header as `write_nifti` writes."""
    return gzip.compress(_to_nifti(volume).to_bytes(), _COMPRESSION_LEVEL, mtime=0)


def case_id_of(path: Path) -> str:
    """File name without endings, every character that a case_id may not have turned into ``_``.

    Raises:
        InputError: where nothing is left.

    >>> case_id_of(Path("study/knee left (2).nii.gz"))
    'knee_left_2'
    """
    name = path.name
    for ending in NIFTI_ENDINGS:
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
            break
    case_id = re.sub(r"[^A-Za-z0-9._-]+", "_", name).lstrip("._-").rstrip("._")
    if not case_id:
        raise InputError(path, "has a name without a letter or digit", "rename the file; its name is the case_id")
    return case_id


def is_nifti_name(path: Path) -> bool:
    """Whether the file name ends as those do that can be read.

    >>> is_nifti_name(Path("a.NII.gz")), is_nifti_name(Path("a.dcm"))
    (True, False)
    """
    return path.name.lower().endswith(NIFTI_ENDINGS)


def open_stored(path: Path) -> Any:  # noqa: ANN401 - nibabel is untyped
    """The image as nibabel has it, voxels unread; refuses what is missing, damaged or not NIfTI."""
    if not path.exists():
        raise InputError(path, "does not exist", "give the path of a NIfTI file")
    if path.is_dir() or not is_nifti_name(path):
        raise InputError(path, "is not a NIfTI file", f"give a file that ends in {', '.join(NIFTI_ENDINGS)}")
    try:
        stored = nib.load(path, mmap=False)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error
    if not isinstance(stored, nib.Nifti1Pair | nib.MGHImage):
        # Analyze 7.5 does not say which side is left.
        raise InputError(path, f"is not NIfTI but {type(stored).__name__}", "convert it to .nii.gz")
    return stored


def _voxels(path: Path, stored: Any) -> Array:  # noqa: ANN401
    kind = stored.get_data_dtype()
    if kind.kind not in "iuf":
        name = "colours (RGB)" if kind.names else f"{kind.name} numbers"
        raise InputError(path, f"holds {name}, not one real number a voxel", "save the magnitude or one channel")
    try:
        return np.asarray(stored.dataobj)
    except _UNREADABLE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> InputError:
    text = " ".join(str(error).split()) or type(error).__name__
    return InputError(path, f"is no NIfTI file, or damaged ({text})", "export or copy the file again")


def _geometry(path: Path, stored: Any) -> Geometry:  # noqa: ANN401
    if _contradicts_itself(stored):
        problem = "has a qform and an sform of one code that run an axis in opposite directions"
        raise InputError(path, problem, "write the right one into both, or set the code of the wrong one to 0")
    try:
        return Geometry(_affine_mm(stored), _shape(path, stored.shape))
    except GeometryError as error:
        raise InputError(path, f"has a header that cannot be right: {error}", "export the file again") from error


def _contradicts_itself(stored: Any) -> bool:  # noqa: ANN401
    if not isinstance(stored, nib.Nifti1Pair):
        return False
    try:
        (sform, space), (qform, other) = stored.header.get_sform(coded=True), stored.header.get_qform(coded=True)
    except ValueError:  # a quaternion that is none: the sform alone says it
        return False
    if not space or space != other:
        return False
    return bool((np.sum(sform[:3, :3] * qform[:3, :3], axis=0) < 0).any())


def _shape(path: Path, shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) < 3:
        raise InputError(path, f"is {len(shape)}D, shape {shape}", "give one 3D volume")
    if 0 in shape:
        raise InputError(path, f"has no voxel, shape {shape}", "export the file again")
    volumes = int(np.prod(shape[3:]))
    if volumes > 1:
        raise InputError(path, f"holds {volumes} volumes, shape {shape}", "split it and give one 3D volume a file")
    return shape[0], shape[1], shape[2]


def _affine_mm(stored: Any) -> Float64Array:  # noqa: ANN401
    affine = np.array(stored.affine, dtype=np.float64)
    try:
        unit = stored.header.get_xyzt_units()[0]
    except (AttributeError, KeyError):  # MGH has no units, and some writers leave nonsense in the byte
        unit = "mm"
    affine[:3] *= _MM_PER_UNIT.get(unit, 1.0)
    return affine


def _check_labels(path: Path, values: Array) -> None:
    with np.errstate(invalid="ignore"):  # NaN and infinity are no labels either
        is_label = (values > -_INTEGER_TOLERANCE) & (values < LARGEST_LABEL + _INTEGER_TOLERANCE)
        if values.dtype.kind == "f":
            is_label &= np.abs(values - np.rint(values)) < _INTEGER_TOLERANCE
    wrong = values[~is_label]
    if wrong.size:
        problem = f"{wrong.size} of {values.size} voxels are no label (whole number 0 to 255), for example {wrong[0]:g}"
        raise InputError(path, problem, "give a label file, not an image or a probability")


def _to_nifti(volume: Volume) -> Any:  # noqa: ANN401
    affine = volume.geometry.affine
    image = nib.Nifti1Image(volume.array.astype(_stored_dtype(volume.array), copy=False), affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1 if _is_orthogonal(affine) else 0)
    image.header.set_xyzt_units(xyz="mm")
    return image


def _stored_dtype(array: Array) -> DTypeLike:
    if array.dtype == np.bool_:
        return np.uint8
    if array.dtype != np.int32:
        return array.dtype
    low, high = int(array.min()), int(array.max())
    fits = (kind for kind in (np.uint8, np.int16) if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return next(fits, np.int32)


def _is_orthogonal(affine: Float64Array) -> bool:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() < _ORTHOGONAL_TOLERANCE)


def _write_part(part: Path, image: Any, *, compress: bool) -> None:  # noqa: ANN401
    with part.open("wb") as file:
        if not compress:
            image.to_stream(file)
            return
        # No name and no time in the gzip header: the same voxels give the same bytes.
        with gzip.GzipFile("", "wb", _COMPRESSION_LEVEL, file, mtime=0) as stream:
            image.to_stream(stream)
