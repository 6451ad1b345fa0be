"""What a NIfTI header says besides the grid: how voxels are stored, and whether it knows where the patient lies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from crmo_seg.io.nifti import open_stored
from crmo_seg.volume import Float64Array


@dataclass(frozen=True)
class NiftiHeader:
    """Facts of one file that hold whatever its voxels are.

    Attributes:
        shape: as stored; a single volume may have a fourth axis of length 1.
        dtype: name of the stored type, for example ``int16``.
        scaled: whether scl_slope or scl_inter change the stored numbers.
        positioned: whether the file says where its voxels lie (sform or qform code above 0); else left and right
            are a convention.
        form_shift_voxels: largest distance between a corner by the sform and by the qform, in voxels of the largest
            side; 0 where only one is set.
    """

    shape: tuple[int, ...]
    dtype: str
    scaled: bool
    positioned: bool
    form_shift_voxels: float


def read_header(path: Path) -> NiftiHeader:
    """Facts of a header; voxels are not read.

    Raises:
        InputError: where the file is missing, damaged or no NIfTI.
    """
    stored = open_stored(path)
    slope, intercept = stored.dataobj.slope, stored.dataobj.inter
    return NiftiHeader(
        shape=tuple(int(n) for n in stored.shape),
        dtype=str(stored.get_data_dtype().name),
        scaled=(slope, intercept) != (1, 0),
        positioned=_is_positioned(stored),
        form_shift_voxels=_form_shift_voxels(stored),
    )


def _is_positioned(stored: Any) -> bool:  # noqa: ANN401 - nibabel is untyped
    if not hasattr(stored, "get_qform"):  # FreeSurfer's format always states its directions
        return True
    return int(stored.header["sform_code"]) > 0 or int(stored.header["qform_code"]) > 0


def _form_shift_voxels(stored: Any) -> float:  # noqa: ANN401
    if not hasattr(stored, "get_qform"):
        return 0.0
    forms = [form for form in (_form(stored.get_sform), _form(stored.get_qform)) if form is not None]
    if len(forms) < 2 or len(stored.shape) < 3 or 0 in stored.shape:
        return 0.0
    ends = np.array(np.meshgrid(*[(0, n - 1) for n in stored.shape[:3]])).reshape(3, -1).T
    corners = np.c_[ends, np.ones(len(ends))]
    voxel = max(float(np.linalg.norm(form[:3, :3], axis=0).max()) for form in forms)
    shift = float(np.linalg.norm((corners @ (forms[0] - forms[1]).T)[:, :3], axis=1).max())
    return shift / voxel if voxel > 0 else 0.0


def _form(read: Any) -> Float64Array | None:  # noqa: ANN401
    """The sform or the qform, None where its code is 0 or its numbers cannot be right."""
    try:
        affine, code = read(coded=True)
    except ValueError:
        return None
    return affine if code and affine is not None else None
