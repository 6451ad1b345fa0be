"""Folders of DICOM: whose, which examinations, and the volume of each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.rules import read_rules
from crmo_seg.io.dicom.examination import choose_examinations, read_choice

WriteSeries = Callable[..., list[Path]]


def station(number: int, top_mm: float = 30, **more: object) -> Callable[[int], dict[str, Any]]:
    """Changes that make the fixture's series another one, 6 mm long; its rows begin at ``top_mm``."""

    def changes(index: int) -> dict[str, Any]:
        return {
            "SeriesInstanceUID": f"1.2.3.{number}",
            "SOPInstanceUID": f"1.2.3.{number}.{index}",
            "SeriesNumber": number,
            "ImagePositionPatient": [-10, 20 + 6 * index, top_mm],
            **more,
        }

    return changes


def test_the_stations_of_a_folder_are_one_volume(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a", station(1))
    write_series(tmp_path / "b", station(2, top_mm=24, FrameOfReferenceUID="1.2.3.8"))
    write_series(tmp_path / "c", station(3, SeriesDescription="t1 cor"))
    (found,) = choose_examinations(tmp_path)
    assert (found.study_uid, found.patient_id, found.study_date) == ("1.2.3", "child", "2024-02-29")
    assert "child" not in repr(found)
    assert [stack.series_uid for stack in found.choice.stacks] == ["1.2.3.1", "1.2.3.2"]
    composed = read_choice(found.choice, "test")
    assert composed.volume.array.shape == (5, 8, 3)
    assert composed.station_of_voxel[0, :, 0].tolist() == [1] * 4 + [2] * 4
    pixels = np.arange(20).reshape(4, 5)
    for index in range(3):
        expected = np.concatenate([pixels, pixels]) + 100 * index
        np.testing.assert_array_equal(composed.volume.array[:, :, index].T, expected)


def test_the_scanners_composed_series_is_read_and_its_stations_are_kept(
    tmp_path: Path, write_series: WriteSeries
) -> None:
    write_series(tmp_path / "a", station(1))
    write_series(tmp_path / "b", station(2, top_mm=24))
    write_series(tmp_path / "c", lambda index: station(3, SeriesDescription="stir cor composed", Rows=8)(index) | BIG)
    (found,) = choose_examinations(tmp_path)
    composed = read_choice(found.choice, "test")
    assert composed.vendor_composed
    assert [stack.series_uid for stack in composed.stations] == ["1.2.3.3", "1.2.3.1", "1.2.3.2"]
    assert composed.volume.array.shape == (5, 8, 3)
    assert composed.notes == ("The volume is series 3 (stir cor composed), which the scanner composed.",)


BIG = {"PixelData": np.zeros((8, 5), np.uint16).tobytes()}


def test_several_studies_of_a_patient_are_told_apart_by_date(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "now", station(1, StudyInstanceUID="1.2.3", StudyDate="20240229"))
    write_series(tmp_path / "before", station(2, StudyInstanceUID="1.2.9", StudyDate="20230101"))
    write_series(tmp_path / "x-ray", station(3, StudyInstanceUID="1.2.8", StudyDate="20220101", Modality="CR"))
    found = choose_examinations(tmp_path)
    assert [(each.study_uid, each.study_date) for each in found] == [("1.2.9", "2023-01-01"), ("1.2.3", "2024-02-29")]
    (one,) = choose_examinations(tmp_path, "1.2.3.1")
    assert one.study_uid == "1.2.3"


def test_one_study_without_a_choice_does_not_stop_the_others(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "now", station(1))
    write_series(
        tmp_path / "before", station(2, StudyInstanceUID="1.2.9", StudyDate="20230101", SeriesDescription="T1")
    )
    bad, good = choose_examinations(tmp_path)
    assert good.choice.problem is None
    with pytest.raises(
        InputError, match=r"^visit: has no series that can be chosen \(series 2 \(T1\) is T1-weighted\)"
    ):
        read_choice(bad.choice, "visit")


def test_a_site_may_bring_its_own_rules(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a", station(1))
    write_series(tmp_path / "b", station(2, SeriesDescription="T1"))
    (tmp_path / "own.yaml").write_text(
        "{refuse: [], prefer: [], sequences: [{name: a, score: 1, when: {description: T1}}]}"
    )
    (found,) = choose_examinations(tmp_path, rules=read_rules(tmp_path / "own.yaml"))
    assert [stack.series_uid for stack in found.choice.stacks] == ["1.2.3.2"]


def test_what_the_reader_left_out_is_noted(tmp_path: Path, write_series: WriteSeries) -> None:
    for path in write_series(tmp_path / "a"):
        path.with_name(f"copy of {path.name}").write_bytes(path.read_bytes())
    (found,) = choose_examinations(tmp_path)
    (note,) = read_choice(found.choice, "test").notes
    assert note == "3 of 6 slices are in several files; one of each is used."


def test_mixed_patients_are_refused(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a", station(1))
    write_series(tmp_path / "b", station(2, PatientID="Secret-7", StudyInstanceUID="1.2.9"))
    message = r"has images of 2 patients \(PatientID\); keep the patients apart, one folder each"
    with pytest.raises(InputError, match=message) as caught:
        choose_examinations(tmp_path)
    assert "Secret" not in str(caught.value)
    assert "child" not in str(caught.value)


def test_files_without_an_id_belong_to_the_patient(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a", station(1, PatientID=""))
    write_series(tmp_path / "b", station(2, top_mm=24))
    (found,) = choose_examinations(tmp_path)
    assert (len(found.choice.stacks), found.patient_id) == (2, "child")


def test_bad_sources_are_refused_with_a_remedy(tmp_path: Path, write_series: WriteSeries) -> None:
    def refused(source: Path, message: str, series_uid: str | None = None) -> None:
        with pytest.raises(InputError, match=message):
            choose_examinations(source, series_uid)

    (tmp_path / "text").write_text("nothing")
    refused(tmp_path, "holds no DICOM image; give a DICOM folder or zip, or a NIfTI file")
    write_series(tmp_path / "ct", lambda _: {"Modality": "CT"})
    refused(tmp_path, r"has no series that can be chosen \(series .* \(cor stir\) is no MR\); choose one with --series")
    refused(tmp_path, "has no series 1.9 among its 1; crmo-seg inspect lists them", "1.9")
