"""What a header says besides the grid."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.io.nifti_header import read_header

AFFINE = np.diag([2.0, 2.0, 4.0, 1.0])


def save(path: Path, *, sform: int = 1, qform: int = 1, shift_mm: float = 0.0, **kwargs: object) -> Path:
    image = nib.Nifti1Image(np.ones((4, 5, 6), kwargs.get("dtype", np.int16)), AFFINE)
    moved = AFFINE.copy()
    moved[0, 3] += shift_mm
    image.set_sform(AFFINE, code=sform)
    image.set_qform(moved, code=qform)
    if kwargs.get("slope"):
        image.header.set_slope_inter(kwargs["slope"], 0)
    nib.save(image, path)
    return path


def test_an_ordinary_file(tmp_path: Path) -> None:
    header = read_header(save(tmp_path / "a.nii.gz"))
    assert (header.shape, header.dtype, header.scaled) == ((4, 5, 6), "int16", False)
    assert (header.positioned, header.form_shift_voxels) == (True, 0.0)


@pytest.mark.parametrize(("sform", "qform", "positioned"), [(0, 0, False), (1, 0, True), (0, 1, True)])
def test_one_form_is_enough(tmp_path: Path, sform: int, qform: int, positioned: bool) -> None:
    header = read_header(save(tmp_path / "a.nii", sform=sform, qform=qform, shift_mm=8))
    assert (header.positioned, header.form_shift_voxels) == (positioned, 0.0)


def test_forms_that_disagree_are_measured_in_voxels(tmp_path: Path) -> None:
    assert read_header(save(tmp_path / "a.nii", shift_mm=8)).form_shift_voxels == pytest.approx(2.0, rel=1e-5)


def test_scaling_is_seen(tmp_path: Path) -> None:
    assert read_header(save(tmp_path / "a.nii", slope=0.5)).scaled


def test_another_format_is_positioned(tmp_path: Path) -> None:
    nib.save(nib.MGHImage(np.ones((4, 5, 6), np.float32), AFFINE), tmp_path / "a.mgz")
    header = read_header(tmp_path / "a.mgz")
    assert (header.positioned, header.form_shift_voxels, header.dtype) == (True, 0.0, "float32")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.nii.gz").write_text("no image")
    with pytest.raises(InputError, match=r"a\.nii\.gz: is no NIfTI file"):
        read_header(tmp_path / "a.nii.gz")
