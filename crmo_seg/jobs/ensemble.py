"""``crmo-seg ensemble``: the bundles of several trainings as one model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crmo_seg.bundle import ModelBundle, ensemble_bundles
from crmo_seg.errors import InputError
from crmo_seg.inference.openvino_wanted import export_where_possible
from crmo_seg.inference.self_check import kept_window


def make_ensemble(folders: Sequence[Path], out: Path) -> ModelBundle:
    """Write several bundles as one, with its OpenVINO models where the libraries that make them are installed.

    Args:
        folders: of the bundles, two or more; all of one plan.
        out: folder of the new bundle; a bundle that is there is replaced.

    Raises:
        InputError: where a bundle cannot be read, is named twice or has another plan than the first, or where the
            new bundle would replace one of them.
    """
    _check(folders, out)
    made = ensemble_bundles(folders, out)
    export_where_possible(made, out, kept_window(folders[0], made.plan))
    return made


def _check(folders: Sequence[Path], out: Path) -> None:
    if len(folders) < 2:
        raise InputError(folders[0] if folders else out, "is the only bundle", "name all members, two or more")
    places = [folder.resolve() for folder in folders]
    for position, (folder, place) in enumerate(zip(folders, places, strict=True)):
        if place in places[:position]:
            raise InputError(folder, "is named twice", "name each bundle once")
    if out.resolve() in places:
        raise InputError(out, "is one of the bundles that the ensemble is made of", "give another folder after -o")
