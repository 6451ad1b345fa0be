"""``crmo-seg predict``, which is ``infer.py`` too: parse, predict, say what became of each study."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmo_seg.cli.options import Quiet, Rules
from crmo_seg.errors import InputError

if TYPE_CHECKING:
    from crmo_seg.jobs.predict import ModelChoice
    from crmo_seg.jobs.ray_cluster.cluster import Cluster
    from crmo_seg.jobs.study_job import CaseResult, PredictOptions

_EXIT_BUG = 1
_EXIT_INPUT_ERROR = 2


def predict(
    study: Annotated[Path, typer.Argument(help="DICOM folder or zip, NIfTI file, folder of NIfTI files, or manifest.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; a subfolder for each case.")],
    model: Annotated[str | None, typer.Option(help="Folder of a model bundle, or the name of a shipped model.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    fast: Annotated[bool, typer.Option("--fast", help="Less overlap, one member of an ensemble.")] = False,
    best: Annotated[bool, typer.Option("--best", help="More overlap, mirrored too: slower.")] = False,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Mark what a threshold finds in the model's bones, to compare with.")
    ] = False,
    precision: Annotated[str, typer.Option(help="auto: half where this machine is made for it; or f32.")] = "auto",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of another input, model or mode.")
    ] = False,
    probability: Annotated[bool, typer.Option("--probability", help="Write the probability of edema too.")] = False,
    series: Annotated[str | None, typer.Option(help="SeriesInstanceUID to read, where there are several.")] = None,
    rules: Rules = None,
    shard: Annotated[str, typer.Option(help="i/n: only every n-th study, from the i-th; i from 0.")] = "0/1",
    patient_id: Annotated[str | None, typer.Option(help="Key of the patient in summary.json.")] = None,
    visit: Annotated[str | None, typer.Option(help="Date of the visit, YYYY-MM-DD.")] = None,
    ray: Annotated[
        str | None, typer.Option(help="Spread studies over a Ray cluster: its address, auto, or local.")
    ] = None,
    ray_workers: Annotated[
        int | None, typer.Option(help="How many workers, each with the model; one for each machine.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Mark edema on a study: masks in the scan's own geometry, a lesion table and a report.

    Finished cases are skipped, so an interrupted job is taken up by the same command. A study that fails does not stop
    the others; the exit code is then 2.
    """
    from crmo_seg.io.dicom.choose.rules import read_rules
    from crmo_seg.jobs.predict import ModelChoice
    from crmo_seg.jobs.ray_cluster.cluster import Cluster
    from crmo_seg.jobs.study_job import PredictOptions

    wanted = None if rules is None else read_rules(rules)
    place, date = _parse_shard(shard), _parse_date(visit)
    options = PredictOptions(overwrite, probability, series, place, patient_id, date, wanted)
    chosen = ModelChoice(model, device, _mode(fast=fast, best=best, baseline=baseline), precision)
    if ray is None and ray_workers is not None:
        raise InputError("--ray-workers", "stands without --ray", "add --ray ADDRESS, or --ray local for this machine")
    if ray is None:
        results = _here(study, out, chosen, options, quiet=quiet)
    else:
        results = _on_ray(study, out, chosen, options, Cluster(ray, ray_workers, quiet))
    if not quiet:
        for result in results:
            if result.error is None:
                typer.echo(_line(result))
    _report_failures(results)


def _here(study: Path, out: Path, chosen: ModelChoice, options: PredictOptions, *, quiet: bool) -> Sequence[CaseResult]:
    from crmo_seg.jobs.predict import predict_studies
    from crmo_seg.report.progress import ProgressBars

    predictor = chosen.load(_say_nothing if quiet else _note)
    with ProgressBars(quiet=quiet) as bars:
        return predict_studies(study, out, predictor, options, bars.bar)


def _on_ray(
    study: Path, out: Path, chosen: ModelChoice, options: PredictOptions, cluster: Cluster
) -> Sequence[CaseResult]:
    from crmo_seg.jobs.ray_cluster.run import predict_on_ray
    from crmo_seg.report.progress import ProgressBars

    with ProgressBars(quiet=cluster.quiet) as bars:
        return predict_on_ray(study, out, chosen, options, cluster, bars.bar("studies"))


def _note(text: str) -> None:
    typer.echo(f"note: {text}", err=True)


def _say_nothing(_: str) -> None:
    pass


def _report_failures(results: Iterable[CaseResult]) -> None:
    errors = [result.error for result in results if result.error is not None]
    bugs = [error for error in errors if not isinstance(error, InputError)]
    for bug in bugs:
        typer.echo("".join(traceback.format_exception(bug)), err=True, nl=False)
    for result in results:
        if result.error is not None:
            typer.echo(_failure(result), err=True)
    if errors:
        raise typer.Exit(_EXIT_BUG if bugs else _EXIT_INPUT_ERROR)


def _line(result: CaseResult) -> str:
    if result.totals is None:
        return f"{result.folder}: finished before, skipped"
    lesions, volume_ml = result.totals["n_lesions"], result.totals["total_volume_ml"]
    if lesions is None:
        masks = ", ".join(f"{head} {ml:.1f} ml" for head, ml in result.totals["mask_volumes_ml"].items())
        return f"{result.folder}: {masks}; open report.html"
    return f"{result.folder}: {lesions} lesions, {volume_ml:.1f} ml; open report.html"


def _failure(result: CaseResult) -> str:
    if isinstance(result.error, InputError):
        return f"error: {result.error}"
    return f"error: {result.folder}: a bug stopped this case ({result.error!r}); report it with the lines above"


def _mode(**wanted: bool) -> str:
    """The mode whose option is given."""
    names = [name for name, given in wanted.items() if given]
    if len(names) > 1:
        raise InputError(f"--{names[0]}", f"stands beside --{names[1]}", "give one of them, or none")
    return names[0] if names else "default"


def _parse_shard(text: str) -> tuple[int, int]:
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal()):
        raise InputError("--shard", f"is {text!r}", "give i/n, for example 0/4")
    return int(index), int(count)


def _parse_date(text: str | None) -> str | None:
    import datetime

    try:
        return text if text is None else datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise InputError("--visit", f"is {text!r}", "write the date as YYYY-MM-DD") from None
