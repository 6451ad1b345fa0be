import numpy as np
import pytest
from builders import make_plan

from crmo_seg.data.dataset import EpochSampler, Foreground, PatchDataset
from crmo_seg.data.pipeline import mirror_and_intensity, no_augmentation, training_pipeline
from crmo_seg.data.sample import FOREGROUND, IMAGE, Sample, label_key, labelled_key

PLAN = make_plan((8, 8, 4))
LABEL = label_key("edema")


def make_sample(shape: tuple[int, int, int] = (20, 24, 8), lesion: tuple[int, int, int] | None = (15, 20, 6)) -> Sample:
    """The image holds each voxel's own number, so that a patch says where it was cut."""
    image = np.arange(np.prod(shape), dtype=np.float32).reshape(1, *shape)
    label = np.zeros((1, *shape), np.uint8)
    if lesion is not None:
        label[(0, *lesion)] = 1
    positions = {1: np.array([lesion], np.int32)} if lesion is not None else {}
    return {IMAGE: image, LABEL: label, labelled_key("edema"): np.float32(1), FOREGROUND: {"edema": positions}}


def make_dataset(samples: list[Sample], seed: int = 0, share: float = 1.0) -> PatchDataset:
    pipeline = training_pipeline(
        PLAN, mirror_and_intensity(["edema"], flip_axes=(0, 1, 2), intensity_probability=0.5, noise_std=0.1)
    )
    return PatchDataset(samples, pipeline, foreground=Foreground(share, ("edema",)), length=10, seed=seed)


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
    pipeline = training_pipeline(PLAN, augmentation)
    dataset = PatchDataset([sample], pipeline, foreground=Foreground(1.0, ("edema",)), length=8, seed=0)
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


def test_each_class_of_a_case_is_drawn_as_often() -> None:
    """However many voxels it has."""
    sample = make_sample((60, 60, 40), (5, 5, 5))
    sample[LABEL][0, 40:50, 40:50, 30:35] = 2
    sample[FOREGROUND]["edema"][2] = np.argwhere(sample[LABEL][0] == 2).astype(np.int32)
    dataset = make_dataset([sample])
    rare = np.mean([bool((dataset[number][LABEL] == 1).any()) for number in range(200)])
    assert rare == pytest.approx(0.5, abs=0.1)


def test_only_the_named_heads_are_foreground() -> None:
    sample = make_sample()
    sample[FOREGROUND]["bones"] = {1: np.array([[0, 0, 0]], np.int32)}
    assert [len(Foreground(1.0, heads).regions(sample)) for heads in (("edema",), ("edema", "bones"))] == [1, 2]


def test_other_patches_hold_what_is_asked_for() -> None:
    sample = make_sample((60, 60, 40), (5, 5, 5))
    sample[FOREGROUND]["bones"] = {7: np.array([[40, 40, 20]], np.int32)}
    pipeline = training_pipeline(PLAN, no_augmentation(["edema"]))
    dataset = PatchDataset([sample], pipeline, foreground=Foreground(0.0, ("edema",), ("bones",)), length=10, seed=0)
    value = sample[IMAGE][0, 40, 40, 20]
    assert all((dataset[number][IMAGE] == value).any() for number in range(20))


@pytest.mark.parametrize(("brightest_of", "share"), [(1, 0.5), (3, 0.875), (40, 1.0)])
def test_other_patches_hold_the_brightest_of_some_voxels(brightest_of: int, share: float) -> None:
    """Of two voxels the brighter one is missed only where all draws hit the other one."""
    sample = make_sample((60, 60, 40), (5, 5, 5))
    sample[FOREGROUND]["bones"] = {7: np.array([[10, 20, 20], [40, 40, 20]], np.int32)}
    foreground = Foreground(0.0, ("edema",), ("bones",), brightest_of)
    pipeline = training_pipeline(PLAN, no_augmentation(["edema"]))
    dataset = PatchDataset([sample], pipeline, foreground=foreground, length=10, seed=0)
    brighter = sample[IMAGE][0, 40, 40, 20]
    held = np.mean([(dataset[number][IMAGE] == brighter).any() for number in range(200)])
    assert held == pytest.approx(share, abs=0.1)


def test_foreground_is_drawn_as_before_where_other_patches_hold_the_brightest() -> None:
    sample = make_sample((60, 60, 40), (5, 5, 5))
    sample[FOREGROUND]["edema"][1] = np.array([[5, 5, 5], [50, 50, 30]], np.int32)
    sample[LABEL][0, 50, 50, 30] = 2
    pipeline = training_pipeline(PLAN, no_augmentation(["edema"]))
    foreground = Foreground(1.0, ("edema",), ("edema",), 40)
    dataset = PatchDataset([sample], pipeline, foreground=foreground, length=10, seed=0)
    held = np.mean([(dataset[number][LABEL] == 2).any() for number in range(200)])
    assert held == pytest.approx(0.5, abs=0.1)
