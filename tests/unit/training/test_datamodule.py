from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from crmo_seg.cases import read_manifest, split_by_patient
from crmo_seg.data.sample import CASE, IMAGE, label_key, labelled_key
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_geometry
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.plan import EDEMA_HEAD, GridPlan, Head, NetworkPlan, Plan
from crmo_seg.training.datamodule import SPACING_MM, Sampling, SegmentationData

STAGES = NetworkPlan((4, 8), ((1, 1, 1), (2, 2, 2)), ((3, 3, 1), (3, 3, 3)))
PLAN = Plan(("stir",), (EDEMA_HEAD,), GridPlan(8.0, (4.0, 8.0)), (16, 16, 8), STAGES)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> SegmentationData:
    manifest: Path = make_phantoms(
        tmp_path_factory.mktemp("phantoms"), PhantomOptions(patients=3, preset="plain", tiny=True, seed=1)
    )
    split = split_by_patient(read_manifest(manifest), fold=0, folds=3)
    cache = tmp_path_factory.mktemp("cache")
    prepared = SegmentationData(split, PLAN, Sampling(2, 6, 0.5), (), cache=cache, seed=0)
    prepared.setup()
    return prepared


def test_batches_are_tensors_of_the_patch_size(data: SegmentationData) -> None:
    batches = list(data.train_dataloader())
    assert len(batches) == 3
    assert batches[0][IMAGE].shape == (2, 1, 16, 16, 8)
    assert batches[0][label_key("edema")].dtype == torch.uint8
    assert batches[0][labelled_key("edema")].tolist() == [1.0, 1.0]


def test_an_epoch_draws_other_patches_than_the_one_before(data: SegmentationData) -> None:
    loader = data.train_dataloader()
    first = next(iter(loader))[IMAGE]
    assert torch.equal(first, next(iter(loader))[IMAGE])
    loader.sampler.set_epoch(1)  # type: ignore[attr-defined]
    assert not torch.equal(first, next(iter(loader))[IMAGE])


def test_validation_cases_come_whole_and_stay_arrays(data: SegmentationData) -> None:
    (case,) = list(data.val_dataloader())
    assert isinstance(case[IMAGE], np.ndarray)
    assert data.transfer_batch_to_device(case, torch.device("cpu"), 0) is case
    slice_spacing_mm = np.clip(max(read_geometry(case[CASE].images["stir"]).spacing_mm), 4.0, 8.0)
    assert case[SPACING_MM] == pytest.approx((8.0, 8.0, slice_spacing_mm))


def test_setup_twice_reads_once(data: SegmentationData) -> None:
    before = data.train_samples
    data.setup()
    assert data.train_samples is before


def test_a_head_that_no_case_to_learn_from_labels_is_refused(data: SegmentationData, tmp_path: Path) -> None:
    plan = replace(PLAN, heads=(EDEMA_HEAD, Head("hip", ("hip",))))
    unlabelled = SegmentationData(data.split, plan, data.sampling, (), cache=tmp_path, seed=0)
    message = "head hip: is labelled in none of the 2 cases to learn from; give label_hip for some of them in the man"
    with pytest.raises(InputError, match=message):
        unlabelled.setup()


def test_the_brightest_of_no_voxel_is_refused() -> None:
    with pytest.raises(InputError, match="data.sampling: has brightest_of=0; give 1 voxel or more"):
        Sampling(2, 6, 0.5, brightest_of=0)
