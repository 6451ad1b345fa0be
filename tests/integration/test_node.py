"""``crmo-seg node`` as it runs beside a PACS: what arrives, what is killed, what comes out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from node_builders import SECRET, case_of, write_flat, write_study
from stub_model import Finished, write_model

from crmo_seg.inference.predictor import Predictor
from crmo_seg.jobs.node.study_queue import STATES, StudyQueue

Command = Callable[..., Finished]

PATIENCE_S = 250.0
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


@pytest.fixture(scope="module")
def blind(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that finds nothing, for speed."""
    return write_model(tmp_path_factory.mktemp("model") / "bundle", edema_logit=-9.0)


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "node.yaml").write_text("quiet_s: 0\npoll_s: 0.1\nresults_to: {folder: outgoing}\n")
    return tmp_path / "node.yaml"


def words(incoming: Path, out: Path, model: Path, settings: Path) -> list[object]:
    return ["node", "--in", incoming, "--out", out, "--model", model, "--settings", settings]


def cases_in(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir() if path.is_dir() and path.name != "queue")


def states_of(out: Path) -> dict[str, str]:
    queue = StudyQueue(out / "queue")
    return {entry.case_id: state for state in STATES for entry in queue.entries(state)}


def assert_whole(out: Path) -> None:
    for name in cases_in(out):
        assert json.loads((out / name / "summary.json").read_text())["case_id"] == name
        assert (out / name / "dicom" / "edema_sr.dcm").exists()


def test_studies_in_one_folder_are_kept_apart_and_named_nowhere(
    crmo_seg: Command, incoming: Path, out: Path, blind: Path, settings: Path, tmp_path: Path
) -> None:
    write_flat(incoming, range(2))
    bad = write_study(incoming, 2)[4]
    bad.write_bytes(bad.read_bytes()[:-10])
    first = crmo_seg(*words(incoming, out, blind, settings), "--once")
    assert first.code == 2
    assert states_of(out) == {case_of(0): "done", case_of(1): "done", case_of(2): "failed"}
    assert cases_in(out) == sorted(case_of(number) for number in range(2))
    assert_whole(out)
    error = (out / "queue" / "failed" / case_of(2) / "error.txt").read_text()
    assert error == f"{bad}: ends 10 bytes too early; export or copy the series again\n"
    names = {f"{case_of(n)}_{name}.dcm" for n in range(2) for name in ("edema_sr", "edema_key_1")}
    assert {path.name for path in (tmp_path / "outgoing").iterdir()} == names
    printed = first.out + first.err + (out / "node.log").read_text()
    assert f"case {case_of(0)}: finished in" in printed
    for case in cases_in(out):
        summary = (out / case / "summary.json").read_text()
        assert json.loads(summary)["input"] == "../in"
        printed += summary + (out / case / "report.html").read_text()
    assert SECRET not in printed

    whole = bad.read_bytes() + bytes(10)
    bad.write_bytes(whole)  # sent again, whole this time
    write_study(incoming / "again", 0)  # delivered twice
    again = crmo_seg(*words(incoming, out, blind, settings), "--once", "--quiet")
    assert (again.code, again.out, again.err) == (0, "", "")
    assert set(states_of(out).values()) == {"done"}
    lines = (out / "node.log").read_text()
    assert f"case {case_of(0)}: 16 files, waiting, as it got more files" in lines
    assert f"case {case_of(0)}: finished before" in lines
    assert lines.count(f"case {case_of(1)}: finished") == 1


def test_a_study_that_got_more_slices_is_done_anew(
    crmo_seg: Command, incoming: Path, out: Path, blind: Path, settings: Path
) -> None:
    last = write_study(incoming)[-1]
    content = last.read_bytes()
    last.unlink()
    for _ in range(2):
        assert crmo_seg(*words(incoming, out, blind, settings), "--once").code == 0
    (before,) = (json.loads((out / case_of(0) / "summary.json").read_text())["hashes"] for _ in range(1))
    last.write_bytes(content)
    assert crmo_seg(*words(incoming, out, blind, settings), "--once").code == 0
    after = json.loads((out / case_of(0) / "summary.json").read_text())["hashes"]
    assert after["input_sha256"] != before["input_sha256"]
    assert (out / "node.log").read_text().count(": finished in") == 2


def test_a_request_to_end_leaves_the_study_waiting_and_nothing_half_written(
    crmo_seg: Command, incoming: Path, out: Path, blind: Path, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(incoming)

    def end(*_: object) -> None:
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Predictor, "predict", end)
    ended = crmo_seg(*words(incoming, out, blind, settings))
    assert (ended.code, ended.err.splitlines()[-1]) == (143, "interrupted")
    assert states_of(out) == {case_of(0): "waiting"}
    assert cases_in(out) == []


@pytest.mark.parametrize(
    ("place", "message"),
    [(place, "lies in the incoming folder, or around it") for place in ("in", ".", "in/out")],
)
def test_folders_that_would_feed_on_themselves(
    crmo_seg: Command, incoming: Path, blind: Path, settings: Path, place: str, message: str
) -> None:
    crmo_seg(*words(incoming, incoming.parent / place, blind, settings)).assert_refused(message)
    assert list(incoming.iterdir()) == []


def test_a_missing_folder_is_refused(crmo_seg: Command, out: Path, blind: Path, settings: Path) -> None:
    crmo_seg(*words(out / "none", out, blind, settings)).assert_refused("none: is no folder; give the folder")


@posix
@pytest.mark.slow  # three processes and fifty studies
def test_fifty_studies_and_two_kills_nothing_lost_nothing_double(
    incoming: Path, out: Path, blind: Path, settings: Path, tmp_path: Path
) -> None:
    write_flat(incoming, range(20))  # the others arrive while the node is at work
    command = [sys.executable, "-m", "crmo_seg", *map(str, words(incoming, out, blind, settings))]
    for kill_after, more in ((5, range(20, 35)), (25, range(35, 50))):
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as node:
            for number in more:
                write_study(incoming, number)
            wait_for(node, lambda after=kill_after: in_the_middle(out, after))
            node.send_signal(signal.SIGKILL)
        assert_whole_but_hidden(out)
        assert list(states_of(out).values()).count("running") == 1
    ended = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 0, ended.stderr
    expected = sorted(case_of(number) for number in range(50))
    assert cases_in(out) == expected  # none partial, none hidden
    assert_whole(out)
    assert states_of(out) == dict.fromkeys(expected, "done")
    sent = sorted(path.name for path in (tmp_path / "outgoing").iterdir())
    assert sent == sorted(f"{case}_{name}.dcm" for case in expected for name in ("edema_key_1", "edema_sr"))
    log = (out / "node.log").read_text()
    assert log.count("taken up again") == 2
    assert all(log.count(f"case {case}: finished") == 1 for case in expected)
    assert SECRET not in log


def in_the_middle(out: Path, done: int) -> bool:
    """Some studies are done, and the files of another one are being written."""
    return len(list((out / "queue" / "done").glob("*"))) >= done and any(out.glob(".*.part/*.nii.gz"))


def assert_whole_but_hidden(out: Path) -> None:
    hidden = [path for path in out.iterdir() if path.name.startswith(".") and path.is_dir()]
    assert hidden, "the kill came between two studies"
    for path in out.iterdir():
        if path.is_dir() and path.name != "queue" and path not in hidden:
            assert (path / "summary.json").read_text().rstrip().endswith("}")


def wait_for(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
    patience = time.monotonic() + PATIENCE_S
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < patience
        time.sleep(0.001)
