import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from builders import make_geometry, make_plan

from crmo_seg.cases import Case
from crmo_seg.data import cache as cache_module
from crmo_seg.data.cache import PreparedCases, case_key
from crmo_seg.data.loading import LoadCased
from crmo_seg.data.sample import CASE, FOREGROUND, IMAGE, label_key, labelled_key
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import write_nifti
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD, GridPlan, Plan
from crmo_seg.volume import Volume

GEOMETRY = make_geometry((12, 6, 16), (2.0, 6.0, 2.0))
PLAN = make_plan(heads=(EDEMA_HEAD, BONES_HEAD))


def write_case(folder: Path, *, lesion: bool = True) -> Case:
    image = np.random.default_rng(0).random(GEOMETRY.shape, dtype=np.float32) + 1
    edema = np.zeros(GEOMETRY.shape, np.uint8)
    edema[2:4, 3, 4:7] = lesion
    write_nifti(folder / "stir.nii.gz", Volume(image, GEOMETRY))
    write_nifti(folder / "edema.nii.gz", Volume(edema, GEOMETRY))
    return Case("a", "p", images={"stir": folder / "stir.nii.gz"}, labels={"edema": folder / "edema.nii.gz"})


def test_what_comes_from_disk_is_what_was_prepared(tmp_path: Path) -> None:
    case = write_case(tmp_path)
    prepared = LoadCased(PLAN)({CASE: case})
    cases = PreparedCases(tmp_path / "cache", PLAN)
    for sample in (cases(case), cases(case)):
        assert np.array_equal(sample[IMAGE], prepared[IMAGE])
        assert np.array_equal(sample[label_key("edema")], prepared[label_key("edema")])
        assert np.array_equal(sample[FOREGROUND]["edema"][1], prepared[FOREGROUND]["edema"][1])
        assert sample[labelled_key("edema")] == 1
        assert isinstance(sample[IMAGE], np.memmap), "a patch is read without the volume"


def test_a_label_that_is_missing_stays_missing(tmp_path: Path) -> None:
    sample = PreparedCases(tmp_path / "cache", PLAN)(write_case(tmp_path))
    assert sample[labelled_key("bones")] == 0
    assert sample[label_key("bones")].shape == sample[label_key("edema")].shape
    assert not sample[label_key("bones")].any()
    assert sample[FOREGROUND]["bones"] == {}


def test_a_case_without_lesions_has_no_foreground(tmp_path: Path) -> None:
    sample = PreparedCases(tmp_path / "cache", PLAN)(write_case(tmp_path, lesion=False))
    assert sample[labelled_key("edema")] == 1
    assert sample[FOREGROUND]["edema"] == {}


def test_a_case_is_prepared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = write_case(tmp_path)
    PreparedCases(tmp_path / "cache", PLAN)(case)
    monkeypatch.setattr(LoadCased, "__call__", lambda *_: pytest.fail("prepared again"))
    PreparedCases(tmp_path / "cache", PLAN)(case)


def test_the_key_follows_content_and_plan(tmp_path: Path) -> None:
    case = write_case(tmp_path)
    key = case_key(case, PLAN)
    other_grid = Plan(PLAN.sequences, PLAN.heads, GridPlan(3.0, (3.0, 8.0)), PLAN.patch, PLAN.network)
    assert case_key(case, other_grid) != key
    assert case_key(case, make_plan(heads=(EDEMA_HEAD,))) != key
    assert case_key(case, make_plan((16, 16, 8), heads=PLAN.heads)) == key, "the patch is no part of preparing"
    moved = Case("other", "other", images=case.images, labels=case.labels)
    assert case_key(moved, PLAN) == key, "neither is the name"
    write_case(tmp_path, lesion=False)
    assert case_key(case, PLAN) != key


def test_runs_that_prepare_the_same_case_at_once_do_not_harm_each_other(tmp_path: Path) -> None:
    case, shapes = write_case(tmp_path), []
    barrier = threading.Barrier(4)

    def prepare() -> None:
        barrier.wait()
        shapes.append(PreparedCases(tmp_path / "cache", PLAN)(case)[IMAGE].shape)

    threads = [threading.Thread(target=prepare) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shapes) == 4
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [case_key(case, PLAN)]


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_module.np, "save", full)
    with pytest.raises(InputError, match=r"cache: prepared cases .* \(No space left on device\); free space .* data.c"):
        PreparedCases(tmp_path / "cache", PLAN)(write_case(tmp_path))
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_deleted_cache_is_made_again(tmp_path: Path) -> None:
    case, cases = write_case(tmp_path), PreparedCases(tmp_path / "cache", PLAN)
    cases(case)
    shutil.rmtree(tmp_path / "cache")
    assert cases(case)[IMAGE].shape[0] == 1


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    case = write_case(tmp_path)
    case.labels["edema"].unlink()
    with pytest.raises(InputError, match=r"edema.nii.gz: cannot be read \(No such file"):
        PreparedCases(tmp_path / "cache", PLAN)(case)
