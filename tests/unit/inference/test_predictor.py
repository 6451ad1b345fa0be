"""The whole chain from volume to lesions, with a stub network that marks what is bright."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, StubBackend, body_with_lesion, make_geometry, make_plan, sphere_mask

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.bundle import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.inference.modes import BEST
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.inference.windows import Float32Array, RunWindow
from crmo_seg.keys import BONES, EDEMA, STIR
from crmo_seg.lesions import measure_lesions
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD, GridPlan, Head
from crmo_seg.prediction import Prediction
from crmo_seg.preprocess import preprocess
from crmo_seg.volume import Volume

FINE = GridPlan(1.0, (1.0, 8.0))
FEMUR = HEAD_CLASSES.index("femur") + 1
CENTRE_MM = (11.0, -9.0, 14.0)
RADIUS_MM = 8.0


def bright(level: float) -> RunWindow:
    """A network whose probability is 0.5 where the normalised signal has that level."""
    return lambda window: {EDEMA: 1 / (1 + np.exp(-8 * (window - level)))}


def unsure(level: float) -> RunWindow:
    """The same, but for the probability, which is 0.7 at most."""
    return lambda window: {EDEMA: np.minimum(bright(level)(window)[EDEMA], np.float32(0.7))}


def bright_in_a_femur(level: float) -> RunWindow:
    def run(window: Float32Array) -> Mapping[str, Float32Array]:
        bones = np.zeros((1, BONES_HEAD.channels, *window.shape[2:]), np.float32)
        bones[:, FEMUR] = window[:, 0] > level
        bones[:, 0] = 1 - bones[:, FEMUR]
        return {**bright(level)(window), BONES: bones}

    return run


def predict(
    image: Volume,
    network: Callable[[float], RunWindow] = bright,
    heads: tuple[Head, ...] = (EDEMA_HEAD,),
    grid: GridPlan = FINE,
    minimum_peak: float = 0.0,
) -> Prediction:
    plan = replace(make_plan((16, 16, 8), heads), grid=grid)
    bundle = ModelBundle("stub", plan, {}, minimum_lesion_ml=0.3, minimum_peak_probability=minimum_peak)
    seen = preprocess([image], grid)[0]
    half_way = float(np.median(seen) + seen.max()) / 2
    return Predictor(bundle, StubBackend(network(half_way))).predict(StudyImages("case", {STIR: image}))


def spread_mm(prediction: Prediction, centre_mm: tuple[float, float, float]) -> np.ndarray:
    (lesion,) = prediction.lesions
    return np.abs(np.array(lesion.centroid_ras_mm) - np.array(centre_mm))


@pytest.mark.parametrize(
    "angle_degrees", [17.0, *(pytest.param(angle, marks=pytest.mark.slow) for angle in (0.0, 33.0))]
)
@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_one_lesion_through_every_orientation(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool], angle_degrees: float
) -> None:
    """Same centroid in RAS mm within half a voxel and same volume, over all 48 orders and flips, oblique too."""
    spacing_mm = (1.5, 3.0, 1.5)
    image, lesion = body_with_lesion(make_geometry((46, 23, 50), spacing_mm, angle_degrees), CENTRE_MM, RADIUS_MM)
    (truth,) = measure_lesions(lesion.with_array(lesion.array.astype(np.int32)))
    prediction = predict(image.transposed(axes, flips))
    (found,) = prediction.lesions
    in_voxels = np.linalg.inv(lesion.geometry.affine[:3, :3]) @ np.subtract(
        found.centroid_ras_mm, truth.centroid_ras_mm
    )
    assert np.abs(in_voxels).max() < 0.5
    assert found.volume_ml == pytest.approx(truth.volume_ml, rel=0.05)
    assert prediction.masks[EDEMA].geometry.same_grid(image.transposed(axes, flips).geometry)


def test_every_orientation_gives_the_same_mask() -> None:
    image, _ = body_with_lesion(make_geometry((46, 23, 50), (1.5, 3.0, 1.5), 17), CENTRE_MM, RADIUS_MM)
    expected = predict(image).masks[EDEMA].canonical().array
    for orientation in ALL_ORIENTATIONS[::7]:
        turned = predict(image.transposed(*orientation)).masks[EDEMA].canonical().array
        np.testing.assert_array_equal(turned, expected)


@pytest.mark.parametrize("spacing_mm", [(0.8, 5.0, 0.8), (2.5, 2.5, 2.5), (1.0, 1.0, 9.0)])
def test_the_lesion_keeps_its_place_on_any_grid(spacing_mm: tuple[float, float, float]) -> None:
    shape = tuple(round(80 / mm) for mm in spacing_mm)
    image, _ = body_with_lesion(make_geometry(shape, spacing_mm), CENTRE_MM, 12.0)  # type: ignore[arg-type]
    prediction = predict(image, grid=GridPlan(2.0, (2.0, 6.0)))
    assert (spread_mm(prediction, CENTRE_MM) < np.maximum(np.array(spacing_mm), 2.0) / 2).all()


def test_a_lesion_gets_its_bone_and_keeps_its_probability() -> None:
    image, _ = body_with_lesion(make_geometry((40, 20, 40), (1.5, 3.0, 1.5)), CENTRE_MM, RADIUS_MM)
    prediction = predict(image, bright_in_a_femur, (EDEMA_HEAD, BONES_HEAD))
    (lesion,) = prediction.lesions
    assert lesion.site.bone == "femur"
    assert lesion.mean_probability is not None
    assert 0.5 < lesion.mean_probability <= 1
    assert set(prediction.masks) == {EDEMA, BONES}


def test_a_mark_of_which_the_model_is_nowhere_sure_is_no_lesion() -> None:
    image, _ = body_with_lesion(make_geometry((40, 20, 40), (1.5, 3.0, 1.5)), CENTRE_MM, RADIUS_MM)
    (lesion,) = predict(image, unsure, minimum_peak=0.6).lesions
    assert lesion.mean_probability == pytest.approx(0.7, abs=0.1)
    none = predict(image, unsure, minimum_peak=0.8)
    assert none.lesions == ()
    assert not none.masks[EDEMA].array.any()
    assert none.provenance.minimum_peak_probability == 0.8


def test_nothing_bright_is_an_empty_mask_and_no_lesion() -> None:
    image = Volume(np.full((30, 20, 30), 50, np.float32), make_geometry((30, 20, 30), (1.5, 3.0, 1.5)))
    prediction = predict(image, lambda _: bright(5.0))
    assert prediction.lesions == ()
    assert not prediction.masks[EDEMA].array.any()
    assert (prediction.summary()["n_lesions"], prediction.summary()["total_volume_ml"]) == (0, 0.0)


def test_small_components_are_dropped_from_mask_and_list() -> None:
    geometry = make_geometry((46, 23, 50), (1.5, 3.0, 1.5))
    image, _ = body_with_lesion(geometry, CENTRE_MM, RADIUS_MM)
    speck = sphere_mask(geometry, (-15.0, 5.0, -15.0), 3.0)
    array = image.array.copy()
    array[speck.array] = 300
    prediction = predict(image.with_array(array))
    assert len(prediction.lesions) == 1
    assert not prediction.masks[EDEMA].array[speck.array].any()


def test_a_volume_smaller_than_the_window_works() -> None:
    image, _ = body_with_lesion(make_geometry((9, 3, 8), (2.0, 6.0, 2.0)), (0.0, 0.0, 0.0), 4.0)
    assert predict(image).masks[EDEMA].geometry.same_grid(image.geometry)


def test_a_missing_sequence_is_named() -> None:
    image, _ = body_with_lesion(make_geometry((20, 10, 20)), (0.0, 0.0, 0.0), 4.0)
    predictor = Predictor(ModelBundle("stub", make_plan(), {}), StubBackend(bright(0.0)))
    with pytest.raises(InputError, match=r"case a: has no stir \(has t1\), which the model stub reads"):
        predictor.predict(StudyImages("a", {"t1": image}))


def test_voxels_that_are_no_number_are_refused() -> None:
    image, _ = body_with_lesion(make_geometry((20, 10, 20)), (0.0, 0.0, 0.0), 4.0)
    array = image.array.copy()
    array[3, 3, 3] = np.nan
    with pytest.raises(InputError, match="case a: stir has 1 voxels that are no number"):
        StudyImages("a", {STIR: image.with_array(array)})


def test_sequences_on_different_grids_are_refused() -> None:
    first = Volume(np.zeros((4, 4, 4), np.float32), make_geometry((4, 4, 4)))
    second = Volume(np.zeros((4, 4, 4), np.float32), make_geometry((4, 4, 4), (2.0, 2.0, 2.0)))
    with pytest.raises(InputError, match="sequences on different grids"):
        StudyImages("a", {STIR: first, "t1": second})


def test_timings_and_hashes_are_recorded() -> None:
    image, _ = body_with_lesion(make_geometry((20, 10, 20)), (0.0, 0.0, 0.0), 4.0)
    provenance = predict(image).provenance
    assert set(provenance.timings_s) == {"preprocess", "network", "restore", "lesions", "quality"}
    assert len(provenance.model_sha256) == 64


def told(*axes: int) -> dict[str, object]:
    """What a bundle's provenance tells of a training that mirrored along these axes."""
    return {"config": {"augmentation": {"steps": {"mirror": {"axes": list(axes)}}}}}


