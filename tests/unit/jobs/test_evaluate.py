"""Evaluation of a folder of predictions: numbers by hand, and files that are written."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from evaluated_study import Study, make_labels, read_rows, write_labels

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.cases import Case, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.io.nifti import read_labels, write_nifti
from crmo_seg.jobs.evaluate import evaluate
from crmo_seg.lesions import find_lesions
from crmo_seg.report.tables import write_lesions_csv


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


@pytest.fixture(autouse=True)
def no_page(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Most tests are of the tables; drawing the page each time would take most of the time."""
    if "page" not in request.node.name:
        monkeypatch.setattr("crmo_seg.jobs.evaluate.write_page", lambda *_: None)


def test_edema_by_hand(study: Study) -> None:
    study.add("a", "edema", pred={(1, 5): 1, (20, 23): 1}, ref={(0, 4): 1, (10, 13): 1}, patient_id="P")
    study.add("b", "edema", pred={}, ref={}, patient_id="Q")
    summary = evaluate(study.manifest, study.predictions, study.out)
    assert summary.heads["edema"].classes["edema"].pooled.dice == pytest.approx(2 * 3 / 14)
    first, second = study.rows()
    assert float(first["edema_dice"]) == pytest.approx(2 * 3 / 14, abs=1e-5)
    assert float(first["edema_volume_error_ml"]) == pytest.approx(0.0, abs=1e-9)
    assert (first["lesion_n_ref"], first["lesion_n_found"], first["lesion_n_false_positive"]) == ("2", "1", "1")
    assert float(first["lesion_f1"]) == pytest.approx(0.5)
    assert (second["case_id"], second["patient_id"], second["edema_dice"], second["lesion_f1"]) == ("b", "Q", "", "")
    assert (second["lesion_n_ref"], second["lesion_n_pred"]) == ("0", "0")


def test_the_summary_is_strict_json_with_null_for_undefined(study: Study) -> None:
    study.add("a", "edema", pred={(0, 3): 1}, ref={})
    evaluate(study.manifest, study.predictions, study.out)

    def refuse(name: str) -> None:
        raise AssertionError(name)

    data = json.loads((study.out / "summary.json").read_text(), parse_constant=refuse)
    assert (data["schema_version"], data["n_scans"], data["n_patients"]) == (1, 1, 1)
    pooled = data["lesions"]["any_overlap"]["pooled"]
    assert (pooled["sensitivity"], pooled["precision"], pooled["f1"]) == (None, 0.0, 0.0)
    assert pooled["false_positives_per_scan"] == 1.0
    assert data["heads"]["edema"]["patient_dice"] == {"value": 0.0, "n_defined": 1, "n": 1}


def test_bones_are_compared_by_unsided_class(study: Study) -> None:
    left, right = (bone_named(f"femur_{side.value}").label for side in (Side.LEFT, Side.RIGHT))
    t5, open_level = bone_named("vertebra_T5").label, bone_named("thoracic_vertebra").label
    study.add("a", "bones", ref={(0, 4): left, (6, 9): t5}, pred={(0, 4): right, (6, 12): open_level})
    bones = evaluate(study.manifest, study.predictions, study.out).heads["bones"]
    assert {name: one.pooled.dice for name, one in bones.classes.items()} == pytest.approx(
        {"femur": 1.0, "thoracic_vertebra": 6 / 9}
    )
    assert bones.patient_dice.value == pytest.approx((1 + 6 / 9) / 2)
    assert float(study.rows()[0]["bones_mean_dice"]) == pytest.approx((1 + 6 / 9) / 2, abs=1e-5)


def test_any_other_head_is_compared_value_by_value(study: Study) -> None:
    study.add("a", "hippocampus", ref={(0, 4): 1, (4, 8): 2}, pred={(0, 2): 1, (4, 8): 2})
    summary = evaluate(study.manifest, study.predictions, study.out)
    assert summary.any_overlap is None
    assert summary.heads["hippocampus"].classes["1"].pooled.dice == pytest.approx(4 / 6)
    assert summary.heads["hippocampus"].patient_dice.value == pytest.approx((4 / 6 + 1) / 2)
    assert json.loads((study.out / "summary.json").read_text())["lesions"]["any_overlap"] is None


def test_cases_without_labels_are_left_out(study: Study) -> None:
    study.add("a", "edema", pred={(0, 3): 1}, ref={(0, 3): 1})
    study.add_without_labels("b")
    assert evaluate(study.manifest, study.predictions, study.out).n_scans == 1


