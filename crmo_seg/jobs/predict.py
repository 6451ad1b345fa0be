"""``crmo-seg predict`` and ``crmo_seg.predict``: a study in, masks and a report out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crmo_seg.bundle import CONTRACT_FILE, load_bundle
from crmo_seg.errors import InputError
from crmo_seg.inference.predictor import Predictor, Progress, StudyImages
from crmo_seg.io.study import Study, open_study
from crmo_seg.jobs.output import Origin, is_finished, patient_key, write_prediction
from crmo_seg.keys import STIR
from crmo_seg.prediction import Prediction
from crmo_seg.volume import Volume

WEIGHTS = Path(__file__).parents[1] / "weights"
DEFAULT_MODEL = "default"


@dataclass(frozen=True)
class PredictOptions:
    """How to predict and what to write.

    Attributes:
        overwrite: replace finished cases.
        probability: write the probability of edema too.
        series_uid: the DICOM series to read, where there are several.
        shard: (i, n): only every n-th study, from the i-th (from 0), to spread a folder over machines.
        patient_id: the key in ``summary.json`` instead of a salted hash.
        visit: ISO date instead of the study's own.
    """

    overwrite: bool = False
    probability: bool = False
    series_uid: str | None = None
    shard: tuple[int, int] = (0, 1)
    patient_id: str | None = None
    visit: str | None = None

    def __post_init__(self) -> None:
        index, count = self.shard
        if not 0 <= index < count:
            raise InputError("--shard", f"is {index}/{count}", "give i/n with i from 0 to n - 1, for example 0/4")


@dataclass(frozen=True)
class CaseResult:
    """What became of one case; its volumes are on disk, so that a thousand cases need no more memory than one.

    Attributes:
        folder: ``OUT/<case_id>``.
        totals: number and volume of its lesions; None where the case was finished before and skipped.
    """

    folder: Path
    totals: Mapping[str, Any] | None


def load_model(model: str | Path | None = None, device: str = "auto") -> Predictor:
    """A model ready for any number of studies.

    Args:
        model: a bundle's folder, or the name of a shipped model; None is the default model.
        device: auto, cpu, cuda or mps.

    Raises:
        InputError: where there is no such model or device.
    """
    from crmo_seg.inference.torch_backend import TorchBackend

    bundle = load_bundle(_bundle_folder(model))
    backend = TorchBackend(bundle, device)
    return Predictor(bundle, backend, device=str(backend.device))


def predict(
    study: Volume | Path | str, *, model: Predictor | Path | str | None = None, device: str = "auto"
) -> Prediction:
    """Mark edema on one study, in memory.

    Args:
        study: a volume (the sequence that the model reads), or the path of a study as on the command line.
        model: from ``load_model``, or what it takes.
        device: auto, cpu, cuda or mps; of no effect where ``model`` is loaded already.

    Raises:
        InputError: where the study cannot be read or is more than one.
    """
    predictor = model if isinstance(model, Predictor) else load_model(model, device)
    if isinstance(study, Volume):
        return predictor.predict(StudyImages("volume", _as_the_model_says({STIR: study}, predictor)))
    studies = open_study(Path(study))
    if len(studies) != 1:
        raise InputError(study, f"holds {len(studies)} studies", "call predict for each, or use crmo-seg predict")
    return predictor.predict(_images_of(studies[0], studies[0].input_sha256(), predictor))


def predict_studies(
    study: Path,
    out: Path,
    predictor: Predictor,
    options: PredictOptions,
    progress: Callable[[str], Progress] | None = None,
) -> list[CaseResult]:
    """Predict every study of a path and write the prediction folders.

    Args:
        study: DICOM folder or zip, NIfTI file, folder of NIfTI files, or manifest.
        out: folder of the prediction folders.
        predictor: from ``load_model``.
        options: what to write.
        progress: gives, for a case id, a callback that is told of windows done and in all.

    Raises:
        InputError: where a study cannot be read, or a folder holds another prediction and is not to be overwritten.
    """
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file", "give a folder after -o")
    index, count = options.shard
    studies = open_study(study, series_uid=options.series_uid)[index::count]
    _check_single_identity(study, studies, options)
    return [_predict_study(each, out, predictor, options, progress) for each in studies]


def _predict_study(
    study: Study, out: Path, predictor: Predictor, options: PredictOptions, progress: Callable[[str], Progress] | None
) -> CaseResult:
    folder = out / study.case_id
    input_sha256 = study.input_sha256()
    if not options.overwrite and is_finished(folder, input_sha256=input_sha256, model_sha256=predictor.bundle.sha256):
        return CaseResult(folder, None)
    images = _images_of(study, input_sha256, predictor)
    prediction = predictor.predict(images, progress(study.case_id) if progress else None)
    origin = Origin(
        source=study.source,
        patient_key=options.patient_id or patient_key(study.patient_id, out),
        visit=options.visit or study.visit,
        keep_image=study.kind == "dicom",
    )
    written = write_prediction(out, prediction, images.images, origin, probability=options.probability)
    return CaseResult(written, prediction.summary())


def _images_of(study: Study, input_sha256: str, predictor: Predictor) -> StudyImages:
    images = study.read()
    return StudyImages(study.case_id, images if study.named else _as_the_model_says(images, predictor), input_sha256)


def _as_the_model_says(images: Mapping[str, Volume], predictor: Predictor) -> Mapping[str, Volume]:
    """One image that nobody named is the sequence that a model of one sequence reads."""
    wanted = predictor.bundle.plan.sequences
    if len(images) != 1 or len(wanted) != 1:
        return images
    return dict(zip(wanted, images.values(), strict=True))


def _check_single_identity(path: Path, studies: Sequence[Study], options: PredictOptions) -> None:
    if len(studies) > 1 and (options.patient_id or options.visit):
        problem = f"holds {len(studies)} studies, but --patient-id and --visit name one"
        raise InputError(path, problem, "predict them one by one, or put patient and visit into a manifest")


def _bundle_folder(model: str | Path | None) -> Path:
    shipped = shipped_models()
    if model is None:
        if DEFAULT_MODEL not in shipped:
            raise InputError("--model", "is not given and no default model is installed", "give --model DIR, a bundle")
        return shipped[DEFAULT_MODEL]
    return shipped.get(str(model), Path(model))


def shipped_models() -> dict[str, Path]:
    """Models inside the package, by name."""
    return {folder.parent.name: folder.parent for folder in sorted(WEIGHTS.glob(f"*/{CONTRACT_FILE}"))}
