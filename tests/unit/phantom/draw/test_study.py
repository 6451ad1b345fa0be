"""A whole child on a coarse grid: one thing drawn does not change another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.landmarks import find_landmarks
from crmo_seg.phantom.body.outline import outline
from crmo_seg.phantom.body.person import child_at, draw_person
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.draw.canvas import Canvas, stacked
from crmo_seg.phantom.draw.lesions import PaintedLesion
from crmo_seg.phantom.draw.study import Subject, draw_subject
from crmo_seg.phantom.edema.plan import plan_lesions
from crmo_seg.phantom.edema.settings import EdemaSettings
from crmo_seg.phantom.normal.finding import FINDING_KINDS
from crmo_seg.phantom.normal.marrow import draw_phenotype
from crmo_seg.phantom.normal.plan import plan_findings
from crmo_seg.phantom.normal.settings import NormalSettings
from crmo_seg.phantom.signal.palette import usual_palette
from crmo_seg.phantom.solids.grid import Grid, bounds_of, grid_around

SPACING = (5.0, 7.0, 5.0)
PALETTES = [usual_palette(name).values for name in ("stir", "t1")]
EDEMA = np.float32([560, 30, 80, 0])
HALO = np.float32([300, 30, 90, 0])
LOOK_ALIKE = np.float32([350, 30, 120, 0])


@pytest.fixture(scope="module")
def subject() -> Subject:
    """Ill, with look-alikes."""
    rng = np.random.default_rng(8)
    marks = find_landmarks(child_at(draw_person(rng), 9.0, rng))
    skeleton, phenotype = build_skeleton(marks), draw_phenotype(rng)
    planned = plan_lesions(skeleton, rng, EdemaSettings(lesion_free=0.0, smallest_ml=3.0))
    findings = plan_findings(skeleton, marks, phenotype, rng, NormalSettings(frequency=3.0))
    return Subject(
        marks=marks,
        skeleton=skeleton,
        phenotype=phenotype,
        findings=[(finding, LOOK_ALIKE) for finding in findings],
        lesions=[PaintedLesion(number, lesion, EDEMA, HALO) for number, lesion in enumerate(planned, 1)],
        paints=stacked(PALETTES),
        amounts={"liver": 0.1},
    )


@pytest.fixture(scope="module")
def grid(subject: Subject) -> Grid:
    parts = outline(subject.marks, subject.skeleton)
    return grid_around(bounds_of([part.shape for part in parts]), SPACING, 10.0)


@pytest.fixture(scope="module")
def canvas(subject: Subject, grid: Grid) -> Canvas:
    return draw_subject(subject, grid, 1)


@pytest.fixture(scope="module")
def healthy(subject: Subject, grid: Grid) -> Canvas:
    return draw_subject(replace(subject, lesions=[]), grid, 1)


@pytest.fixture(scope="module")
def bare(subject: Subject, grid: Grid) -> Canvas:
    """Without look-alikes."""
    return draw_subject(replace(subject, findings=[]), grid, 1)


def test_every_sequence_has_two_channels(canvas: Canvas, grid: Grid) -> None:
    assert canvas.signal.shape == (4, *grid.geometry.shape)
    assert canvas.signal.dtype == np.float32
    assert np.isfinite(canvas.signal).all()


def test_air_is_empty_and_the_body_is_not(canvas: Canvas) -> None:
    near = ndimage.binary_dilation(canvas.body, np.ones((3, 3, 3)))
    assert not canvas.signal[:, ~near].any()
    stir, t1 = canvas.signal[0][canvas.body], canvas.signal[2][canvas.body]
    assert np.median(stir) == pytest.approx(100, rel=0.4)
    assert (t1 > 0).mean() > 0.99


def test_bones_edema_and_look_alikes_lie_in_the_body(canvas: Canvas) -> None:
    for labels in (canvas.bones, canvas.edema, canvas.findings, canvas.lesions):
        assert labels.any()
        assert not labels[~canvas.body].any()
    assert canvas.findings.max() < len(FINDING_KINDS)


def test_each_lesion_lies_in_its_own_bone(canvas: Canvas, subject: Subject) -> None:
    drawn = [painted for painted in subject.lesions if (canvas.lesions == painted.number).any()]
    assert len(drawn) >= 3
    for painted in drawn:
        labels = np.unique(canvas.bones[canvas.lesions == painted.number])
        assert labels.tolist() == [bone_named(painted.lesion.bone.full_name).label]


def test_lesions_change_nothing_but_their_own_voxels_and_halo(canvas: Canvas, healthy: Canvas) -> None:
    for name in ("body", "bones", "findings"):
        np.testing.assert_array_equal(getattr(canvas, name), getattr(healthy, name))
    changed = (canvas.signal != healthy.signal).any(axis=0)
    halo = changed & (canvas.edema == 0)
    assert changed[canvas.edema > 0.1].all()
    edge = ndimage.binary_dilation(canvas.bones == 0, np.ones((3, 3, 3)))
    assert edge[halo].all()  # of bones painted later, whose outermost voxels hold some soft tissue
    brighter = canvas.signal[0][halo] - healthy.signal[0][halo]
    assert brighter.max() > 50
    assert brighter.min() > -1  # a bone is evaluated farther out for its halo, which may blur its rim a little more
    assert not healthy.edema.any()
    assert not healthy.lesions.any()


def test_look_alikes_change_neither_anatomy_nor_truth(canvas: Canvas, bare: Canvas) -> None:
    assert not bare.findings.any()
    for name in ("body", "bones", "edema", "lesions"):
        np.testing.assert_array_equal(getattr(canvas, name), getattr(bare, name))


def test_masks_do_not_depend_on_the_sequence(subject: Subject, grid: Grid, bare: Canvas) -> None:
    """T1 alone: the same edema, and the same signal in it as beside STIR."""
    alone = replace(
        subject,
        paints=stacked(PALETTES[1:]),
        lesions=[PaintedLesion(one.number, one.lesion, EDEMA[2:], HALO[2:]) for one in subject.lesions],
        findings=[],
    )
    t1 = draw_subject(alone, grid, 1)
    np.testing.assert_array_equal(t1.edema, bare.edema)
    np.testing.assert_array_equal(t1.bones, bare.bones)
    np.testing.assert_array_equal(t1.signal[:, t1.edema > 0], bare.signal[2:, t1.edema > 0])


def test_the_seed_decides_textures_and_bowel_but_not_the_bones(subject: Subject, grid: Grid, canvas: Canvas) -> None:
    other = draw_subject(subject, grid, 2)
    np.testing.assert_array_equal(other.bones, canvas.bones)
    np.testing.assert_array_equal(other.body, canvas.body)
    assert (other.signal[0][canvas.body] != canvas.signal[0][canvas.body]).mean() > 0.5
