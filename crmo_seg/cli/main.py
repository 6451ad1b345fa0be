"""The command line: parse, then call one function of ``jobs``. Heavy imports wait until a command runs."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from crmo_seg import __version__
from crmo_seg.cli.compare import compare
from crmo_seg.cli.dataset import app as dataset_app
from crmo_seg.cli.inspect import inspect
from crmo_seg.cli.node import node
from crmo_seg.cli.options import Quiet
from crmo_seg.cli.predict import predict
from crmo_seg.cli.signals import Terminated, leave_sigterm_to_others, sigterm_raises
from crmo_seg.cli.sites import sites
from crmo_seg.cli.timeline import timeline
from crmo_seg.evaluation.settings import DEFAULT_SETTINGS
from crmo_seg.files import user_error

_EXIT_INPUT_ERROR = 2
_EXIT_INTERRUPTED = 130
_EXIT_TERMINATED = 143
"""128 and the number of the signal, as shells count."""

app = typer.Typer(
    name="crmo-seg",
    help="Bone marrow edema in whole-body MRI of children with CRMO/CNO. Research use only, not for diagnosis.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command()(predict)
app.command()(inspect)
app.command()(compare)
app.command()(timeline)
app.command()(sites)
app.command()(node)
app.add_typer(dataset_app, name="dataset")


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
def ensemble(
    bundles: Annotated[list[Path], typer.Argument(help="Model bundles of one plan, for example those of all folds.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new bundle.")],
    quiet: Quiet = False,
) -> None:
    """Make one model of several; its probability is the mean of theirs, and takes as many times as long."""
    from crmo_seg.jobs.ensemble import make_ensemble

    made = make_ensemble(bundles, out)
    if not quiet:
        typer.echo(f"{len(made.members)} networks in {out}")


@app.command()
def combine(
    bundle: Annotated[Path, typer.Argument(help="Model bundle, for example one that marks edema.")],
    parts: Annotated[list[Path], typer.Argument(help="Bundles that mark something else, for example bones.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new bundle.")],
    quiet: Quiet = False,
) -> None:
    """Make one model of bundles that mark different things, each on a grid of its own."""
    from crmo_seg.jobs.combine import combine as run_combine

    made = run_combine(bundle, parts, out)
    if not quiet:
        typer.echo(f"{out} marks {', '.join(head.name for head in made.heads)}")


@app.command()
def publish(
    bundle: Annotated[Path, typer.Argument(help="Model bundle of a training, or an ensemble.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the new bundle.")],
    name: Annotated[str | None, typer.Option(help="Of the model, in reports; without it, that of the folder.")] = None,
    quiet: Quiet = False,
) -> None:
    """Make a model a quarter as large, to hand it on: weights in 16 bits, kept once, checked that it marks the same."""
    from crmo_seg.jobs.publish import publish as run_publish

    made = run_publish(bundle, out, name)
    if not quiet:
        heads = ", ".join(f"{head} {value:.4f}" for head, value in made.largest_difference.items())
        typer.echo(f"{made.megabytes:.1f} MB in {out}; largest change of a probability in its check window: {heads}")


@app.command()
def evaluate(
    manifest: Annotated[Path, typer.Argument(help="Manifest with the reference labels.")],
    predictions: Annotated[Path, typer.Argument(help="Folder that predict wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the page, its figures and the tables.")],
    against: Annotated[Path | None, typer.Option(help="Other predictions of the same cases, to compare with.")] = None,
    reader: Annotated[
        list[str] | None, typer.Option(metavar="NAME=DIR", help="Another reader's masks, laid out as predictions.")
    ] = None,
    minimum_ml: Annotated[
        float, typer.Option(help="Smallest lesion; smaller ones count neither as found nor as false.")
    ] = DEFAULT_SETTINGS.minimum_lesion_ml,
    tolerance_mm: Annotated[
        float, typer.Option(help="Surfaces this close agree; the distance between readers, where it is known.")
    ] = DEFAULT_SETTINGS.surface_tolerance_mm,
    quiet: Quiet = False,
) -> None:
    """Compare predictions with reference labels, by voxel and by lesion, with other predictions and with readers."""
    import rich

    from crmo_seg.jobs.evaluate import evaluate as run_evaluation
    from crmo_seg.jobs.evaluation.readers import parse_readers
    from crmo_seg.report.console import cohort_tables

    settings = replace(DEFAULT_SETTINGS, minimum_lesion_ml=minimum_ml, surface_tolerance_mm=tolerance_mm)
    readers = parse_readers(reader or [])
    summary = run_evaluation(manifest, predictions, out, against=against, readers=readers, settings=settings)
    if not quiet:
        rich.print(cohort_tables(summary))
        typer.echo(f"report in {out / 'report.html'}, tables and figures beside it")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def train(context: typer.Context) -> None:
    """Train a model; takes Hydra overrides, as train.py does: experiment=NAME data.manifest=FILE output_dir=DIR."""
    from crmo_seg.training.app import main as train_main

    leave_sigterm_to_others()
    sys.argv = ["crmo-seg train", *context.args]
    train_main()


@app.command()
def info() -> None:
    """Print what is installed and which models are shipped."""
    from crmo_seg.jobs.info import installation_table

    for name, value in installation_table():
        typer.echo(f"{name:<16} {value}")


def _run(command: typer.Typer) -> NoReturn:
    """Run a command to its exit code; an error that a user can mend is one line."""
    try:
        with sigterm_raises():
            command()
    except Terminated:
        _end("interrupted", _EXIT_TERMINATED)
    except KeyboardInterrupt:
        _end("interrupted", _EXIT_INTERRUPTED)
    except SystemExit as ended:
        if ended.code == _EXIT_INTERRUPTED:  # Typer's own way with Ctrl-C, without a word
            typer.echo("interrupted", err=True)
        raise
    except Exception as error:
        mendable = user_error(error)
        if mendable is None:
            raise
        _end(f"error: {mendable}", _EXIT_INPUT_ERROR)
    sys.exit(0)


def _end(line: str, code: int) -> NoReturn:
    typer.echo(line, err=True)
    sys.exit(code)
