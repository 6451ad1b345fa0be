from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from crmo_seg.errors import InputError
from crmo_seg.io.dicom import source as dicom_source
from crmo_seg.io.dicom.source import DicomFile, all_files, is_dicom_file, open_files, source_name


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_files_of_folder_zip_and_list_are_sorted_and_hidden_ones_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    for name in ("b", "sub/a", ".hidden", "._b", "__MACOSX/b"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    assert [file.path.name for file in all_files(folder)] == ["b", "a"]
    assert all_files([folder / "sub" / "a", folder / "b"]) == [DicomFile(folder / "b"), DicomFile(folder / "sub" / "a")]
    archive = make_zip(tmp_path / "study.zip", {"z": b"1", "sub/a": b"2", "__MACOSX/._a": b"3"})
    files = all_files(archive)
    assert [file.member for file in files] == ["sub/a", "z"]
    assert [stream.read() for _, stream in open_files(files)] == [b"2", b"1"]
    assert str(files[0]) == f"{archive}, sub/a"


def test_a_zip_member_that_climbs_out_is_read_and_written_nowhere(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    archive = make_zip(tmp_path / "in" / "study.zip", {"../x": b"1"})
    assert [stream.read() for _, stream in open_files(all_files(archive))] == [b"1"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["in", "study.zip"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\0" * 128 + b"DICM", True),
        (b"\x08\x00\x16\x00" + b"\0" * 200, True),
        (b"", False),
        (b"patient,visit\n" * 20, False),
        (b"\x5c\x01\x00\x00" + b"\0" * 400, False),  # a NIfTI header begins with 348
    ],
)
def test_what_looks_like_dicom(tmp_path: Path, content: bytes, expected: bool) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    assert is_dicom_file(path) is expected


def test_bad_sources_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="missing: does not exist"):
        all_files(tmp_path / "missing")
    with pytest.raises(InputError, match="gone: could not be read"):
        list(open_files([DicomFile(tmp_path / "gone")]))
    archive = make_zip(tmp_path / "a.zip", {"a": b"1" * 100})
    damaged = bytearray(archive.read_bytes())
    damaged[31:36] = b"\xff" * 5  # inside the compressed bytes
    (tmp_path / "damaged.zip").write_bytes(bytes(damaged))
    with pytest.raises(InputError, match=r"damaged\.zip, a: could not be read"):
        [dicom_source.looks_like_dicom(*pair) for pair in open_files(all_files(tmp_path / "damaged.zip"))]
    monkeypatch.setattr(dicom_source, "_LARGEST_MEMBER_BYTES", 50)
    with pytest.raises(InputError, match=r"a\.zip: a unpacks to 100 bytes; unpack it and give the folder"):
        all_files(archive)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a": b"1"})
    raw = bytearray(archive.read_bytes())
    raw[6] |= 1  # encryption flag, local header
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # and central directory
    archive.write_bytes(bytes(raw))
    with pytest.raises(InputError, match=r"a\.zip: could not be read .*encrypted.*without a password"):
        list(open_files(all_files(archive)))


def test_the_name_of_a_source() -> None:
    assert source_name(Path("a")) == Path("a")
    assert source_name([Path("a/b"), Path("a/c")]) == Path("a")
    assert source_name([]) == Path("no files")
