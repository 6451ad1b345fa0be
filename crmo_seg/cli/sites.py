"""``crmo-seg sites``: where the lesions of a prediction lie, by a mask of bones from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crmo_seg.cli.options import Quiet


def sites(
    prediction: Annotated[Path, typer.Argument(help="Prediction folder OUT/<case_id>; written again.")],
    bones: Annotated[
        list[str],
        typer.Option(
            help="LABELS=FILE, a mask of bones on the scan: total_mr, vertebrae_mr or appendicular_bones_mr of "
            "TotalSegmentator (one file, --ml), or crmo_seg; may be given again, the first counts."
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Tell the lesions of a prediction where they lie, by bones that another program segmented."""
    from crmo_seg.jobs.sites import parse_bones, reassign_sites

    done = reassign_sites(prediction, parse_bones(bones))
    for line in [] if quiet else done.lines():
        typer.echo(line)
