"""What an evaluation refuses, before it writes anything, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluated_study import SPACING, Labels, Study, write_labels

from crmo_seg.errors import InputError
from crmo_seg.jobs.evaluate import evaluate


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(tmp_path)


@pytest.mark.parametrize("others", [0, 1])
def test_a_missing_prediction_is_named(study: Study, others: int) -> None:
    for number in range(others):
        study.add(f"other{number}", "edema", pred={}, ref={})
    study.add("a", "edema", pred=None, ref={(0, 3): 1})
    with pytest.raises(InputError, match=rf"pred/a/edema\.nii\.gz: does not exist \(1 of {others + 1} predictions"):
        evaluate(study.manifest, study.predictions, study.out)
    assert not study.out.exists()


@pytest.fixture
def shifted(study: Study) -> Study:
    """A case whose prediction lies 1 mm beside its reference."""
    study.add("a", "edema", pred={}, ref={})
    affine = SPACING.copy()
    affine[0, 3] = 1.0
    write_labels(study.predictions / "a" / "edema.nii.gz", {}, affine)
    return study


def test_another_grid_is_refused(shifted: Study) -> None:
    with pytest.raises(InputError, match=r"a/edema\.nii\.gz: is on another grid than .*a_edema\.nii\.gz"):
        evaluate(shifted.manifest, shifted.predictions, shifted.out)


def test_a_mask_beside_its_reference_says_by_how_much(shifted: Study) -> None:
    with pytest.raises(InputError, match=r"a_edema\.nii\.gz: both are Volume\(.*, but up to 1 mm apart"):
        evaluate(shifted.manifest, shifted.predictions, shifted.out)


@pytest.mark.parametrize(("pred", "ref", "name"), [({(0, 3): 2}, {}, r"a/edema"), ({}, {(0, 3): 2}, "a_edema")])
def test_edema_has_to_be_binary(study: Study, pred: Labels, ref: Labels, name: str) -> None:
    study.add("a", "edema", pred=pred, ref=ref)
    with pytest.raises(InputError, match=rf"{name}\.nii\.gz: has the value 2, expected 0 and 1"):
        evaluate(study.manifest, study.predictions, study.out)


def test_a_label_that_is_no_bone_is_refused(study: Study) -> None:
    study.add("a", "bones", pred={(0, 3): 1}, ref={(0, 3): 150})
    with pytest.raises(InputError, match=r"a_bones\.nii\.gz: label 150 is not in the table of bones"):
        evaluate(study.manifest, study.predictions, study.out)


def test_a_manifest_without_labels_is_refused(study: Study) -> None:
    study.add_without_labels("a")
    with pytest.raises(InputError, match=r"manifest\.csv: has no label to compare with; fill a column label_<head>"):
        evaluate(study.manifest, study.predictions, study.out)


def test_a_prediction_that_the_other_lacks_is_named(study: Study, tmp_path: Path) -> None:
    for case_id in "ab":
        study.add(case_id, "edema", pred={}, ref={})
    write_labels(tmp_path / "other" / "a" / "edema.nii.gz", {})
    with pytest.raises(InputError, match=r"other/b/edema\.nii\.gz: does not exist \(1 of 2 .* missing: b\)"):
        evaluate(study.manifest, study.predictions, study.out, against=tmp_path / "other")
    study.add("a", "knee", pred=None, ref={})
    study.add("b", "knee", pred=None, ref={})
    (tmp_path / "other" / "a" / "edema.nii.gz").unlink()
    for case_id in "ab":
        write_labels(tmp_path / "other" / case_id / "knee.nii.gz", {})
    with pytest.raises(InputError, match=r"other: has predictions of knee only, not of edema"):
        evaluate(study.manifest, study.predictions, study.out, against=tmp_path / "other")
    assert not study.out.exists()


def test_a_case_that_stands_twice_is_refused(study: Study) -> None:
    study.add("a", "edema", pred={}, ref={})
    lines = study.manifest.read_text().splitlines()
    study.manifest.write_text("\n".join([*lines, lines[-1]]) + "\n")
    with pytest.raises(InputError, match=r"manifest\.csv: case_id a stands twice"):
        evaluate(study.manifest, study.predictions, study.out)


def test_bones_on_another_grid_are_refused(study: Study) -> None:
    study.add("a", "edema", pred={(0, 3): 1}, ref={(0, 3): 1})
    shifted = SPACING.copy()
    shifted[1, 3] = 3.0
    write_labels(study.predictions / "a" / "bones.nii.gz", {}, shifted)
    with pytest.raises(InputError, match=r"a/bones\.nii\.gz: is on another grid than .*a_edema"):
        evaluate(study.manifest, study.predictions, study.out)
