"""A study on disk against the study in memory, each row of its table against the masks."""

from __future__ import annotations

import csv
import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.phantom.edema.fates import Fate
from crmo_seg.phantom.files import (
    FINDINGS,
    PLAIN_COLUMNS,
    SCAN_FILE,
    TRUTH_COLUMNS,
    TRUTH_FILE,
    WrittenStudy,
    plain_study,
    varied_study,
    write_study,
)
from crmo_seg.phantom.generate import PhantomStudy
from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import PLAIN_TINY
from crmo_seg.phantom.settings import PhantomSettings, read_preset
from crmo_seg.phantom.visit import plan_visits, visit_protocol


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="module")
def written(out: Path, visits: tuple[PhantomStudy, ...]) -> list[WrittenStudy]:
    return [write_study(out, varied_study(study)) for study in visits]


def table(folder: Path) -> tuple[list[str], list[dict[str, str]]]:
    with (folder / TRUTH_FILE).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
    return list(reader.fieldnames or ()), rows


def test_a_folder_has_everything_and_nothing_else(out: Path, written: list[WrittenStudy]) -> None:
    assert [one.case.case_id for one in written] == ["phantom-0000-v1", "phantom-0000-v2"]
    volumes = ("stir", "t1", "edema", "bones", FINDINGS)
    for one in written:
        names = {path.name for path in (out / one.case.case_id).iterdir()}
        assert names == {*(f"{name}.nii.gz" for name in volumes), TRUTH_FILE, SCAN_FILE}


def test_the_case_names_images_and_labels(written: list[WrittenStudy]) -> None:
    for one in written:
        assert set(one.case.images) == {"stir", "t1"}
        assert set(one.case.labels) == {"edema", "bones"}
        assert one.case.patient_id == "P0000"
    first, second = (one.case.visit for one in written)
    assert first == "2020-01-01"
    assert second is not None
    assert second > first


def test_volumes_read_back_as_they_were(out: Path, written: list[WrittenStudy], visits: tuple[PhantomStudy]) -> None:
    for study in visits:
        folder, scan = out / study.plan.case_id, study.scan
        for name, image in scan.images.items():
            read = read_image(folder / f"{name}.nii.gz")
            assert read.geometry.same_grid(image.geometry)
            np.testing.assert_array_equal(read.array, image.array)
        for name, mask in (("edema", scan.edema), ("bones", scan.bones), (FINDINGS, scan.findings)):
            labels = read_labels(folder / f"{name}.nii.gz")
            assert labels.geometry.same_grid(mask.geometry)
            np.testing.assert_array_equal(labels.array, mask.array.astype(np.uint8))


def test_each_row_tells_what_the_masks_show(
    out: Path, written: list[WrittenStudy], visits: tuple[PhantomStudy, ...]
) -> None:
    for study in visits:
        columns, rows = table(out / study.plan.case_id)
        assert columns == list(TRUTH_COLUMNS)
        planned = [row for row in rows if row["fate"] != Fate.RESOLVED.value]
        assert [row["lesion_key"] for row in planned] == [lesion.lesion_key for lesion in study.plan.lesions]
        here = [row for row in planned if float(row["volume_ml"]) > 0]
        assert all(row["centroid_x_ras_mm"] == "" for row in planned if row not in here)
        assert [row["lesion_key"] for row in here] == [lesion.plan.lesion_key for lesion in study.lesions]
        for row, lesion in zip(here, study.lesions, strict=True):
            voxels = np.argwhere(study.scan.lesions.array == lesion.number)
            geometry = study.scan.lesions.geometry
            assert float(row["volume_ml"]) == pytest.approx(len(voxels) * geometry.voxel_volume_ml, abs=1e-4)
            centroid = [float(row[f"centroid_{axis}_ras_mm"]) for axis in "xyz"]
            assert centroid == pytest.approx(geometry.to_world_mm(voxels.mean(axis=0)).tolist(), abs=0.06)
            label = bone_named("_".join(filter(None, (row["bone"], row["side"])))).label
            assert set(study.scan.bones.array[tuple(voxels.T)]) == {label}
            assert float(row["planned_ml"]) == pytest.approx(lesion.plan.planned_ml, abs=1e-4)
            assert float(row["signal_ratio"]) == pytest.approx(lesion.plan.signal_ratio, abs=1e-3)


