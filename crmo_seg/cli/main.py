"""The command line: parse, then call one function of ``jobs``. Heavy imports wait until a command runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from crmo_seg import __version__
from crmo_seg.cli.dataset import app as dataset_app
from crmo_seg.errors import InputError

if TYPE_CHECKING:
    from crmo_seg.jobs.predict import CaseResult

_EXIT_INPUT_ERROR = 2
_EXIT_INTERRUPTED = 130

app = typer.Typer(
    name="crmo-seg",
    help="Bone marrow edema in whole-body MRI of children with CRMO/CNO. Research use only, not for diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(dataset_app, name="dataset")

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


def main() -> NoReturn:
    """Run ``crmo-seg``; an error that a user can mend is one line and exit code 2."""
    _run(app)


def predict_main() -> NoReturn:
    """Run ``infer.py``: the arguments of ``crmo-seg predict``."""
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command()(predict)
    _run(single)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crmo-seg {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """The options of the program itself; the version is printed by its callback, before a command is asked for."""


@app.command()
def predict(
    study: Annotated[Path, typer.Argument(help="DICOM folder or zip, NIfTI file, folder of NIfTI files, or manifest.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; a subfolder for each case.")],
    model: Annotated[str | None, typer.Option(help="Folder of a model bundle, or the name of a shipped model.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results of another input or model.")] = False,
    probability: Annotated[bool, typer.Option("--probability", help="Write the probability of edema too.")] = False,
    series: Annotated[str | None, typer.Option(help="SeriesInstanceUID to read, where there are several.")] = None,
    shard: Annotated[str, typer.Option(help="i/n: only every n-th study, from the i-th; i from 0.")] = "0/1",
    patient_id: Annotated[str | None, typer.Option(help="Key of the patient in summary.json.")] = None,
    visit: Annotated[str | None, typer.Option(help="Date of the visit, YYYY-MM-DD.")] = None,
    quiet: Quiet = False,
) -> None:
    """Mark edema on a study: masks in the scan's own geometry, a lesion table and a report."""
    from crmo_seg.jobs.predict import PredictOptions, load_model, predict_studies
    from crmo_seg.report.progress import ProgressBars

    options = PredictOptions(overwrite, probability, series, _parse_shard(shard), patient_id, _parse_date(visit))
    predictor = load_model(model, device)
    with ProgressBars(quiet=quiet) as bars:
        results = predict_studies(study, out, predictor, options, bars.bar)
    if not quiet:
        for result in results:
            typer.echo(_line(result))


@app.command()
def phantom(
    out: Annotated[Path, typer.Argument(help="Folder for the studies and their manifest.")],
    patients: Annotated[int, typer.Option(help="How many children.")] = 8,
    preset: Annotated[str, typer.Option(help="Kind of phantom: a name, or a YAML file of your own.")] = "whole_body",
    visits: Annotated[int, typer.Option(help="Visits of each child.")] = 1,
    sequences: Annotated[str | None, typer.Option(help="Comma-separated: stir, t1, t2_dixon_water.")] = None,
    age: Annotated[float | None, typer.Option(help="Age in years of every child at the first visit.")] = None,
    tiny: Annotated[bool, typer.Option("--tiny", help="Coarse grids, for smoke tests.")] = False,
    seed: Annotated[int, typer.Option(help="The same seed gives the same children.")] = 0,
    dicom: Annotated[bool, typer.Option("--dicom", help="Write DICOM too: a folder for each series.")] = False,
    statistics_only: Annotated[
        bool, typer.Option("--statistics-only", help="No images: lesions and look-alikes beside the literature.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Make whole-body phantoms: images with edema and bones, and a manifest."""
    from crmo_seg.phantom.cohort import write_statistics
    from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
    from crmo_seg.report.progress import ProgressBars

    wanted = None if sequences is None else tuple(name.strip() for name in sequences.split(","))
    options = PhantomOptions(patients, preset, tiny, seed, visits, wanted, age, dicom)
    with ProgressBars(quiet=quiet) as bars:
        if statistics_only:
            tables = write_statistics(out, options, bars.bar("children"))
        else:
            manifest = make_phantoms(out, options, bars.bar("phantoms"))
    if not quiet:
        typer.echo(tables if statistics_only else f"{patients * visits} studies in {manifest}")


@app.command()
def evaluate(
    manifest: Annotated[Path, typer.Argument(help="Manifest with the reference labels.")],
    predictions: Annotated[Path, typer.Argument(help="Folder that predict wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables.")],
    quiet: Quiet = False,
) -> None:
    """Compare predictions with reference labels, by voxel and by lesion."""
    import rich

    from crmo_seg.jobs.evaluate import evaluate as run_evaluation
    from crmo_seg.report.console import cohort_tables

    summary = run_evaluation(manifest, predictions, out)
    if not quiet:
        rich.print(cohort_tables(summary))
        typer.echo(f"tables in {out}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def train(context: typer.Context) -> None:
    """Train a model; takes Hydra overrides, as train.py does: experiment=NAME data.manifest=FILE output_dir=DIR."""
    from crmo_seg.training.app import main as train_main

    sys.argv = ["crmo-seg train", *context.args]
    train_main()


@app.command()
def info() -> None:
    """Print what is installed and which models are shipped."""
    from crmo_seg.jobs.info import installation_table

    for name, value in installation_table():
        typer.echo(f"{name:<16} {value}")


def _run(command: typer.Typer) -> NoReturn:
    try:
        command()
    except InputError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(_EXIT_INPUT_ERROR)
    except OSError as error:
        if error.filename is None:  # a library that does not load, a closed pipe: no file of the user's
            raise
        typer.echo(f"error: {error.filename}: {error.strerror}; check the path, its rights and the disk", err=True)
        sys.exit(_EXIT_INPUT_ERROR)
    except KeyboardInterrupt:
        typer.echo("interrupted", err=True)
        sys.exit(_EXIT_INTERRUPTED)
    sys.exit(0)


def _line(result: CaseResult) -> str:
    if result.totals is None:
        return f"{result.folder}: finished before, skipped"
    lesions, volume_ml = result.totals["n_lesions"], result.totals["total_volume_ml"]
    return f"{result.folder}: {lesions} lesions, {volume_ml:.1f} ml; open report.html"


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
