"""``--rules FILE``: a site's own rules reach predict, inspect and the node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from node_builders import case_of, write_study
from stub_model import Finished

Command = Callable[..., Finished]

RULES = """
refuse:
  - name: a leg, which we never read
    when: {BodyPartExamined: LEG}
sequences: []
prefer: []
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "our.yaml").write_text(RULES)
    return tmp_path / "our.yaml"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    write_study(tmp_path / "study")
    return tmp_path / "study"


def test_predict_reads_what_the_rules_of_the_site_say(
    crmo_seg: Command, study: Path, out: Path, model: Path, rules: Path
) -> None:
    words = ("predict", study, "-o", out, "--model", model, "--rules", rules)
    crmo_seg(*words).assert_refused("is a leg, which we never read")
    rules.write_text(RULES.replace("LEG", "ARM"))
    assert crmo_seg(*words).code == 0


def test_inspect_says_what_they_say(crmo_seg: Command, study: Path, rules: Path) -> None:
    assert "no: is a leg, which we never read" in " ".join(crmo_seg("inspect", study, "--rules", rules).out.split())
    assert "yes: " in crmo_seg("inspect", study).out


def test_the_node_takes_them_from_its_settings(
    crmo_seg: Command, study: Path, out: Path, model: Path, rules: Path
) -> None:
    settings = rules.with_name("node.yaml")
    settings.write_text("quiet_s: 0\npoll_s: 0.1\nrules: our.yaml\n")
    words = ("node", "--in", study, "--out", out, "--model", model, "--settings", settings, "--once")
    assert crmo_seg(*words).code == 2
    assert "a leg, which we never read" in (out / "queue" / "failed" / case_of(0) / "error.txt").read_text()


@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_a_file_of_rules_that_is_missing(crmo_seg: Command, study: Path, out: Path, model: Path, command: str) -> None:
    words = [command, study, "--rules", out / "none.yaml"]
    extra = ["-o", out, "--model", model] if command == "predict" else []
    crmo_seg(*words, *extra).assert_refused("none.yaml: does not exist; give a YAML file of rules")


def test_rules_for_nifti_are_refused(crmo_seg: Command, scan: Path, out: Path, model: Path, rules: Path) -> None:
    words = ("predict", scan, "-o", out, "--model", model, "--rules", rules)
    crmo_seg(*words).assert_refused("is no DICOM, so it has no series to choose from; leave out --rules")
