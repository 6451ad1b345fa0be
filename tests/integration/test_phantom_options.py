"""Options of ``crmo-seg phantom``: what they change, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from stub_model import Finished, entries

from crmo_seg.cases import read_manifest

Command = Callable[..., Finished]


def test_an_age_holds_for_everyone(crmo_seg: Command, tmp_path: Path) -> None:
    done = crmo_seg("phantom", tmp_path, "--patients", "1", "--tiny", "--age", "9", "--seed", "3")
    assert (done.code, done.out) == (0, f"1 studies in {tmp_path / 'manifest.csv'}\n")
    (case,) = read_manifest(tmp_path / "manifest.csv")
    assert (case.visit, set(case.images)) == (None, {"stir"})
    assert json.loads((tmp_path / case.case_id / "scan.json").read_text(encoding="utf-8"))["age_years"] == 9.0
    assert not (tmp_path / "manifest_dicom.csv").exists()
    again = crmo_seg("phantom", tmp_path, "--patients", "1", "--tiny")
    again.assert_refused(f"{tmp_path / 'manifest.csv'}: exists already", "give another folder")


def test_statistics_without_images(crmo_seg: Command, tmp_path: Path) -> None:
    done = crmo_seg("phantom", tmp_path / "new", "--patients", "2", "--visits", "2", "--statistics-only")
    assert done.code == 0
    for title in ("Lesions of 2 children", "Look-alikes of 2 children", "From the first visit to the second"):
        assert title in done.out
    assert entries(tmp_path / "new") == ["statistics.md"]
    again = crmo_seg("phantom", tmp_path / "new", "--statistics-only")
    again.assert_refused("statistics.md: exists already", "give another folder")


BAD_FILES = {
    "unknown.yaml": ("colour: red\n", "unknown.yaml: preset: has no setting 'colour'"),
    "kind.yaml": ("scan: {gap: wide}\n", "kind.yaml: preset.scan.gap: is 'wide'"),
    "negative.yaml": ("scan: {in_plane_mm: [-1, 1]}\n", "in_plane_mm is (-1.0, 1.0)"),
    "infinite.yaml": ("scan: {in_plane_mm: [1, .inf]}\n", "preset.scan.in_plane_mm: is inf"),
    "lacking.yaml": ("scan: {artefacts: {noise: {share: 1}}}\n", "preset.scan.artefacts.noise: lacks 'amount'"),
    "broken.yaml": ("a: [\n", "broken.yaml: is no YAML"),
    "list.yaml": ("- 1\n", "list.yaml: preset: is [1]"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_preset_file_that_makes_no_sense_is_refused(crmo_seg: Command, tmp_path: Path, name: str) -> None:
    text, message = BAD_FILES[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    crmo_seg("phantom", tmp_path / "out", "--preset", tmp_path / name).assert_refused(message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--age", "40"), "age_years: is 40 to 40"),
        (("--age", "-1"), "age_years: is -1 to -1"),
        (("--patients", "0"), "--patients: is 0; give 1 or more"),
        (("--visits", "0"), "--visits: is 0; give 1 or more"),
        (("--visits", "30"), "--visits: is 30, which may span 33.8 years"),
        (("--seed", "-1"), "--seed: is -1; give 0 or more"),
        (("--preset", "hard"), "preset 'hard': is not known"),
        (("--preset", "absent.yaml"), "preset 'absent.yaml': is not known"),
        (("--sequences", "stir,flair"), "sequences: is stir, flair; give each once, of: stir, t1, t2_dixon_water"),
        (("--sequences", ""), "sequences: is empty"),
        (("--preset", "plain", "--age", "9"), "preset 'plain': has one visit and STIR only"),
        (("--preset", "plain", "--visits", "2"), "preset 'plain': has one visit and STIR only"),
        (("--preset", "plain", "--statistics-only"), "preset 'plain': has no statistics; take another preset"),
    ],
)
def test_what_cannot_be_made_is_refused(crmo_seg: Command, out: Path, words: tuple[str, ...], message: str) -> None:
    crmo_seg("phantom", out, *words).assert_refused(message)
    assert not out.exists()


@pytest.mark.parametrize("more", [(), ("--statistics-only",), ("--preset", "plain")])
def test_a_file_in_the_place_of_the_folder_is_refused(crmo_seg: Command, tmp_path: Path, more: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    crmo_seg("phantom", tmp_path / "file", "--tiny", *more).assert_refused("file: is a file; give a folder")
    crmo_seg("phantom", tmp_path / "file" / "below", "--patients", "1", "--tiny", *more).assert_refused("file")
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"
