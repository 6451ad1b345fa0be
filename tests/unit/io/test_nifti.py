from __future__ import annotations

import errno
import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_volume, rotation_about
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import DTypeLike, NDArray

from crmo_seg.errors import InputError
from crmo_seg.io import nifti
from crmo_seg.io.nifti import case_id_of, nifti_bytes, read_geometry, read_image, read_labels, write_nifti
from crmo_seg.volume import Geometry, Volume

AFFINE = np.array([[-1.5, 0, 0, 10], [0, 0, 6, -20], [0, 1.25, 0, 30], [0, 0, 0, 1.0]])
COUNTING = np.arange(24).reshape(2, 3, 4)

spacings = st.floats(0.3, 10.0)
angles = st.floats(-180.0, 180.0)
dtypes = st.sampled_from([np.bool_, np.uint8, np.int32, np.float32])


def save(path: Path, array: NDArray[np.generic], affine: NDArray[np.float64] | None = AFFINE) -> Path:
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spacing=st.tuples(spacings, spacings, spacings),
    angle=angles,
    shear=st.floats(-0.3, 0.3),
    order=st.sampled_from(ALL_ORIENTATIONS),
    dtype=dtypes,
    seed=st.integers(0, 99),
)
def test_a_volume_comes_back_as_it_was_written(
    tmp_path: Path,
    spacing: tuple[float, float, float],
    angle: float,
    shear: float,
    order: tuple[tuple[int, int, int], tuple[bool, bool, bool]],
    dtype: DTypeLike,
    seed: int,
) -> None:
    affine = np.eye(4)
    affine[:3, :3] = rotation_about((1, 2, 0.5), angle) @ (np.eye(3) + shear * np.eye(3, k=1)) * np.array(spacing)
    affine[:3, 3] = (-300.125, 80.0, 900.0)
    array = np.random.default_rng(seed).uniform(0, 3e5, (4, 3, 2)).astype(dtype)
    volume = Volume(array, Geometry(affine, (4, 3, 2))).transposed(*order)
    write_nifti(tmp_path / "a.nii.gz", volume)
    back = read_image(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(back.array, volume.array.astype(np.float32))
    np.testing.assert_allclose(back.geometry.affine, volume.geometry.affine, rtol=1e-7, atol=1e-5)
    assert read_geometry(tmp_path / "a.nii.gz").same_grid(volume.geometry, tolerance_mm=1e-3)


@pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">i2", "<u2", ">i4", "<i8", "<u8", ">f4", "<f8"])
def test_every_stored_type_is_read(tmp_path: Path, dtype: str) -> None:
    kind = np.dtype(dtype)
    header = nib.Nifti1Header(endianness="<" if kind.byteorder != ">" else ">")
    header.set_data_dtype(kind)
    nib.save(nib.Nifti1Image(COUNTING.astype(kind), AFFINE, header), tmp_path / "a.nii")
    image = read_image(tmp_path / "a.nii")
    assert image.array.dtype == np.float32
    np.testing.assert_array_equal(image.array, COUNTING)
    np.testing.assert_allclose(image.geometry.affine, AFFINE)
    labels = read_labels(tmp_path / "a.nii")
    assert labels.array.dtype == np.uint8
    np.testing.assert_array_equal(labels.array, COUNTING)


def test_slope_and_intercept_are_applied(tmp_path: Path) -> None:
    image = nib.Nifti1Image(COUNTING.astype(np.int16), AFFINE)
    image.header.set_slope_inter(0.5, 10)
    nib.save(image, tmp_path / "a.nii.gz")
    raw = bytearray(gzip.decompress((tmp_path / "a.nii.gz").read_bytes()))
    raw[352:] = COUNTING.astype("<i2").tobytes("F")
    raw[112:120] = np.array([0.5, 10], "<f4").tobytes()  # scl_slope, scl_inter
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(bytes(raw)))
    np.testing.assert_array_equal(read_image(tmp_path / "a.nii.gz").array, COUNTING * 0.5 + 10)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ".hdr", ".img", ".mgz"])
