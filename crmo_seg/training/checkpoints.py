"""Checkpoints that are complete or not there at all, and where to resume from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from crmo_seg.errors import InputError
from crmo_seg.files import written_whole

LAST: Final = "last"
"""``resume_from=last`` goes on where ``output_dir`` stopped, or begins there."""

CHECKPOINTS_FOLDER: Final = "checkpoints"


class WholeCheckpointIO(TorchCheckpointIO):
    """Writes a checkpoint beside the old one and renames it when it is complete.

    Lightning's own writes to the temporary folder and moves from there: between two file systems that is a copy, and a
    run that is killed meanwhile leaves half a checkpoint and no older one.
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | Path,
        storage_options: Any = None,  # noqa: ANN401
    ) -> None:
        """Write it.

        Raises:
            InputError: where the disk is full or the folder cannot be written; the old file stays.
        """
        final = Path(path)
        with written_whole(final) as part:
            final.parent.mkdir(parents=True, exist_ok=True)
            try:
                torch.save(checkpoint, part)
            except RuntimeError as error:  # what torch's writer makes of a full disk
                raise OSError(str(error).splitlines()[0]) from error


def checkpoint_to_resume(resume_from: str | None, output_dir: Path) -> Path | None:
    """The checkpoint that a configuration names; None to begin.

    Raises:
        InputError: where it does not exist.
    """
    if resume_from is None:
        return None
    if resume_from == LAST:
        last = output_dir / CHECKPOINTS_FOLDER / f"{LAST}.ckpt"
        return last if last.is_file() else None
    if not Path(resume_from).is_file():
        remedy = f"give a checkpoint of the run, for example DIR/{CHECKPOINTS_FOLDER}/{LAST}.ckpt"
        raise InputError("resume_from", f"{resume_from} does not exist", remedy)
    return Path(resume_from)
