"""``crmo-seg node``: parse, watch, and log without names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crmo_seg.cli.options import Quiet

if TYPE_CHECKING:
    import logging

_EXIT_SOME_FAILED = 2
_LOG_FILE = "node.log"
_LOG_BYTES = 10_000_000
_LOG_FILES = 5


def node(
    incoming: Annotated[Path, typer.Option("--in", help="Folder that studies arrive in; nothing in it is changed.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results, the queue and the log.")],
    model: Annotated[str | None, typer.Option(help="Folder of a model bundle, or the name of a shipped model.")] = None,
    settings: Annotated[Path | None, typer.Option(help="YAML file; docs/node.md lists what can stand in it.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Stop when everything there is done; for cron.")] = False,
    quiet: Quiet = False,
) -> None:
    """Watch a folder: predict every DICOM study that arrives in it, once, as soon as it is complete.

    A study that fails is put aside with the reason, and the node goes on. A node that was killed goes on where it was.
    """
    from crmo_seg.jobs.node.run import check_folders, run_node
    from crmo_seg.jobs.node.settings import read_settings

    chosen = read_settings(settings)
    if model is not None:
        chosen = replace(chosen, model=model)
    check_folders(incoming, out)
    logger = _logger(out, quiet=quiet)
    try:
        outcome = run_node(incoming, out, chosen, logger.info, once=once)
    finally:
        _close(logger)
    if outcome.failed or outcome.unsent or outcome.unreadable:
        raise typer.Exit(_EXIT_SOME_FAILED)


def _logger(out: Path, *, quiet: bool) -> logging.Logger:
    """Lines go to the terminal and to a file that does not grow without end."""
    import logging
    from logging.handlers import RotatingFileHandler

    from crmo_seg.errors import InputError

    logger = logging.getLogger("crmo_seg.node")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        out.mkdir(parents=True, exist_ok=True)
        file = RotatingFileHandler(
            out / _LOG_FILE, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8", delay=True
        )
    except OSError as error:
        raise InputError(out, f"could not be made ({error.strerror})", "give a folder that can be written") from error
    handlers: list[logging.Handler] = [file] if quiet else [file, logging.StreamHandler()]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logger.addHandler(handler)
    return logger


def _close(logger: logging.Logger) -> None:
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
