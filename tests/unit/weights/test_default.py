"""The model that the package ships: small, whole, ready for either backend."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmo_seg.bundle import ModelBundle, has_half_weights, load_bundle, part_folder
from crmo_seg.inference.openvino_files import find_openvino_files
from crmo_seg.jobs.predict import DEFAULT_MODEL, WEIGHTS
from crmo_seg.jobs.publish import folder_megabytes
from crmo_seg.keys import BONES, EDEMA, STIR

MOST_MEGABYTES = 25.0
LARGEST_CHANGE = 0.05
"""Of a probability, by rounding: at the edge of a lesion, where it changes from voxel to voxel."""


@pytest.fixture(scope="module")
def folder() -> Path:
    if not (WEIGHTS / DEFAULT_MODEL / "bundle.yaml").is_file():
        pytest.skip("this checkout has no default model")
    return WEIGHTS / DEFAULT_MODEL


@pytest.fixture(scope="module")
def bundle(folder: Path) -> ModelBundle:
    return load_bundle(folder)


def test_all_that_is_shipped_stays_small(folder: Path) -> None:
    assert folder_megabytes(folder.parent) <= MOST_MEGABYTES


def test_it_marks_edema_and_bones_on_stir(bundle: ModelBundle) -> None:
    assert bundle.name == DEFAULT_MODEL
    assert bundle.plan.sequences == (STIR,)
    assert [head.name for head in bundle.heads] == [EDEMA, BONES]


def test_its_openvino_model_is_whole_and_of_its_weights(bundle: ModelBundle, folder: Path) -> None:
    assert len(find_openvino_files(bundle, folder).models) == len(bundle.members)
    for number, part in enumerate(bundle.parts):
        assert len(find_openvino_files(part, part_folder(folder, number)).models) == len(part.members)


def test_it_tells_what_rounding_changed(bundle: ModelBundle) -> None:
    assert has_half_weights(bundle)
    changes = (bundle.provenance or {})["rounding"]["largest_difference"]
    assert set(changes) == {EDEMA, BONES}
    assert changes[EDEMA] <= LARGEST_CHANGE
