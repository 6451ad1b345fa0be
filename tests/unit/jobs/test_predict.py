"""``predict``: from what the user gives to results, with a model of a few weights."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from stub_model import make_image, write_image, write_model
from unit.io.conftest import write_slices

import crmo_seg
from crmo_seg.bundle import load_bundle
from crmo_seg.cases import Case, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.inference.predictor import Predictor, Progress
from crmo_seg.io.nifti import read_image, read_labels
from crmo_seg.jobs import predict as predict_module
from crmo_seg.jobs.predict import load_model, predict, predict_studies, shipped_models
from crmo_seg.jobs.study_job import CaseResult, PredictOptions


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model") / "bundle", edema_logit=2.0)


@pytest.fixture(scope="module")
def predictor(model: Path) -> Predictor:
    return load_model(model, "cpu")


def write_studies(folder: Path, *names: str) -> Path:
    for name in names:
        write_image(folder / f"{name}.nii.gz")
    return folder


def case_ids(results: list[CaseResult]) -> list[str]:
    return [result.folder.name for result in results]


def summary_of(folder: Path) -> dict[str, object]:
    content: dict[str, object] = json.loads((folder / "summary.json").read_text())
    return content


# Models


def test_a_model_is_a_folder(predictor: Predictor, model: Path) -> None:
    assert (predictor.bundle.name, predictor.backend.device, predictor.mode.name) == ("stub", "cpu", "default")
    assert load_model(str(model), "cpu").bundle.sha256 == predictor.bundle.sha256


def test_a_shipped_model_goes_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict_module, "WEIGHTS", tmp_path)
    assert shipped_models() == {}
    with pytest.raises(InputError, match="no default model is installed; give --model DIR, a bundle"):
        load_model()
    monkeypatch.chdir(tmp_path / "..")
    with pytest.raises(InputError, match="--model: is default, but no default model is installed; give --model DIR"):
        load_model("default")
    folders = {name: write_model(tmp_path / name, seed=seed) for seed, name in enumerate(("default", "other"))}
    assert shipped_models() == folders
    default, other = load_model(device="cpu").bundle.sha256, load_model("other", "cpu").bundle.sha256
    assert default == load_model(folders["default"], "cpu").bundle.sha256 != other
    assert default == load_model("default", "cpu").bundle.sha256


def test_a_folder_may_be_called_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict_module, "WEIGHTS", tmp_path / "none")
    monkeypatch.chdir(tmp_path)
    written = load_bundle(write_model(tmp_path / "default", seed=3)).sha256
    assert load_model("default", "cpu").bundle.sha256 == written


def test_a_name_that_is_no_model_is_refused() -> None:
    with pytest.raises(InputError, match=r"nowhere: is no model bundle \(it has no bundle\.yaml\)"):
        load_model("nowhere", "cpu")


def test_a_mode_that_is_none_is_refused(model: Path) -> None:
    with pytest.raises(InputError, match=r"'slow' is unknown; choose one of fast, default, best"):
        load_model(model, "cpu", mode="slow")


# In memory


def test_a_volume_in_memory(predictor: Predictor) -> None:
    prediction = predict(make_image(), model=predictor)
    assert (prediction.case_id, prediction.provenance.input_sha256) == ("volume", "")
    assert prediction.masks["edema"].geometry.same_grid(make_image().geometry)
    assert prediction.masks["edema"].array.all()  # this model says so everywhere
    assert prediction.probability is not None
    np.testing.assert_allclose(prediction.probability.array, 1 / (1 + np.exp(-2.0)), atol=0.005)


def test_a_path_gives_the_same_as_the_volume(predictor: Predictor, model: Path, tmp_path: Path) -> None:
    path = write_image(tmp_path / "scan.nii.gz")
    by_volume = predict(read_image(path), model=predictor).probability
    by_path = [predict(path, model=predictor), crmo_seg.predict(str(path), model=str(model), device="cpu")]
    assert by_volume is not None
    for prediction in by_path:
        assert prediction.probability is not None
        np.testing.assert_array_equal(prediction.probability.array, by_volume.array)
        assert (prediction.case_id, len(prediction.provenance.input_sha256)) == ("scan", 64)


def test_an_image_that_nobody_named_is_what_the_model_reads(predictor: Predictor, tmp_path: Path) -> None:
    """A model of the hippocampus reads ``mri``, and a bare file does not say what it is."""
    plan = predictor.bundle.plan
    reads_mri = replace(predictor.bundle, plan=replace(plan, sequences=("mri",)))
    other = Predictor(reads_mri, predictor.backend)
    path = write_image(tmp_path / "a.nii.gz")
    assert np.array_equal(
        predict(path, model=other).masks["edema"].array, predict(path, model=predictor).masks["edema"].array
    )
    assert predict(make_image(), model=other).masks["edema"].array.any()
    manifest = tmp_path / "manifest.csv"
    write_manifest(manifest, [Case("a", "p", images={"t1": path})])
    with pytest.raises(InputError, match=r"case a: has no mri \(has t1\)"):
        predict(manifest, model=other)


def test_several_studies_in_memory_are_refused(predictor: Predictor, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds 2 studies; call predict for each"):
        predict(write_studies(tmp_path / "studies", "a", "b"), model=predictor)


# Folders


def test_a_folder_of_studies(predictor: Predictor, tmp_path: Path) -> None:
    told: dict[str, list[tuple[int, int]]] = {}
    results = predict_studies(
        write_studies(tmp_path / "studies", "a", "b"),
        tmp_path / "out",
        predictor,
        PredictOptions(probability=True),
        lambda case_id: lambda done, total: told.setdefault(case_id, []).append((done, total)),
    )
    assert case_ids(results) == ["a", "b"] == sorted(path.name for path in (tmp_path / "out").iterdir())
    assert [(result.folder / "edema_probability.nii.gz").exists() for result in results] == [True, True]
    assert set(told) == {"a", "b"}
    total = told["a"][0][1]
    assert [done for done, _ in told["a"]][-1] == total == told["a"][-1][1]
    assert not (results[0].folder / "image.nii.gz").exists()
    assert summary_of(results[0].folder)["patient_key"] is None


def test_a_finished_case_is_skipped_and_not_touched(predictor: Predictor, tmp_path: Path) -> None:
    studies, out = write_studies(tmp_path / "studies", "a"), tmp_path / "out"
    predict_studies(studies, out, predictor, PredictOptions())
    before = (out / "a" / "summary.json").stat().st_mtime_ns
    (again,) = predict_studies(studies, out, predictor, PredictOptions())
    assert again.totals is None
    assert (out / "a" / "summary.json").stat().st_mtime_ns == before
    (forced,) = predict_studies(studies, out, predictor, PredictOptions(overwrite=True))
    assert forced.totals is not None


def test_a_study_that_fails_does_not_stop_the_others(predictor: Predictor, tmp_path: Path) -> None:
    studies = write_studies(tmp_path / "studies", *"abcd")
    (studies / "b.nii.gz").write_bytes(b"no image")
    (studies / "d.nii.gz").write_bytes(b"")
    results = predict_studies(studies, tmp_path / "out", predictor, PredictOptions())
    assert case_ids(results) == ["a", "b", "c", "d"]
    assert [result.error is None for result in results] == [True, False, True, False]
    assert [result.totals is None for result in results] == [False, True, False, True]
    assert isinstance(results[1].error, InputError)
    assert results[1].error.source == studies / "b.nii.gz"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "c"]


def test_a_study_that_fails_is_raised_where_it_is_the_only_one(predictor: Predictor, tmp_path: Path) -> None:
    studies = write_studies(tmp_path / "studies", "a")
    (studies / "a.nii.gz").write_bytes(b"no image")
    with pytest.raises(InputError, match=r"a\.nii\.gz: is no NIfTI file, or damaged"):
        predict_studies(studies, tmp_path / "out", predictor, PredictOptions())


def test_the_rest_of_a_job_is_done_by_the_next_run(predictor: Predictor, tmp_path: Path) -> None:
    studies, out = write_studies(tmp_path / "studies", *"abc"), tmp_path / "out"
    begun: list[str] = []

    def interrupt_in_c(case_id: str) -> Progress:
        begun.append(case_id)
        if case_id == "c":
            raise KeyboardInterrupt
        return lambda done, total: None

    with pytest.raises(KeyboardInterrupt):
        predict_studies(studies, out, predictor, PredictOptions(), interrupt_in_c)
    assert begun == ["a", "b", "c"]
    assert sorted(path.name for path in out.iterdir()) == ["a", "b"]  # b was being written: it is finished first
    results = predict_studies(studies, out, predictor, PredictOptions())
    assert [result.totals is None for result in results] == [True, True, False]
    assert [result.error for result in results] == [None] * 3


def test_a_case_whose_image_changed_is_refused(predictor: Predictor, tmp_path: Path) -> None:
    studies, out = write_studies(tmp_path / "studies", "a"), tmp_path / "out"
    predict_studies(studies, out, predictor, PredictOptions())
    with (studies / "a.nii.gz").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(InputError, match="another input or another model; give --overwrite"):
        predict_studies(studies, out, predictor, PredictOptions())


def test_shards_share_the_studies_between_them(predictor: Predictor, tmp_path: Path) -> None:
    studies, out = write_studies(tmp_path / "studies", *"abcde"), tmp_path / "out"
    shards = [predict_studies(studies, out, predictor, PredictOptions(shard=(i, 2))) for i in range(2)]
    assert [case_ids(shard) for shard in shards] == [["a", "c", "e"], ["b", "d"]]
    assert predict_studies(studies, out, predictor, PredictOptions(shard=(7, 8))) == []


def test_the_visits_of_a_patient_share_a_key_that_hides_the_id(predictor: Predictor, tmp_path: Path) -> None:
    scan = write_image(tmp_path / "scan.nii.gz")
    rows = [("a", "child-7", "2024-02-29"), ("b", "child-7", None), ("c", "child-8", None)]
    write_manifest(
        tmp_path / "m.csv", [Case(name, patient, visit, images={"stir": scan}) for name, patient, visit in rows]
    )
    results = predict_studies(tmp_path / "m.csv", tmp_path / "out", predictor, PredictOptions())
    first, second, third = (summary_of(result.folder) for result in results)
    assert first["patient_key"] == second["patient_key"] != third["patient_key"]
    assert [first["visit"], second["visit"]] == ["2024-02-29", None]
    for path in (path for path in (tmp_path / "out").rglob("*") if path.suffix in (".json", ".html", ".csv")):
        assert "child-7" not in path.read_text(), path


def test_identity_on_the_command_line_wins(predictor: Predictor, tmp_path: Path) -> None:
    write_manifest(tmp_path / "m.csv", [Case("a", "p", "2020-01-01", images={"stir": write_image(tmp_path / "s.nii")})])
    options = PredictOptions(patient_id="study-12", visit="2024-02-29")
    (result,) = predict_studies(tmp_path / "m.csv", tmp_path / "out", predictor, options)
    summary = summary_of(result.folder)
    assert (summary["patient_key"], summary["visit"]) == ("study-12", "2024-02-29")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]  # no salt is needed


@pytest.mark.parametrize("options", [PredictOptions(patient_id="x"), PredictOptions(visit="2024-02-29")])
def test_one_identity_for_two_studies_is_refused(predictor: Predictor, tmp_path: Path, options: PredictOptions) -> None:
    with pytest.raises(InputError, match="holds 2 studies, but --patient-id and --visit name one"):
        predict_studies(write_studies(tmp_path / "studies", "a", "b"), tmp_path / "out", predictor, options)


def test_dicom_keeps_the_volume_that_was_analysed(predictor: Predictor, tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    write_slices(tmp_path / "study", lambda _: {}, 3, "", True)
    (result,) = predict_studies(tmp_path / "study", tmp_path / "out", predictor, PredictOptions())
    image = read_image(result.folder / "image.nii.gz")
    assert image.geometry.same_grid(read_labels(result.folder / "edema.nii.gz").geometry)
    assert image.geometry.spacing_mm == pytest.approx((1.25, 1.5, 6.0))
    summary = summary_of(result.folder)
    assert (summary["visit"], summary["input"]) == ("2024-02-29", "../study")
    assert len(result.folder.name) == 12
    assert summary["patient_key"] not in (None, "child")
    for path in (result.folder / name for name in ("summary.json", "report.html", "lesions.csv")):
        assert "Secret" not in path.read_text(), path
