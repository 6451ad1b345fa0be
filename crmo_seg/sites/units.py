"""Bones and parts of bones with lesions: number, volume, and what RAI-CROMRIS asks for of each bone unit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from crmo_seg.anatomy import BONES_TABLE, Segment, Side
from crmo_seg.lesions import Lesion

BONES_OF_SEVERAL_UNITS: Final = frozenset({"humerus", "radius", "ulna", "femur", "tibia", "fibula"})
"""Each of their segments is a unit; a clavicle is one, though its segments are told apart too."""

EXTENSION_LIMITS_PERCENT: Final = (25.0, 50.0)
"""Limits of the classes of signal extension: this package's own, to be checked before they stand in for a score's."""

RAI_CROMRIS_OPEN: Final = ("soft_tissue_hyperintensity", "bony_expansion", "vertebral_collapse")
"""Parameters of RAI-CROMRIS that no mask of edema can give."""

_KIND_BY_NAME: Final = MappingProxyType({bone.name: bone for bone in BONES_TABLE})
_HAS_EXACT_LABEL: Final = frozenset(bone.name for bone in BONES_TABLE if bone.complete)


@dataclass(frozen=True)
class Load:
    """Number and volume of some lesions.

    >>> Load(2, 3.5, 2.5).to_dict()
    {'n_lesions': 2, 'volume_ml': 3.5, 'largest_volume_ml': 2.5}
    """

    n_lesions: int
    volume_ml: float
    largest_volume_ml: float

    def to_dict(self) -> dict[str, int | float]:
        """For ``summary.json``."""
        return {
            "n_lesions": self.n_lesions,
            "volume_ml": round(self.volume_ml, 4),
            "largest_volume_ml": round(self.largest_volume_ml, 4),
        }


@dataclass(frozen=True)
class Place:
    """A bone, or a part of one, on one side.

    Attributes:
        bone: name without the side.
        side: None for bones of the midline, and where it is not known.
        segment: part of a long bone; None where it has none or is not known.
    """

    bone: str
    side: Side | None = None
    segment: Segment | None = None

    @property
    def region(self) -> str:
        """Group of the table of bones."""
        return _KIND_BY_NAME[self.bone].group

    @property
    def head_class(self) -> str:
        """The unsided class that a network predicts."""
        return _KIND_BY_NAME[self.bone].head_class

    @property
    def place_in_table(self) -> int:
        """Sorts bones from the head down."""
        return _KIND_BY_NAME[self.bone].label

    @property
    def is_one_bone(self) -> bool:
        """False for ``rib``, ``hand`` or ``thoracic_vertebra``, where it is not known which one."""
        return self.bone in _HAS_EXACT_LABEL

    def to_dict(self) -> dict[str, str | None]:
        """For ``summary.json``."""
        return {
            "bone": self.bone,
            "side": self.side.value if self.side else None,
            "segment": self.segment.value if self.segment else None,
            "region": self.region,
        }


@dataclass(frozen=True)
class BoneUnit:
    """What RAI-CROMRIS asks for of one bone unit with marrow signal, as far as a mask tells.

    Attributes:
        place: the unit; several bones where ``place.is_one_bone`` is False.
        load: its lesions.
        bone_share: part of the whole bone that the unit's lesions fill, 0 to 1; None where that is not known.
        soft_tissue_ratio: the largest signal of soft tissue beside its lesions, over that of muscle: a hint for the
            reader, whose judgement soft tissue hyperintensity is.
    """

    place: Place
    load: Load
    bone_share: float | None = None
    soft_tissue_ratio: float | None = None

    @property
    def extension(self) -> str | None:
        """Class of signal extension in percent of the unit, by ``EXTENSION_LIMITS_PERCENT``.

        None where the share is not known, and in long bones: their units are parts, whose volume is not measured.
        """
        if self.bone_share is None or not self.place.is_one_bone or self.place.bone in BONES_OF_SEVERAL_UNITS:
            return None
        low, high = EXTENSION_LIMITS_PERCENT
        percent = 100.0 * self.bone_share
        if percent < low:
            return f"<{low:g}"
        return f"{low:g}-{high:g}" if percent <= high else f">{high:g}"

    def to_dict(self) -> dict[str, Any]:
        """For ``summary.json``; what needs a reader is None."""
        share = None if self.bone_share is None else round(100.0 * self.bone_share, 1)
        beside = None if self.soft_tissue_ratio is None else round(self.soft_tissue_ratio, 2)
        return {
            **self.place.to_dict(),
            "is_one_bone": self.place.is_one_bone,
            "marrow_hyperintensity": True,
            "share_of_bone_percent": share,
            "signal_extension_percent": self.extension,
            "soft_tissue_signal_ratio": beside,
            **dict.fromkeys(RAI_CROMRIS_OPEN),
        }


def unit_of(place: Place, lesions: Collection[Lesion]) -> BoneUnit:
    """A bone unit from its lesions; the share is known only where that of each of them is."""
    shares = [lesion.site.bone_share for lesion in lesions]
    known = [share for share in shares if share is not None]
    beside = [lesion.soft_tissue_ratio for lesion in lesions if lesion.soft_tissue_ratio is not None]
    return BoneUnit(
        place=place,
        load=load_of(lesions),
        bone_share=min(sum(known), 1.0) if shares and len(known) == len(shares) else None,
        soft_tissue_ratio=max(beside, default=None),
    )


def load_of(lesions: Collection[Lesion]) -> Load:
    """Number and volume of some lesions; zeros without any."""
    volumes_ml = [lesion.volume_ml for lesion in lesions]
    return Load(len(volumes_ml), sum(volumes_ml), max(volumes_ml, default=0.0))
