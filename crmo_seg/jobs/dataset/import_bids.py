"""``crmo-seg dataset import bids``: a BIDS data set becomes a manifest; no image is copied or opened."""

from __future__ import annotations

from pathlib import Path

from crmo_seg.cases import IMAGE_PREFIX, LABEL_PREFIX, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.bids import BidsDataset, BidsOptions, read_bids
from crmo_seg.jobs.dataset.bids_files import MASK, BidsFile
from crmo_seg.jobs.dataset.bids_tables import classes_of
from crmo_seg.jobs.dataset.import_data import Imported, named_head
from crmo_seg.jobs.dataset.names import identifier
from crmo_seg.keys import EDEMA
from crmo_seg.plan import Head


def import_bids(source: Path, manifest: Path, options: BidsOptions | None = None) -> Imported:
    """Write the manifest of a BIDS data set.

    Args:
        source: the root of the data set.
        manifest: the CSV to write; a manifest that is there is replaced.
        options: what its names do not say.

    Raises:
        InputError: where the data set is incomplete or ambiguous, or label values have no names.
    """
    options = options or BidsOptions()
    found = read_bids(source, options)
    if options.classes and len(found.labels) != 1:
        names = ", ".join(found.labels) or "none"
        raise InputError("--labels", f"names the values of one label, found are {names}", "choose one with --head")
    root = options.derivatives or source
    heads = tuple(_head(name, files, root, options.classes) for name, files in found.labels.items())
    manifest.parent.mkdir(parents=True, exist_ok=True)
    write_manifest(manifest, found.cases)
    return Imported(manifest, found.cases, found.sequences, heads, _notes(found))


def _head(name: str, files: tuple[BidsFile, ...], root: Path, classes: tuple[str, ...] | None) -> Head:
    if classes:
        return named_head(name, tuple(identifier(text, "--labels") for text in classes))
    named = [(_classes(name, file, root), file) for file in files]
    first, file = named[0]
    for other, label in named[1:]:
        if other != first:
            problem = f"has the values {', '.join(other)}, {file.path.name} has {', '.join(first)}"
            raise InputError(label.path, problem, "give both the same table, or choose one kind with --head")
    return named_head(name, first)


def _classes(name: str, label: BidsFile, root: Path) -> tuple[str, ...]:
    if label.suffix == MASK:
        return (name,)
    classes = classes_of(label, root)
    if classes is None and name != EDEMA:
        remedy = "add a dseg.tsv with the columns index and name, or give --head and --labels"
        raise InputError(label.path, "has no table that names its values", remedy)
    return classes or (name,)


def _notes(found: BidsDataset) -> tuple[str, ...]:
    """Columns with empty cells, and what was left out."""
    columns = [(f"{IMAGE_PREFIX}{name}", sum(name in case.images for case in found.cases)) for name in found.sequences]
    columns += [(f"{LABEL_PREFIX}{name}", sum(name in case.labels for case in found.cases)) for name in found.labels]
    total = len(found.cases)
    notes = [f"{column}: {count} of {total} cases have it" for column, count in columns if count < total]
    if not found.labels:
        notes.append("no label: no *_mask or *_dseg was found; give their folder with --derivatives")
    if found.left_out:
        notes.append(f"left out: {len(found.left_out)} labels in another space, the first {found.left_out[0].name}")
    if found.without:
        notes.append(f"left out: {len(found.without)} cases without these sequences, the first {found.without[0]}")
    return tuple(notes)
