from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.errors import InputError
from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.outline import outline
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.normal.finding import FINDING_KINDS, FOCUS_KINDS, Finding, grade
from crmo_seg.phantom.normal.foci import STRENGTH
from crmo_seg.phantom.normal.marrow import MarrowPhenotype, draw_phenotype
from crmo_seg.phantom.normal.plan import STRONGEST, plan_findings
from crmo_seg.phantom.normal.settings import NormalSettings
from crmo_seg.phantom.solids.shapes import Capsule

RICH = MarrowPhenotype(speed=1.0, patchiness=0.2, side_lag=0.0, focality=6.0, symmetry=0.9, seed=3)
USUAL = NormalSettings()


def body(age: float, seed: int = 0) -> tuple[tuple[SolidBone, ...], Landmarks]:
    marks = find_landmarks(draw_child(np.random.default_rng(seed), age_years=(age, age)))
    return build_skeleton(marks), marks


def planned(
    age: float, phenotype: MarrowPhenotype = RICH, settings: NormalSettings = USUAL, seed: int = 0
) -> tuple[Finding, ...]:
    return plan_findings(*body(age), phenotype, np.random.default_rng(seed), settings)


def test_no_kind_has_index_0() -> None:
    assert FINDING_KINDS[0] == "none"
    assert len(set(FINDING_KINDS)) == len(FINDING_KINDS)


def test_every_kind_appears() -> None:
    often = NormalSettings(frequency=20)
    assert {f.kind for f in planned(9.0, settings=often)} == set(FINDING_KINDS[1:])


@pytest.mark.parametrize("age", [3.0, 9.0, 17.0])
def test_findings_are_well_formed(age: float) -> None:
    findings = planned(age, settings=NormalSettings(frequency=3))
    assert len({f.key for f in findings}) == len(findings)
    for finding in findings:
        assert 1 <= finding.strength <= STRONGEST
        assert finding.border_mm > 0
        assert (finding.confined == "marrow") == (finding.bone is not None)
        assert (grade(finding) is not None) == (finding.kind in FOCUS_KINDS)
        if finding.bone is not None:
            assert bone_named(finding.bone).complete


def test_the_same_patient_keeps_its_foci_and_another_day_has_other_effusions() -> None:
    now, later = planned(8.0, seed=1), planned(8.0, seed=2)
    lasting = [[f.key for f in findings if f.kind not in ("effusion", "muscle_edema")] for findings in (now, later)]
    assert lasting[0] == lasting[1]


def test_a_year_changes_few_foci() -> None:
    now, later = ({f.key for f in planned(age) if f.kind in FOCUS_KINDS} for age in (8.0, 9.0))
    assert len(now & later) > 0.7 * len(now | later)


def test_determinism_down_to_the_waves() -> None:
    for one, other in zip(planned(10.0), planned(10.0), strict=True):
        assert one.key == other.key
        assert one.strength == other.strength
        np.testing.assert_array_equal(one.wave_phases, other.wave_phases)


def test_feet_have_no_specks_from_16_years() -> None:
    feet = {"calcaneus", "talus", "tarsus"}
    older = [planned(16.5, replace(RICH, seed=seed)) for seed in range(8)]
    younger = [planned(9.0, replace(RICH, seed=seed)) for seed in range(8)]
    counts = [
        sum(f.kind == "speckle" and bone_named(f.bone or "").name in feet for fs in group for f in fs if f.bone)
        for group in (younger, older)
    ]
    assert counts[0] > 8
    assert counts[1] == 0


def test_foci_are_mostly_symmetric() -> None:
    both = one = 0
    for seed in range(12):
        keys = {f.key for f in planned(10.0, replace(RICH, seed=seed)) if f.kind == "flame"}
        for key in keys:
            mirrored = key.replace("_left", "_RIGHT").replace("_right", "_left").replace("_RIGHT", "_right")
            both, one = both + (mirrored in keys), one + (mirrored not in keys)
    assert both / (both + one) > 0.8


def test_signal_overlaps_with_lesions() -> None:
    _, _, smallest, largest = STRENGTH["major"]
    assert smallest < 3 < 5.8 < largest  # lesions: 3 to 9, median 5.8
    strengths = [
        f.strength for seed in range(10) for f in planned(10.0, replace(RICH, seed=seed)) if grade(f) == "major"
    ]
    assert np.mean(np.array(strengths) > 3) > 0.7
    assert np.mean(np.array(strengths) < 5.8) > 0.25


