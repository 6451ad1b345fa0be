"""The examination that a study becomes: its series, their order and words."""

from __future__ import annotations

import datetime
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.io.dicom.synthetic.files import write_mr_study
from crmo_seg.io.dicom.synthetic.study import COMPOSED_IMAGE_TYPE, ORIGINAL_IMAGE_TYPE, MrStudy
from crmo_seg.io.study import open_study
from crmo_seg.phantom.dicom import SEQUENCE_WORDS, mr_study_of, plain_exam_of
from crmo_seg.phantom.generate import PhantomStudy
from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import preset_named
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.scan.settings import ScanSettings
from crmo_seg.phantom.signal.sequences import SEQUENCE_NAMES


@pytest.fixture(scope="module")
def exams(visits: tuple[PhantomStudy, ...]) -> list[MrStudy]:
    return [mr_study_of(study) for study in visits]


@pytest.fixture(scope="module")
def exam(exams: list[MrStudy]) -> MrStudy:
    return exams[0]


def as_protocol(study: PhantomStudy, **changes: object) -> MrStudy:
    """The first station alone, with another protocol."""
    protocol: Protocol = replace(study.scan.protocol, **changes)  # type: ignore[arg-type]
    return mr_study_of(replace(study, scan=replace(study.scan, stations=study.scan.stations[:1], protocol=protocol)))


def test_stations_of_each_sequence_then_the_composed_series(exam: MrStudy) -> None:
    assert [series.number for series in exam.series] == [1, 2, 3, 4, 5, 6]
    assert [series.description for series in exam.series] == [
        "STIR cor station 1", "STIR cor station 2", "T1 TSE cor station 1", "T1 TSE cor station 2",
        "STIR cor composed", "T1 TSE cor composed",
    ]  # fmt: skip
    assert [series.image_type for series in exam.series] == [ORIGINAL_IMAGE_TYPE] * 4 + [COMPOSED_IMAGE_TYPE] * 2


def test_the_first_station_is_the_head(exam: MrStudy) -> None:
    grids = [series.volume.geometry for series in exam.series]
    middles = [float(grid.to_world_mm((np.array(grid.shape) - 1) / 2)[2]) for grid in grids]
    assert middles[0] > middles[4] > middles[1]
    assert middles[2] > middles[5] > middles[3]


def test_series_hold_the_voxels_of_the_scan(exam: MrStudy, visits: tuple[PhantomStudy, ...]) -> None:
    scan = visits[0].scan
    assert exam.series[1].volume is scan.stations[0].images["stir"]
    assert exam.series[2].volume is scan.stations[1].images["t1"]
    assert exam.series[4].volume is scan.images["stir"]
    assert {series.slice_axis for series in exam.series} == {1}
    assert {series.slice_thickness_mm for series in exam.series} == {scan.protocol.slice_thickness_mm}


def test_stations_tell_their_times_and_composed_series_do_not(exam: MrStudy, visits: tuple[PhantomStudy, ...]) -> None:
    stir, t1 = exam.series[0].sequence, exam.series[2].sequence
    drawn = visits[0].contrast
    assert (stir.scanning_sequence, t1.scanning_sequence) == (("SE", "IR"), ("SE",))
    assert (stir.repetition_time_ms, stir.echo_time_ms) == (drawn["stir"].tr_ms, drawn["stir"].te_ms)
    assert stir.inversion_time_ms == drawn["stir"].ti_ms
    assert stir.inversion_time_ms is not None
    assert (t1.inversion_time_ms, t1.field_strength_t) == (None, drawn["t1"].field_strength_t)
    assert (exam.series[4].sequence.echo_time_ms, exam.series[4].sequence.inversion_time_ms) == (None, None)
    assert exam.series[4].sequence.repetition_time_ms == stir.repetition_time_ms


def test_visits_share_the_patient_but_neither_date_nor_position(
    exams: list[MrStudy], visits: tuple[PhantomStudy, ...]
) -> None:
    first, second = exams
    assert first.patient_key == second.patient_key == "P0000"
    assert first.sex == second.sex
    assert first.study_date == datetime.date(2020, 1, 1)
    assert second.study_date.isoformat() == visits[1].plan.visit
    days = (second.study_date - first.study_date).days
    assert days / 365.25 == pytest.approx(second.age_years - first.age_years, abs=0.003)
    frames = [{series.frame_of_reference_uid for series in one.series} for one in exams]
    assert [len(frame) for frame in frames] == [1, 1]
    assert frames[0] != frames[1]