@pytest.mark.parametrize(
    ("provenance", "passes"),
    [
        (told(0, 1, 2), BEST.mirrored_axes),
        (told(0), ((), (0,))),
        (told(), ((),)),
        ({}, ((),)),
        (None, ((),)),
        ({"config": {"augmentation": {"steps": {"mirror": None}}}}, ((),)),
        ({"members": [told(0, 1), told(1)]}, ((), (1,))),
    ],
)
def test_windows_are_mirrored_as_in_training(
    provenance: dict[str, object], passes: tuple[tuple[int, ...], ...]
) -> None:
    bundle = ModelBundle("stub", make_plan(), {}, provenance=provenance)
    assert Predictor(bundle, StubBackend(bright(0.0)), BEST).mode.mirrored_axes == passes


def test_how_it_was_computed_is_recorded() -> None:
    image, _ = body_with_lesion(make_geometry((20, 10, 20)), (0.0, 0.0, 0.0), 4.0)
    provenance = predict(image).provenance
    assert (provenance.backend, provenance.precision, provenance.mode) == ("stub", "f32", "default")
    assert provenance.window == (20, 20, 10), "one window of 1.25 patches"
    assert 1 <= provenance.windows_run <= provenance.windows_in_all


def with_bones_as_a_part(image: Volume) -> Predictor:
    """Edema at 1 mm, and bones at 2 mm by a network of their own."""
    seen = preprocess([image], FINE)[0]
    half_way = float(np.median(seen) + seen.max()) / 2
    edema, bones = (
        ModelBundle(head.name, replace(make_plan((16, 16, 8), (head,)), grid=grid), {}, minimum_lesion_ml=0.3)
        for head, grid in ((EDEMA_HEAD, FINE), (BONES_HEAD, GridPlan(2.0, (1.0, 8.0))))
    )
    femur_alone = bright_in_a_femur(half_way)
    part = StubBackend(lambda window: {BONES: femur_alone(window)[BONES]})
    return Predictor(replace(edema, parts=(bones,)), StubBackend(bright(half_way)), part_backends=[part])


def test_a_part_marks_on_a_grid_of_its_own_and_names_the_bone() -> None:
    image, _ = body_with_lesion(make_geometry((40, 30, 40)), CENTRE_MM, RADIUS_MM)
    prediction = with_bones_as_a_part(image).predict(StudyImages("case", {STIR: image}))
    assert set(prediction.masks) == {EDEMA, BONES}
    assert prediction.masks[BONES].geometry.same_grid(image.geometry)
    assert [lesion.site.bone for lesion in prediction.lesions] == ["femur"]


def test_windows_of_parts_are_counted_on() -> None:
    image, _ = body_with_lesion(make_geometry((60, 30, 60)), CENTRE_MM, RADIUS_MM)
    seen: list[tuple[int, int]] = []
    prediction = with_bones_as_a_part(image).predict(
        StudyImages("case", {STIR: image}), lambda done, total: seen.append((done, total))
    )
    assert [done for done, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1] == (prediction.provenance.windows_run,) * 2
    assert len({total for _, total in seen}) == 2, "of the first network, then of both"
