from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web_archive import WebArchive, web_archive

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.stow import store_over_web


@pytest.fixture
def archive() -> Iterator[WebArchive]:
    with web_archive() as archive:
        yield archive


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, ...]:
    paths = tmp_path / "a.dcm", tmp_path / "b.dcm"
    for number, path in enumerate(paths):
        path.write_bytes(b"DICM" + bytes([number]))
    return paths


def test_every_file_arrives_as_it_is(archive: WebArchive, files: tuple[Path, ...]) -> None:
    assert store_over_web(files, archive.url, "Basic eA==") == 2
    assert archive.objects == [b"DICM\x00", b"DICM\x01"]
    assert set(archive.paths) == {"/dicom-web/studies"}
    assert set(archive.authorizations) == {"Basic eA=="}


def test_nothing_secret_is_sent_that_was_not_given(archive: WebArchive, files: tuple[Path, ...]) -> None:
    store_over_web(files[:1], archive.url)
    assert archive.authorizations == [None]


@pytest.mark.parametrize("answer", [b"", b"<xml/>", b"{}", b"[]", b'{"00081198": {"vr": "SQ", "Value": []}}'])
def test_answers_that_are_good(archive: WebArchive, files: tuple[Path, ...], answer: bytes) -> None:
    archive.answer = answer
    assert store_over_web(files, archive.url) == 2


def test_a_refusal_inside_a_good_answer_is_one(archive: WebArchive, files: tuple[Path, ...]) -> None:
    archive.answer = b'{"00081198": {"vr": "SQ", "Value": [{"00081197": {"vr": "US", "Value": [272]}}]}}'
    with pytest.raises(InputError, match="refuses an object; check the address"):
        store_over_web(files, archive.url)
    assert len(archive.objects) == 1


@pytest.mark.parametrize(("status", "reason"), [(401, "Unauthorized"), (409, "Conflict"), (503, "Service Unavail")])
def test_the_service_says_no(archive: WebArchive, files: tuple[Path, ...], status: int, reason: str) -> None:
    archive.status = status
    with pytest.raises(InputError, match=f"answers {status} {reason}"):
        store_over_web(files, archive.url)


def test_nobody_is_there(files: tuple[Path, ...]) -> None:
    with web_archive() as archive:
        url = archive.url
    with pytest.raises(InputError, match=r"takes nothing \(.*refused"):
        store_over_web(files, url)
