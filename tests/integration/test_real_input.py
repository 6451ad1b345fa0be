"""Real scans, of which no lesion is known: the commands run, and masks lie on the input's grid."""

import json
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.jobs.predict import PredictOptions, load_model, predict_studies

pytestmark = pytest.mark.real_data


@pytest.mark.parametrize("name", ["body_mr_3mm", "spine_t2"])
def test_a_nifti_file(name: str, shared_data: Path, smoke_run: Path, tmp_path: Path) -> None:
    source = shared_data / "nifti" / f"{name}.nii.gz"
    (result,) = predict_studies(source, tmp_path, load_model(smoke_run / "bundle"), PredictOptions())
    assert result.folder.name == name
    mask = read_labels(result.folder / "edema.nii.gz")
    assert mask.geometry.same_grid(read_image(source).geometry)
    n_lesions = json.loads((result.folder / "summary.json").read_text())["totals"]["n_lesions"]
    assert n_lesions == read_labels(result.folder / "lesions.nii.gz").array.max()
    assert mask.array.any() == (n_lesions > 0)


@pytest.mark.parametrize("series", ["anatomical/001", "hitachi/anatomical/001"])
def test_a_dicom_folder(series: str, shared_data: Path, smoke_run: Path, tmp_path: Path) -> None:
    """The volume analysed is the reference NIfTI, once both are brought to the closest canonical orientation."""
    folder = shared_data / "dicom_vendors" / series
    (result,) = predict_studies(folder, tmp_path, load_model(smoke_run / "bundle"), PredictOptions())
    candidates = (folder.parent / f"{folder.name}{part}_ground_truth.nii.gz" for part in ("", "_implicit"))
    reference = read_image(next(path for path in candidates if path.exists())).canonical()
    image = read_image(result.folder / "image.nii.gz").canonical()
    mask = read_labels(result.folder / "edema.nii.gz").canonical()
    assert image.geometry.same_grid(reference.geometry)
    assert mask.geometry.same_grid(reference.geometry)
    np.testing.assert_allclose(image.array, reference.array)
