"""``crmo-seg compare``: what changed between two visits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmo_seg.cli.options import Quiet


def compare(
    before: Annotated[Path, typer.Argument(help="Prediction folder OUT/<case_id> of the earlier visit.")],
    now: Annotated[Path, typer.Argument(help="Prediction folder of the later visit.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables and the page.")],
    same_patient: Annotated[
        bool, typer.Option("--same-patient", help="Compare though the patient keys differ (two output folders).")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a comparison in that folder.")] = False,
    quiet: Quiet = False,
) -> None:
    """What changed between two visits: lesions that are new, resolved, grown, shrunk or stable, bone by bone."""
    from collections import Counter

    from crmo_seg.jobs.compare import compare as run_comparison

    result = run_comparison(before, now, out, same_patient=same_patient, overwrite=overwrite)
    if quiet:
        return
    for flag in result.flags:
        if flag.severity == "warning":
            typer.echo(f"warning: {flag.text}", err=True)
    counts = Counter(change.change.value.replace("_", " ") for change in result.comparison.changes)
    words = ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "no lesion at either visit"
    typer.echo(f"{out}: {words}; open report.html")
