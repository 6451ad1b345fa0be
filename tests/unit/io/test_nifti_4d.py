from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from builders import make_geometry

from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_image
from crmo_seg.io.nifti_4d import write_repeats
from crmo_seg.volume import Volume

GRID = make_geometry((3, 4, 5), (1.0, 1.5, 6.0), 25)
VOLUMES = [Volume(np.random.default_rng(seed).random(GRID.shape, dtype=np.float32), GRID) for seed in range(3)]


def test_repeats_are_the_fourth_axis(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    write_repeats(path, VOLUMES)
    image = nib.load(path)
    assert (image.shape, image.get_data_dtype()) == ((3, 4, 5, 3), np.float32)
    np.testing.assert_allclose(image.affine, GRID.affine, atol=1e-5)
    np.testing.assert_array_equal(image.get_fdata()[..., 2], VOLUMES[2].array)


def test_one_measurement_has_three_axes(tmp_path: Path) -> None:
    write_repeats(tmp_path / "a.nii.gz", VOLUMES[:1])
    np.testing.assert_array_equal(read_image(tmp_path / "a.nii.gz").array, VOLUMES[0].array)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="could not be written"):
        write_repeats(tmp_path / "no" / "a.nii.gz", VOLUMES)
    assert list(tmp_path.iterdir()) == []
