"""``crmo-seg combine``: the model that is written runs, on the parts' own grids."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stub_model import make_bundle, make_image

from crmo_seg import load_model
from crmo_seg.bundle import load_bundle, part_folder, save_bundle
from crmo_seg.errors import InputError
from crmo_seg.inference.openvino_wanted import export_where_possible
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.inference.self_check import kept_window
from crmo_seg.jobs.combine import combine
from crmo_seg.jobs.publish import publish
from crmo_seg.keys import BONES, EDEMA, STIR
from crmo_seg.plan import BONES_HEAD


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    bones = make_bundle("bones", heads=(BONES_HEAD,), seed=1)
    coarse = replace(bones.plan.grid, in_plane_spacing_mm=2 * bones.plan.grid.in_plane_spacing_mm)
    for bundle in (make_bundle("edema"), replace(bones, plan=replace(bones.plan, grid=coarse))):
        save_bundle(bundle, tmp_path / bundle.name)
        export_where_possible(bundle, tmp_path / bundle.name)
    return [tmp_path / "edema", tmp_path / "bones"]


def test_it_marks_what_each_bundle_marks_alone(folders: list[Path], tmp_path: Path) -> None:
    combine(folders[0], folders[1:], tmp_path / "both")
    study = StudyImages("case", {STIR: make_image()})
    edema, bones, both = (load_model(place, "cpu").predict(study) for place in (*folders, tmp_path / "both"))
    assert set(both.masks) == {EDEMA, BONES}
    assert np.array_equal(both.probability.array, edema.probability.array)
    assert np.array_equal(both.masks[BONES].array, bones.masks[BONES].array)
    assert both.provenance.windows_run == edema.provenance.windows_run + bones.provenance.windows_run


def test_each_part_runs_by_openvino(folders: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    combine(folders[0], folders[1:], tmp_path / "both")
    predictor: Predictor = load_model(tmp_path / "both", "cpu")
    assert [predictor.backend.name, *(backend.name for _, backend in predictor.parts)] == ["openvino", "openvino"]
    assert (part_folder(tmp_path / "both", 0) / "openvino").is_dir()


def test_a_model_that_is_combined_once_more_keeps_its_check_windows(folders: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    third = make_bundle("third", heads=(replace(BONES_HEAD, name="third"),), seed=2)
    save_bundle(third, tmp_path / "third")
    own = np.full((1, *third.plan.patch), 0.5, np.float32)
    export_where_possible(load_bundle(folders[1]), folders[1], own)
    combine(folders[0], folders[1:], tmp_path / "both")
    made = combine(tmp_path / "both", [tmp_path / "third"], tmp_path / "all")
    assert [part.name for part in made.parts] == ["bones", "third"]
    np.testing.assert_array_equal(kept_window(part_folder(tmp_path / "all", 0), made.parts[0].plan), own)


def test_a_published_model_has_all_its_parts(folders: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    combine(folders[0], folders[1:], tmp_path / "both")
    made = publish(tmp_path / "both", tmp_path / "small")
    assert set(made.largest_difference) == {EDEMA, BONES}
    study = StudyImages("case", {STIR: make_image()})
    before, after = (load_model(tmp_path / name, "cpu").predict(study) for name in ("both", "small"))
    np.testing.assert_allclose(after.probability.array, before.probability.array, atol=0.01)


def test_a_bundle_is_not_overwritten_by_what_is_made_of_it(folders: list[Path]) -> None:
    with pytest.raises(InputError, match="is one of the bundles that the model is made of"):
        combine(folders[0], folders[1:], folders[1])
