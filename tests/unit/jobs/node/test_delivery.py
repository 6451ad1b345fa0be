from __future__ import annotations

from pathlib import Path

import pytest
from web_archive import web_archive

from crmo_seg.errors import InputError
from crmo_seg.jobs.node.delivery import deliver
from crmo_seg.jobs.node.settings import Destination


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / "c1" / "dicom").mkdir(parents=True)
    for name in ("edema_seg.dcm", "edema_sr.dcm"):
        (tmp_path / "c1" / "dicom" / name).write_text(name)
    (tmp_path / "c1" / "report.html").write_text("")
    return tmp_path / "c1"


def test_to_a_folder_twice_is_there_once(case: Path, tmp_path: Path) -> None:
    archive = tmp_path / "far" / "archive"
    assert [deliver(case, Destination(folder=archive)) for _ in range(2)] == [2, 2]
    assert {path.name: path.read_text() for path in archive.iterdir()} == {
        "c1_edema_seg.dcm": "edema_seg.dcm",
        "c1_edema_sr.dcm": "edema_sr.dcm",
    }


def test_to_a_service_with_what_the_environment_says(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with web_archive() as archive:
        to = Destination(url=archive.url, authorization_variable="PACS_TOKEN")
        monkeypatch.delenv("PACS_TOKEN", raising=False)
        with pytest.raises(InputError, match="results_to, PACS_TOKEN: is not set in the environment"):
            deliver(case, to)
        monkeypatch.setenv("PACS_TOKEN", "Bearer x")
        assert deliver(case, to) == 2
        assert archive.authorizations == ["Bearer x"] * 2


def test_a_model_that_makes_no_dicom_sends_nothing(tmp_path: Path) -> None:
    assert deliver(tmp_path / "none", Destination(folder=tmp_path / "archive")) == 0
