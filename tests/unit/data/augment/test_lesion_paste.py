import pickle

import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.data.augment.lesion_paste import Lesion, RandPasteLesiond, allowed_voxels, lesion_at, paste
from crmo_seg.data.sample import AIR, FOREGROUND, IMAGE, Sample, label_key, labelled_key

SHAPE = (24, 24, 10)
EDEMA, BONES = label_key("edema"), label_key("bones")


def make_patch(*, bones: bool = True, edema: bool = True) -> Sample:
    """Body of signal 0 in air of -1, with a bone of signal -0.2."""
    image = np.full((1, *SHAPE), -1.0, np.float32)
    image[0, 2:22, 2:22] = 0
    image[0, 8:16, 4:20, 2:8] = -0.2
    label = np.zeros((1, *SHAPE), np.uint8)
    label[0, 8:16, 4:20, 2:8] = 3
    sample = {IMAGE: image, EDEMA: np.zeros((1, *SHAPE), np.uint8), BONES: label, AIR: np.array([-1.0], np.float32)}
    for array in sample.values():
        array.flags.writeable = False
    return sample | {labelled_key("edema"): np.float32(edema), labelled_key("bones"): np.float32(bones)}


def make_donor(value: int = 1) -> Sample:
    """A ball of radius 2.5 that is 2 brighter than the marrow around it; outside the bone there is muscle of 5."""
    grid = np.stack(np.meshgrid(*[np.arange(30)] * 3, indexing="ij"), axis=-1)
    ball = np.linalg.norm(grid - 15, axis=-1) <= 2.5
    bones = np.linalg.norm(grid - 15, axis=-1) <= 7
    image = np.where(bones, 0.5, 5.0) + 2.0 * ball
    other = np.zeros_like(ball)
    other[2:4, 2:4, 2:4] = True
    label = (ball | other).astype(np.uint8)[None] * np.uint8(value)
    return {
        IMAGE: image[None].astype(np.float32),
        EDEMA: label,
        BONES: bones[None].astype(np.uint8),
        labelled_key("edema"): np.float32(1),
        labelled_key("bones"): np.float32(1),
        FOREGROUND: {"edema": {value: np.argwhere(ball).astype(np.int32)}},
    }


def make_transform(donors: list[Sample]) -> RandPasteLesiond:
    transform = RandPasteLesiond(1.0, "edema", (1.0, 1.0), (16, 16, 16))
    transform.donors = donors
    return transform


def draw(transform: RandPasteLesiond, patch: Sample, seed: int = 0) -> Sample:
    transform.set_random_state(seed=seed)
    return transform(patch)


def test_a_lesion_is_cut_out_with_its_difference_to_the_marrow() -> None:
    donor = make_donor()
    lesion = lesion_at(donor, "edema", 1, (15, 15, 15), (16, 16, 16))
    assert lesion is not None
    ball = np.linalg.norm(np.argwhere(np.ones((5, 5, 5))) - 2, axis=1) <= 2.5
    assert lesion.mask.sum() == ball.sum()
    assert np.allclose(lesion.difference[0][lesion.mask], 2.0, atol=1e-5)


def test_the_border_of_the_donor_cuts_a_lesion_off() -> None:
    donor = make_donor()
    lesion = lesion_at(donor, "edema", 1, (3, 3, 3), (16, 16, 16))
    assert lesion is not None
    assert lesion.mask.sum() == 8


def test_a_large_lesion_is_cut_off_at_the_box() -> None:
    lesion = lesion_at(make_donor(), "edema", 1, (15, 15, 15), (3, 3, 3))
    assert lesion is not None
    assert lesion.mask.sum() == 27


@pytest.mark.parametrize("seed", range(10))
def test_a_lesion_lands_in_bone_with_label_and_signal_together(seed: int) -> None:
    patch = make_patch()
    changed = draw(make_transform([make_donor()]), patch, seed)
    pasted = changed[EDEMA][0] == 1
    assert pasted.any()
    assert (patch[BONES][0][pasted] > 0).all()
    brighter = changed[IMAGE][0] - patch[IMAGE][0]
    core = ndimage.binary_erosion(pasted)
    assert (brighter[core] > 1.2).all()
    assert np.abs(brighter[~ndimage.binary_dilation(pasted, np.ones((3, 3, 3)), iterations=1)]).max() < 1e-6
    assert not patch[EDEMA].any(), "the input is not written to"


def test_without_bones_a_lesion_lands_in_the_body() -> None:
    patch = make_patch(bones=False)
    assert np.array_equal(allowed_voxels(patch, "edema"), patch[IMAGE][0] > -0.5)
    assert draw(make_transform([make_donor()]), patch)[EDEMA].any()


@pytest.mark.parametrize(
    ("patch", "donors"),
    [
        (make_patch(edema=False), [make_donor()]),
        (make_patch(), []),
        (make_patch(), [{FOREGROUND: {"edema": {}}}]),
        ({key: value for key, value in make_patch().items() if "edema" not in key}, [make_donor()]),
    ],
    ids=["no label", "no donors", "donors without lesions", "no such head"],
)
def test_nothing_is_pasted_where_nothing_can_be(patch: Sample, donors: list[Sample]) -> None:
    changed = draw(make_transform(donors), patch)
    assert all(changed[key] is patch[key] for key in patch)


def test_a_lesion_that_would_mostly_be_cut_away_is_not_pasted() -> None:
    lesion = Lesion(np.ones((9, 9, 9), bool), np.ones((1, 9, 9, 9), np.float32), 1)
    patch = make_patch()
    assert paste(patch, "edema", lesion, (8, 4, 2), 1.0) is patch


def test_the_class_of_the_donor_is_kept() -> None:
    assert set(np.unique(draw(make_transform([make_donor(2)]), make_patch())[EDEMA])) == {0, 2}


def test_donors_may_be_read_only_and_draws_survive_pickling() -> None:
    donor = make_donor()
    for key in (IMAGE, EDEMA, BONES):
        donor[key].flags.writeable = False
    transform = make_transform([donor])
    copy = pickle.loads(pickle.dumps(transform))
    assert np.array_equal(draw(transform, make_patch(), 7)[IMAGE], draw(copy, make_patch(), 7)[IMAGE])
