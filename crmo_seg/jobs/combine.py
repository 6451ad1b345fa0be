"""``crmo-seg combine``: one model of bundles that mark different things."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crmo_seg.bundle import ModelBundle, combined, load_bundle, save_bundle, with_folders
from crmo_seg.errors import InputError
from crmo_seg.inference.openvino_wanted import export_where_possible
from crmo_seg.inference.self_check import kept_window


def combine(folder: Path, parts: Sequence[Path], out: Path) -> ModelBundle:
    """Write a bundle that also marks what others mark, for example edema of one training and bones of another.

    Args:
        folder: of the bundle whose name the new one has.
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
    read = zip((first, *others), sources, strict=True)
    singles = [single for bundle, source in read for single in with_folders(bundle, source)]
    windows = {single.network_sha256: kept_window(place, single.plan) for single, place in singles}
    # Without the heads that it no longer marks the first network has another hash.
    windows[made.network_sha256] = kept_window(folder, made.plan)
    for single, place in with_folders(made, out):
        export_where_possible(single, place, windows[single.network_sha256])
    return made
