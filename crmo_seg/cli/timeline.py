"""``crmo-seg timeline``: the courses of lesions over several visits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmo_seg.cli.options import Quiet


def timeline(
    visits: Annotated[list[Path], typer.Argument(help="Prediction folders OUT/<case_id> of two or more visits.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tables and the page.")],
    same_patient: Annotated[
        bool, typer.Option("--same-patient", help="Go on though the patient keys differ (several output folders).")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a timeline in that folder.")] = False,
    quiet: Quiet = False,
) -> None:
    """The course of every lesion over several visits: when it appeared, grew, shrank, was gone, came back."""
    from collections import Counter

    from crmo_seg.jobs.timeline import timeline as run_timeline

    result = run_timeline(visits, out, same_patient=same_patient, overwrite=overwrite)
    if quiet:
        return
    for flag in result.flags:
        typer.echo(f"{'warning' if flag.severity == 'warning' else 'note'}: {flag.text}", err=True)
    for pair in result.pairs:
        for flag in pair.flags:
            if flag.severity == "warning":
                typer.echo(f"warning: visits {pair.earlier + 1} and {pair.later + 1}: {flag.text}", err=True)
    courses = result.timeline.courses
    counts = Counter(course.visits[-1].status.value.replace("_", " ") for course in courses)
    words = ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "no lesion at any visit"
    seen = f"{len(courses)} courses over {len(result.visits)} visits"
    typer.echo(f"{out}: {seen}; at the last {words}; open timeline.html")
