"""File names of BIDS: ``sub-01_ses-2_acq-stir_T2w.nii.gz`` is entities (key and label) and a suffix.

Brain Imaging Data Structure 1.10.0 (doi:10.1038/sdata.2016.44), "Common principles: Filename template".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.names import identifier

IMAGE_ENDINGS: Final = (".nii.gz", ".nii")
MASK: Final = "mask"
DISCRETE: Final = "dseg"
LABEL_SUFFIXES: Final = (MASK, DISCRETE)
"""Suffixes of masks and of discrete segmentations (BIDS, "Derivatives: Imaging data types")."""

_OWN_SPACE: Final = ("", "orig")  # "If no transformation has taken place, the value of space SHOULD be set to orig"
_SHORT_TAU: Final = ("stir", "tirm")  # STIR is no suffix of BIDS: it is a T2w or PDw with a word in acq
_CONTRASTS: Final = MappingProxyType({"T1w": "t1", "T2w": "t2", "PDw": "pd", "TIRM": "stir"})
_NAMING: Final = ("label", "seg", "atlas", "desc")  # the entities that say what a label shows, the most telling first
_COMMON_LABELS: Final = MappingProxyType({"L": "lesion"})  # BIDS, "Common image-derived labels"


@dataclass(frozen=True)
class BidsFile:
    """A file with what its name says.

    Attributes:
        path: of the file.
        entities: key -> label, in the order of the name.
        suffix: the last part of the name, for example ``T2w``.
    """

    path: Path
    entities: Mapping[str, str]
    suffix: str

    @property
    def case_id(self) -> str:
        """Subject and session, as in the name."""
        return "_".join(f"{key}-{self.entities[key]}" for key in ("sub", "ses") if key in self.entities)

    @property
    def patient_id(self) -> str:
        """The subject, as in the name and in ``participants.tsv``."""
        return f"sub-{self.entities['sub']}"

    @property
    def in_own_space(self) -> bool:
        """Whether the file was not moved onto another image or a template."""
        return self.entities.get("space", "") in _OWN_SPACE


@dataclass(frozen=True)
class Selector:
    """The files that the user calls ``name``: those with all these entities, and this suffix if one is given."""

    name: str
    entities: Mapping[str, str]
    suffix: str | None

    def takes(self, file: BidsFile) -> bool:
        """Whether a file is meant."""
        if self.suffix is not None and self.suffix != file.suffix:
            return False
        return all(_same_label(file.entities.get(key, ""), label) for key, label in self.entities.items())


def parse_file(path: Path) -> BidsFile | None:
    """What a file's name says; None where it is no image or no name of BIDS.

    >>> parse_file(Path("sub-01_ses-2_acq-stir_T2w.nii.gz")).case_id
    'sub-01_ses-2'
    >>> parse_file(Path("sub-01_T2w.json")), parse_file(Path("knee.nii.gz"))
    (None, None)
    """
    ending = next((ending for ending in IMAGE_ENDINGS if path.name.endswith(ending)), None)
    if ending is None:
        return None
    entities, suffix = _parts(path.name.removesuffix(ending))
    return BidsFile(path, entities, suffix) if suffix and "sub" in entities else None


def parse_selector(text: str, option: str) -> Selector:
    """A choice of files as it is typed.

    Raises:
        InputError: where it is not NAME=ENTITIES.

    >>> chosen = parse_selector("stir=acq-tirm_T2w", "--sequence")
    >>> chosen.takes(parse_file(Path("sub-01_acq-tirm_run-1_T2w.nii.gz")))
    True
    """
    name, _, wanted = text.partition("=")
    entities, suffix = _parts(wanted.strip())
    if not name.strip() or not (entities or suffix):
        raise InputError(option, f"is {text!r}", "write NAME=ENTITIES, for example stir=acq-stir_T2w")
    return Selector(identifier(name, option), entities, suffix or None)


def sequence_of(file: BidsFile) -> str:
    """The sequence that a name tells: STIR by the suffix or by a word in ``acq``, else the contrast.

    >>> [sequence_of(parse_file(Path(f"sub-1_{end}.nii"))) for end in ("acq-corSTIR_T2w", "STIR", "T1w", "FLAIR")]
    ['stir', 'stir', 't1', 'flair']
    """
    if any(word in file.entities.get("acq", "").lower() for word in _SHORT_TAU):
        return "stir"
    return _CONTRASTS.get(file.suffix) or identifier(file.suffix, file.path)


def head_of(file: BidsFile, otherwise: str) -> str:
    """What a label shows, by its entities.

    >>> head_of(parse_file(Path("sub-1_acq-stir_label-Edema_mask.nii.gz")), "none")
    'edema'
    >>> head_of(parse_file(Path("sub-1_seg-longBones_dseg.nii.gz")), "none")
    'longbones'
    """
    label = next((file.entities[key] for key in _NAMING if key in file.entities), "")
    return identifier(_COMMON_LABELS.get(label, label), file.path) if label else otherwise


def difference(one: BidsFile, other: BidsFile) -> str:
    """Entities and suffix that choose ``one`` and not ``other``; empty where the names do not tell.

    >>> names = ("sub-1_acq-cor_run-1_T2w.nii", "sub-1_acq-cor_run-2_T2w.nii")
    >>> difference(*(parse_file(Path(name)) for name in names))
    'run-1_T2w'
    """
    told = [f"{key}-{label}" for key, label in one.entities.items() if other.entities.get(key) != label]
    return "_".join([*told, one.suffix]) if told or one.suffix != other.suffix else ""


def applies_to(table: Path, file: BidsFile) -> bool:
    """Whether a side file speaks of a file: it has its suffix and no entity that the file lacks (inheritance).

    >>> label = parse_file(Path("sub-1_acq-stir_seg-bones_dseg.nii.gz"))
    >>> [applies_to(Path(name), label) for name in ("dseg.tsv", "seg-bones_dseg.tsv", "seg-organs_dseg.tsv")]
    [True, True, False]
    """
    entities, suffix = _parts(table.name.split(".")[0])
    return suffix == file.suffix and entities.items() <= file.entities.items()


def _parts(stem: str) -> tuple[Mapping[str, str], str]:
    """Entities and suffix; no suffix where a part before the last is no entity."""
    *heads, last = stem.split("_")
    if "-" in last:
        heads, last = [*heads, last], ""
    pairs = [part.partition("-") for part in heads]
    if any(not (key and dash and label) for key, dash, label in pairs):
        return MappingProxyType({}), ""
    return MappingProxyType({key: label for key, _, label in pairs}), last


def _same_label(found: str, wanted: str) -> bool:
    """Indices are the same with and without leading zeros."""
    return found == wanted or (found.isdecimal() and wanted.isdecimal() and int(found) == int(wanted))