def test_every_file_format_is_read(tmp_path: Path, ending: str) -> None:
    kind = {".hdr": nib.Nifti1Pair, ".img": nib.Nifti1Pair, ".mgz": nib.MGHImage}.get(ending, nib.Nifti2Image)
    nib.save(kind(COUNTING.astype(np.float32), AFFINE), tmp_path / f"a{ending}")
    volume = read_image(tmp_path / f"a{ending}")
    np.testing.assert_array_equal(volume.array, COUNTING)
    np.testing.assert_allclose(volume.geometry.affine, AFFINE, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 3, 4, 1), (2, 3, 4, 1, 1)])
def test_trailing_axes_of_one_are_one_volume(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = save(tmp_path / "a.nii", COUNTING.astype(np.uint8).reshape(shape))
    for volume in (read_image(path), read_labels(path)):
        np.testing.assert_array_equal(volume.array, COUNTING)


@pytest.mark.parametrize(("unit", "factor"), [("meter", 1000), ("micron", 0.001), ("mm", 1), ("unknown", 1)])
def test_units_become_millimetres(tmp_path: Path, unit: str, factor: float) -> None:
    in_unit = AFFINE.copy()
    in_unit[:3] /= factor
    image = nib.Nifti1Image(COUNTING.astype(np.uint8), in_unit)
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    np.testing.assert_allclose(read_geometry(tmp_path / "a.nii").affine, AFFINE, rtol=1e-6)


def test_an_unknown_unit_code_means_millimetres(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", COUNTING.astype(np.uint8))
    raw = bytearray(path.read_bytes())
    raw[123] = 7  # xyzt_units
    path.write_bytes(bytes(raw))
    np.testing.assert_allclose(read_geometry(path).affine, AFFINE)


def test_the_sform_is_preferred_to_the_qform(tmp_path: Path) -> None:
    image = nib.Nifti1Image(COUNTING.astype(np.uint8), AFFINE)
    image.set_qform(np.diag([3.0, 3, 3, 1]), code=1)
    image.set_sform(AFFINE, code=2)
    nib.save(image, tmp_path / "a.nii")
    np.testing.assert_allclose(read_geometry(tmp_path / "a.nii").affine, AFFINE)


@pytest.mark.parametrize(("sform_code", "qform_code", "refused"), [(1, 1, True), (2, 2, True), (2, 1, False)])
def test_an_sform_and_a_qform_of_one_space_that_disagree_on_the_side_are_refused(
    sform_code: int, qform_code: int, *, refused: bool, tmp_path: Path
) -> None:
    image = nib.Nifti1Image(COUNTING.astype(np.uint8), AFFINE)
    image.set_sform(AFFINE, code=sform_code)
    image.set_qform(np.diag([-1.0, 1, 1, 1]) @ AFFINE, code=qform_code)
    nib.save(image, tmp_path / "a.nii")
    if refused:
        with pytest.raises(
            InputError, match=r"a.nii: has a qform and an sform .* opposite directions; write the right"
        ):
            read_image(tmp_path / "a.nii")
    else:
        np.testing.assert_allclose(read_geometry(tmp_path / "a.nii").affine, AFFINE)


def test_a_qform_that_is_a_little_off_is_no_contradiction(tmp_path: Path) -> None:
    image = nib.Nifti1Image(COUNTING.astype(np.uint8), AFFINE)
    turned = AFFINE.copy()
    turned[:3, 3] += 2.0
    image.set_sform(AFFINE, code=1)
    image.set_qform(turned, code=1)
    nib.save(image, tmp_path / "a.nii")
    np.testing.assert_allclose(read_geometry(tmp_path / "a.nii").affine, AFFINE)


def test_without_sform_and_qform_the_first_axis_runs_left(tmp_path: Path) -> None:
    image = nib.Nifti1Image(COUNTING.astype(np.uint8), None)
    image.header.set_zooms((1.5, 1.25, 6))
    nib.save(image, tmp_path / "a.nii")
    geometry = read_geometry(tmp_path / "a.nii")
    assert geometry.orientation == "LAS"
    assert geometry.spacing_mm == pytest.approx((1.5, 1.25, 6))


def test_a_constant_image_is_read(tmp_path: Path) -> None:
    assert read_image(save(tmp_path / "a.nii", np.zeros((2, 2, 2), np.uint8))).array.max() == 0


def test_labels_that_went_through_a_float_slope_are_whole_again(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", np.array([0, 0.99999, 2.00001, 255]).reshape(2, 2, 1))
    np.testing.assert_array_equal(read_labels(path).array.ravel(), [0, 1, 2, 255])


ONES = np.ones((2, 2, 2), np.float32)


STORED = [
    (np.bool_, 1, np.uint8),
    (np.uint8, 255, np.uint8),
    (np.int32, 255, np.uint8),
    (np.int32, 256, np.int16),
    (np.int32, -1, np.int16),
    (np.int32, 40000, np.int32),
    (np.float32, 0.25, np.float32),
]


@pytest.mark.parametrize(("dtype", "value", "stored"), STORED)
def test_the_smallest_type_that_holds_the_values_is_stored(
    tmp_path: Path, dtype: DTypeLike, value: float, stored: DTypeLike
) -> None:
    array = np.zeros((2, 2, 2), dtype)
    array[0, 1, 1] = value
    write_nifti(tmp_path / "a.nii.gz", make_volume(array))
    image = nib.load(tmp_path / "a.nii.gz")
    assert image.get_data_dtype() == stored
    assert (image.dataobj.slope, image.dataobj.inter) == (1, 0)
    np.testing.assert_array_equal(np.asarray(image.dataobj), array)


@pytest.mark.parametrize(("shear", "code"), [(0.0, 1), (0.1, 0)])
def test_the_qform_is_valid_only_without_shear(tmp_path: Path, shear: float, code: int) -> None:
    affine = AFFINE.copy()
    affine[0, 1] = shear
    write_nifti(tmp_path / "a.nii", Volume(ONES, Geometry(affine, (2, 2, 2))))
    header = nib.load(tmp_path / "a.nii").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, code)
    assert header.get_xyzt_units()[0] == "mm"
    np.testing.assert_allclose(header.get_sform(), affine, rtol=1e-6)
    if code:
        np.testing.assert_allclose(header.get_qform(), affine, atol=1e-5)


def test_the_same_voxels_give_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = make_volume(np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    write_nifti(tmp_path / "a.nii.gz", volume)
    monkeypatch.setattr("time.time", lambda: 2e9)
    write_nifti(tmp_path / "another name.nii.gz", volume.with_array(np.asfortranarray(volume.array)))
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "another name.nii.gz").read_bytes()


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_text("old")

    def fail(part: Path, *_: object, **__: object) -> None:
        part.write_text("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(nifti, "_write_part", fail)
    with pytest.raises(InputError, match=r"a\.nii\.gz: could not be written \(No space left on device\); free space"):
        write_nifti(path, make_volume(ONES))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


CASE_IDS = [
    ("case 1.nii.gz", "case_1"),
    ("a.b.NII", "a.b"),
    ("x.mgz", "x"),
    ("_-.Müller.nii", "M_ller"),
    ("plain", "plain"),
]


@pytest.mark.parametrize(("name", "case_id"), CASE_IDS)
def test_case_id_of_a_file(name: str, case_id: str) -> None:
    assert case_id_of(Path("folder.nii") / name) == case_id


@pytest.mark.real_data
def test_real_scans_are_read(shared_data: Path) -> None:
    files = sorted((shared_data / "nifti").rglob("*.nii*"))
    assert files
    for path in files:
        volume, stored = read_image(path), nib.load(path)
        np.testing.assert_allclose(volume.geometry.affine, stored.affine)
        np.testing.assert_allclose(volume.array, stored.get_fdata().reshape(volume.array.shape), rtol=1e-6)


def test_the_bytes_of_a_volume_are_those_of_its_file(tmp_path: Path) -> None:
    volume = Volume(COUNTING.astype(np.float32), Geometry(AFFINE, COUNTING.shape))
    write_nifti(tmp_path / "a.nii.gz", volume)
    (tmp_path / "b.nii.gz").write_bytes(nifti_bytes(volume))
    assert read_geometry(tmp_path / "b.nii.gz").same_grid(volume.geometry)
    assert gzip.decompress((tmp_path / "a.nii.gz").read_bytes()) == gzip.decompress(nifti_bytes(volume))
