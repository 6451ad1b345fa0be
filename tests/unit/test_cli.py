"""The command line: what it lists, prints and returns. ``integration/test_bad_input.py`` drives its errors."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from stub_model import Finished, make_image, write_image, write_model

from crmo_seg import __version__
from crmo_seg.cases import Case, write_manifest
from crmo_seg.cli import main, predict_main
from crmo_seg.io.nifti import write_nifti
from crmo_seg.io.study import Study
from crmo_seg.jobs import info

ALONE = (
    "predict", "compare", "timeline", "inspect", "sites", "node", "phantom", "ensemble", "publish", "evaluate", "info",
)  # fmt: skip
COMMANDS = (*ALONE, "train", "dataset")
HEAVY = ("torch", "monai", "lightning", "hydra", "matplotlib", "highdicom", "pydicom", "nibabel", "scipy", "numpy")

Run = Callable[..., Finished]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object, entry: Callable[[], NoReturn] = main) -> Finished:
        monkeypatch.setattr(sys, "argv", ["crmo-seg", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            entry()
        printed = capsys.readouterr()
        return Finished(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "bundle", edema_logit=2.0)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_image(tmp_path / "scan.nii.gz")


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Help is wrapped to the terminal; a narrow one must not break words that are looked for."""
    monkeypatch.setenv("COLUMNS", "200")


def test_help_lists_the_commands(run: Run) -> None:
    finished = run("--help")
    assert finished.code == 0
    assert [name for name in COMMANDS if name not in finished.out] == []
    assert "not for diagnosis" in finished.out


@pytest.mark.parametrize("command", ALONE)
def test_every_command_has_help(run: Run, command: str) -> None:
    finished = run(command, "--help")
    assert (finished.code, "Usage" in finished.out) == (0, True)


def test_help_of_infer_is_that_of_predict(run: Run) -> None:
    finished = run("--help", entry=predict_main)
    assert [
        word
        for word in ("--model", "--overwrite", "--shard", "--fast", "--best", "--precision")
        if word not in finished.out
    ] == []


def test_no_command_shows_the_help(run: Run) -> None:
    finished = run()
    assert finished.code == 2
    assert "predict" in finished.out + finished.err


def test_version(run: Run) -> None:
    finished = run("--version")
    assert (finished.code, finished.out) == (0, f"crmo-seg {__version__}\n")


def test_an_unknown_command_is_refused(run: Run) -> None:
    finished = run("segment")
    assert finished.code == 2
    assert "segment" in finished.err


@pytest.mark.parametrize("module", ["crmo_seg", "crmo_seg.cli"])
def test_nothing_heavy_is_imported_before_a_command_runs(module: str) -> None:
    program = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    if module == "crmo_seg.cli":
        program = f"import sys\ntry:\n    sys.argv = ['x', '--help']\n    import {module}\n    {module}.main()\n"
        program += "except SystemExit:\n    import json\n    print(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = json.loads(ended.stdout.splitlines()[-1])
    assert "crmo_seg" in modules
    assert sorted(set(modules) & set(HEAVY)) == []


def test_predict_prints_a_line_a_case(run: Run, model: Path, scan: Path, tmp_path: Path) -> None:
    arguments = ("predict", scan, "-o", tmp_path / "out", "--model", model, "--device", "cpu")
    first, again = run(*arguments), run(*arguments)
    assert (first.code, first.without_notes) == (0, "")
    assert first.out == f"{tmp_path / 'out' / 'scan'}: 1 lesions, 92.2 ml; open report.html\n"
    assert again.out == f"{tmp_path / 'out' / 'scan'}: finished before, skipped\n"


def test_predict_says_which_studies_failed(run: Run, model: Path, tmp_path: Path) -> None:
    for name in "abc":
        write_image(tmp_path / "studies" / f"{name}.nii.gz")
    for name in "ac":
        (tmp_path / "studies" / f"{name}.nii.gz").write_bytes(b"no image")
    finished = run("predict", tmp_path / "studies", "-o", tmp_path / "out", "--model", model)
    assert finished.code == 2
    assert finished.out == f"{tmp_path / 'out' / 'b'}: 1 lesions, 92.2 ml; open report.html\n"
    first, second = finished.without_notes.splitlines()
    assert first.startswith(f"error: {tmp_path / 'studies' / 'a.nii.gz'}: is no NIfTI file, or damaged")
    assert second.startswith(f"error: {tmp_path / 'studies' / 'c.nii.gz'}: is no NIfTI file, or damaged")
    assert run("predict", tmp_path / "studies", "-o", tmp_path / "out", "--model", model, "-q").out == ""