def test_a_single_visit_has_the_date_of_the_first(visits: tuple[PhantomStudy, ...]) -> None:
    alone = replace(visits[0], plan=replace(visits[0].plan, visit=None))
    assert mr_study_of(alone).study_date == datetime.date(2020, 1, 1)


def test_a_single_station_is_not_composed(visits: tuple[PhantomStudy, ...]) -> None:
    exam = as_protocol(visits[0])
    assert [series.description for series in exam.series] == ["STIR cor", "T1 TSE cor"]
    assert {series.image_type for series in exam.series} == {ORIGINAL_IMAGE_TYPE}


@pytest.mark.parametrize(
    ("view", "region", "word"),
    [
        ("coronal_whole_body", None, "WHOLEBODY"),
        ("sagittal_spine", "spine", "SPINE"),
        ("region", "pelvis", "PELVIS"),
        ("region", "chest", "CHEST"),
        ("region", "knees", "KNEE"),
        ("region", "knee_left", "KNEE"),
        ("region", "ankles", "ANKLE"),
        ("region", "foot_right", "FOOT"),
        ("region", "hand_left", "HAND"),
        ("region", "shoulder_right", "SHOULDER"),
        ("region", "thighs", "EXTREMITY"),
    ],
)
def test_the_body_part_is_a_defined_term(
    visits: tuple[PhantomStudy, ...], view: str, region: str | None, word: str
) -> None:
    exam = as_protocol(visits[0], view=view, region=region)
    assert {series.body_part for series in exam.series} == {word}


@pytest.mark.parametrize("region", ScanSettings().regions)
def test_a_validator_finds_no_error_in_any_region(
    tmp_path: Path, visits: tuple[PhantomStudy, ...], region: str
) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    exam = as_protocol(visits[0], view="region", region=region)
    path = write_mr_study(tmp_path / "exam", replace(exam, series=exam.series[:1]), seed_text="seed")[0]
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    assert [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("Error")] == []


@pytest.mark.parametrize(("axis", "word"), [(0, "sag"), (1, "cor"), (2, "tra")])
def test_the_plane_is_told(visits: tuple[PhantomStudy, ...], axis: int, word: str) -> None:
    exam = as_protocol(visits[0], slice_axis=axis, phase_axis=(axis + 1) % 3, stations=1)
    assert exam.series[0].description == f"STIR {word}"
    assert exam.series[0].slice_axis == axis


def test_every_sequence_has_words() -> None:
    assert set(SEQUENCE_WORDS) == set(SEQUENCE_NAMES)


def test_a_tilted_station_reads_back(tmp_path: Path, visits: tuple[PhantomStudy, ...]) -> None:
    """Turned by 5 degrees about x, as oblique studies are."""
    study = visits[0]
    station = study.scan.stations[0]
    turn = np.eye(4)
    angle = np.radians(5)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    geometry = station.images["stir"].geometry
    tilted = replace(station.images["stir"], geometry=replace(geometry, affine=turn @ geometry.affine))
    exam = mr_study_of(
        replace(
            study,
            scan=replace(study.scan, stations=(replace(station, images={"stir": tilted}),)),
            contrast={"stir": study.contrast["stir"]},
        )
    )
    write_mr_study(tmp_path / "exam", exam, seed_text="seed")
    (case,) = open_study(tmp_path / "exam")
    read = case.read()["stir"].canonical()
    np.testing.assert_array_equal(read.array, tilted.array)
    assert read.geometry.same_grid(tilted.geometry, 1e-3)


def test_a_plain_study_is_one_composed_series_with_its_own_voxels(tmp_path: Path) -> None:
    study = make_patient(preset_named("plain", tiny=True), 0, 1)
    exam = plain_exam_of(study)
    write_mr_study(tmp_path / "exam", exam, seed_text="seed")
    (opened,) = open_study(tmp_path / "exam")
    image = opened.read()["stir"].canonical()
    assert image.geometry.same_grid(study.image.geometry)
    np.testing.assert_array_equal(image.array, np.rint(study.image.array))
