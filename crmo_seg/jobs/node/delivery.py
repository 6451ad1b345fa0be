"""DICOM results of a finished case to where the site wants them. Doing it again does no harm."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.files import written_whole
from crmo_seg.io.dicom.stow import store_over_web
from crmo_seg.jobs.node.settings import Destination
from crmo_seg.jobs.output import DICOM_FOLDER


def deliver(case: Path, to: Destination) -> int:
    """Send what lies in a case's ``dicom/``.

    Args:
        case: ``OUT/<case_id>``.
        to: where to; a folder first, then a service.

    Returns:
        How many files there were; 0 where the model makes none.

    Raises:
        InputError: where a folder cannot be written, or a service does not take them.
    """
    files = sorted((case / DICOM_FOLDER).glob("*.dcm"))
    if to.folder is not None:
        _copy(files, to.folder, prefix=case.name)
    if to.url is not None:
        store_over_web(files, to.url, _authorization(to))
    return len(files)


def _copy(files: list[Path], folder: Path, *, prefix: str) -> None:
    """Each file whole under its name, ``<case_id>_edema_sr.dcm``, or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(folder, f"could not be made ({error.strerror})", "check the disk and its rights") from error
    for path in files:
        with written_whole(folder / f"{prefix}_{path.name}") as part:
            shutil.copyfile(path, part)


def _authorization(to: Destination) -> str | None:
    name = to.authorization_variable
    if name is None:
        return None
    if not os.environ.get(name):
        raise InputError(f"results_to, {name}", "is not set in the environment", "set it, or leave it out")
    return os.environ[name]