def test_a_bug_in_one_of_several_studies_keeps_its_traceback(
    run: Run, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(study: Study) -> NoReturn:
        raise ZeroDivisionError("a bug")

    for name in "ab":
        write_image(tmp_path / "studies" / f"{name}.nii.gz")
    monkeypatch.setattr(Study, "read", read)
    finished = run("predict", tmp_path / "studies", "-o", tmp_path / "out", "--model", model)
    assert finished.code == 1
    assert finished.err.count("Traceback") == 2
    assert finished.err.splitlines()[-1].startswith(f"error: {tmp_path / 'out' / 'b'}: a bug stopped this case")


@pytest.mark.parametrize("mode", ["fast", "default", "best"])
def test_the_mode_and_the_precision_arrive(
    run: Run, model: Path, scan: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    from crmo_seg.jobs import predict

    seen: list[dict[str, object]] = []
    load = predict.load_model
    monkeypatch.setattr(predict, "load_model", lambda *given, **named: seen.append(named) or load(*given, **named))
    flags = () if mode == "default" else (f"--{mode}",)
    assert run("predict", scan, "-o", tmp_path / "out", "--model", model, "--precision", "f32", *flags).code == 0
    assert [(given["mode"], given["precision"]) for given in seen] == [(mode, "f32")]


def test_fast_and_best_exclude_each_other(run: Run, model: Path, scan: Path, tmp_path: Path) -> None:
    finished = run("predict", scan, "-o", tmp_path / "out", "--model", model, "--fast", "--best")
    finished.assert_refused("--fast: stands beside --best; give one of them")
    finished = run("predict", scan, "-o", tmp_path / "out", "--model", model, "--precision", "f8")
    finished.assert_refused("--precision: 'f8' is unknown")
    assert not (tmp_path / "out").exists()


def test_infer_does_what_predict_does(run: Run, model: Path, scan: Path, tmp_path: Path) -> None:
    run("predict", scan, "-o", tmp_path / "a", "--model", model)
    run(scan, "-o", tmp_path / "b", "--model", model, entry=predict_main)
    masks = [(tmp_path / out / "scan" / "edema.nii.gz").read_bytes() for out in "ab"]
    assert masks[0] == masks[1]


def test_options_of_predict_arrive(run: Run, model: Path, scan: Path, tmp_path: Path) -> None:
    options = ("--probability", "--patient-id", "study-12", "--visit", "2024-02-29", "--shard", "0/2")
    run("predict", scan, "-o", tmp_path / "out", "--model", model, *options)
    summary = json.loads((tmp_path / "out" / "scan" / "summary.json").read_text())
    assert (summary["patient_key"], summary["visit"]) == ("study-12", "2024-02-29")
    assert (tmp_path / "out" / "scan" / "edema_probability.nii.gz").exists()


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """One case whose whole image is labelled."""
    scan, label = write_image(tmp_path / "scan.nii.gz"), tmp_path / "label.nii.gz"
    image = make_image()
    write_nifti(label, image.with_array(np.ones(image.array.shape, np.uint8)))
    write_manifest(tmp_path / "m.csv", [Case("a", "p", images={"stir": scan}, labels={"edema": label})])
    return tmp_path / "m.csv"


def test_phantom_names_its_manifest(run: Run, tmp_path: Path) -> None:
    finished = run("phantom", tmp_path / "phantom", "--patients", "1", "--tiny")
    assert finished == Finished(0, f"1 studies in {tmp_path / 'phantom' / 'manifest.csv'}\n", "")


def test_predict_and_evaluate_in_a_row(run: Run, model: Path, manifest: Path, tmp_path: Path) -> None:
    run("predict", manifest, "-o", tmp_path / "pred", "--model", model)
    finished = run("evaluate", manifest, tmp_path / "pred", "-o", tmp_path / "evaluation")
    assert finished.code == 0
    assert "edema" in finished.out
    assert {"cases.csv", "summary.json"} <= {path.name for path in (tmp_path / "evaluation").iterdir()}
    summary = json.loads((tmp_path / "evaluation" / "summary.json").read_text())
    assert summary["heads"]["edema"]["patient_dice"]["value"] == 1.0  # this model marks everything


def test_quiet_prints_nothing(run: Run, model: Path, manifest: Path, tmp_path: Path) -> None:
    for arguments in (
        ("phantom", tmp_path / "phantom", "--patients", "1", "--tiny"),
        ("predict", manifest, "-o", tmp_path / "pred", "--model", model),
        ("evaluate", manifest, tmp_path / "pred", "-o", tmp_path / "evaluation"),
    ):
        assert run(*arguments, "--quiet") == Finished(0, "", "")


def test_ensemble_counts_its_networks(run: Run, model: Path, scan: Path, tmp_path: Path) -> None:
    others = [write_model(tmp_path / f"fold_{seed}" / "bundle", seed=seed) for seed in (1, 2)]
    finished = run("ensemble", model, *others, "-o", tmp_path / "ensemble")
    assert finished == Finished(0, f"3 networks in {tmp_path / 'ensemble'}\n", finished.err)
    assert finished.without_notes == ""
    assert run("predict", scan, "-o", tmp_path / "out", "--model", tmp_path / "ensemble").code == 0


def test_info(run: Run) -> None:
    finished = run("info")
    assert finished.code == 0
    assert finished.out.splitlines()[0].split() == ["crmo_seg", __version__]


def interrupt() -> NoReturn:
    raise KeyboardInterrupt


def test_an_interrupt_ends_with_130_and_without_a_traceback(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "installation_table", interrupt)
    assert run("info") == Finished(130, "", "interrupted\n")


ENDED_FROM_OUTSIDE = """
import signal, sys
from crmo_seg.cli.main import main
from crmo_seg.jobs import info

info.installation_table = lambda: signal.raise_signal(signal.SIGTERM)
before = signal.getsignal(signal.SIGTERM)
sys.argv = ["crmo-seg", "info"]
try:
    main()
finally:
    assert signal.getsignal(signal.SIGTERM) is before
"""


def test_a_request_to_end_ends_with_143_and_without_a_traceback() -> None:
    """In a process of its own: where the handler should be missing, SIGTERM ends the process, tests and all."""
    ended = subprocess.run([sys.executable, "-c", ENDED_FROM_OUTSIDE], capture_output=True, text=True, check=False)
    assert Finished(ended.returncode, ended.stdout, ended.stderr) == Finished(143, "", "interrupted\n")


def test_commands_run_in_a_thread_where_no_signal_arrives(run: Run) -> None:
    ended: list[Finished] = []
    thread = threading.Thread(target=lambda: ended.append(run("info")))
    thread.start()
    thread.join()
    assert ended[0].code == 0


def lose_a_file() -> NoReturn:
    raise PermissionError(13, "Permission denied", "secret.nii.gz")


def test_a_file_that_the_system_refuses_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "installation_table", lose_a_file)
    run("info").assert_refused("secret.nii.gz: Permission denied")


def break_a_library() -> NoReturn:
    raise OSError("libfoo.so: cannot open shared object file")


def test_a_fault_that_is_not_the_users_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "installation_table", break_a_library)
    monkeypatch.setattr(sys, "argv", ["crmo-seg", "info"])
    with pytest.raises(OSError, match="libfoo"):
        main()


def test_train_gets_its_overrides(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmo_seg.training import app

    seen: list[list[str]] = []

    def main() -> None:
        seen.append(list(sys.argv))
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL  # Lightning sets its own

    monkeypatch.setattr(app, "main", main)
    assert run("train", "experiment=smoke", "--multirun", "seed=0,1").code == 0
    assert seen == [["crmo-seg train", "experiment=smoke", "--multirun", "seed=0,1"]]
