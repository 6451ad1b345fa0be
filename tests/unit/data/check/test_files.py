"""Rules for one file: what they name, and what they let pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from dataset_builders import AFFINE, SHAPE, noise

from crmo_seg.data.check.files import image_problems, label_problems, largest_cosine
from crmo_seg.data.check.measure import measure_signal
from crmo_seg.data.check.report import ImageFacts, LabelFacts, Severity
from crmo_seg.io.nifti_header import NiftiHeader
from crmo_seg.plan import EDEMA_HEAD, Head
from crmo_seg.volume import Geometry

HEADER = NiftiHeader(SHAPE, "int16", scaled=False, positioned=True, form_shift_voxels=0.0)
GEOMETRY = Geometry(AFFINE, SHAPE)
KNEE = Head("knee", ("femur", "tibia"))


def image_kinds(array: np.ndarray | None = None, **changes: object) -> dict[str, Severity]:
    signal = measure_signal((noise(0) if array is None else array).astype(np.float32))
    facts = replace(ImageFacts(Path("a.nii"), HEADER, GEOMETRY, signal), **changes)
    return {problem.kind: problem.severity for problem in image_problems("c", facts)}


def label_kinds(name: str = "knee", head: Head | None = KNEE, **changes: object) -> dict[str, Severity]:
    facts = replace(LabelFacts(Path("a.nii"), HEADER, GEOMETRY, {1: 20, 2: 30}), **changes)
    return {problem.kind: problem.severity for problem in label_problems("c", facts, name, head)}


def test_an_ordinary_image_and_label_pass() -> None:
    assert (image_kinds(), label_kinds()) == ({}, {})


def test_an_image_that_was_only_opened_is_judged_by_its_header() -> None:
    assert image_kinds(signal=None) == {}


@pytest.mark.parametrize(
    ("array", "kind", "severity"),
    [
        (np.full(SHAPE, 7.0), "constant", Severity.ERROR),
        (np.minimum(noise(0), 110), "clipped", Severity.WARNING),
        (noise(0) - 100, "negative", Severity.NOTE),
        (noise(0) > 120, "few values", Severity.WARNING),
        (np.where(np.arange(np.prod(SHAPE)).reshape(SHAPE) < 30, noise(0), 0), "mostly zero", Severity.WARNING),
    ],
)
def test_signal(array: np.ndarray, kind: str, severity: Severity) -> None:
    assert image_kinds(array) == {kind: severity}


def test_headers() -> None:
    lost = replace(HEADER, positioned=False)
    assert image_kinds(header=lost) == {"position": Severity.WARNING}
    assert image_kinds(header=replace(HEADER, form_shift_voxels=3.0)) == {"forms": Severity.WARNING}
    assert image_kinds(geometry=Geometry(np.eye(4), SHAPE)) == {"identity": Severity.NOTE}
    assert image_kinds(geometry=Geometry(np.eye(4), SHAPE), header=lost) == {"position": Severity.WARNING}


def test_shear_is_named_in_degrees() -> None:
    sheared = AFFINE.copy()
    sheared[0, 1] = np.tan(np.radians(10)) * sheared[1, 1]
    facts = ImageFacts(Path("a.nii"), HEADER, Geometry(sheared, SHAPE))
    (problem,) = image_problems("c", facts)
    assert (problem.kind, problem.severity) == ("shear", Severity.WARNING)
    assert "axes are 10.0 degrees off a right angle" in problem.what


def test_a_rotation_is_no_shear() -> None:
    turn = np.radians(30)
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = rotation * (1.0, 1.0, 6.0)
    assert largest_cosine(Geometry(affine, SHAPE)) < 1e-12


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"voxels": {1: 5, 7: 2}}, {"label value": Severity.ERROR}),
        ({"voxels": {}}, {"empty label": Severity.WARNING}),
        ({"voxels": {1: 600}}, {"label share": Severity.WARNING}),
        ({"on_zero_share": 0.8}, {"label on air": Severity.WARNING}),
        ({"on_zero_share": 0.2}, {}),
        ({"header": replace(HEADER, dtype="float64")}, {"label type": Severity.NOTE}),
        ({"components": {1: (18, 2), 2: (30,)}}, {"stray voxels": Severity.NOTE}),
        ({"components": {1: (2,), 2: (30, 4)}}, {}),
    ],
)
def test_labels(changes: dict[str, object], kinds: dict[str, Severity]) -> None:
    assert label_kinds(**changes) == kinds


def test_values_are_named_with_their_voxels_and_the_classes() -> None:
    facts = LabelFacts(Path("a.nii"), HEADER, GEOMETRY, {1: 5, 7: 2, 9: 1})
    (problem,) = label_problems("c", facts, "knee", KNEE)
    assert problem.what == "holds values of no class: 7 (2 voxels), 9 (1 voxels)"
    assert problem.remedy == "label_knee takes 0 to 2 (femur, tibia)"


def test_values_pass_where_the_classes_are_not_known() -> None:
    assert label_kinds(head=None, voxels={7: 2}) == {}


def test_a_patient_without_edema_is_no_mistake() -> None:
    assert label_kinds("edema", EDEMA_HEAD, voxels={}) == {"empty label": Severity.NOTE}


def test_lesions_too_small_to_count_are_counted() -> None:
    voxel_ml = GEOMETRY.voxel_volume_ml  # 0.016: 0.1 ml is 6.25 voxels
    assert voxel_ml == 0.016
    facts = LabelFacts(Path("a.nii"), HEADER, GEOMETRY, {1: 20}, components={1: (7, 6, 1)})
    (problem,) = label_problems("c", facts, "edema", EDEMA_HEAD)
    assert (problem.kind, problem.what) == ("tiny lesions", "2 of 3 lesions are below 0.1 ml")


def test_stray_voxels_of_bones_are_ribs_in_thick_slices() -> None:
    assert label_kinds("bones", None, components={1: (18, 2)}) == {}
