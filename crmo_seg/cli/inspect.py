"""``crmo-seg inspect``: a table of what lies in a folder or zip of DICOM."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmo_seg.cli.options import Quiet, Rules

if TYPE_CHECKING:
    from rich.table import Table

    from crmo_seg.jobs.inspect import InspectedStudy

_EXIT_INPUT_ERROR = 2
_WIDTH_OF_A_FILE = 180
_RIGHT = frozenset({"series", "slices"})


def inspect(
    study: Annotated[Path, typer.Argument(help="DICOM folder or zip; any number of patients, any modality.")],
    write: Annotated[
        Path | None, typer.Option("--write", help="Folder for NIfTI files of all series that are volumes.")
    ] = None,
    rules: Rules = None,
    quiet: Quiet = False,
) -> None:
    """List the DICOM series of a folder: what predict would read, and why not the others. Patients are not named."""
    from crmo_seg.io.dicom.choose.rules import read_rules
    from crmo_seg.jobs.inspect import inspect_source, write_usable
    from crmo_seg.report.progress import ProgressBars

    studies = inspect_source(study, None if rules is None else read_rules(rules))
    if not quiet:
        _print(studies)
    if write is None:
        return
    with ProgressBars(quiet=quiet) as bars:
        written, errors = write_usable(studies, write, bars.bar("series"))
    if not quiet:
        typer.echo(f"{len(written)} NIfTI files in {write}")
    for error in errors:
        typer.echo(f"error: {error}", err=True)
    if errors:
        raise typer.Exit(_EXIT_INPUT_ERROR)


def _print(studies: Sequence[InspectedStudy]) -> None:
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    for one in studies:
        console.print(_table(one))


def _table(one: InspectedStudy) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from crmo_seg.jobs.inspect import table_row

    rows = [table_row(stack) for stack in one.stacks]
    table = Table(title=one.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="right" if column in _RIGHT else "left", overflow="fold")
    table.add_column("read by predict", overflow="fold", min_width=24)
    for row, stack, verdict in zip(rows, one.stacks, one.verdicts, strict=True):
        words = ["yes: " if verdict.used else "no: ", verdict.reason, *(f"; {note}" for note in stack.notes)]
        style = "bold" if verdict.used else "dim" if stack.problem else ""
        # Text, since a description may hold square brackets, which rich would take for markup.
        table.add_row(*(Text(cell) for cell in row.values()), Text("".join(words)), style=style)
    return table
