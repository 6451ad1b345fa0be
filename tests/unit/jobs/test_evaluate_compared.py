"""Predictions beside those of another model, and beside other readers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from evaluated_study import Study, read_rows, write_labels

from crmo_seg.jobs.evaluate import evaluate


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Without the page, whose drawing would take most of the time."""
    monkeypatch.setattr("crmo_seg.jobs.evaluate.write_page", lambda *_: None)
    return Study(tmp_path)


def test_against_other_predictions(study: Study, tmp_path: Path) -> None:
    for case_id, reference in (("a", {(0, 4): 1}), ("b", {(10, 14): 1})):
        study.add(case_id, "edema", pred=reference, ref=reference)
        write_labels(tmp_path / "other" / case_id / "edema.nii.gz", reference if case_id == "a" else {(12, 16): 1})
    summary = evaluate(study.manifest, study.predictions, study.out, against=tmp_path / "other")
    assert summary.comparison is not None
    assert summary.comparison.n_changed == 1
    rows = {row["metric"]: row for row in read_rows(study.out / "comparison.csv")}
    assert [float(rows["dice"][name]) for name in ("value", "other", "difference")] == [1.0, 0.75, 0.25]
    changes = read_rows(study.out / "comparison_cases.csv")
    assert [(row["case_id"], row["changed"]) for row in changes] == [("b", "true"), ("a", "false")]
    data = json.loads((study.out / "summary.json").read_text())
    assert (data["comparison"]["n_scans"], data["comparison"]["n_changed"]) == (2, 1)


def test_readers_are_measured_against_each_other(study: Study, tmp_path: Path) -> None:
    for case_id in "ab":
        study.add(case_id, "edema", pred={(2, 6): 1}, ref={(0, 4): 1})
        write_labels(tmp_path / "anna" / case_id / "edema.nii.gz", {(1, 5): 1})
    summary = evaluate(study.manifest, study.predictions, study.out, readers={"anna": tmp_path / "anna"})
    assert summary.readers is not None
    rows = read_rows(study.out / "readers.csv")
    assert [(row["first"], row["second"], float(row["dice"])) for row in rows] == [
        ("reference", "anna", 0.75), ("reference", "prediction", 0.5), ("anna", "prediction", 0.75),
    ]  # fmt: skip
    data = json.loads((study.out / "summary.json").read_text())["readers"]
    assert data["prediction_less_readers"][0]["difference"] == pytest.approx(-0.125)
    assert data["pairs"][0]["raters"] == ["reference", "anna"]
    evaluate(study.manifest, study.predictions, study.out)
    assert not (study.out / "readers.csv").exists()
