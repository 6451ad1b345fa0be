from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_file_builders import image, save

from crmo_seg.io.dicom.read.belonging import Belonging, belonging_of

PIXELS = np.zeros((40, 50), np.uint16)
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def test_a_slice_and_a_picture(tmp_path: Path) -> None:
    save(image(PIXELS), tmp_path / "slice")
    save(image(PIXELS, SECONDARY_CAPTURE), tmp_path / "picture")
    assert belonging_of(tmp_path / "slice") == Belonging("1.2.3", True)
    assert belonging_of(tmp_path / "picture") == Belonging("1.2.3", False)
    assert "1.2.3" not in repr(belonging_of(tmp_path / "slice"))


@pytest.mark.parametrize("content", [b"", b"text", b"\x08\x00" + bytes(200)])
def test_other_files_belong_to_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert belonging_of(tmp_path / "a") is None


def test_a_file_that_is_still_being_written(tmp_path: Path) -> None:
    """Cut anywhere, it is no DICOM yet, or damaged, or the study is known; never of another study, never an error."""
    save(image(PIXELS), tmp_path / "whole")
    content = (tmp_path / "whole").read_bytes()
    found = set()
    for length in (*range(0, 700, 3), len(content) - 1):
        (tmp_path / "part").write_bytes(content[:length])
        found.add(belonging_of(tmp_path / "part"))
    assert found == {None, Belonging(None, False), Belonging(None, True), Belonging("1.2.3", True)}


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        belonging_of(tmp_path / "none")
