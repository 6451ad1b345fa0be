"""``crmo-seg dataset import|export|split|check|add-correction``: parse, then call one function of ``jobs.dataset``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crmo_seg.cli.options import Quiet
from crmo_seg.errors import InputError

_EXIT_BROKEN = 2

app = typer.Typer(no_args_is_help=True, help="Bring data in, take it out, find what is wrong with it.")


class Layout(StrEnum):
    """Layouts that can be read."""

    NNUNET = "nnunet"
    MSD = "msd"
    BIDS = "bids"


class Target(StrEnum):
    """Layouts that can be written."""

    NNUNET = "nnunet"


@app.command("import")
def import_command(
    layout: Annotated[
        Layout,
        typer.Argument(help="nnunet (raw, v2), msd (Medical Segmentation Decathlon) or bids (with derivatives)."),
    ],
    source: Annotated[Path, typer.Argument(help="Folder that holds dataset.json, or the root of BIDS.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Manifest to write (CSV).")],
    head: Annotated[
        list[str] | None,
        typer.Option(
            help="Name of the label column; else that of the data set. "
            "Of BIDS the labels to take, as named or as NAME=ENTITIES (edema=label-lesion_mask); may be given again."
        ),
    ] = None,
    labels: Annotated[
        str | None, typer.Option(help="Names of the label values 1, 2, ..., comma-separated; else the data set's.")
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option(help="CSV with case_id and patient_id, where patients have several cases. Not of BIDS."),
    ] = None,
    test: Annotated[
        bool, typer.Option("--test", help="The test cases instead of the training cases. Not of BIDS.")
    ] = False,
    sequence: Annotated[
        list[str] | None,
        typer.Option(
            help="Of BIDS: the images to take, as NAME=ENTITIES (stir=acq-stir_T2w); may be given again. "
            "Of several with one name the first that fits a case counts."
        ),
    ] = None,
    derivatives: Annotated[
        Path | None, typer.Option(help="Of BIDS: the folder with the labels; else SOURCE/derivatives, and SOURCE.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write a manifest of a data set in another layout; no image is copied."""
    from crmo_seg.jobs.dataset.bids import BidsOptions
    from crmo_seg.jobs.dataset.import_bids import import_bids
    from crmo_seg.jobs.dataset.import_data import ImportOptions, import_dataset

    heads = tuple(head or ())
    if layout is Layout.BIDS:
        _refuse_given("bids", {"--patients": patients, "--test": test})
        imported = import_bids(source, out, BidsOptions(heads, _split(labels), tuple(sequence or ()), derivatives))
    else:
        given = {"--sequence": sequence, "--derivatives": derivatives, "--head twice": heads[1:]}
        _refuse_given(layout.value, given)
        options = ImportOptions(heads[0] if heads else None, _split(labels), patients, test)
        imported = import_dataset(layout.value, source, out, options)
    _print([] if quiet else imported.lines())


@app.command("export")
def export_command(
    layout: Annotated[Target, typer.Argument(help="nnunet: a raw data set of nnU-Net v2.")],
    manifest: Annotated[Path, typer.Argument(help="Manifest (CSV).")],
    out: Annotated[Path, typer.Argument(help="Folder of raw data sets (nnUNet_raw).")],
    head: Annotated[str, typer.Option(help="edema, bones, or NAME=FIRST,SECOND with the names of its classes.")],
    dataset_id: Annotated[int, typer.Option(help="Number of the data set, 1 to 999.")],
    name: Annotated[str, typer.Option(help="Name of the data set.")],
    sequences: Annotated[str | None, typer.Option(help="Channels, comma-separated; else all of the manifest.")] = None,
    folds: Annotated[int, typer.Option(help="Folds, where the manifest has none; as data.folds in training.")] = 5,
    quiet: Quiet = False,
) -> None:
    """Write a manifest's cases in another layout, with the same folds; files are linked where possible."""
    from crmo_seg.jobs.dataset.export_nnunet import ExportOptions, export_nnunet
    from crmo_seg.jobs.dataset.names import parse_head
    from crmo_seg.report.progress import ProgressBars

    options = ExportOptions(parse_head(head), dataset_id, name, _split(sequences), folds)
    with ProgressBars(quiet=quiet) as bars:
        exported = export_nnunet(manifest, out, options, bars.bar("cases"))
    _print([] if quiet else exported.lines())


