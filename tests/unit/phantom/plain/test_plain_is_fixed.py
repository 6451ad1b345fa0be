"""The preset ``plain`` never changes: thresholds of other tests rest on it; work on the phantom adds presets."""

import numpy as np
import pytest

from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import PLAIN, PLAIN_TINY, Preset


@pytest.mark.parametrize(
    ("preset", "index", "shape", "lesions", "edema_voxels", "bone_voxels", "mean_signal"),
    [
        (PLAIN_TINY, 0, (97, 28, 321), 2, 33, 18497, 27.8268),
        (PLAIN_TINY, 1, (98, 27, 332), 3, 197, 20733, 27.9450),
        (PLAIN_TINY, 8, (85, 27, 288), 19, 854, 14229, 27.0872),
        (PLAIN, 0, (393, 41, 1319), 2, 263, 502155, 30.2614),
    ],
)
def test_a_patient_is_the_one_it_always_was(
    preset: Preset,
    index: int,
    shape: tuple[int, int, int],
    lesions: int,
    edema_voxels: int,
    bone_voxels: int,
    mean_signal: float,
) -> None:
    """Voxels on a border may fall to the other side on another processor; hence the small tolerance."""
    study = make_patient(preset, seed=0, index=index)
    assert study.image.geometry.shape == shape
    assert len(study.lesions) == lesions
    assert np.count_nonzero(study.edema.array) == pytest.approx(edema_voxels, rel=1e-3)
    assert np.count_nonzero(study.bones.array) == pytest.approx(bone_voxels, rel=1e-3)
    assert study.image.array.mean() == pytest.approx(mean_signal, rel=1e-3)
