from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import rotation_about
from dicom_file_builders import image, save

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.uids import frame_of_reference_of

WriteSeries = Callable[..., list[Path]]

# By hand from the files of ``write_series``: columns 1.25 mm apart to the left (LPS +x), rows 1.5 mm to the feet
# (LPS -z), slices 6 mm apart along row x column = (1,0,0) x (0,0,-1) = LPS +y, to the back; first at LPS (-10, 20, 30).
AFFINE_RAS = np.array([[-1.25, 0, 0, 10], [0, 0, -6, -20], [0, -1.5, 0, 30], [0, 0, 0, 1]])


def test_a_series_is_one_stack(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path)
    (stack,) = find_stacks(tmp_path)
    assert stack.geometry is not None
    np.testing.assert_allclose(stack.geometry.affine, AFFINE_RAS, atol=1e-12)
    assert stack.geometry.shape == (5, 4, 3)
    assert (stack.study_uid, stack.series_uid, stack.name, stack.modality) == ("1.2.3", "1.2.3.1", "", "MR")
    assert (stack.study_date, stack.frame_of_reference_uid) == ("2024-02-29", "1.2.3.9")
    assert stack.geometry.frame_of_reference_uid == "1.2.3.9"
    assert stack.header["SeriesDescription"] == "cor stir"
    assert [source.sop_instance_uid for source in stack.slices[0]] == ["1.2.3.1.1", "1.2.3.1.2", "1.2.3.1.3"]
    assert "child" not in repr(stack)


def test_a_missing_frame_of_reference_is_derived_from_the_series(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, lambda _: {"FrameOfReferenceUID": None})
    (stack,) = find_stacks(tmp_path)
    assert stack.frame_of_reference_uid is None
    assert stack.geometry is not None
    assert stack.geometry.frame_of_reference_uid == frame_of_reference_of("1.2.3.1")


def test_everything_is_listed_and_says_why_it_is_not_used(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "stir", lambda _: {"SeriesNumber": 4})
    save(image(np.zeros((4, 4), np.uint16), SeriesInstanceUID="1.2.3.7", SeriesNumber=7), tmp_path / "capture")
    report = image(np.zeros((4, 4), np.uint16), SeriesInstanceUID="1.2.3.8", Modality="SR", SeriesNumber=8)
    report.SOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"
    save(report, tmp_path / "report")
    stacks = find_stacks(tmp_path)
    assert [stack.header["SeriesNumber"] for stack in stacks] == [4, 7, 8]
    assert [stack.problem and stack.problem[0] for stack in stacks] == [
        None,
        "has images without position, orientation or pixel spacing",
        "is no slice (Comprehensive SR)",
    ]
    assert [stack.modality for stack in stacks] == ["MR", "MR", "SR"]


ODD: dict[str, tuple[Callable[[int], dict[str, Any]], str]] = {
    "missing": (
        lambda n: {"ImagePositionPatient": [-10, 20 + 6 * (n + (n == 2)), 30]},
        "misses a slice: 12 mm from the one at 26 mm to the next",
    ),
    "tilt": (lambda n: {"ImagePositionPatient": [-10, 20 + 6 * n, 30 + 2 * n]}, "is stacked askew to its slices (18.4"),
    "far apart": (
        lambda n: {"ImagePositionPatient": [-10, 99 * n, 30]},
        "has headers that cannot be right: the spacing 1.25 x 1.5 x 99",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_a_stack_that_is_no_volume_says_why(tmp_path: Path, write_series: WriteSeries, name: str) -> None:
    changes, expected = ODD[name]
    write_series(tmp_path, changes)
    (stack,) = find_stacks(tmp_path)
    assert stack.geometry is None
    assert stack.problem is not None
    assert stack.problem[0].startswith(expected)


@pytest.mark.parametrize("angle", [0, 90, 180, 25, -130])
@pytest.mark.parametrize("step", [6, -6])
def test_any_direction_keeps_every_voxel_at_its_place(
    tmp_path: Path, write_series: WriteSeries, angle: float, step: float
) -> None:
    rotation = rotation_about((1, 2, 0.5), angle)
    row, column, normal = rotation[:, 0], rotation[:, 1], rotation[:, 2]

    def turned(index: int) -> dict[str, Any]:
        position = np.round(np.array([-10, 20, 30]) + step * index * normal, 9)
        cosines = np.round([*row, *column], 12)
        return {"ImageOrientationPatient": list(cosines), "ImagePositionPatient": list(position)}

    write_series(tmp_path, turned)
    (stack,) = find_stacks(tmp_path)
    assert stack.geometry is not None
    order = [int(source.sop_instance_uid.rsplit(".", 1)[1]) - 1 for source in stack.slices[0]]
    assert order == ([0, 1, 2] if step > 0 else [2, 1, 0])
    for place, index in enumerate(order):
        # Pixel at column 3, row 2 of the file, LPS -> RAS.
        lps = np.array([-10, 20, 30]) + step * index * normal + 3 * 1.25 * row + 2 * 1.5 * column
        np.testing.assert_allclose(stack.geometry.to_world_mm(np.array([3, 2, place])), lps * [-1, -1, 1], atol=1e-6)


def test_a_folder_shuffled_and_renamed_gives_the_same(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path / "a", slices=8)
    (tmp_path / "b" / "deep").mkdir(parents=True)
    for number, path in enumerate(reversed(paths)):
        shutil.copy(path, tmp_path / "b" / ("deep" if number % 2 else "") / f"IM{number * 5 % 8}")
    (one,), (other,) = find_stacks(tmp_path / "a"), find_stacks(tmp_path / "b")
    assert one.geometry is not None
    assert other.geometry is not None
    assert one.geometry.same_grid(other.geometry, tolerance_mm=0)
    assert [s.sop_instance_uid for s in one.slices[0]] == [s.sop_instance_uid for s in other.slices[0]]


def test_patients_in_one_series_are_apart(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", lambda _: {"PatientID": "other"})
    stacks = find_stacks(tmp_path)
    assert [stack.patient_id for stack in stacks] == ["child", "other"]
    assert len({stack.name for stack in stacks}) == 2


def test_nothing_is_found_where_there_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text", encoding="ascii")
    assert find_stacks(tmp_path) == ()
    with pytest.raises(InputError, match="does not exist"):
        find_stacks(tmp_path / "no")
