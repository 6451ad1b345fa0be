from __future__ import annotations

import datetime
import shutil
import subprocess
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.synthetic.files import as_displayed, write_mr_study
from crmo_seg.io.dicom.synthetic.study import COMPOSED_IMAGE_TYPE, ORIGINAL_IMAGE_TYPE, MrSequence, MrSeries, MrStudy
from crmo_seg.io.study import open_study
from crmo_seg.volume import Float64Array, Geometry, Volume

STIR = MrSequence(("SE", "IR"), 4500, 70, 160, 1.5, 150, 12, ("SK", "SP"))
T1 = MrSequence(("SE",), 500, 10, None, 3.0, 90, 3)
SHAPE = (5, 4, 6)
ORIGIN_RAS_MM = (-31.25, 17.5, 803.125)
OBLIQUE = Rotation.from_euler("xyz", (11, -7, 23), degrees=True).as_matrix()


def random_volume(spacing_mm: tuple[float, ...], turn: Float64Array | None = None) -> Volume:
    """Each voxel has its own value, so that no flip goes unseen."""
    affine = np.eye(4)
    affine[:3, :3] = (np.eye(3) if turn is None else turn) * np.array(spacing_mm)
    affine[:3, 3] = ORIGIN_RAS_MM
    values = np.random.default_rng(3).permutation(4096)[: np.prod(SHAPE)]
    return Volume(values.reshape(SHAPE).astype(np.float32), Geometry(affine, SHAPE))


def make_series(volume: Volume, slice_axis: int, number: int = 3, sequence: MrSequence = STIR) -> MrSeries:
    thickness_mm = 0.8 * volume.geometry.spacing_mm[slice_axis]  # a gap of 20 %
    return MrSeries(
        volume, slice_axis, number, "STIR station 2", ORIGINAL_IMAGE_TYPE, thickness_mm, sequence, "2.25.7", "WHOLEBODY"
    )


def make_study(*series: MrSeries) -> MrStudy:
    return MrStudy("P0007", "F", 11.2, datetime.date(2024, 2, 29), series)


STACKS = {
    "sagittal": make_series(random_volume((4.0, 0.9, 1.1)), 0, 1),
    "coronal": make_series(random_volume((1.25, 6.6, 1.3)), 1, 2),
    "axial": make_series(random_volume((1.1, 0.9, 5.5)), 2, 3, T1),
    "oblique sagittal": make_series(random_volume((4.0, 0.9, 1.1), OBLIQUE), 0, 4),
    "oblique coronal": make_series(random_volume((1.25, 6.6, 1.3), OBLIQUE), 1, 5),
    "oblique axial": make_series(random_volume((1.1, 0.9, 5.5), OBLIQUE), 2, 6),
}


def check_reads_back(folder: Path, series: MrSeries) -> None:
    (case,) = open_study(folder / f"series-{series.number:02d}")
    (read,) = case.read().values()
    expected = series.volume.canonical()
    np.testing.assert_array_equal(read.canonical().array, expected.array)
    assert read.canonical().geometry.same_grid(expected.geometry, 1e-4)
    np.testing.assert_array_equal(read.array, as_displayed(series).array)


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_reads_back_voxel_by_voxel(name: str, tmp_path: Path) -> None:
    write_mr_study(tmp_path / "study", make_study(STACKS[name]), seed_text="seed")
    check_reads_back(tmp_path / "study", STACKS[name])


AXES = st.sampled_from(list(permutations((0, 1, 2))))
FLIPS = st.sampled_from(list(product((False, True), repeat=3)))
ANGLES = st.tuples(*[st.floats(-40, 40)] * 3)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(axes=AXES, flips=FLIPS, angles=ANGLES, slice_axis=st.sampled_from((0, 1, 2)))
def test_any_order_flip_and_turn_reads_back(
    axes: tuple[int, int, int],
    flips: tuple[bool, bool, bool],
    angles: tuple[float, ...],
    slice_axis: int,
    tmp_path: Path,
) -> None:
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    series = make_series(random_volume((1.25, 6.6, 1.3), turn).transposed(axes, flips), slice_axis)
    shutil.rmtree(tmp_path / "study", ignore_errors=True)
    write_mr_study(tmp_path / "study", make_study(series), seed_text="seed")
    check_reads_back(tmp_path / "study", series)


@pytest.mark.parametrize("name", STACKS)
def test_a_marked_voxel_lies_where_the_standard_says(name: str, tmp_path: Path) -> None:
    """Equation C.7.6.2.1-1 of DICOM PS3.3 by hand, on every pixel of every file."""
    series = STACKS[name]
    index = (4, 1, 2)
    marked = series.volume.array[index]
    x, y, z = series.volume.geometry.affine @ (*index, 1) @ np.eye(4, 3)
    found = []
    for path in write_mr_study(tmp_path / "study", make_study(series), seed_text="seed"):
        file = pydicom.dcmread(path)
        row, column = np.argwhere(file.pixel_array == marked).T
        if len(row):
            along_row, along_column = np.array(file.ImageOrientationPatient, dtype=float).reshape(2, 3)
            between_rows, between_columns = map(float, file.PixelSpacing)
            start = np.array(file.ImagePositionPatient, dtype=float)
            found.append(start + along_row * between_columns * column[0] + along_column * between_rows * row[0])
    np.testing.assert_allclose(found, [[-x, -y, z]], atol=1e-6)


