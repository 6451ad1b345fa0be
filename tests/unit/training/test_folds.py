from pathlib import Path

import numpy as np
import pytest
from builders import make_geometry
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.cases import Case, split_by_patient
from crmo_seg.io.nifti import write_nifti
from crmo_seg.training.folds import deal_patients, foreground_ml, head_of_load, with_folds
from crmo_seg.volume import Volume


def label(folder: Path, voxels: int) -> Path:
    array = np.zeros((10, 10, 10), np.uint8)
    array.ravel()[:voxels] = 1
    path = folder / f"label_{voxels}.nii.gz"
    write_nifti(path, Volume(array, make_geometry((10, 10, 10), (10.0, 10.0, 5.0))))
    return path


@given(st.dictionaries(st.text("abcdef", min_size=1), st.floats(0, 1e4), min_size=1, max_size=40), st.integers(1, 6))
def test_folds_are_equal_in_number_and_do_not_depend_on_the_order(volumes: dict[str, float], folds: int) -> None:
    dealt = deal_patients(volumes, folds)
    counts = np.bincount(list(dealt.values()), minlength=folds)
    assert counts.max() - counts.min() <= 1
    assert deal_patients(dict(reversed(volumes.items())), folds) == dealt


def test_every_fold_gets_its_share_of_the_lesions() -> None:
    rng = np.random.default_rng(0)
    volumes = {f"p{i:02d}": float(ml) for i, ml in enumerate([*rng.exponential(20, 30), *np.zeros(20)])}
    dealt = deal_patients(volumes, 5)
    totals = [sum(ml for patient, ml in volumes.items() if dealt[patient] == fold) for fold in range(5)]
    with_lesions = [sum(ml > 0 for patient, ml in volumes.items() if dealt[patient] == fold) for fold in range(5)]
    assert with_lesions == [6] * 5
    by_name = [sum(list(volumes.values())[fold::5]) for fold in range(5)]
    assert np.std(totals) < np.std(by_name)


def test_visits_of_a_patient_are_added_and_stay_together(tmp_path: Path) -> None:
    small, large = label(tmp_path, 10), label(tmp_path, 40)
    cases = [
        Case("a1", "a", labels={"edema": small}),
        Case("a2", "a", labels={"edema": large}),
        Case("b1", "b", labels={"edema": large}),
        Case("c1", "c"),
        Case("d1", "d", labels={"bones": large}),
    ]
    assert foreground_ml(cases, "edema") == pytest.approx({"a": 25.0, "b": 20.0, "c": 0.0, "d": 0.0})
    folded = with_folds(cases, "edema", 2)
    assert [case.fold for case in folded] == [0, 0, 1, 1, 0]
    assert {case.patient_id for case in split_by_patient(folded, fold=0, folds=2).val} == {"a", "d"}


def test_folds_of_the_manifest_are_kept(tmp_path: Path) -> None:
    cases = (Case("a", "a", fold=1), Case("b", "b"))
    assert with_folds(cases, "edema", 5) == cases


def test_heads_of_one_manifest_share_their_folds(tmp_path: Path) -> None:
    many, few = label(tmp_path, 40), label(tmp_path, 10)
    opposite = [
        Case("a", "a", labels={"edema": few, "bones": many}),
        Case("b", "b", labels={"edema": many, "bones": few}),
    ]
    folds = [with_folds(opposite, head_of_load(opposite, head), 2) for head in ("bones", "edema")]
    assert folds[0] == folds[1]
    assert [case.fold for case in folds[0]] == [1, 0]


def test_without_edema_the_head_itself_is_the_load(tmp_path: Path) -> None:
    assert head_of_load([Case("a", "a", labels={"bones": label(tmp_path, 10)})], "bones") == "bones"
