"""``crmo-seg combine``: one model of bundles that mark different things."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crmo_seg.bundle import ModelBundle, combined, load_bundle, part_folder, save_bundle
from crmo_seg.errors import InputError
from crmo_seg.inference.openvino_wanted import export_where_possible
from crmo_seg.inference.self_check import kept_window


def combine(folder: Path, parts: Sequence[Path], out: Path) -> ModelBundle:
    """Write a bundle that also marks what others mark, for example edema of one training and bones of another.

    Args:
        folder: of the bundle whose name, threshold and smallest lesion the new one has.
        parts: folders of the others; each is run on its own grid.
        out: folder of the new bundle; a bundle that is there is replaced.

    Raises:
        InputError: where a bundle cannot be read or would be overwritten, or two parts mark the same.
    """
    sources = [folder, *parts]
    if out.resolve() in [source.resolve() for source in sources]:
        raise InputError(out, "is one of the bundles that the model is made of", "give another folder after -o")
    first, *others = (load_bundle(source) for source in sources)
    made = combined(first, others)
    save_bundle(made, out)
    export_where_possible(made, out, kept_window(folder, made.plan))
    windows = {
        bundle.network_sha256: kept_window(place, bundle.plan) for place, bundle in zip(parts, others, strict=True)
    }
    for number, part in enumerate(made.parts):
        export_where_possible(part, part_folder(out, number), windows.get(part.network_sha256))
    return made
