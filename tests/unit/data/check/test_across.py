"""Rules across files: one case that is unlike the others is named, ordinary variation is not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import AFFINE, SHAPE, noise
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.cases import Case
from crmo_seg.data.check.across import (
    contrast_outliers,
    duplicates,
    grid_problems,
    head_problems,
    image_outliers,
    robust_z,
    sequence_problems,
)
from crmo_seg.data.check.measure import measure_signal
from crmo_seg.data.check.report import CaseFacts, ImageFacts, LabelFacts, Problem, Severity
from crmo_seg.io.nifti_header import NiftiHeader
from crmo_seg.plan import Head
from crmo_seg.volume import Geometry

HEADER = NiftiHeader(SHAPE, "int16", scaled=False, positioned=True, form_shift_voxels=0.0)
KNEE = Head("knee", ("femur", "tibia"))


def image(
    affine: np.ndarray = AFFINE, shape: tuple[int, int, int] = SHAPE, array: np.ndarray | None = None
) -> ImageFacts:
    signal = None if array is None else measure_signal(array.astype(np.float32))
    return ImageFacts(Path("image.nii"), HEADER, Geometry(affine, shape), signal)


def label(voxels: dict[int, int] | None = None, affine: np.ndarray = AFFINE, **kwargs: object) -> LabelFacts:
    return LabelFacts(
        Path("label.nii"), HEADER, Geometry(affine, SHAPE), {1: 9} if voxels is None else voxels, **kwargs
    )


def case(number: int, one: ImageFacts | None = None, knee: LabelFacts | None = None, patient: str = "") -> CaseFacts:
    images, labels = ({"t1": one} if one else {}), ({"knee": knee} if knee else {})
    described = Case(
        f"c{number}",
        patient or f"p{number}",
        images={name: facts.path for name, facts in images.items()},
        labels={name: facts.path for name, facts in labels.items()},
    )
    return CaseFacts(described, images, labels)


def found(problems: Iterable[Problem]) -> list[tuple[str, str, Severity]]:
    return [(problem.kind, problem.case_id, problem.severity) for problem in problems]


def scaled(*factors: float) -> np.ndarray:
    return AFFINE @ np.diag([*factors, 1.0])


def test_sequences_and_labels_lie_on_the_grid_of_the_first_image() -> None:
    shifted = AFFINE.copy()
    shifted[1, 3] += 3
    facts = CaseFacts(Case("c", "p"), {"t1": image(), "t2": image(shape=(9, 9, 9))}, {"knee": label(affine=shifted)})
    other_shape, other_place = grid_problems(facts)
    assert "case c (shape (9, 9, 9), not (12, 10, 8))" in other_shape.what
    assert "case c (corners up to 3.0 mm apart)" in other_place.what
    assert {other_shape.severity, other_place.severity} == {Severity.ERROR}
    assert list(grid_problems(case(0, image(), label()))) == []
    assert list(grid_problems(case(0, None, label()))) == []


def test_one_other_spacing_is_named() -> None:
    cases = [case(number, image()) for number in range(9)] + [case(9, image(scaled(1, 1, 1.5)))]
    assert found(image_outliers(cases)) == [("spacing", "c9", Severity.WARNING)]
    (problem,) = image_outliers(cases)
    assert "spacing 2 x 2 x 6 mm, usual is 2 x 2 x 4 mm" in problem.what


def test_protocols_that_differ_are_no_outliers() -> None:
    spread = [1.0, 1.1, 0.9, 1.3, 0.8, 1.2, 1.0, 1.15]
    assert found(image_outliers([case(n, image(scaled(f, f, 1 / f))) for n, f in enumerate(spread)])) == []


def test_a_few_cases_have_no_outliers() -> None:
    cases = [case(number, image()) for number in range(3)] + [case(3, image(scaled(1, 1, 4)))]
    assert found(image_outliers(cases)) == []


def test_half_a_scan_is_named() -> None:
    cases = [case(number, image()) for number in range(9)] + [case(9, image(shape=(12, 10, 3)))]
    assert found(image_outliers(cases)) == [("size", "c9", Severity.NOTE)]


def test_mirrored_storage_is_named_and_another_order_of_axes_noted() -> None:
    flipped, turned = AFFINE @ np.diag([-1.0, 1, 1, 1]), AFFINE[:, [1, 2, 0, 3]]
    cases = [case(number, image()) for number in range(12)]
    cases += [case(12, image(flipped)), case(13, image(turned, (10, 8, 12)))]
    assert found(image_outliers(cases)) == [
        ("mirrored", "c12", Severity.WARNING),
        ("directions", "c13", Severity.NOTE),
    ]


def test_a_data_set_of_two_directions_passes() -> None:
    flipped = AFFINE @ np.diag([-1.0, 1, 1, 1])
    assert found(image_outliers([case(n, image(flipped if n % 2 else AFFINE)) for n in range(10)])) == []


def test_a_negative_among_scans_in_air_is_named() -> None:
    body = np.zeros(SHAPE)
    body[2:-2, 2:-2, 2:-2] = noise(0)[2:-2, 2:-2, 2:-2]
    cases = [case(number, image(array=body + number)) for number in range(6)] + [case(6, image(array=200 - body))]
    assert found(image_outliers(cases)) == [("inverted", "c6", Severity.WARNING)]


def test_the_same_voxels_in_two_patients_are_an_error_in_one_a_warning() -> None:
    one, other = image(array=noise(0)), image(array=noise(1))
    cases = [case(0, one, patient="A"), case(1, other), case(2, one, patient="B"), case(3, other, patient="p1")]
    assert found(duplicates(cases)) == [("duplicate", "c2", Severity.ERROR), ("duplicate", "c3", Severity.WARNING)]
    assert "image.nii of case c0, of patient A" in next(duplicates(cases)).what


def test_a_label_twice_is_named_unless_its_image_is_there_twice() -> None:
    one, other, knee = image(array=noise(0)), image(array=noise(1)), label(digest="x")
    assert found(duplicates([case(0, one, knee), case(1, other, knee)])) == [
        ("duplicate label", "c1", Severity.WARNING)
    ]
    assert found(duplicates([case(0, one, knee), case(1, one, knee)])) == [("duplicate", "c1", Severity.ERROR)]
    assert found(duplicates([case(0, one, label({}, digest="y")), case(1, other, label({}, digest="y"))])) == []


def test_a_label_on_other_tissue_is_named() -> None:
    usual = [case(number, image(), label(contrast=-0.5 + 0.05 * number)) for number in range(8)]
    assert found(contrast_outliers(usual, "knee")) == []
    assert found(contrast_outliers([*usual, case(8, image(), label(contrast=1.5))], "knee")) == [
        ("label contrast", "c8", Severity.WARNING)
    ]


def test_heads_over_all_cases() -> None:
    def kinds(*labels: LabelFacts | None, head: Head | None = KNEE, asked: bool = True) -> list[tuple[str, Severity]]:
        cases = [case(number, image(), knee) for number, knee in enumerate(labels)]
        return [(kind, severity) for kind, _, severity in found(head_problems(cases, "knee", head, asked=asked))]

    assert kinds(label({1: 3, 2: 3})) == []
    assert kinds(label({1: 3, 2: 3}), None) == [("no label", Severity.NOTE)]
    assert kinds(None, None) == [("no label", Severity.ERROR)]
    assert kinds(label({}), label({})) == [("empty label", Severity.ERROR)]
    assert kinds(label({1: 3}), label({1: 4})) == [("unused class", Severity.WARNING)]
    assert kinds(*[label({1: 3})] * 8, label({1: 3, 7: 1}), head=None) == [("label value", Severity.WARNING)]
    assert kinds(*[label({1: 3, 7: 1})] * 8, head=None) == []


def test_cases_without_a_sequence_are_listed() -> None:
    cases = [case(0, image())] + [case(number) for number in range(1, 9)]
    (problem,) = sequence_problems(cases, "t1")
    assert problem.what == "8 of 9 cases have no image_t1: c1, c2, c3, c4, c5 and 3 more"


@given(
    values=st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=30),
    shift=st.floats(-10, 10),
)
def test_robust_z_does_not_depend_on_the_origin(values: list[float], shift: float) -> None:
    here, there = (robust_z(np.array(values) + offset, floor=0.1) for offset in (0.0, shift))
    np.testing.assert_allclose(here, there, rtol=1e-6, atol=1e-6)


def test_robust_z_of_a_known_spread() -> None:
    values = np.random.default_rng(0).normal(5, 2, 20_001)
    assert robust_z(values, floor=1e-6)[np.argmax(values)] == pytest.approx((values.max() - 5) / 2, rel=0.05)
