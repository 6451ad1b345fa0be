"""Names of other layouts -> names of columns and classes here, and heads as they are typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from crmo_seg.errors import InputError
from crmo_seg.plan import Head, heads_from

_DATASET_PREFIX = re.compile(r"^(msd_)?(dataset|task)_?\d+_", re.IGNORECASE)


def identifier(text: str, source: object) -> str:
    """Lower case, letters, digits and underscores: what a column and a Hydra override can hold unquoted.

    Raises:
        InputError: where nothing is left.

    >>> identifier("T2-FLAIR (axial)", "dataset.json")
    't2_flair_axial'
    """
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    if not name:
        raise InputError(source, f"has the name {text!r}, without a letter or digit", "give it another name")
    return name


def head_name_of(folder: Path) -> str:
    """The name of a data set, from that of its folder.

    >>> [head_name_of(Path(name)) for name in ("Dataset004_Hippocampus", "Task04_Heart", "msd_task04_hippocampus")]
    ['hippocampus', 'heart', 'hippocampus']
    """
    return identifier(_DATASET_PREFIX.sub("", folder.absolute().name), folder)


def parse_head(text: str) -> Head:
    """A head as it is typed: a known one by its name, any other with its classes.

    Raises:
        InputError: where a head that is not known has no classes.

    >>> parse_head("hippocampus=anterior,posterior").classes
    ('anterior', 'posterior')
    >>> parse_head("edema").classes
    ('edema',)
    """
    name, _, classes = text.partition("=")
    named = [part.strip() for part in classes.split(",") if part.strip()]
    try:
        (head,) = heads_from([{name.strip(): named}])
    except InputError as error:
        raise InputError(error.source, error.problem, f"write {name.strip()}=FIRST,SECOND") from None
    return head


def format_head(head: Head) -> str:
    """A head as `parse_head` reads it.

    >>> format_head(Head("hippocampus", ("anterior", "posterior")))
    'hippocampus=anterior,posterior'
    """
    return head.name if _is_known(head) else f"{head.name}={','.join(head.classes)}"


def hydra_heads(heads: Sequence[Head]) -> str:
    """Heads as ``data.heads`` takes them.

    >>> hydra_heads([parse_head("edema"), parse_head("hippocampus=anterior,posterior")])
    '[edema, {hippocampus: [anterior, posterior]}]'
    """
    parts = (head.name if _is_known(head) else f"{{{head.name}: [{', '.join(head.classes)}]}}" for head in heads)
    return f"[{', '.join(parts)}]"


def _is_known(head: Head) -> bool:
    try:
        return heads_from([head.name]) == (head,)
    except InputError:
        return False
