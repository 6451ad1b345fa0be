"""Follow-ups of whole-body phantoms with known fates, and of real lesion maps that were changed on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.io.nifti import read_labels
from crmo_seg.lesions import LesionMap, find_lesions, overlap_voxels
from crmo_seg.longitudinal.change import Change
from crmo_seg.longitudinal.comparison import VisitMasks, compare_visits
from crmo_seg.longitudinal.settings import CompareSettings
from crmo_seg.phantom.dataset import PhantomOptions
from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.volume import Volume

REAL_SHIFT_VOXELS = (2, -1, 0)


def keys_of(study: PhantomStudy, lesions: LesionMap) -> dict[int, set[str]]:
    """The planned lesions that each component shows."""
    shared = overlap_voxels(ref=lesions.labels.array, pred=study.scan.lesions.array)
    drawn = [one for one in study.lesions if one.number < shared.shape[1]]
    return {
        one.lesion_id: {other.plan.lesion_key for other in drawn if shared[one.lesion_id, other.number]}
        for one in lesions.lesions
    }


@pytest.mark.slow
def test_new_and_resolved_lesions_of_phantoms() -> None:
    """Tiny grids, voxels of 4 x 8 x 4 mm: the numbers at full size are in docs/followup.md."""
    settings = replace(
        PhantomOptions(tiny=True).settings(), age_years=(4.0, 9.0), months_between_visits=(17.0, 18.0)
    )  # fmt: skip
    right = called = true = 0
    for index in (3, 4, 8, 9, 10):
        before, now = make_studies(settings, 5, index, 2)
        maps = [find_lesions(study.scan.edema) for study in (before, now)]
        masks = [VisitMasks(one, study.scan.bones) for one, study in zip(maps, (before, now), strict=True)]
        keys = [keys_of(study, one) for study, one in zip((before, now), maps, strict=True)]
        seen = [set().union(*each.values()) for each in keys]
        for change in compare_visits(*masks).changes:
            if change.change in (Change.NOT_IN_VIEW, Change.UNCERTAIN):
                continue
            own, other = (keys[1], seen[0]) if change.now else (keys[0], seen[1])
            alone = not set().union(*(own[one.lesion.lesion_id] for one in change.now or change.before)) & other
            true += alone
            called += change.change in (Change.NEW, Change.RESOLVED)
            right += alone and change.change in (Change.NEW, Change.RESOLVED)
    assert true > 20
    assert right / true >= 0.9
    assert right / called >= 0.8


@pytest.mark.real_data
@pytest.mark.parametrize("part", [slice(0, 3), pytest.param(slice(3, 20), marks=pytest.mark.slow)])
def test_the_changes_made_to_real_lesion_maps_are_found(shared_data: Path, part: slice) -> None:
    """Expert maps of multiple sclerosis: many small lesions close together; no bones, one grid."""
    files = sorted((shared_data / "ms_lesion_maps" / "new_lesions").glob("*.nii.gz"))
    assert len(files) == 20
    settings = CompareSettings(base_tolerance_mm=1.0)
    for number, path in list(enumerate(files))[part]:
        before = find_lesions(read_labels(path), minimum_ml=0.0)
        gone = set(np.random.default_rng(number).permutation(len(before.lesions))[: len(before.lesions) // 3] + 1)
        same = compare_visits(VisitMasks(before, None), VisitMasks(before, None), settings)
        assert {change.change for change in same.changes} == {Change.STABLE}
        now = find_lesions(shifted_without(before.labels, gone), minimum_ml=0.0)
        comparison = compare_visits(VisitMasks(before, None), VisitMasks(now, None), settings)
        resolved = {one.lesion.lesion_id for change in comparison.changes if not change.now for one in change.before}
        assert resolved == gone, path.name
        assert not [change for change in comparison.changes if not change.before], path.name
        back = compare_visits(VisitMasks(now, None), VisitMasks(before, None), settings)
        new = {one.lesion.lesion_id for change in back.changes if not change.before for one in change.now}
        assert new == gone, path.name


def shifted_without(labels: Volume, gone: set[int]) -> Volume:
    """The mask moved by a few voxels, without some lesions."""
    kept = labels.array * ~np.isin(labels.array, list(gone)) > 0
    return labels.with_array(np.roll(kept, REAL_SHIFT_VOXELS, axis=(0, 1, 2)))
