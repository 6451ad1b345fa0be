"""From phantoms to tables: predictions made from the truth, evaluated and compared."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy import ndimage

from crmo_seg.cases import read_manifest
from crmo_seg.evaluation.cohort import CohortSummary
from crmo_seg.io.nifti import read_labels, write_nifti
from crmo_seg.jobs.evaluate import evaluate
from crmo_seg.report.console import cohort_tables


def predict_by_damage(manifest: Path, out: Path, steps: int) -> Path:
    """The reference, moved by some voxels."""
    for case in read_manifest(manifest):
        ref = read_labels(case.labels["edema"])
        (out / case.case_id).mkdir(parents=True)
        write_nifti(out / case.case_id / "edema.nii.gz", ref.with_array(np.roll(ref.array, steps, axis=0)))
    return out


@pytest.fixture(scope="module")
def folder(unseen_phantoms: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation")
    predict_by_damage(unseen_phantoms, folder / "near", 1)
    predict_by_damage(unseen_phantoms, folder / "far", 4)
    return folder


@pytest.fixture(scope="module")
def summary(unseen_phantoms: Path, folder: Path) -> CohortSummary:
    return evaluate(unseen_phantoms, folder / "near", folder / "out", against=folder / "far")


def test_the_nearer_prediction_is_better(summary: CohortSummary) -> None:
    comparison = summary.comparison
    assert comparison is not None
    differences = {one.name: one.difference for one in comparison.metrics}
    assert differences["dice"] > 0.1
    assert differences["surface_dice"] > 0.1
    assert differences["hausdorff95_mm"] < 0.0
    assert differences["absolute_volume_error_ml"] == pytest.approx(0.0, abs=0.5)


def test_rows_add_up_to_the_summary(summary: CohortSummary, folder: Path, unseen_phantoms: Path) -> None:
    with (folder / "out" / "lesions.csv").open(newline="", encoding="utf-8") as file:
        lesions = list(csv.DictReader(file))
    near = np.ones((3, 3, 3))
    labels = [read_labels(case.labels["edema"]) for case in read_manifest(unseen_phantoms)]
    assert summary.any_overlap is not None
    n_ref = sum(row["mask"] == "reference" for row in lesions)
    assert n_ref == summary.any_overlap.pooled.n_ref <= sum(ndimage.label(one.array, near)[1] for one in labels)
    assert {row["group"] for row in lesions} - {"unknown"}
    data = json.loads((folder / "out" / "summary.json").read_text())
    sizes = [one for one in data["lesions"]["strata"] if one["dimension"] == "size"]
    assert sum(one["n_ref"] for one in sizes) == n_ref
    assert data["metrics"]["lesion_f1"]["value"] == data["lesions"]["any_overlap"]["pooled"]["f1"]


def test_the_terminal_shows_all_of_it(summary: CohortSummary) -> None:
    file = io.StringIO()
    Console(file=file, width=140).print(cohort_tables(summary))
    text = file.getvalue()
    for part in ("normalised surface Dice", "ICC(A,1)", ">= 5 ml", "hands and feet", "Against the other", "Note:"):
        assert part in text, part


def test_the_page_says_that_it_is_of_phantoms_and_shows_the_worst(summary: CohortSummary, folder: Path) -> None:
    html = (folder / "out" / "report.html").read_text(encoding="utf-8")
    for part in (
        "are phantoms with a computed truth",
        "Against the other predictions",
        "The worst cases",
        "hands and feet",
    ):
        assert part in html, part
    assert "http" not in html
    shown = list((folder / "out" / "figures").glob("case_*.png"))
    assert len(shown) == min(5, sum(bool(case.table and case.table.ref) for case in summary.cases))
