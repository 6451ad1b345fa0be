"""The whole pipeline, from a prepared case to tensors, with every repertoire of the configurations."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import make_plan
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from monai.transforms import Compose
from scipy import ndimage

from crmo_seg.data.augment.lesion_paste import RandPasteLesiond
from crmo_seg.data.augment.signal import RandNoised
from crmo_seg.data.augment.spatial import RandBendd, RandMirrord, RandRotated, RandScaled
from crmo_seg.data.pipeline import steps_in_order, training_pipeline
from crmo_seg.data.sample import CENTRE_ON_FOREGROUND, FOREGROUND, IMAGE, Sample, label_key, labelled_key
from crmo_seg.plan import Triple

CONFIGS = Path(__file__).parents[3] / "configs"
REPERTOIRES = sorted(path.stem for path in (CONFIGS / "augmentation").glob("*.yaml"))
LABEL = label_key("edema")
CUBE, SLAB = (24, 24, 24), (32, 32, 8)
TURNING = (RandRotated(1.0, 30), RandScaled(1.0, (0.7, 1.4)), RandMirrord((0, 1, 2)), RandBendd(1.0, 1.0))


def make_case(shape: Triple = (48, 40, 30), radius: float = 4.0, centre: Triple = (30, 9, 20)) -> Sample:
    """A bright ball in dark tissue; its voxels are labelled."""
    grid = np.stack(np.meshgrid(*[np.arange(side) for side in shape], indexing="ij"), axis=-1)
    distance = np.linalg.norm(grid - centre, axis=-1)
    label = (distance <= radius).astype(np.uint8)[None]
    image = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)[None]
    for array in (image, label):
        array.flags.writeable = False
    positions = np.argwhere(label[0]).astype(np.int32)
    return {IMAGE: image, LABEL: label, labelled_key("edema"): np.float32(1), FOREGROUND: positions}


def draw(pipeline: Compose, case: Sample, seed: int, *, on_foreground: bool = True) -> Sample:
    pipeline.set_random_state(seed=seed)
    patch: Sample = pipeline({**case, CENTRE_ON_FOREGROUND: on_foreground})
    return patch


def repertoire(name: str) -> list:
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("train", overrides=[f"augmentation={name}"])
    return instantiate(config.augmentation, heads=["edema"], _convert_="all")


@pytest.mark.parametrize("patch", [CUBE, SLAB], ids=["cube", "slab"])
def test_label_and_signal_stay_together(patch: Triple) -> None:
    """The centres of a ball's signal and of its label agree, turned, scaled, mirrored and bent at once."""
    pipeline = training_pipeline(make_plan(patch), TURNING)
    case = make_case(radius=patch[2] / 4)
    compared = 0
    for seed in range(200):
        drawn = draw(pipeline, case, seed)
        image, label = drawn[IMAGE][0].numpy(), drawn[LABEL][0].numpy()
        assert label.any(), "a patch on foreground holds some"
        inside = np.argwhere(label)
        if (inside.min(axis=0) > 0).all() and (inside.max(axis=0) < np.array(patch) - 1).all():
            gap = np.subtract(ndimage.center_of_mass(image), ndimage.center_of_mass(label))
            assert np.linalg.norm(gap) < 0.5
            compared += 1
    assert compared > 30


@pytest.mark.parametrize("patch", [CUBE, SLAB], ids=["cube", "slab"])
@pytest.mark.parametrize("centre", [(0, 0, 0), (47, 20, 29), (24, 20, 15)])
def test_a_single_voxel_is_never_lost(patch: Triple, centre: Triple) -> None:
    pipeline = training_pipeline(make_plan(patch), TURNING)
    case = make_case(radius=0.1, centre=centre)
    assert all(draw(pipeline, case, seed)[LABEL].any() for seed in range(100))


