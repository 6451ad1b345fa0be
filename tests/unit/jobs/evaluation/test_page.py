"""The page of an evaluation on disk: images of the worst cases, and figures that are left from before."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from evaluation_builders import mixed_cases, mixed_summary, rods

from crmo_seg.cases import Case
from crmo_seg.io.nifti import write_nifti
from crmo_seg.jobs.evaluation.inputs import EvaluationInputs
from crmo_seg.jobs.evaluation.page import image_on_grid, write_page
from crmo_seg.volume import Geometry, Volume


def write(path: Path, volume: Volume) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, volume)
    return path


def signal(value: float, spacing: tuple[float, float, float] = (2.0, 5.0, 10.0)) -> Volume:
    return Volume(np.full((30, 8, 20), value, dtype=np.float32), Geometry(np.diag([*spacing, 1.0]), (30, 8, 20)))


def test_the_analysed_image_comes_first_then_stir_then_others(tmp_path: Path) -> None:
    files = {name: write(tmp_path / f"{name}.nii.gz", signal(n)) for n, name in enumerate(("a", "stir"), 1)}
    case = Case("c", "C", images=files)

    def value() -> float:
        found = image_on_grid(case, tmp_path / "pred", rods())
        return 0.0 if found is None else float(found.array.max())

    assert value() == 2.0
    write(tmp_path / "pred" / "c" / "image.nii.gz", signal(3.0))
    assert value() == 3.0
    write(tmp_path / "pred" / "c" / "image.nii.gz", signal(3.0, (2.0, 5.0, 9.0)))  # on another grid
    (tmp_path / "stir.nii.gz").write_bytes(b"damaged")
    assert value() == 1.0
    assert image_on_grid(Case("c", "C", images={"stir": tmp_path}), tmp_path / "pred", rods()) is None


def test_page_and_figures_are_written_and_figures_of_before_removed(tmp_path: Path) -> None:
    masks = {"found": ([(0, 4)], [(0, 4)]), "half": ([(1, 5), (20, 23)], [(0, 4), (10, 14)]),
             "missed": ([], [(0, 7)]), "false": ([(0, 3)], []), "empty": ([], [])}  # fmt: skip
    cases = []
    for name, (pred, ref) in masks.items():
        write(tmp_path / "pred" / name / "edema.nii.gz", rods(*pred))
        label = write(tmp_path / "labels" / f"{name}.nii.gz", rods(*ref))
        cases.append(Case(name, name, images={"stir": label}, labels={"edema": label}))
    cases.append(Case("unlabelled", "unlabelled", images={"stir": tmp_path / "labels" / "found.nii.gz"}))
    figures = tmp_path / "out" / "figures"
    figures.mkdir(parents=True)
    for name in ("paired.png", "case_old.png", "mine.png"):
        (figures / name).touch()
    page = write_page(tmp_path / "out", mixed_summary(), cases, EvaluationInputs(tmp_path / "m.csv", tmp_path / "pred"))
    assert page == tmp_path / "out" / "report.html"
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == 8
    assert "missed: Dice 0.000; 0 of 1 lesions found" in html
    charts = ["bland_altman", "calibration", "froc", "strata"]
    shown = sorted(["mine", *charts, *(f"case_{case.case_id}" for case in mixed_cases()[:4])])
    assert sorted(file.stem for file in figures.iterdir()) == shown
