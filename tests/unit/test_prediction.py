"""Predictions: one grid, and totals."""

from __future__ import annotations

import numpy as np
import pytest
from builders import PROVENANCE

from crmo_seg.lesions import find_lesions
from crmo_seg.prediction import Prediction
from crmo_seg.volume import Geometry, GeometryError, Volume


def make_mask(spacing_mm: float = 5.0) -> Volume:
    array = np.zeros((8, 8, 8), dtype=bool)
    array[0:2, 0:2, 0:2] = True
    array[5:8, 5:8, 5:8] = True
    return Volume(array, Geometry(np.diag([spacing_mm] * 3 + [1.0]), array.shape))


def test_totals_by_hand() -> None:
    mask = make_mask()  # 8 and 27 voxels of 0.125 ml
    prediction = Prediction("a", {"edema": mask}, None, find_lesions(mask), PROVENANCE)
    assert prediction.summary() == {
        "n_lesions": 2,
        "total_volume_ml": 4.375,
        "largest_volume_ml": 3.375,
        "mask_volumes_ml": {"edema": 4.375},
    }
    assert [lesion.lesion_id for lesion in prediction.lesions] == [1, 2]


def test_without_an_edema_head_there_are_no_lesions() -> None:
    prediction = Prediction("a", {"bones": make_mask()}, None, None, PROVENANCE)
    assert prediction.lesions == ()
    assert prediction.summary() == {
        "n_lesions": None,
        "total_volume_ml": None,
        "largest_volume_ml": None,
        "mask_volumes_ml": {"bones": 4.375},
    }


def test_an_empty_mask_is_a_valid_answer() -> None:
    mask = make_mask()
    empty = mask.with_array(np.zeros_like(mask.array))
    assert Prediction("a", {"edema": empty}, None, find_lesions(empty), PROVENANCE).summary()["n_lesions"] == 0


def test_volumes_on_different_grids_are_refused() -> None:
    with pytest.raises(GeometryError, match="case a do not share one grid"):
        Prediction("a", {"edema": make_mask(), "bones": make_mask(4.0)}, None, None, PROVENANCE)
    with pytest.raises(GeometryError, match="do not share one grid"):
        Prediction("a", {"edema": make_mask()}, None, find_lesions(make_mask(4.0)), PROVENANCE)
