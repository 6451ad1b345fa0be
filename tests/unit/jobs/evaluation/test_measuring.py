"""One case from its files: every head, every class, in whatever order the axes are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.anatomy import bone_named
from crmo_seg.cases import Case
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS
from crmo_seg.io.nifti import write_nifti
from crmo_seg.jobs.evaluation.measuring import measure_case
from crmo_seg.volume import Volume


def write(path: Path, volume: Volume) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, volume)
    return path


def rod(start: int, stop: int, value: int) -> Volume:
    array = np.zeros((20, 6, 6), dtype=np.uint8)
    array[start:stop, 2:5, 2:5] = value
    return make_volume(array, (2.0, 5.0, 10.0))


def test_surfaces_of_every_class_and_bones_of_every_lesion(tmp_path: Path) -> None:
    femur = bone_named("femur_left").label
    labels = {"edema": rod(0, 8, 1), "bones": rod(0, 12, femur)}
    case = Case(
        "a", "A", images={}, labels={head: write(tmp_path / f"{head}.nii.gz", one) for head, one in labels.items()}
    )
    turned = {"edema": rod(2, 8, 1), "bones": rod(0, 12, bone_named("femur_right").label)}
    for head, volume in turned.items():
        write(tmp_path / "pred" / "a" / f"{head}.nii.gz", volume.transposed((2, 0, 1), (True, False, True)))
    found = measure_case(case, tmp_path / "pred", ["edema", "bones"], DEFAULT_SETTINGS)
    assert found.heads["edema"]["edema"].dice == pytest.approx(12 / 14)
    assert found.surfaces["bones"]["femur"].surface_dice == 1.0  # unsided
    assert found.surfaces["edema"]["edema"].hausdorff95_mm == pytest.approx(4.0)
    assert found.table is not None
    assert [one.lesion.site.bone for one in (*found.table.ref, *found.table.pred)] == ["femur", "femur"]


def test_a_case_without_edema_has_no_lesions(tmp_path: Path) -> None:
    case = Case("a", "A", images={}, labels={"knee": write(tmp_path / "knee.nii.gz", rod(0, 8, 2))})
    write(tmp_path / "pred" / "a" / "knee.nii.gz", rod(0, 8, 2))
    found = measure_case(case, tmp_path / "pred", ["edema", "knee"], DEFAULT_SETTINGS)
    assert (found.lesions, found.table, list(found.surfaces["knee"])) == (None, None, ["2"])
