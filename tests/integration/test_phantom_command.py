"""``crmo-seg phantom`` as a user types it: what lies in the folder, as NIfTI and as DICOM."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from stub_model import Finished, entries

from crmo_seg.anatomy import bone_named
from crmo_seg.cases import Case, read_manifest
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.read.pixels import read_stack
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.io.study import Study, open_study
from crmo_seg.volume import Volume

Command = Callable[..., Finished]

SEQUENCES = ("stir", "t1", "t2_dixon_water")
WORDS = {"stir": "STIR", "t1": "T1 TSE", "t2_dixon_water": "T2 DIXON W"}
MINE = """\
edema: {lesion_free: 0.0}
scan:
  stations: [2, 2]
  artefacts: {seam_blend: 0.0}  # stations are cut in the middle of their overlap
"""
FULL = ("--visits", "2", "--sequences", "stir,t1,t2_dixon_water", "--dicom", "--tiny", "--preset", "my.yaml")
STATIONS = 2


def make(command: Callable[..., str], folder: Path, patients: int) -> Path:
    """As a user in that folder, by another process each time."""
    (folder / "my.yaml").write_text(MINE, encoding="utf-8")
    printed = command(["crmo-seg", "phantom", "made", "--patients", str(patients), *FULL], folder)
    assert printed == f"{2 * patients} studies in {Path('made') / 'manifest.csv'}\n"
    return folder / "made"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., str]) -> Path:
    """Two patients, two visits each, three sequences, DICOM."""
    return make(command, tmp_path_factory.mktemp("two"), 2)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, command: Callable[..., str]) -> Path:
    """The first of them, made again."""
    return make(command, tmp_path_factory.mktemp("one"), 1)


@pytest.fixture(scope="module")
def cases(made: Path) -> list[Case]:
    return list(read_manifest(made / "manifest.csv"))


def series_of(study: Path) -> dict[str, Path]:
    """Folders by description."""
    folders = sorted((study / "dicom").iterdir())
    return {str(pydicom.dcmread(folder / "slice-0001.dcm").SeriesDescription): folder for folder in folders}


def read_series(folder: Path) -> Volume:
    (stack,) = find_stacks(folder)
    return read_stack(stack).volume.canonical()


def as_predict_opens_it(study: Path, series: Path) -> Study:
    """With the whole study and the UID of the series."""
    uid = str(pydicom.dcmread(series / "slice-0001.dcm").SeriesInstanceUID)
    (case,) = open_study(study / "dicom", series_uid=uid)
    return case


def table(study: Path) -> list[dict[str, str]]:
    with (study / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_study_is_complete(made: Path) -> None:
    studies = [f"phantom-000{patient}-v{visit}" for patient in (0, 1) for visit in (1, 2)]
    assert sorted(path.name for path in made.iterdir()) == ["manifest.csv", "manifest_dicom.csv", *studies]
    volumes = [f"{name}.nii.gz" for name in (*SEQUENCES, "edema", "bones", "findings")]
    for study in studies:
        assert sorted(path.name for path in (made / study).iterdir()) == sorted(
            [*volumes, "dicom", "scan.json", "truth.csv"]
        )
        assert len(list((made / study / "dicom").iterdir())) == (STATIONS + 1) * len(SEQUENCES)


def test_the_manifest_reads_and_all_volumes_of_a_study_lie_on_one_grid(cases: list[Case]) -> None:
    assert len(cases) == 4
    for case in cases:
        assert (set(case.images), set(case.labels)) == (set(SEQUENCES), {"edema", "bones"})
        volumes = [*(read_image(path) for path in case.images.values()), *map(read_labels, case.labels.values())]
        assert all(volume.geometry.same_grid(volumes[0].geometry) for volume in volumes)
        assert volumes[0].geometry.orientation == "RAS"
        for image in volumes[: len(SEQUENCES)]:
            assert 0 <= image.array.min() < image.array.max() <= 4095


def test_visits_share_their_patient_and_have_rising_dates(cases: list[Case]) -> None:
    assert [case.patient_id for case in cases] == ["P0000", "P0000", "P0001", "P0001"]
    for first, second in (cases[:2], cases[2:]):
        assert first.visit is not None
        assert second.visit is not None
        assert first.visit < second.visit


def test_the_table_of_lesions_is_what_the_masks_show(made: Path, cases: list[Case]) -> None:
    drawn = 0
    for case in cases:
        edema, bones = (read_labels(case.labels[name]) for name in ("edema", "bones"))
        rows = [row for row in table(made / case.case_id) if float(row["volume_ml"] or 0) > 0]
        total = sum(float(row["volume_ml"]) for row in rows)
        assert total == pytest.approx(edema.array.sum() * edema.geometry.voxel_volume_ml, abs=1e-3)
        ill = {bone_named("_".join(filter(None, (row["bone"], row["side"])))).label for row in rows}
        assert set(np.unique(bones.array[edema.array > 0])) == ill
        for row in rows:
            centre = np.array([float(row[f"centroid_{axis}_ras_mm"]) for axis in "xyz"])
            near = edema.geometry.to_world_mm(np.argwhere(edema.array > 0)) - centre
            assert np.linalg.norm(near, axis=1).min() < 20
        drawn += len(rows)
    assert drawn >= 4


def test_scan_json_tells_the_sequences(made: Path, cases: list[Case]) -> None:
    for case in cases:
        told = json.loads((made / case.case_id / "scan.json").read_text(encoding="utf-8"))
        assert set(told["sequences"]) == set(SEQUENCES)
        assert told["protocol"]["stations"] == STATIONS
        assert told["sequences"]["stir"]["ti_ms"] > 100


def test_the_same_bytes_wherever_and_with_whomever_a_patient_is_made(made: Path, alone: Path) -> None:
    """Two processes, two folders, two numbers of patients."""
    files = [name for name in entries(alone) if (alone / name).is_file()]
    assert sum(name.endswith(".dcm") for name in files) > 100
    tables = ["manifest.csv", "manifest_dicom.csv"]
    volumes = [name for name in files if name not in tables]
    assert [name for name in volumes if (made / name).read_bytes() != (alone / name).read_bytes()] == []
    for name in tables:
        rows = (alone / name).read_bytes().splitlines()
        assert (made / name).read_bytes().splitlines()[: len(rows)] == rows
        assert len(rows) == 3
    assert [name for name in entries(made) if name.startswith("phantom-0000")] == [
        name for name in entries(alone) if name.startswith("phantom-0000")
    ]


def test_no_file_names_the_folder_or_this_machine(made: Path) -> None:
    words = [str(made.parent).encode(), made.parent.name.encode(), str(Path.home()).encode()]
    for name in entries(made):
        if (made / name).is_file():
            content = (made / name).read_bytes()
            assert not [word for word in words if word in content], name


def test_composed_series_are_the_nifti_images(made: Path, cases: list[Case]) -> None:
    for case in cases:
        series = series_of(made / case.case_id)
        for name in SEQUENCES:
            volume = read_series(series[f"{WORDS[name]} cor composed"])
            image = read_image(case.images[name]).canonical()
            np.testing.assert_array_equal(volume.array, image.array)
            assert volume.geometry.same_grid(image.geometry, 1e-3)


def test_the_manifest_of_dicom_has_the_case_ids_of_predict(made: Path, cases: list[Case]) -> None:
    as_dicom = read_manifest(made / "manifest_dicom.csv")
    for case, other in zip(cases, as_dicom, strict=True):
        series = series_of(made / case.case_id)["STIR cor composed"]
        study = as_predict_opens_it(made / case.case_id, series)
        assert (study.case_id, study.patient_id, study.visit) == (other.case_id, case.patient_id, case.visit)
        assert other.labels == case.labels
    assert len({case.case_id for case in as_dicom}) == len(cases)


def test_stations_are_the_composed_image_where_they_own_it(made: Path, cases: list[Case]) -> None:
    """The head is station 1; both are cut in the middle of the rows that they share."""
    for case in cases[:2]:
        series = series_of(made / case.case_id)
        for name in SEQUENCES:
            whole = read_image(case.images[name]).canonical()
            parts = [read_series(series[f"{WORDS[name]} cor station {number}"]) for number in range(STATIONS, 0, -1)]
            starts = [first_row(part, whole) for part in parts]
            assert starts[0] == 0
            below, above = (part.array.shape[2] for part in parts)
            assert starts[1] + above == whole.array.shape[2]
            assert starts[1] < below
            seam = (below + starts[1]) // 2
            np.testing.assert_array_equal(whole.array[:, :, :seam], parts[0].array[:, :, :seam])
            np.testing.assert_array_equal(whole.array[:, :, seam:], parts[1].array[:, :, seam - starts[1] :])


def first_row(part: Volume, whole: Volume) -> int:
    """Where a station begins in the composed image, by their positions in the scanner."""
    i, j, k = whole.geometry.to_index(part.geometry.affine[:3, 3])
    assert (i, j) == pytest.approx((0, 0), abs=1e-3)
    assert k == pytest.approx(round(k), abs=1e-3)
    assert part.array.shape[:2] == whole.array.shape[:2]
    return round(k)


def test_a_validator_finds_no_error_in_a_file_of_each_series(made: Path) -> None:
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    folders = sorted((made / "phantom-0000-v2" / "dicom").iterdir())
    assert len(folders) == 9
    for folder in folders:
        path = sorted(folder.iterdir())[1]
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        lines = (done.stdout + done.stderr).splitlines()
        assert "MRImage" in lines
        assert [line for line in lines if line.startswith("Error")] == [], folder.name


@pytest.mark.parametrize(
    ("view", "planes", "count"),
    [
        ("sagittal_spine: 1.0, region: 0.0, stations: [2, 2]", {0}, 3),
        ("sagittal_spine: 0.0, region: 1.0", {0, 1, 2}, 1),
    ],
    ids=["spine", "region"],
)
def test_oblique_spines_and_regions_read_back_from_dicom(
    crmo_seg: Command, tmp_path: Path, view: str, planes: set[int], count: int
) -> None:
    text = f"scan: {{coronal_whole_body: 0.0, {view}, oblique: 1.0, in_plane_mm: [2.5, 2.5], fine_voxels: 400000}}\n"
    (tmp_path / "coarse.yaml").write_text(text, encoding="utf-8")
    done = crmo_seg(
        "phantom", tmp_path / "made", "--patients", "1", "--dicom", "--preset", tmp_path / "coarse.yaml", "--seed", "2"
    )
    assert done.code == 0, done.err
    ((case,), (other,)) = (read_manifest(tmp_path / "made" / f"manifest{kind}.csv") for kind in ("", "_dicom"))
    protocol = json.loads((tmp_path / "made" / case.case_id / "scan.json").read_text(encoding="utf-8"))["protocol"]
    assert protocol["slice_axis"] in planes
    assert any(protocol["tilt_deg"])
    series = series_of(tmp_path / "made" / case.case_id)
    assert len(series) == count
    (last,) = (one for name, one in series.items() if count == 1 or "composed" in name)
    volume = read_series(last)
    image = read_image(case.images["stir"]).canonical()
    np.testing.assert_array_equal(volume.array, image.array)
    assert volume.geometry.same_grid(image.geometry, 1e-3)
    assert as_predict_opens_it(tmp_path / "made" / case.case_id, last).case_id == other.case_id
