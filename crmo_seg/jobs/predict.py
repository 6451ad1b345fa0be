"""``crmo-seg predict`` and ``crmo_seg.predict``: a study in, masks and a report out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from crmo_seg.bundle import CONTRACT_FILE, load_bundle, with_folders
from crmo_seg.errors import InputError
from crmo_seg.inference.backend import load_backend
from crmo_seg.inference.modes import DEFAULT, mode_named
from crmo_seg.inference.predictor import Predictor, Progress, StudyImages
from crmo_seg.io.study import Study, open_study
from crmo_seg.jobs.overlap import read_ahead, written_behind
from crmo_seg.jobs.study_job import CaseResult, PredictOptions, StudyJob, as_the_model_says, images_of
from crmo_seg.keys import STIR
from crmo_seg.prediction import Prediction
from crmo_seg.volume import Volume

WEIGHTS = Path(__file__).parents[1] / "weights"
DEFAULT_MODEL = "default"


@dataclass(frozen=True)
class ModelChoice:
    """What ``load_model`` takes, before anything is loaded.

    Attributes:
        model: a bundle's folder, or the name of a shipped model; None is the default model.
        device: auto, cpu, cuda or mps.
        mode: fast, default, best or baseline.
        precision: auto or f32.
    """

    model: str | None = None
    device: str = "auto"
    mode: str = DEFAULT.name
    precision: str = "auto"

    def load(self, notice: Callable[[str], None] | None = None) -> Predictor:
        """The model, loaded; see ``load_model``."""
        return load_model(self.model, self.device, mode=self.mode, precision=self.precision, notice=notice)


def load_model(
    model: str | Path | None = None,
    device: str = "auto",
    *,
    mode: str = DEFAULT.name,
    precision: str = "auto",
    notice: Callable[[str], None] | None = None,
) -> Predictor:
    """A model ready for any number of studies.

    Args:
        model: a bundle's folder, or the name of a shipped model; None is the default model.
        device: auto, cpu, cuda or mps.
        mode: fast, default, best or baseline; see ``crmo_seg.inference.modes``.
        precision: auto, half where this machine is made for it; f32, never.
        notice: is told in one line where a slower way than usual is taken; None logs it as a warning.

    Raises:
        InputError: where there is no such model, device, mode or precision.
    """
    chosen = mode_named(mode)
    folder = bundle_folder(model)
    bundle = load_bundle(folder)
    told = {"notice": notice} if notice else {}
    networks = with_folders(bundle, folder)
    backend, *parts = (load_backend(single, place, device, precision, **told) for single, place in networks)
    return Predictor(bundle, backend, chosen, parts)


def predict(
    study: Volume | Path | str,
    *,
    model: Predictor | Path | str | None = None,
    device: str = "auto",
    mode: str = DEFAULT.name,
) -> Prediction:
    """Mark edema on one study, in memory.

    Args:
        study: a volume (the sequence that the model reads), or the path of a study as on the command line.
        model: from ``load_model``, or what it takes.
        device: auto, cpu, cuda or mps; of no effect where ``model`` is loaded already.
        mode: fast, default or best; of no effect either.

    Raises:
        InputError: where the study cannot be read or is more than one.
    """
    predictor = model if isinstance(model, Predictor) else load_model(model, device, mode=mode)
    if isinstance(study, Volume):
        return predictor.predict(StudyImages("volume", as_the_model_says({STIR: study}, predictor)))
    studies = open_study(Path(study))
    if len(studies) != 1:
        raise InputError(study, f"holds {len(studies)} studies", "call predict for each, or use crmo-seg predict")
    return predictor.predict(images_of(studies[0], studies[0].input_sha256(), predictor))


def predict_studies(
    study: Path,
    out: Path,
    predictor: Predictor,
    options: PredictOptions,
    progress: Callable[[str], Progress] | None = None,
) -> list[CaseResult]:
    """Predict every study of a path and write the prediction folders.

    The next study is read and the last one written while one is computed. Of several studies one that fails does
    not stop the others: its result says why in ``error``.

    Args:
        study: DICOM folder or zip, NIfTI file, folder of NIfTI files, or manifest.
        out: folder of the prediction folders.
        predictor: from ``load_model``.
        options: what to write.
        progress: gives, for a case id, a callback that is told of windows done and in all.

    Returns:
        A result for each study, in the order of the manifest or of the file names.

    Raises:
        InputError: where the path cannot be read or its only study fails, and where the disk is full.
    """
    studies = studies_of(study, out, options)
    job = StudyJob(out, predictor, options, progress)
    results = list(written_behind(job.write, map(job.compute, read_ahead(job.read, studies))))
    if len(results) == 1 and results[0].error is not None:
        raise results[0].error
    return results


def studies_of(study: Path, out: Path, options: PredictOptions) -> Sequence[Study]:
    """The studies of a path that the options ask for; none is read yet.

    Raises:
        InputError: where the path cannot be read, ``out`` is no folder, or one patient's name is given for several.
    """
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file", "give a folder after -o")
    index, count = options.shard
    studies = open_study(study, series_uid=options.series_uid, rules=options.rules)[index::count]
    _check_single_identity(study, studies, options)
    return studies


def _check_single_identity(path: Path, studies: Sequence[Study], options: PredictOptions) -> None:
    if len(studies) > 1 and (options.patient_id or options.visit):
        problem = f"holds {len(studies)} studies, but --patient-id and --visit name one"
        raise InputError(path, problem, "predict them one by one, or put patient and visit into a manifest")


def bundle_folder(model: str | Path | None) -> Path:
    """The folder of a shipped model, or the one that is given; a shipped name goes before a folder of that name.

    Raises:
        InputError: where the default model is meant and none is shipped.
    """
    shipped = shipped_models()
    name = DEFAULT_MODEL if model is None else str(model)
    if name in shipped:
        return shipped[name]
    if model is None:
        raise InputError("--model", "is not given and no default model is installed", "give --model DIR, a bundle")
    if name == DEFAULT_MODEL and not Path(name).exists():
        raise InputError("--model", f"is {name}, but no default model is installed", "give --model DIR, a bundle")
    return Path(name)


def shipped_models() -> dict[str, Path]:
    """Models inside the package, by name."""
    return {folder.parent.name: folder.parent for folder in sorted(WEIGHTS.glob(f"*/{CONTRACT_FILE}"))}
