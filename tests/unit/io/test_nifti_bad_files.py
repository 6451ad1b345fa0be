"""Files that are no volume or no labels, and names that are none, are refused in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from builders import make_volume
from numpy.typing import NDArray

from crmo_seg.errors import InputError
from crmo_seg.io.nifti import case_id_of, read_image, read_labels, write_nifti

AFFINE = np.array([[-1.5, 0, 0, 10], [0, 0, 6, -20], [0, 1.25, 0, 30], [0, 0, 0, 1.0]])
ONES = np.ones((2, 2, 2), np.float32)


def save(path: Path, array: NDArray[np.generic], affine: NDArray[np.float64] | None = AFFINE) -> Path:
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


def write_text(path: Path) -> None:
    path.write_text("patient,visit\n" * 60)


def write_truncated(path: Path) -> None:
    save(path, np.random.default_rng(0).normal(size=(9, 9, 9)))
    path.write_bytes(path.read_bytes()[:900])


def write_coloured(path: Path) -> None:
    save(path, np.zeros((2, 2, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")]))


def write_analyze(path: Path) -> None:
    nib.save(nib.AnalyzeImage(np.zeros((2, 2, 2), np.uint8), np.diag([1, 1, 1, 1.0])), path)


def write_nonsense_sform(path: Path) -> None:
    save(path, np.zeros((2, 2, 2), np.uint8))
    raw = bytearray(path.read_bytes())
    raw[280:296] = np.full(4, np.nan, "<f4").tobytes()
    path.write_bytes(bytes(raw))


def saving(array: NDArray[np.generic], affine: NDArray[np.float64] = AFFINE) -> Callable[[Path], object]:
    return lambda path: save(path, array, affine)


BAD_FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "missing": ("a.nii", lambda _: None, "does not exist; give the path"),
    "folder": ("a.nii", lambda path: path.mkdir(), "is not a NIfTI file; give a file that ends in .nii.gz"),
    "another ending": ("a.txt", write_text, "is not a NIfTI file; give a file that ends in .nii.gz"),
    "text as gz": ("a.nii.gz", write_text, "is no NIfTI file, or damaged"),
    "text": ("a.nii", write_text, "is no NIfTI file, or damaged"),
    "empty": ("a.nii", lambda path: path.touch(), "is no NIfTI file, or damaged"),
    "truncated gz": ("a.nii.gz", write_truncated, "is no NIfTI file, or damaged"),
    "truncated": ("a.nii", write_truncated, "is no NIfTI file, or damaged"),
    "2D": ("a.nii", saving(np.ones((4, 5), np.float32)), "is 2D, shape (4, 5); give one 3D volume"),
    "no voxel": ("a.nii", saving(np.ones((4, 0, 5), np.float32)), "has no voxel, shape (4, 0, 5)"),
    "NaN": ("a.nii", saving(np.where(np.eye(2)[..., None], np.nan, ONES)), "4 of 8 voxels are NaN or infinite"),
    "infinite": ("a.nii", saving(ONES * np.inf), "8 of 8 voxels are NaN or infinite; replace them"),
    "beyond float32": ("a.nii", saving(np.full((1, 1, 2), 1e300)), "2 of 2 voxels are NaN or infinite"),
    "large spacing": ("a.nii", saving(ONES, np.diag([1, 1, 900.0, 1])), "the spacing 1 x 1 x 900 mm is outside"),
    "flat": ("a.nii", saving(ONES, np.array([[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1.0, 0], [0, 0, 0, 1]])), "flat"),
    "NaN sform": ("a.nii", write_nonsense_sform, "has a header that cannot be right: the affine is not a finite"),
    "4D": ("a.nii", saving(np.ones((2, 2, 2, 3), np.float32)), "holds 3 volumes, shape (2, 2, 2, 3); split it"),
    "vectors": ("a.nii", saving(np.ones((2, 2, 2, 1, 3), np.float32)), "holds 3 volumes"),
    "RGB": ("a.nii", write_coloured, "holds colours (RGB), not one real number a voxel"),
    "complex": ("a.nii", saving(ONES.astype(np.complex64)), "holds complex64 numbers, not one real number"),
    "Analyze": ("a.hdr", write_analyze, "is not NIfTI but"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_bad_file_is_refused_in_one_line_that_names_it(tmp_path: Path, name: str) -> None:
    file_name, make, expected = BAD_FILES[name]
    path = tmp_path / file_name
    make(path)
    with pytest.raises(InputError) as caught:
        read_image(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert expected in message
    assert "\n" not in message


@pytest.mark.parametrize("value", [0.5, -1.0, 256.0, np.nan, np.inf])
def test_what_is_no_label_is_refused(tmp_path: Path, value: float) -> None:
    array = np.zeros((2, 2, 2), np.float32)
    array[1, 0, 1] = value
    path = save(tmp_path / "a.nii", array)
    expected = rf"a\.nii: 1 of 8 voxels are no label .* for example {value:g}; give a label file"
    with pytest.raises(InputError, match=expected):
        read_labels(path)


def test_where_not_to_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be written"):
        write_nifti(tmp_path / "missing" / "a.nii.gz", make_volume(ONES))
    with pytest.raises(InputError, match=r"is not the name of a NIfTI file; let it end in \.nii\.gz"):
        write_nifti(tmp_path / "a.mha", make_volume(ONES))


def test_a_name_without_letters_gives_no_case_id() -> None:
    with pytest.raises(InputError, match="name without a letter or digit; rename"):
        case_id_of(Path("___.nii.gz"))