def test_a_head_that_was_never_predicted_is_left_out(study: Study) -> None:
    study.add("a", "edema", pred={(0, 3): 1}, ref={(0, 3): 1})
    study.add("a", "bones", pred=None, ref={(0, 3): 1})
    assert set(evaluate(study.manifest, study.predictions, study.out).heads) == {"edema"}


def test_a_prediction_of_the_references_themselves_is_perfect(study: Study) -> None:
    study.add("a", "edema", pred={(0, 4): 1}, ref={(0, 4): 1})
    summary = evaluate(study.manifest, study.predictions, study.out)
    assert summary.any_overlap is not None
    assert summary.any_overlap.pooled.f1 == summary.heads["edema"].patient_dice.value == 1.0
    assert math.isnan(summary.large_sensitivity)


def test_nothing_but_the_tables_is_left(study: Study) -> None:
    study.add("a", "edema", pred={(0, 3): 1}, ref={(0, 3): 1})
    for _ in range(2):
        evaluate(study.manifest, study.predictions, study.out)
    names = ["cases.csv", "lesions.csv", "strata.csv", "summary.json"]
    assert sorted(file.name for file in study.out.iterdir()) == names


def test_tables_of_an_evaluation_before_are_removed_and_other_files_kept(study: Study) -> None:
    study.add("a", "edema", pred={(0, 3): 1}, ref={(0, 3): 1})
    evaluate(study.manifest, study.predictions, study.out, against=study.predictions)
    assert (study.out / "comparison.csv").exists()
    (study.out / "mine.txt").write_text("mine")
    evaluate(study.manifest, study.predictions, study.out)
    assert not (study.out / "comparison.csv").exists()
    assert not (study.out / "comparison_cases.csv").exists()
    assert (study.out / "mine.txt").read_text() == "mine"


def test_every_lesion_has_a_row(study: Study) -> None:
    study.add("a", "edema", pred={(1, 5): 1, (20, 23): 1}, ref={(0, 4): 1, (10, 12): 1}, patient_id="P")
    study.add("a", "bones", pred=None, ref={(0, 14): bone_named("calcaneus_left").label}, patient_id="P")
    evaluate(study.manifest, study.predictions, study.out)
    rows = read_rows(study.out / "lesions.csv")
    assert [(row["mask"], row["lesion_id"], row["met"], row["meets"]) for row in rows] == [
        ("reference", "1", "true", "1"),
        ("reference", "2", "false", ""),
        ("prediction", "1", "true", "1"),
        ("prediction", "2", "false", ""),
    ]
    assert (rows[0]["patient_id"], rows[0]["bone"], rows[0]["side"], rows[0]["group"]) == (
        "P", "calcaneus", "left", "foot",
    )  # fmt: skip
    assert (rows[0]["partner"], float(rows[0]["iou"]), rows[1]["iou"]) == ("1", pytest.approx(0.6), "")
    strata = {row["stratum"]: row for row in read_rows(study.out / "strata.csv")}
    assert (strata["hands and feet"]["n_ref"], strata["hands and feet"]["n_found"]) == ("2", "1")
    assert strata["elsewhere"]["sensitivity"] == ""


def test_without_lesions_the_table_has_its_header(study: Study) -> None:
    study.add("a", "edema", pred={}, ref={})
    evaluate(study.manifest, study.predictions, study.out)
    assert (study.out / "lesions.csv").read_text().startswith("case_id,patient_id,mask,lesion_id,volume_ml")


def test_confidence_comes_from_the_table_of_the_prediction(study: Study) -> None:
    study.add("a", "edema", pred={(1, 5): 1, (20, 23): 1}, ref={(0, 4): 1})
    lesions = find_lesions(read_labels(study.predictions / "a" / "edema.nii.gz")).lesions
    sure = [replace(one, mean_probability=p) for one, p in zip(lesions, (0.9, 0.4), strict=True)]
    write_lesions_csv(study.predictions / "a" / "lesions.csv", sure)
    detail = evaluate(study.manifest, study.predictions, study.out).detail
    assert detail is not None
    assert detail.froc is not None
    assert detail.froc.curve.sensitivity.tolist() == [0.0, 1.0, 1.0]
    assert [row["threshold"] for row in read_rows(study.out / "froc.csv")] == ["inf", "0.9", "0.4"]


