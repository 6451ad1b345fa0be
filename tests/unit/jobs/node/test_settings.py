from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from orthanc import ROUTING

from crmo_seg.errors import InputError
from crmo_seg.jobs.node.settings import Destination, NodeSettings, read_settings


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "node.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_no_file_and_an_empty_file_are_the_defaults(tmp_path: Path) -> None:
    assert read_settings(None) == read_settings(written(tmp_path, "")) == NodeSettings()


def test_a_file_names_what_differs_and_its_paths_start_from_its_folder(tmp_path: Path) -> None:
    text = "quiet_s: 5\nrules: our.yaml\nresults_to: {folder: /archive/in, url: 'https://pacs/dicom-web'}\n"
    settings = read_settings(written(tmp_path, text))
    to = Destination(Path("/archive/in"), "https://pacs/dicom-web")
    assert settings == NodeSettings(quiet_s=5.0, rules=tmp_path / "our.yaml", results_to=to)
    assert to.is_somewhere
    assert not NodeSettings().results_to.is_somewhere


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quiet: 5", "has the unknown setting quiet; known are model, device, mode"),
        ("quiet_s: soon", "quiet_s: is 'soon'; give a value of type float"),
        ("quiet_s: true", "quiet_s: is True; give a value of type float"),
        ("quiet_s: -1", "quiet_s: is -1; give a number of at least 0"),
        ("poll_s: .nan", "poll_s: is nan; give a number of at least 0.1"),
        ("most_starts: 1.5", "most_starts: is 1.5; give a value of type int"),
        ("device: null", "device: is None; give a value of type str"),
        ("- quiet_s", "the file is no list of names and values"),
        ("a: [", "is no YAML file that can be read"),
        ("results_to: pacs", "results_to is no list of names and values"),
        ("results_to: {host: pacs}", "has the unknown setting host; known are folder, url"),
        ("results_to: {url: pacs}", "results_to, url: is 'pacs'; give an address that begins with http"),
        ("results_to: {authorization_variable: A}", "stands without url; give both, or neither"),
    ],
)
def test_what_is_not_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_settings(written(tmp_path, text))
    assert str(refused.value).startswith(str(tmp_path / "node.yaml"))
    assert message in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: does not exist; give a YAML file of settings"):
        read_settings(tmp_path / "none.yaml")


def test_the_settings_of_the_page_are_those_that_are_read(repository: Path, tmp_path: Path) -> None:
    page = (repository / "docs" / "node.md").read_text(encoding="utf-8")
    full, *others = (part.partition("```")[0] for part in page.split("```yaml\n")[1:])
    settings = read_settings(written(tmp_path, full))
    defaults = NodeSettings()
    for name in ("device", "mode", "probability", "quiet_s", "poll_s", "send_again_s", "most_starts"):
        assert getattr(settings, name) == getattr(defaults, name)
    named = full.replace("results_to", "").split()
    assert all(f"{field.name}:" in named for field in fields(Destination))
    assert all(f"{field.name}:" in full for field in fields(NodeSettings))
    assert [read_settings(written(tmp_path, text)).results_to.is_somewhere for text in others] == [True]


def test_the_routing_of_the_page_is_the_one_that_is_tested(repository: Path) -> None:
    assert ROUTING.strip() in (repository / "docs" / "node.md").read_text(encoding="utf-8")
