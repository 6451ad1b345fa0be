"""``crmo-seg inspect`` on good and bad input: a table, or one clear line; no traceback, no name of a patient."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_file_builders import image, save
from typer.testing import CliRunner, Result

from crmo_seg.cli import main
from crmo_seg.cli.main import app


@pytest.fixture
def study(tmp_path: Path) -> Path:
    for index in range(3):
        place: dict[str, Any] = {
            "ImageOrientationPatient": [1, 0, 0, 0, 0, -1],
            "ImagePositionPatient": [0, 6 * index, 0],
            "PixelSpacing": [1.5, 1.25],
        }
        texts: dict[str, Any] = {"SeriesNumber": 4, "SeriesDescription": "STIR [cor]", "PatientName": "Secret^Name"}
        uid: dict[str, Any] = {"SOPInstanceUID": f"1.2.3.4.{index}", "PatientID": "Secret"}
        save(image(np.full((4, 5), index, np.uint16), **place, **texts, **uid), tmp_path / "study" / f"{index}")
    return tmp_path / "study"


def inspect(*words: object) -> Result:
    return CliRunner().invoke(app, ["inspect", *map(str, words)])


def error_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> str:
    """What ``crmo-seg inspect`` says before it ends with exit code 2."""
    monkeypatch.setattr("sys.argv", ["crmo-seg", "inspect", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert line.startswith("error: ")
    return line


def test_the_table_names_series_and_no_patient(study: Path) -> None:
    result = inspect(study)
    assert result.exit_code == 0
    for text in ("patient 1, 2024-02-29", "STIR [cor]", "coronal", "5 x 4", "1.25 x 1.5 x 6", "yes: "):
        assert text in result.output
    assert "Secret" not in result.output


def test_write_leaves_nifti_and_nothing_else(study: Path, tmp_path: Path) -> None:
    result = inspect(study, "--write", tmp_path / "out")
    assert result.exit_code == 0
    assert f"1 NIfTI files in {tmp_path / 'out'}" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0004_STIR_cor.nii.gz"]
    assert inspect(study, "--write", tmp_path / "out", "--quiet").output == ""


def test_pixels_that_cannot_be_decoded_end_with_an_error(study: Path, tmp_path: Path) -> None:
    for path in study.iterdir():
        data = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0")  # says RLE, is not
        path.write_bytes(data)
    result = inspect(study, "--write", tmp_path / "out")
    assert result.exit_code == 2
    assert "error: " in result.output
    assert not (tmp_path / "out").exists()


def test_bad_input_is_one_line(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = study / "1"
    cut.write_bytes(cut.read_bytes()[:-10])
    assert f"{cut}: ends 10 bytes too early" in error_line(capsys, monkeypatch, study, "--write", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\3\4" + b"\0" * 300)
    assert "holds no DICOM" in error_line(capsys, monkeypatch, broken)


def test_a_zip_with_a_path_that_leads_outside_is_read_where_it_is(study: Path, tmp_path: Path) -> None:
    archive_path = tmp_path / "in" / "study.zip"
    archive_path.parent.mkdir()
    with zipfile.ZipFile(archive_path, "w") as archive:
        for path in study.iterdir():
            archive.write(path, f"../../escaped-{path.name}")
    result = inspect(archive_path, "--write", tmp_path / "out")
    assert result.exit_code == 0
    assert not list(tmp_path.rglob("escaped*"))


def test_ten_thousand_other_files_are_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "first").write_bytes(b"x" * 400)
    for number in range(10_000):
        os.link(tmp_path / "first", tmp_path / f"{number}")
    assert "holds no DICOM" in error_line(capsys, monkeypatch, tmp_path)
