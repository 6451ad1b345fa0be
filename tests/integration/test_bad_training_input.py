"""What a user can get wrong in ``train.py``: refused in one line before anything is learnt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from stub_model import Finished, make_image, write_image

from crmo_seg.cases import Case, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.training.app import configs_dir
from crmo_seg.training.run import fit


def start(repository: Path, *arguments: object) -> Finished:
    command = [sys.executable, str(repository / "train.py"), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def fit_with(out: Path, *overrides: str) -> Path:
    with initialize_config_dir(str(configs_dir()), version_base="1.3"):
        config = compose("train", ["experiment=smoke", f"output_dir={out}", "data.phantom=null", *overrides])
    return fit(config)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Seven patients; the label of the last lies beside its image."""
    image = write_image(tmp_path / "scan.nii.gz")
    labels = {True: tmp_path / "label.nii.gz", False: tmp_path / "shifted.nii.gz"}
    affine = make_image().geometry.affine
    for fits, path in labels.items():
        moved = affine + np.pad([[0.0 if fits else 9.0]], ((0, 3), (3, 0)))
        nib.save(nib.Nifti1Image(np.ones(make_image().array.shape, np.uint8), moved), path)
    cases = [Case(f"c{i}", f"p{i}", images={"stir": image}, labels={"edema": labels[i < 6]}) for i in range(7)]
    write_manifest(tmp_path / "manifest.csv", cases)
    return tmp_path / "manifest.csv"


def test_a_missing_manifest_as_a_process(repository: Path, tmp_path: Path, out: Path) -> None:
    finished = start(repository, f"data.manifest={tmp_path / 'nowhere.csv'}", f"output_dir={out}")
    finished.assert_refused(str(tmp_path / "nowhere.csv"), "does not exist")
    assert finished.out == ""
    assert not (out / "bundle").exists()


@pytest.mark.slow
def test_a_patch_that_does_not_fit_as_a_process(repository: Path, out: Path) -> None:
    finished = start(repository, "experiment=smoke", f"output_dir={out}", "network.patch=[30,32,16]")
    finished.assert_refused("patch (30, 32, 16) does not fit the network's strides", "multiple of (8, 8, 4)")
    assert not (out / "phantom").exists()


def test_no_data_is_said(out: Path) -> None:
    with pytest.raises(InputError, match=r"data\.manifest: is not set; add data\.manifest=FILE"):
        fit_with(out)


def test_a_network_that_no_package_adds_is_refused_before_phantoms_are_made(out: Path) -> None:
    with pytest.raises(InputError, match=r"network_class: names the network 'os\.system'; allowed: crmo_seg"):
        fit_with(out, "network.network_class=os.system")
    assert not out.exists()


def test_a_head_without_classes_is_refused(out: Path, manifest: Path) -> None:
    with pytest.raises(InputError, match="head knee: names no classes"):
        fit_with(out, f"data.manifest={manifest}", "data.heads=[knee]")


def test_a_fold_that_does_not_exist_is_refused(out: Path, manifest: Path) -> None:
    manifest.write_text(manifest.read_text().replace("shifted", "label"))
    with pytest.raises(InputError, match="fold 9 of 6 has 7 training and 0 validation cases"):
        fit_with(out, f"data.manifest={manifest}", "data.fold=9")


def test_a_sequence_that_no_case_has_is_refused(out: Path, manifest: Path) -> None:
    with pytest.raises(InputError, match="has no image_t1 .has stir."):
        fit_with(out, f"data.manifest={manifest}", "data.sequences=[t1]")


def test_a_label_on_another_grid_is_named(out: Path, manifest: Path) -> None:
    with pytest.raises(InputError, match=r"shifted\.nii\.gz: lies on another grid than the image of case c6"):
        fit_with(out, f"data.manifest={manifest}")
    assert not (out / "bundle").exists()
