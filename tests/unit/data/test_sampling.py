import numpy as np
import pytest
from builders import make_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.data.dataset import EpochSampler, PatchDataset
from crmo_seg.data.pipeline import mirror_and_intensity, no_augmentation, training_pipeline
from crmo_seg.data.sample import CENTRE_ON_FOREGROUND, FOREGROUND, IMAGE, Sample, label_key, labelled_key
from crmo_seg.data.sampling import SamplePatchd

PLAN = make_plan((8, 8, 4))
LABEL = label_key("edema")


def make_sample(shape: tuple[int, int, int] = (20, 24, 8), lesion: tuple[int, int, int] | None = (15, 20, 6)) -> Sample:
    """The image holds each voxel's own number, so that a patch says where it was cut."""
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(1, *shape)
    label = np.zeros((1, *shape), np.uint8)
    if lesion is not None:
        label[(0, *lesion)] = 1
    return {
        IMAGE: image,
        LABEL: label,
        labelled_key("edema"): np.float32(1),
        FOREGROUND: np.argwhere(label[0]).astype(np.int32),
    }


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), lesion=st.tuples(st.integers(0, 19), st.integers(0, 23), st.integers(0, 7)))
def test_a_foreground_patch_holds_the_lesion(seed: int, lesion: tuple[int, int, int]) -> None:
    transform = SamplePatchd(PLAN)
    transform.set_random_state(seed)
    patch = transform({**make_sample(lesion=lesion), CENTRE_ON_FOREGROUND: True})
    assert patch[IMAGE].shape == patch[LABEL].shape == (1, 8, 8, 4)
    assert patch[LABEL].sum() == 1


def test_image_and_label_are_cut_alike() -> None:
    transform = SamplePatchd(PLAN)
    transform.set_random_state(3)
    sample = make_sample()
    patch = transform({**sample, CENTRE_ON_FOREGROUND: True})
    assert patch[IMAGE][patch[LABEL] == 1] == sample[IMAGE][sample[LABEL] == 1]


def test_a_small_case_is_padded_with_air() -> None:
    patch = SamplePatchd(PLAN)({**make_sample((5, 8, 4), None), CENTRE_ON_FOREGROUND: False})
    assert patch[IMAGE].shape == (1, 8, 8, 4)
    assert (patch[IMAGE][0, 5:] == 0).all()


def test_patches_reach_every_corner() -> None:
    transform = SamplePatchd(PLAN)
    transform.set_random_state(0)
    sample = make_sample((9, 9, 5), None)
    starts = {float(transform({**sample, CENTRE_ON_FOREGROUND: False})[IMAGE][0, 0, 0, 0]) for _ in range(200)}
    assert len(starts) == 8


def make_dataset(samples: list[Sample], seed: int = 0, share: float = 1.0) -> PatchDataset:
    pipeline = training_pipeline(
        PLAN, mirror_and_intensity(["edema"], flip_axes=(0, 1, 2), intensity_probability=0.5, noise_std=0.1)
    )
    return PatchDataset(samples, pipeline, length=10, foreground_share=share, seed=seed)


def test_foreground_slots_are_not_spent_on_cases_without_lesions() -> None:
    dataset = make_dataset([make_sample(lesion=None), make_sample(), make_sample(lesion=None)])
    assert all(dataset[number][LABEL].sum() == 1 for number in range(30))


def test_without_any_lesion_patches_still_come() -> None:
    assert make_dataset([make_sample(lesion=None)])[0][IMAGE].shape == (1, 8, 8, 4)


def test_a_patch_depends_on_seed_and_number_alone() -> None:
    first, second = make_dataset([make_sample()]), make_dataset([make_sample()])
    [first[number] for number in range(5)]  # another history
    assert np.array_equal(first[7][IMAGE], second[7][IMAGE])
    assert not np.array_equal(first[7][IMAGE], first[8][IMAGE])
    assert not np.array_equal(first[7][IMAGE], make_dataset([make_sample()], seed=1)[7][IMAGE])


def test_the_global_random_state_is_left_alone() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002  (this is what is tested)
    make_dataset([make_sample()])[0]
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_an_epoch_counts_on_from_the_one_before() -> None:
    sampler = EpochSampler(3)
    assert list(sampler) == [0, 1, 2]
    sampler.set_epoch(2)
    assert list(sampler) == [6, 7, 8]
    assert len(sampler) == 3


def test_mirroring_moves_label_and_image_together() -> None:
    sample = make_sample()
    augmentation = mirror_and_intensity(["edema"], flip_axes=(0, 1, 2), intensity_probability=0.0, noise_std=0.0)
    dataset = PatchDataset([sample], training_pipeline(PLAN, augmentation), length=8, foreground_share=1.0, seed=0)
    patches = [dataset[number] for number in range(8)]
    value = sample[IMAGE][sample[LABEL] == 1].item()
    assert all(patch[IMAGE][patch[LABEL] == 1].item() == value for patch in patches)
    steps = {(patch[IMAGE][0, 1, 0, 0] - patch[IMAGE][0, 0, 0, 0]).sign().item() for patch in patches}
    assert steps == {-1.0, 1.0}, "some patches are mirrored, some are not"


def test_no_augmentation_is_empty() -> None:
    assert no_augmentation(["edema"]) == []


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_the_share_of_foreground_is_kept(share: float) -> None:
    """In a large case a patch rarely meets the one lesion voxel by chance."""
    dataset = make_dataset([make_sample((60, 60, 40), (30, 30, 20))], share=share)
    held = np.mean([float(dataset[number][LABEL].sum()) for number in range(200)])
    assert held == pytest.approx(share, abs=0.1)
