"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
Rules = Annotated[
    Path | None, typer.Option(help="YAML file of rules that say which DICOM series to read; docs/dicom.md tells more.")
]
