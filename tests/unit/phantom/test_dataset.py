from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from crmo_seg.cases import read_manifest
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_image
from crmo_seg.phantom.dataset import make_phantoms
from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import PLAIN_TINY


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_phantoms(tmp_path_factory.mktemp("phantoms") / "set", patients=2, tiny=True, seed=5)


def test_the_manifest_names_volumes_that_hold_the_patients(manifest: Path) -> None:
    cases = read_manifest(manifest)
    assert [case.case_id for case in cases] == ["phantom-0000", "phantom-0001"]
    assert (set(cases[0].images), set(cases[0].labels)) == ({"stir"}, {"edema", "bones"})
    for index, case in enumerate(cases):
        study = make_patient(PLAIN_TINY, 5, index)
        stored = {"stir": case.images["stir"], **case.labels}
        for name, volume in {"stir": study.image, "edema": study.edema, "bones": study.bones}.items():
            read = read_image(stored[name])
            assert read.geometry.same_grid(volume.geometry)
            np.testing.assert_array_equal(read.array, volume.array.astype(np.float32))


def test_the_truth_table_has_a_row_a_lesion(manifest: Path) -> None:
    for index in range(2):
        study = make_patient(PLAIN_TINY, 5, index)
        with (manifest.parent / study.case_id / "truth.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [row["bone"] for row in rows] == [lesion.plan.bone.name for lesion in study.lesions]


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    make_phantoms(tmp_path, patients=1, tiny=True, on_case=lambda done, total: told.append((done, total)))
    assert told == [(1, 1)]


def test_a_manifest_is_not_overwritten(manifest: Path) -> None:
    before = manifest.read_bytes()
    with pytest.raises(InputError, match=r"manifest\.csv: exists already; give another folder, or delete"):
        make_phantoms(manifest.parent, patients=1, tiny=True)
    assert manifest.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patients": 0}, "is 0; give 1 or more"),
        ({"patients": 1, "preset": "hard"}, "give one of: plain"),
    ],
)
def test_impossible_settings_leave_no_folder(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        make_phantoms(tmp_path / "new", tiny=True, **options)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(InputError, match="is a file; give a folder"):
        make_phantoms(file, patients=1, tiny=True)
