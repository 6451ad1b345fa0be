"""A radiologist corrects a prediction: predict, edit, ``dataset add-correction``, check; and bones from elsewhere."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
from slicer_files import write_segmentation
from stub_model import Finished, entries, make_image

from crmo_seg.cases import read_manifest
from crmo_seg.io.nifti import read_labels, write_nifti
from crmo_seg.volume import Volume

Command = Callable[..., Finished]


def edited(value: int = 1) -> Volume:
    labels = np.zeros(make_image().geometry.shape, np.uint8)
    labels[8:12, 3:5, 10:14] = value
    return Volume(labels, make_image().geometry)


def test_predict_edit_add_and_check(crmo_seg: Command, model: Path, scan: Path, out: Path, tmp_path: Path) -> None:
    assert crmo_seg("predict", scan, "-o", out, "--model", model, "--quiet").code == 0
    mask = write_segmentation(tmp_path / "edited.seg.nrrd", [edited()])
    arguments = ("none", out / "scan", mask, "-o", tmp_path / "m.csv", "--reader", "anna")
    refused = crmo_seg("dataset", "add-correction", *arguments)
    refused.assert_refused("scan: does not say who the patient is", "give --patient-id")
    added = crmo_seg("dataset", "add-correction", *arguments, "--patient-id", "p1")
    assert (added.code, added.err) == (0, "")
    assert added.out.startswith("new case scan of patient p1: edema 0.77 ml, before ")
    checked = crmo_seg(*shlex.split(added.out.splitlines()[-1])[1:])
    assert checked.out.splitlines()[-1].startswith("1 cases: 0 errors")
    (case,) = read_manifest(tmp_path / "m.csv")
    assert np.array_equal(read_labels(case.labels["edema"]).array, edited().array)


def test_a_correction_never_replaces(crmo_seg: Command, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("mine")
    before = entries(tmp_path)
    refused = crmo_seg("dataset", "add-correction", "none", "c", tmp_path / "a.nrrd", "-o", tmp_path / "m.csv")
    refused.assert_refused("m.csv: is there already")
    assert (entries(tmp_path), (tmp_path / "m.csv").read_text()) == (before, "mine")


def test_sites_by_bones_from_elsewhere(crmo_seg: Command, model: Path, scan: Path, out: Path, tmp_path: Path) -> None:
    assert crmo_seg("predict", scan, "-o", out, "--model", model, "--quiet").code == 0
    bones = tmp_path / "bones.nii.gz"
    write_nifti(bones, edited(36))
    told = crmo_seg("sites", out / "scan", "--bones", f"total_mr={bones}")
    assert (told.code, told.err) == (0, "")
    assert "lesions lie in a bone of the mask" in told.out
    crmo_seg("sites", out / "scan", "--bones", bones).assert_refused("--bones: is ", "write LABELS=FILE")
    crmo_seg("sites", tmp_path, "--bones", f"total_mr={bones}").assert_refused("is no prediction")
