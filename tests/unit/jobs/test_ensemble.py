"""Several bundles as one: what is refused. ``test_bundle.py`` tests what is written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import make_plan
from stub_model import entries, make_bundle, write_model

from crmo_seg.bundle import load_bundle, save_bundle
from crmo_seg.errors import InputError
from crmo_seg.jobs.ensemble import make_ensemble


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("training")
    return [write_model(folder / f"fold_{seed}" / "bundle", seed=seed) for seed in range(3)]


def test_the_members_are_those_of_all_folders(members: list[Path], tmp_path: Path) -> None:
    made = make_ensemble(members, tmp_path / "ensemble")
    assert len(made.members) == 3
    loaded = load_bundle(tmp_path / "ensemble")
    assert loaded.sha256 == made.sha256
    for member, folder in zip(loaded.members, members, strict=True):
        alone = load_bundle(folder).weights
        assert all(np.array_equal(member.weights[name], alone[name]) for name in alone)


def test_it_runs_by_openvino_where_its_members_could(members: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    from crmo_seg.inference.openvino_export import export_bundle
    from crmo_seg.inference.openvino_files import find_openvino_files
    from crmo_seg.inference.self_check import SelfCheck

    window = np.random.default_rng(0).normal(size=(1, 8, 8, 4)).astype(np.float16).astype(np.float32)
    own = [shutil.copytree(folder, tmp_path / f"own_{number}") for number, folder in enumerate(members[:2])]
    export_bundle(own[0], window)
    made = make_ensemble(own, tmp_path / "ensemble")
    files = find_openvino_files(made, tmp_path / "ensemble")
    assert len(files.models) == 2
    np.testing.assert_array_equal(SelfCheck.load(files.self_check).window[0], window)


def test_an_ensemble_is_replaced_by_a_new_one(members: list[Path], tmp_path: Path) -> None:
    make_ensemble(members, tmp_path / "ensemble")
    make_ensemble(members[:2], tmp_path / "ensemble")
    assert len(load_bundle(tmp_path / "ensemble").members) == 2


def test_other_plans_are_refused(members: list[Path], tmp_path: Path) -> None:
    other = replace(make_bundle(), plan=make_plan(patch=(16, 16, 4)))
    save_bundle(other, tmp_path / "other")
    with pytest.raises(InputError, match=r"other: has another plan than .*fold_0.*; train all members with the same"):
        make_ensemble([members[0], tmp_path / "other"], tmp_path / "ensemble")
    assert entries(tmp_path / "ensemble") == []


def test_a_folder_without_a_bundle_is_named(members: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"fold_9: is no model bundle"):
        make_ensemble([members[0], tmp_path / "fold_9"], tmp_path / "ensemble")
    with pytest.raises(InputError, match=r"fold_\*: is no model bundle"):  # a pattern that matched nothing
        make_ensemble([members[0], tmp_path / "fold_*"], tmp_path / "ensemble")


def test_one_bundle_is_no_ensemble(members: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is the only bundle; name all members"):
        make_ensemble(members[:1], tmp_path / "ensemble")


def test_a_bundle_named_twice_is_refused(members: list[Path], tmp_path: Path) -> None:
    again = members[0].parent / ".." / "fold_0" / "bundle"
    with pytest.raises(InputError, match="is named twice"):
        make_ensemble([*members, again], tmp_path / "ensemble")


def test_no_member_is_overwritten(members: list[Path], tmp_path: Path) -> None:
    before = load_bundle(members[1]).sha256
    with pytest.raises(InputError, match="is one of the bundles that the ensemble is made of; give another folder"):
        make_ensemble(members, members[1])
    assert load_bundle(members[1]).sha256 == before


def test_a_folder_that_is_no_bundle_is_kept(members: list[Path], tmp_path: Path) -> None:
    (tmp_path / "note.txt").touch()
    with pytest.raises(InputError, match="exists and is no model bundle"):
        make_ensemble(members, tmp_path)
    assert entries(tmp_path) == ["note.txt"]