# LPS directions of a row and of a column in the usual view: left is (1, 0, 0), back (0, 1, 0), feet (0, 0, -1).
USUAL_VIEWS = {"sagittal": (0, 1, 0, 0, 0, -1), "coronal": (1, 0, 0, 0, 0, -1), "axial": (1, 0, 0, 0, 1, 0)}


@pytest.mark.parametrize("name", USUAL_VIEWS)
def test_slices_are_turned_to_the_usual_view(name: str, tmp_path: Path) -> None:
    series = STACKS[name]
    files = [pydicom.dcmread(path) for path in write_mr_study(tmp_path / "s", make_study(series), seed_text="seed")]
    directions = np.array(USUAL_VIEWS[name])
    normal = np.cross(directions[:3], directions[3:])
    assert [file.InstanceNumber for file in files] == list(range(1, len(files) + 1))
    for file in files:
        assert list(file.ImageOrientationPatient) == list(directions)
    positions = np.array([file.ImagePositionPatient for file in files], dtype=float)
    np.testing.assert_allclose(np.diff(positions, axis=0) @ normal, files[0].SpacingBetweenSlices)
    np.testing.assert_allclose([file.SliceLocation for file in files], positions @ normal)
    assert files[0].SliceThickness == pytest.approx(0.8 * float(files[0].SpacingBetweenSlices))


def test_pixels_are_twelve_bits_in_sixteen(tmp_path: Path) -> None:
    paths = write_mr_study(tmp_path / "study", make_study(STACKS["coronal"]), seed_text="seed")
    files = [pydicom.dcmread(path) for path in paths]
    windows = {(float(file.WindowCenter), float(file.WindowWidth)) for file in files}
    assert len(windows) == 1
    assert 0 < 2 * windows.pop()[0] <= 4095
    for file in files:
        assert (file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation) == (16, 12, 11, 0)
        assert (file.Columns, file.Rows) == (SHAPE[0], SHAPE[2])
        assert len(file.PixelData) == 2 * SHAPE[0] * SHAPE[2]


def test_names_and_uids(tmp_path: Path) -> None:
    study = make_study(STACKS["coronal"], STACKS["axial"])
    paths = write_mr_study(tmp_path / "study", study, seed_text="seed")
    names = [path.relative_to(tmp_path / "study").as_posix() for path in paths]
    assert names[:2] == ["series-02/slice-0001.dcm", "series-02/slice-0002.dcm"]
    assert names[-1] == "series-03/slice-0006.dcm"
    assert sorted(paths) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    files = [pydicom.dcmread(path) for path in paths]
    assert len({file.SOPInstanceUID for file in files}) == len(files) == SHAPE[1] + SHAPE[2]
    assert len({file.SeriesInstanceUID for file in files}) == 2
    assert len({file.StudyInstanceUID for file in files}) == 1
    assert all(file.SOPInstanceUID == file.file_meta.MediaStorageSOPInstanceUID for file in files)


def test_the_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    study = make_study(STACKS["coronal"])
    first, again, other = (
        [path.read_bytes() for path in write_mr_study(tmp_path / name, study, seed_text=seed)]
        for name, seed in (("first", "0"), ("again", "0"), ("other", "1"))
    )
    assert first == again
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    with pytest.raises(InputError, match="study: exists already; give another folder, or delete this one"):
        write_mr_study(tmp_path / "study", make_study(STACKS["axial"]), seed_text="seed")
    assert [path.name for path in tmp_path.rglob("*")] == ["study"]


def test_nothing_is_left_of_a_study_that_was_not_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def save(dataset: pydicom.Dataset, path: Path, **_: object) -> None:
        written.append(path)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        path.write_bytes(b"x")

    monkeypatch.setattr(pydicom.Dataset, "save_as", save)
    with pytest.raises(InputError, match=r"study: could not be written \(No space left on device\)"):
        write_mr_study(tmp_path / "study", make_study(STACKS["axial"]), seed_text="seed")
    assert list(tmp_path.iterdir()) == []


def test_a_validator_finds_no_error(tmp_path: Path) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    coronal = random_volume((1.25, 6.6, 1.3))
    composed = MrSeries(
        coronal, 1, 7, "STIR cor composed", COMPOSED_IMAGE_TYPE, 5.0, STIR.without_times(), "2.25.7", "WHOLEBODY"
    )
    legs = MrSeries(coronal, 1, 8, "STIR cor station 4", ORIGINAL_IMAGE_TYPE, 5.0, STIR, "2.25.7", "LEG")
    for path in write_mr_study(tmp_path / "study", make_study(*STACKS.values(), composed, legs), seed_text="seed"):
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        assert "MRImage" in lines  # it knew what it looked at
        assert [line for line in lines if line.startswith("Error")] == []