@app.command("split")
def split_command(
    manifest: Annotated[Path, typer.Argument(help="Manifest (CSV) without folds.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Manifest to write (CSV).")],
    folds: Annotated[int, typer.Option(help="How many.")] = 5,
    head: Annotated[str | None, typer.Option(help="Whose labels are the load; else edema, or the only one.")] = None,
    quiet: Quiet = False,
) -> None:
    """Deal patients into folds of alike lesion load."""
    from crmo_seg.jobs.dataset.split import split_dataset

    summaries = split_dataset(manifest, out, folds, head)
    _print([] if quiet else [summary.line() for summary in summaries])


@app.command("check")
def check_command(
    manifest: Annotated[Path, typer.Argument(help="Manifest (CSV).")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for problems.csv, cases.csv and sheet.png.")
    ] = None,
    head: Annotated[
        list[str] | None, typer.Option(help="edema, bones, or NAME=FIRST,SECOND; may be given again. Else all labels.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Find what is wrong with the images and labels of a manifest; exit code 2 where something is broken."""
    import rich

    from crmo_seg.data.check.report import Severity
    from crmo_seg.jobs.dataset.check import check
    from crmo_seg.jobs.dataset.names import parse_head
    from crmo_seg.jobs.dataset.tables import problem_table
    from crmo_seg.report.progress import ProgressBars

    heads = [parse_head(text) for text in head] if head else None
    with ProgressBars(quiet=quiet) as bars:
        report = check(manifest, out, heads, bars.bar("cases"))
    if not quiet:
        if report.problems:
            rich.print(problem_table(report))
        _print([report.verdict, *([f"tables and pictures in {out}"] if out else [])])
    if report.of(Severity.ERROR):
        raise typer.Exit(_EXIT_BROKEN)


@app.command("add-correction")
def add_correction_command(
    manifest: Annotated[Path, typer.Argument(help="Manifest (CSV) to add to; none begins a new one.")],
    subject: Annotated[
        str, typer.Argument(metavar="CASE_OR_PREDICTION", help="A case_id of the manifest, or a prediction: OUT/CASE.")
    ],
    mask: Annotated[Path, typer.Argument(help="The edited mask: .seg.nrrd or .nrrd of 3D Slicer, or NIfTI.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Manifest to write (CSV); never one that is there.")],
    head: Annotated[str, typer.Option(help="What was corrected: edema, bones, or NAME=FIRST,SECOND.")] = "edema",
    reader: Annotated[str | None, typer.Option(help="Who corrected it; kept beside the label.")] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="Every value above 0 is the head's only class; as of a mask of lesion ids.")
    ] = False,
    patient_id: Annotated[
        str | None, typer.Option(help="The patient of a prediction, where the manifest has another name for them.")
    ] = None,
    sequence: Annotated[
        str | None, typer.Option(help="Name of the predicted image; else that of the manifest, else stir.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Make a training case of a mask that was edited in 3D Slicer or ITK-SNAP; nothing is replaced."""
    from crmo_seg.jobs.dataset.correction import NO_MANIFEST, CorrectionOptions, add_correction
    from crmo_seg.jobs.dataset.names import parse_head

    options = CorrectionOptions(parse_head(head), reader, merge, patient_id, sequence)
    base = None if str(manifest) == NO_MANIFEST else manifest
    correction = add_correction(base, subject, mask, out, options)
    _print([] if quiet else correction.lines())


def _print(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)


def _refuse_given(layout: str, options: Mapping[str, object]) -> None:
    given = next((name for name, value in options.items() if value), None)
    if given:
        raise InputError(given, f"is no option of import {layout}", "leave it out; see --help")


def _split(text: str | None) -> tuple[str, ...] | None:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else None
