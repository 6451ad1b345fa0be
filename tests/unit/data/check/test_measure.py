"""Facts of files, against numbers that can be counted by hand."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NoReturn

import nibabel as nib
import numpy as np
import pytest
from dataset_builders import SHAPE, Clinic, blocks, noise, save

from crmo_seg.cases import Case
from crmo_seg.data.check import measure
from crmo_seg.data.check.measure import Scope, component_sizes, digest, measure_case, measure_signal


def test_shares_are_counted() -> None:
    array = np.zeros((4, 4, 4), np.float32)
    array[0, 0, :2], array[1, 1, 1], array[2, 2, :] = -3, 5, 9
    facts = measure_signal(array)
    assert (facts.negative_share, facts.zero_share) == (2 / 64, 57 / 64)
    assert facts.top_share == 3 / 62
    assert (facts.percentiles[0], facts.percentiles[2], facts.percentiles[-1], facts.distinct) == (-3, 0, 9, 4)


def test_the_rim_of_a_body_in_air_is_dark_and_of_its_negative_bright() -> None:
    body = np.zeros((8, 8, 8), np.float32)
    body[2:6, 2:6, 2:6] = 10
    assert measure_signal(body).rim_to_core == 0
    assert measure_signal(10 - body).rim_to_core == math.inf  # its middle is empty
    assert measure_signal(np.ones((8, 8, 3), np.float32) * np.arange(3)).rim_to_core != 0


def test_components_touch_at_corners_and_are_counted_by_value() -> None:
    label = np.zeros((5, 5, 5), np.uint8)
    label[0, 0, 0] = label[1, 1, 1] = label[4, 4, 4] = 3
    label[0, 0, 1] = 1
    assert component_sizes(label) == {1: (1,), 3: (2, 1)}


def test_a_digest_is_that_of_voxels_not_of_bytes(tmp_path: Path) -> None:
    array = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    nib.save(nib.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii")
    nib.save(nib.Nifti1Image(array.astype(np.float64), np.eye(4)), tmp_path / "b.nii.gz")
    case = Case("c", "p", images={"a": tmp_path / "a.nii", "b": tmp_path / "b.nii.gz"})
    images = measure_case(case, Scope())[0].images
    assert images["a"].signal.digest == images["b"].signal.digest
    assert digest(array.astype(np.float32)) == images["a"].signal.digest
    assert digest(array) != digest(array.T)


def test_a_case_is_measured(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, 1).write()
    save(clinic.label(0), blocks())
    case = Case("c0", "p", images={"t1": clinic.image(0)}, labels={"knee": clinic.label(0)})
    facts, problems = measure_case(case, Scope())
    assert problems == []
    assert dict(facts.labels["knee"].voxels) == {1: 18, 2: 18}
    assert dict(facts.labels["knee"].components) == {1: (18,), 2: (18,)}
    assert facts.labels["knee"].on_zero_share == 0
    image, inside = noise(0), blocks() > 0
    expected = (image[inside].mean() - np.median(image)) / image.std()
    assert facts.labels["knee"].contrast == pytest.approx(expected, rel=1e-5)
    assert facts.images["t1"].geometry.shape == SHAPE


def test_a_quick_look_opens_images_and_reads_label_values(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, 1).write()
    case = Case("c0", "p", images={"t1": clinic.image(0)}, labels={"knee": clinic.label(0)})
    facts, _ = measure_case(case, Scope(voxels=False))
    assert facts.images["t1"].signal is None
    assert sorted(facts.labels["knee"].voxels) == [1, 2]
    assert (facts.labels["knee"].components, facts.labels["knee"].digest) == ({}, "")


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, 1).write()
    broken = tmp_path / "broken.nii.gz"
    broken.write_text("no image")
    case = Case("c0", "p", images={"t1": clinic.image(0), "t2": broken}, labels={"knee": broken})
    facts, problems = measure_case(case, Scope(sequences=("t1",), heads=()))
    assert (sorted(facts.images), sorted(facts.labels), problems) == (["t1"], [], [])


def test_files_that_cannot_be_read_are_named_and_the_others_measured(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, 1).write()
    broken = tmp_path / "broken.nii.gz"
    broken.write_text("no image")
    clinic.edit(clinic.label(0), lambda array: array * np.float32(0.5))
    case = Case("c0", "p", images={"t2": broken, "t1": clinic.image(0)}, labels={"knee": clinic.label(0)})
    facts, problems = measure_case(case, Scope())
    assert [(problem.case_id, problem.file) for problem in problems] == [("c0", broken), ("c0", clinic.label(0))]
    assert "is no NIfTI file" in problems[0].what
    assert "are no label" in problems[1].what
    assert list(facts.images) == ["t1"]


def test_a_file_that_the_system_refuses_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied", str(path))

    clinic = Clinic(tmp_path, 1).write()
    monkeypatch.setattr(measure, "open_image", refuse)
    _, (problem,) = measure_case(Case("c0", "p", images={"t1": clinic.image(0)}), Scope())
    assert (problem.file, problem.what) == (clinic.image(0), "cannot be read (Permission denied)")
