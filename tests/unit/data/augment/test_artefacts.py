import pickle

import numpy as np
import pytest

from crmo_seg.data.augment.artefacts import (
    RandBiasFieldd,
    RandDropSequenced,
    RandFieldOfViewd,
    RandGhostingd,
    RandSliceCrosstalkd,
    RandStationSeamd,
)
from crmo_seg.data.augment.base import RandSometimesd
from crmo_seg.data.sample import AIR, IMAGE, Sample

SHAPE = (24, 20, 8)
LABEL = "label_edema"


def make_sample(channels: int = 2) -> Sample:
    """Tissue of signal 1 with a bright, labelled block, in air of -1; each row has a signal of its own."""
    image = np.full((channels, *SHAPE), -1.0, np.float32)
    image[:, 3:21, 2:18] = 1 + np.arange(16, dtype=np.float32)[:, None] / 100
    image[:, 10:14, 8:12, 3:6] += 3
    label = np.zeros((1, *SHAPE), np.uint8)
    label[0, 10:14, 8:12, 3:6] = 1
    image.flags.writeable = label.flags.writeable = False
    return {IMAGE: image, LABEL: label, "labelled_edema": np.float32(1), AIR: np.full(channels, -1, np.float32)}


def draw(transform: RandSometimesd, seed: int = 0, channels: int = 2) -> Sample:
    transform.set_random_state(seed=seed)
    return transform(make_sample(channels))


TRANSFORMS = [
    RandBiasFieldd(1.0, 0.5),
    RandGhostingd(1.0, 1.0, 0.2),
    RandSliceCrosstalkd(1.0, 0.3),
    RandStationSeamd(1.0, (0, 1), (0.7, 0.9), 2),
    RandFieldOfViewd(1.0, (0.4, 0.8)),
    RandDropSequenced(1.0),
]


@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda transform: type(transform).__name__)
def test_patches_change_with_the_seed_alone(transform: RandSometimesd) -> None:
    changed = draw(transform, 1)
    assert changed[IMAGE].dtype == np.float32
    assert changed[LABEL].dtype == np.uint8
    assert changed[IMAGE].shape == (2, *SHAPE)
    assert changed[LABEL].shape == (1, *SHAPE)
    assert not np.array_equal(changed[IMAGE], make_sample()[IMAGE])
    again = draw(pickle.loads(pickle.dumps(transform)), 1)
    assert np.array_equal(changed[IMAGE], again[IMAGE])
    assert np.array_equal(changed[LABEL], again[LABEL])


def test_a_bias_field_is_smooth_and_leaves_air() -> None:
    image, before = draw(RandBiasFieldd(1.0, 0.5))[IMAGE], make_sample()[IMAGE]
    tissue = before > 0
    assert np.allclose(image[~tissue], -1)
    field = np.where(tissue, image + 1, np.nan) / np.where(tissue, before + 1, 1)
    assert 0.6 <= np.nanmin(field) < np.nanmax(field) <= 1.66
    assert np.nanmax(np.abs(np.diff(field, axis=1))) < 0.1


def test_ghosts_keep_the_object_and_appear_in_air() -> None:
    image, before = draw(RandGhostingd(1.0, 1.0, 0.2), 2)[IMAGE], make_sample()[IMAGE]
    assert (image >= before - 1e-6).all()
    assert (image[before == -1] > -1).any()


def test_cross_talk_darkens_every_second_slice() -> None:
    means = draw(RandSliceCrosstalkd(1.0, 0.3), 3)[IMAGE][0, 3:21, 2:18].mean(axis=(0, 1))
    other = make_sample()[IMAGE][0, 3:21, 2:18].mean(axis=(0, 1))
    assert sorted({tuple(np.isclose(means[parity::2], other[parity::2])) for parity in (0, 1)}) == [
        (False,) * 4,
        (True,) * 4,
    ]


def test_a_seam_is_a_step_of_the_gain() -> None:
    image, before = draw(RandStationSeamd(1.0, (1,), (0.8, 0.8), 0), 5)[IMAGE], make_sample()[IMAGE]
    gain = ((image + 1) / np.maximum(before + 1, 1e-6))[0, 10, 2:18, 0]
    assert set(gain.round(4)) == {1.0, np.float32(0.8)}
    assert (np.diff(gain) != 0).sum() == 1


def test_label_and_signal_move_together_beyond_a_seam() -> None:
    moves = set()
    for seed in range(60):
        changed = draw(RandStationSeamd(1.0, (1,), (1.0, 1.0), 2), seed, channels=1)
        assert np.array_equal(changed[IMAGE][0] > 3, changed[LABEL][0] == 1)
        moves |= {int(np.argwhere(changed[LABEL][0, :, row]).min(axis=0)[0] - 10) for row in range(8, 12)}
    assert moves == {-2, -1, 0, 1, 2}


def test_a_seam_does_not_push_the_last_labelled_voxel_out() -> None:
    sample = make_sample() | {LABEL: np.zeros((1, *SHAPE), np.uint8)}
    sample[LABEL][0, 0] = 1
    transform = RandStationSeamd(1.0, (1,), (0.9, 1.1), 2)
    for seed in range(40):
        transform.set_random_state(seed=seed)
        assert transform(sample)[LABEL].any()


def test_beyond_a_smaller_field_of_view_lies_air() -> None:
    before, sides = make_sample(), set()
    for seed in range(40):
        changed = draw(RandFieldOfViewd(1.0, (0.5, 1.0)), seed)
        inside = (changed[IMAGE] == before[IMAGE]) & (before[IMAGE] > -1)
        assert changed[LABEL].any()
        assert np.array_equal(changed[LABEL], before[LABEL] * inside[:1])
        assert (changed[IMAGE][~inside] == -1).all()
        seen = np.argwhere(inside[0])
        assert inside[0].sum() == np.prod(np.ptp(seen, axis=0) + 1), "what is left is a box"
        sides.add(tuple(np.ptp(seen, axis=0) + 1))
    assert len(sides) > 20
    assert min(side[2] for side in sides) >= 4


def test_a_field_of_view_never_loses_a_whole_label() -> None:
    sample = make_sample() | {LABEL: np.zeros((1, *SHAPE), np.uint8)}
    sample[LABEL][0, 0, 0, 0] = 1
    transform, whole = RandFieldOfViewd(1.0, (0.4, 1.0)), 0
    for seed in range(40):
        transform.set_random_state(seed=seed)
        changed = transform(sample)
        assert changed[LABEL].any()
        whole += np.array_equal(changed[IMAGE], sample[IMAGE])
    assert whole > 20


def test_never_all_sequences_are_missing() -> None:
    missing = {tuple((draw(RandDropSequenced(1.0), seed, 3)[IMAGE] == -1).all(axis=(1, 2, 3))) for seed in range(80)}
    assert len(missing) == 6, "each choice of one or two of three"
    assert (True,) * 3 not in missing
    assert (False,) * 3 not in missing


def test_a_single_sequence_is_never_missing() -> None:
    assert np.array_equal(draw(RandDropSequenced(1.0), 0, 1)[IMAGE], make_sample(1)[IMAGE])