def test_grades_by_signal_and_extension() -> None:
    flame = next(f for f in planned(10.0) if f.kind == "flame")
    assert grade(replace(flame, strength=3.0, extension=0.5)) == "major"
    assert grade(replace(flame, strength=3.0, extension=0.2)) == "minor"
    assert grade(replace(flame, strength=2.0, extension=0.9)) == "minor"
    assert grade(replace(flame, strength=1.3, extension=0.9)) == "trace"
    assert grade(replace(flame, kind="vessel")) is None


def test_a_flame_stands_on_its_plate_and_points_into_the_shaft() -> None:
    skeleton, marks = body(10.0)
    bones = {bone.full_name: bone for bone in skeleton}
    flames = [
        f
        for seed in range(6)
        for f in plan_findings(skeleton, marks, replace(RICH, seed=seed), np.random.default_rng(0), USUAL)
        if f.kind == "flame"
    ]
    assert flames
    for flame in flames:
        assert not isinstance(flame.place, Capsule)
        plates = bones[flame.bone or ""].growth_plates
        heights = [float((flame.place.centre - p.centre) @ p.normal) for p in plates]
        nearest = min(range(len(plates)), key=lambda i: np.linalg.norm(flame.place.centre - plates[i].centre))
        assert heights[nearest] == pytest.approx(0, abs=1e-6)
        np.testing.assert_allclose(flame.place.axes[2], plates[nearest].normal, atol=1e-9)


def test_soft_findings_lie_in_the_body() -> None:
    for age in (4.0, 15.0):
        skeleton, marks = body(age)
        parts = outline(marks, skeleton)
        settings = NormalSettings(frequency=4, kinds=("effusion", "muscle_edema", "lymph_node", "vessel"))
        depths = []
        for finding in plan_findings(skeleton, marks, RICH, np.random.default_rng(0), settings):
            place = finding.place
            middle = (place.start + place.end) / 2 if isinstance(place, Capsule) else place.centre
            point = [np.full((1, 1, 1), c, np.float32) for c in middle]
            depths.append(min(part.shape.distance(*point).item() for part in parts))
        assert np.mean(np.array(depths) < 0) > 0.97


def test_a_vein_leaves_the_back_of_the_body_of_its_vertebra() -> None:
    skeleton, _ = body(10.0)
    bones = {bone.full_name: bone for bone in skeleton}
    veins = [f for f in planned(10.0) if f.kind == "basivertebral_vein"]
    assert veins
    for vein in veins:
        assert not isinstance(vein.place, Capsule)
        site = bones[vein.bone or ""].sites[0]
        back = (vein.place.centre - site.centre) @ site.axes[1] - vein.place.radii[1]
        assert back == pytest.approx(-site.radii[1])


def test_settings_scale_number_and_signal() -> None:
    assert planned(10.0, settings=NormalSettings(frequency=0)) == ()
    few, many = (len(planned(10.0, settings=NormalSettings(frequency=f))) for f in (0.3, 3.0))
    assert few < many
    pairs = zip(planned(10.0), planned(10.0, settings=NormalSettings(strength=1.5)), strict=True)
    for usual, harder in pairs:
        assert harder.strength == pytest.approx(min(1 + 1.5 * (usual.strength - 1), STRONGEST))
    assert {f.kind for f in planned(10.0, settings=NormalSettings(kinds=("flame",)))} == {"flame"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"frequency": -1.0}, "normal.frequency: is -1.0; give a number of 0 or more"),
        ({"strength": float("nan")}, "normal.strength: is nan"),
        ({"kinds": ("flame", "cyst")}, "normal.kinds: has the unknown kind 'cyst'"),
    ],
)
def test_wrong_settings_name_the_setting(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        NormalSettings(**wrong)  # type: ignore[arg-type]
    assert str(caught.value).startswith(message)


def test_a_drawn_phenotype_plans() -> None:
    rng = np.random.default_rng(0)
    skeleton, marks = body(6.0)
    assert plan_findings(skeleton, marks, draw_phenotype(rng), rng, USUAL)
