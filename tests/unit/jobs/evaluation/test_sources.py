"""Where predictions and references come from, as far as files say."""

from __future__ import annotations

import json
from pathlib import Path

from crmo_seg.cases import Case
from crmo_seg.jobs.evaluation.inputs import EvaluationInputs
from crmo_seg.jobs.evaluation.sources import facts_of

PHANTOM_HEADER = "bone,side,region,volume_ml,signal_ratio\n"


def make_case(folder: Path, case_id: str, *, truth: str | None = None) -> Case:
    label = folder / case_id / "edema.nii.gz"
    label.parent.mkdir(parents=True)
    if truth is not None:
        (label.parent / "truth.csv").write_text(truth)
    return Case(case_id, case_id, images={"stir": label}, labels={"edema": label})


def say_model(predictions: Path, case_id: str, text: str) -> None:
    (predictions / case_id).mkdir(parents=True)
    (predictions / case_id / "summary.json").write_text(text)


def model(name: str) -> str:
    return json.dumps({"model": name, "threshold": 0.5, "hashes": {"model_sha256": "0123456789abcdef"}})


def test_the_model_is_named_where_it_is_said(tmp_path: Path) -> None:
    cases = [make_case(tmp_path, name) for name in "ab"]
    for name in "ab":
        say_model(tmp_path / "mine", name, model("crmo"))
    facts = facts_of(EvaluationInputs(tmp_path / "m.csv", tmp_path / "mine"), cases)
    assert facts.title == "mine"
    assert facts.sources["Model"] == "crmo, SHA-256 0123456789ab, threshold 0.5"
    assert "Reference" not in facts.sources
    assert facts.warnings == ()


def test_the_baseline_has_a_mode_in_place_of_a_threshold(tmp_path: Path) -> None:
    said = {**json.loads(model("crmo")), "threshold": None, "mode": "baseline"}
    say_model(tmp_path / "mine", "a", json.dumps(said))
    facts = facts_of(EvaluationInputs(tmp_path / "m.csv", tmp_path / "mine"), [make_case(tmp_path, "a")])
    assert facts.sources["Model"] == "crmo, SHA-256 0123456789ab, mode baseline"


def test_several_models_are_a_warning(tmp_path: Path) -> None:
    cases = [make_case(tmp_path, name) for name in "abc"]
    say_model(tmp_path / "mine", "a", model("one"))
    say_model(tmp_path / "mine", "b", model("other"))
    say_model(tmp_path / "mine", "c", "no json")
    (warning,) = facts_of(EvaluationInputs(tmp_path / "m.csv", tmp_path / "mine"), cases).warnings
    assert warning.startswith(
        "The predictions come from several models: one, SHA-256 0123456789ab, threshold 0.5 (1 case)"
    )
    assert "not stated (1 case)" in warning


def test_masks_of_another_tool_say_nothing(tmp_path: Path) -> None:
    inputs = EvaluationInputs(tmp_path / "m.csv", tmp_path, tmp_path, {"anna": tmp_path / "anna"})
    sources = facts_of(inputs, [make_case(tmp_path, "a", truth="mine,yours\n")]).sources
    assert list(sources) == ["Manifest", "Predictions", "Other predictions", "Reader anna", "Software"]


def test_phantoms_are_said_to_be_phantoms(tmp_path: Path) -> None:
    cases = [make_case(tmp_path, "a", truth=PHANTOM_HEADER), make_case(tmp_path, "b")]
    facts = facts_of(EvaluationInputs(tmp_path / "m.csv", tmp_path), cases)
    assert facts.sources["Reference"] == "truth of phantoms, computed (1 of 2 cases)"
    assert facts.warnings[0].startswith("1 of the 2 cases are phantoms")
    (warning,) = facts_of(EvaluationInputs(tmp_path / "m.csv", tmp_path), cases[:1]).warnings
    assert warning.startswith("The cases are phantoms with a computed truth")