def test_a_table_that_does_not_fit_the_mask_gives_no_confidence_and_a_note(study: Study) -> None:
    study.add("a", "edema", pred={(1, 5): 1}, ref={(0, 4): 1})
    other = find_lesions(make_labels({(2, 5): 1})).lesions
    write_lesions_csv(study.predictions / "a" / "lesions.csv", [replace(one, mean_probability=0.9) for one in other])
    summary = evaluate(study.manifest, study.predictions, study.out)
    assert any(note.startswith("1 of 1 predicted lesions have no confidence") for note in summary.notes)
    assert not (study.out / "froc.csv").exists()


def test_a_probability_gives_confidence_and_calibration(study: Study) -> None:
    study.add("a", "edema", pred={(0, 4): 1}, ref={(0, 2): 1})
    labels = make_labels({(0, 4): 1})
    path = study.predictions / "a" / "edema_probability.nii.gz"
    write_nifti(path, labels.with_array(labels.array.astype(np.float32) * np.float32(0.75)))
    detail = evaluate(study.manifest, study.predictions, study.out).detail
    assert detail is not None
    assert detail.voxel_calibration is not None
    assert (detail.voxel_calibration.n.sum(), detail.voxel_calibration.n_true.sum()) == (4, 2)
    assert [row["confidence"] for row in read_rows(study.out / "lesions.csv")] == ["", "0.75"]
    write_nifti(path, labels.with_array(labels.array.astype(np.float32) * np.float32(75)))
    with pytest.raises(InputError, match=r"edema_probability\.nii\.gz: holds values from 0 to 75"):
        evaluate(study.manifest, study.predictions, study.out)


def test_what_is_in_no_number_is_named(study: Study) -> None:
    study.add("a", "knee", pred={(0, 3): 1, (5, 8): 3}, ref={(0, 3): 1})
    study.add("a", "bones", pred=None, ref={(0, 3): 1})
    study.add_without_labels("b")
    write_labels(study.predictions / "stranger" / "knee.nii.gz", {})
    assert evaluate(study.manifest, study.predictions, study.out).notes == (
        "1 cases without a label of knee: b",
        "1 predictions of cases that the manifest does not have: stranger",
        "bones has labels but no prediction",
        "knee: class 3 is predicted, but in no reference",
    )
    assert len(json.loads((study.out / "summary.json").read_text())["notes"]) == 4


def test_settings_reach_the_numbers(study: Study) -> None:
    study.add("a", "edema", pred={(0, 3): 1}, ref={(0, 3): 1, (10, 12): 1})
    strict = EvaluationSettings(minimum_lesion_ml=0.25, bootstrap_repeats=10)
    summary = evaluate(study.manifest, study.predictions, study.out, settings=strict)
    assert summary.any_overlap is not None
    assert summary.any_overlap.pooled.n_ref == 1
    written = json.loads((study.out / "summary.json").read_text())["settings"]
    assert (written["minimum_lesion_ml"], written["bootstrap_repeats"]) == (0.25, 10)


@pytest.mark.real_data
def test_expert_labels_against_themselves(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "msd_task04_hippocampus"
    labels = sorted(folder.rglob("labelsTr/*.nii.gz"))[:2]
    assert labels
    cases = [
        Case(path.name.split(".")[0], path.name, images={"t1": path}, labels={"hippocampus": path}) for path in labels
    ]
    write_manifest(tmp_path / "manifest.csv", cases)
    for case in cases:
        target = tmp_path / "pred" / case.case_id / "hippocampus.nii.gz"
        target.parent.mkdir(parents=True)
        write_nifti(target, read_labels(case.labels["hippocampus"]))
    head = evaluate(tmp_path / "manifest.csv", tmp_path / "pred", tmp_path / "out").heads["hippocampus"]
    assert set(head.classes) == {"1", "2"}
    assert (head.patient_dice.value, head.patient_dice.n) == (1.0, 2)


def test_the_page_and_its_figures_are_written(study: Study) -> None:
    study.add("a", "edema", pred={(1, 5): 1, (20, 23): 1}, ref={(0, 4): 1, (10, 13): 1})
    study.add("b", "edema", pred={(0, 4): 1}, ref={(0, 4): 1})
    for _ in range(2):
        evaluate(study.manifest, study.predictions, study.out)
    html = (study.out / "report.html").read_text(encoding="utf-8")
    assert "2 of 3 lesions found" in html
    names = ["bland_altman.png", "case_a.png", "case_b.png", "strata.png"]
    assert sorted(file.name for file in (study.out / "figures").iterdir()) == names