@pytest.mark.parametrize("name", REPERTOIRES)
def test_every_repertoire_gives_whole_patches_by_the_seed_alone(name: str) -> None:
    steps = repertoire(name)
    before = np.random.get_state()[1].copy(), torch.get_rng_state()  # noqa: NPY002  (this is what is tested)
    first = training_pipeline(make_plan(CUBE), steps)
    second = pickle.loads(pickle.dumps(first))
    case = make_case()
    [draw(first, case, seed) for seed in (7, 9)]  # another history
    for seed in range(25):
        one, other = draw(first, case, seed), draw(second, case, seed)
        assert set(one) == {IMAGE, LABEL, labelled_key("edema")}
        assert one[IMAGE].shape == one[LABEL].shape == (1, *CUBE)
        assert (one[IMAGE].dtype, one[LABEL].dtype) == (torch.float32, torch.uint8)
        assert torch.isfinite(one[IMAGE]).all()
        assert torch.equal(one[IMAGE], other[IMAGE])
        assert torch.equal(one[LABEL], other[LABEL])
    assert np.array_equal(before[0], np.random.get_state()[1])  # noqa: NPY002
    assert torch.equal(before[1], torch.get_rng_state())


def test_a_case_smaller_than_the_patch_is_padded() -> None:
    pipeline = training_pipeline(make_plan(CUBE), TURNING)
    case = make_case((10, 30, 12), 2.0, (5, 20, 6))
    assert all(draw(pipeline, case, seed)[LABEL].any() for seed in range(50))


def test_patches_of_nothing_in_particular_cover_the_case() -> None:
    pipeline = training_pipeline(make_plan((8, 8, 4)), [RandRotated(1.0, 30)])
    drawn = [bool(draw(pipeline, make_case(), seed, on_foreground=False)[LABEL].any()) for seed in range(100)]
    assert 0 < np.mean(drawn) < 0.5


def test_windows_are_changed_before_the_cut_wherever_they_are_listed() -> None:
    """Mirroring listed last costs no second copy."""
    pipeline = training_pipeline(make_plan(CUBE), [RandNoised(1.0, 0.1), RandMirrord((0,))])
    names = [type(transform).__name__ for transform in pipeline.transforms]
    assert names == ["PlacePatchd", "RandMirrord", "CutPatchd", "RandNoised", "DeleteItemsd", "EnsureTyped"]


def test_lesions_come_from_the_donors() -> None:
    paste = RandPasteLesiond(1.0, "edema", (1.0, 1.0), (12, 12, 12))
    donor = make_case()
    pipeline = training_pipeline(make_plan(CUBE), [paste], [{**donor, FOREGROUND: {"edema": {1: donor[FOREGROUND]}}}])
    body = make_case(radius=0.1, centre=(0, 0, 0)) | {IMAGE: np.zeros((1, 48, 40, 30), np.float32), "air": [-1.0]}
    assert draw(pipeline, body, 0, on_foreground=False)[LABEL].sum() > 50


def test_steps_are_changed_by_name() -> None:
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        overrides = ["augmentation=nnunet", "augmentation.steps.rotation.prob=1.0", "~augmentation.steps.noise"]
        config = compose("train", overrides=overrides)
    steps = instantiate(config.augmentation, heads=["edema"], _convert_="all")
    assert steps[0].prob == 1.0
    assert not any(isinstance(step, RandNoised) for step in steps)


def test_whole_body_adds_to_nnunet() -> None:
    ours, theirs = ([type(step).__name__ for step in repertoire(name)] for name in ("whole_body", "nnunet"))
    assert ours[: len(theirs)] == theirs
    added = ["PasteLesion", "ContrastCurve", "BiasField", "StationSeam", "FieldOfView", "Ghosting", "SliceCrosstalk"]
    assert ours[len(theirs) :] == [f"Rand{name}d" for name in (*added, "DropSequence")]


def test_steps_keep_their_order() -> None:
    assert steps_in_order(["edema"], steps={"b": 1, "a": 2}) == [1, 2]