def test_yes_no_and_nothing(out: Path, written: list[WrittenStudy], visits: tuple[PhantomStudy, ...]) -> None:
    words = {True: "yes", False: "no", None: ""}
    lesions = [lesion for study in visits for lesion in study.plan.lesions]
    rows = [row for study in visits for row in table(out / study.plan.case_id)[1] if row["bone"]]
    assert len(rows) == len(lesions)
    for row, lesion in zip(rows, lesions, strict=True):
        for name in ("juxtaphyseal", "crosses_plate", "nodular", "halo"):
            assert row[name] == words[getattr(lesion, name)]
        assert (row["physis_distance_mm"] == "") == (lesion.physis_distance_mm is None)
        assert row["segment"] == (lesion.segment.value if lesion.segment else "")


def test_fates_are_told_from_the_second_visit_on(out: Path, written: list[WrittenStudy]) -> None:
    first, second = (table(out / one.case.case_id)[1] for one in written)
    assert {row["fate"] for row in first} == {""}
    assert {row["fate"] for row in second} <= {fate.value for fate in Fate}
    gone = [row for row in second if row["fate"] == Fate.RESOLVED.value]
    assert gone
    for row in gone:
        assert {name for name, cell in row.items() if cell} == {"lesion_key", "fate"}
    before = {row["lesion_key"] for row in first}
    for row in second:
        if row["fate"] == Fate.NEW.value:
            assert row["lesion_key"] not in before


def test_scan_json_tells_how_it_was_acquired(
    out: Path, written: list[WrittenStudy], visits: tuple[PhantomStudy, ...]
) -> None:
    for study in visits:
        text = (out / study.plan.case_id / SCAN_FILE).read_text(encoding="utf-8")
        told = json.loads(text)
        assert text.endswith("}\n")
        assert str(out) not in text
        child = study.plan.marks.child
        assert (told["age_years"], told["sex"]) == (round(child.age_years, 3), study.plan.person.sex.value)
        assert told["stature_mm"] == round(child.height_mm, 1)
        assert told["sequences"] == {name: dataclasses.asdict(one) for name, one in study.contrast.items()}
        protocol = study.scan.protocol
        assert told["protocol"]["field_of_view"] == [list(corner) for corner in protocol.field_of_view]
        assert told["protocol"]["artefacts"]["noise"] == protocol.artefacts.noise
        assert told["protocol"]["stations"] == 2


@pytest.mark.parametrize("preset", ["whole_body", "region", "spine"])
def test_every_protocol_can_be_told(preset: str) -> None:
    """Nothing but what JSON has: no numbers or truth values of NumPy."""
    settings = read_preset(preset)
    plan = plan_visits(settings, 0, 0)[0]
    for seed in range(30):
        protocol = visit_protocol(settings, replace(plan, seed=seed))
        content = dataclasses.asdict(protocol)
        told = json.loads(json.dumps(content))
        assert told["artefacts"]["arms_outside"] == protocol.artefacts.arms_outside


def test_a_visit_alone_has_no_date_and_no_fate(ill_settings: PhantomSettings) -> None:
    (plan,) = plan_visits(ill_settings, 1, 0)
    assert (plan.case_id, plan.visit, dict(plan.fates)) == ("phantom-0000", None, {})


def test_a_plain_study_has_its_own_columns_and_no_map_of_look_alikes(tmp_path: Path) -> None:
    study = make_patient(PLAIN_TINY, 5, 1)
    assert study.lesions
    written = write_study(tmp_path, plain_study(study))
    names = {path.name for path in (tmp_path / "phantom-0001").iterdir()}
    assert names == {"stir.nii.gz", "edema.nii.gz", "bones.nii.gz", TRUTH_FILE}
    columns, rows = table(tmp_path / "phantom-0001")
    assert columns == list(PLAIN_COLUMNS)
    total = sum(float(row["volume_ml"]) for row in rows)
    assert total == pytest.approx(study.edema.array.sum() * study.edema.geometry.voxel_volume_ml, rel=0.01)
    assert written.case.visit is None


def test_a_child_without_lesions_has_a_table_of_headings(tmp_path: Path, visits: tuple[PhantomStudy, ...]) -> None:
    healthy = replace(visits[0], lesions=(), plan=replace(visits[0].plan, lesions=()))
    write_study(tmp_path, varied_study(healthy))
    text = (tmp_path / "phantom-0000-v1" / TRUTH_FILE).read_text(encoding="utf-8")
    assert text == ",".join(TRUTH_COLUMNS) + "\n"
