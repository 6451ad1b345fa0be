import numpy as np
from builders import make_plan
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.data.sample import AIR, CENTRE_ON_FOREGROUND, FOREGROUND, IMAGE, Sample, label_key, labelled_key
from crmo_seg.data.sampling import CutPatchd, PlacePatchd

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


def cut_patch(sample: Sample, seed: int, *, on_foreground: bool, times: int = 1) -> list[Sample]:
    place, cut = PlacePatchd(PLAN), CutPatchd(PLAN)
    place.set_random_state(seed=seed)
    return [cut(place({**sample, CENTRE_ON_FOREGROUND: on_foreground})) for _ in range(times)]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), lesion=st.tuples(st.integers(0, 19), st.integers(0, 23), st.integers(0, 7)))
def test_a_foreground_patch_holds_the_lesion(seed: int, lesion: tuple[int, int, int]) -> None:
    (patch,) = cut_patch(make_sample(lesion=lesion), seed, on_foreground=True)
    assert patch[IMAGE].shape == patch[LABEL].shape == (1, 8, 8, 4)
    assert patch[LABEL].sum() == 1


def test_image_and_label_are_cut_alike() -> None:
    sample = make_sample()
    (patch,) = cut_patch(sample, 3, on_foreground=True)
    assert patch[IMAGE][patch[LABEL] == 1] == sample[IMAGE][sample[LABEL] == 1]


def test_a_small_case_is_padded_with_air() -> None:
    (patch,) = cut_patch(make_sample((5, 8, 4), None), 0, on_foreground=False)
    assert patch[IMAGE].shape == (1, 8, 8, 4)
    assert (patch[IMAGE][0, 5:] == 0).all()


def test_the_air_of_the_prepared_sample_is_taken_where_it_is_known() -> None:
    (patch,) = cut_patch({**make_sample((5, 8, 4), None), AIR: np.array([-7.0])}, 0, on_foreground=False)
    assert (patch[IMAGE][0, 5:] == -7).all()


def test_patches_reach_every_corner() -> None:
    patches = cut_patch(make_sample((9, 9, 5), None), 0, on_foreground=False, times=200)
    assert len({float(patch[IMAGE][0, 0, 0, 0]) for patch in patches}) == 8


def test_placing_reads_no_array() -> None:
    """A memory map is opened at the window only."""
    sample = make_sample() | {LABEL: "not read"}
    place = PlacePatchd(PLAN)
    place.set_random_state(seed=0)
    assert place({**sample, CENTRE_ON_FOREGROUND: True})[LABEL] == "not read"
