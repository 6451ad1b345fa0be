"""All checks together: silent on sound phantoms, loud on broken ones."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.data.ranges import TrainingRanges
from crmo_seg.inference.quality.flags import quality_flags
from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.settings import as_tiny, read_preset
from crmo_seg.prediction import QualityFlag
from crmo_seg.volume import Volume

SEEN = TrainingRanges((1.0, 4.0), (3.0, 8.0), ("stir",), 40)


@pytest.fixture(scope="module")
def studies() -> tuple[PhantomStudy, ...]:
    settings = as_tiny(read_preset("whole_body"))
    settings = replace(settings, sequences=("stir", "t1"))
    return tuple(study for index in range(4) for study in make_studies(settings, 5, index))


def lesions_inside(study: PhantomStudy) -> LesionMap:
    """The true lesions, but for what lies on a face of the image."""
    inside = np.zeros(study.scan.edema.array.shape, dtype=bool)
    inside[2:-2, 2:-2, 2:-2] = True
    return find_lesions(study.scan.edema.with_array(study.scan.edema.array & inside))


def flags_of(
    study: PhantomStudy, images: Mapping[str, Volume] | None = None, disagreement: float | None = 0.1
) -> dict[str, QualityFlag]:
    masks = {"bones": study.scan.bones}
    images = study.scan.images if images is None else images
    return {flag.code: flag for flag in quality_flags(images, masks, lesions_inside(study), SEEN, disagreement)}


@pytest.mark.slow
def test_sound_phantoms_raise_no_warning(studies: tuple[PhantomStudy, ...]) -> None:
    for study in studies:
        flags = flags_of(study)
        assert not [flag for flag in flags.values() if flag.severity == "warning"], study.plan.case_id
        assert {"field_of_view", "body_regions"} <= set(flags)


def test_the_regions_of_a_whole_body(studies: tuple[PhantomStudy, ...]) -> None:
    regions = flags_of(studies[0])["body_regions"].value
    assert regions == ("head", "spine", "thorax", "shoulders", "arms", "hands", "pelvis", "legs", "feet")


def test_a_t1_given_for_stir_is_noticed(studies: tuple[PhantomStudy, ...]) -> None:
    noticed = ["fat_not_suppressed" in flags_of(study, {"stir": study.scan.images["t1"]}) for study in studies]
    assert sum(noticed) >= 3  # on coarse voxels the fat of a thin child blurs with its muscle


def test_half_a_body(studies: tuple[PhantomStudy, ...]) -> None:
    scan = studies[0].scan
    half = scan.bones.array.shape[2] // 2
    array = np.ascontiguousarray(scan.images["stir"].array)
    bones = np.ascontiguousarray(scan.bones.array)
    geometry = replace(scan.bones.geometry, shape=(*array.shape[:2], half))
    flags = quality_flags(
        {"stir": Volume(array[:, :, :half], geometry)},
        {"bones": Volume(bones[:, :, :half], geometry)},
        None,
        None,
        None,
    )
    by_code = {flag.code: flag for flag in flags}
    assert by_code["field_of_view"].value == pytest.approx(half * 4.0, abs=0.1)
    assert "head" not in (by_code["body_regions"].value or ())
    assert {"legs"} <= set(by_code["region_cut"].value or ())  # type: ignore[arg-type]


def test_what_is_broken_is_told_and_comes_first(studies: tuple[PhantomStudy, ...]) -> None:
    study = studies[0]
    image = study.scan.images["stir"]
    clipped = image.with_array(np.minimum(image.array, np.percentile(image.array, 98)))
    stretched = replace(image.geometry, affine=image.geometry.affine @ np.diag([1.0, 2.0, 1.0, 1.0]))
    edema = np.zeros(image.array.shape, dtype=bool)
    edema[:, :4, :4] = True
    found = find_lesions(Volume(edema, stretched))
    flags = quality_flags({"stir": Volume(clipped.array, stretched)}, {}, found, SEEN, 0.9)
    expected = ["lesion_at_border", "members_disagree", "clipped", "slice_spacing_outside_training", "field_of_view"]
    assert [flag.code for flag in flags] == expected
    assert [flag.severity for flag in flags] == ["warning"] * 4 + ["info"]


def test_a_flag_goes_to_json(studies: tuple[PhantomStudy, ...]) -> None:
    entries = json.loads(json.dumps([flag.to_dict() for flag in flags_of(studies[0]).values()]))
    assert all(set(entry) == {"code", "severity", "text", "value"} for entry in entries)
    assert isinstance(next(entry for entry in entries if entry["code"] == "body_regions")["value"], list)
