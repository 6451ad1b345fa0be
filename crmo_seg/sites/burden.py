"""What the lesions of one study add up to: the numbers that reports and indices of CRMO ask for.

Only what a mask can give is given. What needs a reader's eye (extramedullary involvement, bony expansion, vertebral
collapse) is named as open, and no total score is claimed: the points of RINBO and RAI-CROMRIS stand in tables of
their publications that this package has not been checked against.

Hands and feet are counted apart: bright marrow there is common in healthy children (58.8 % of 196 had a larger focus
somewhere in a limb, hands and feet among the commonest places, doi:10.1016/j.ejrad.2022.110365).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeVar

import numpy as np

from crmo_seg.anatomy import BONES_TABLE, HEAD_CLASSES, Bone, Side
from crmo_seg.lesions import Lesion
from crmo_seg.sites.units import BONES_OF_SEVERAL_UNITS, RAI_CROMRIS_OPEN, BoneUnit, Load, Place, load_of, unit_of
from crmo_seg.volume import Volume

HANDS_AND_FEET: Final = ("hand", "foot")
"""Groups of bones with common normal variants."""

SPINE: Final = ("cervical_vertebra", "thoracic_vertebra", "lumbar_vertebra", "sacrum")

INVOLVEMENT: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "clavicle": ("clavicle",),
        "mandible": ("mandible",),
        "skull": ("skull",),
        "hand": ("hand",),
        "spine": SPINE,
    }
)
"""What is asked for by name -> its head classes. The first four weigh in the EULAR/ACR classification criteria
(doi:10.1002/art.43137), the spine in RINBO (doi:10.1007/s00330-016-4586-x)."""

RINBO_OPEN: Final = ("extramedullary_involvement",)
"""Parameters of RINBO that no mask of edema can give."""

NO_SCORE: Final = "no total score is claimed"

_LABELS = 256
_Key = TypeVar("_Key")
_SIDES_OF_CLASS: Final = MappingProxyType(
    {
        name: frozenset(bone.side for bone in BONES_TABLE if bone.head_class == name and bone.complete)
        for name in HEAD_CLASSES
    }
)


@dataclass(frozen=True)
class Burden:
    """What all lesions of a study add up to.

    Attributes:
        all_lesions: every lesion.
        hands_and_feet: those in hands and feet, where normal variants are common.
        elsewhere: the others, those without a bone among them.
        without_bone: lesions for which no bone was found.
        largest_diameter_mm: of the longest lesion; None without lesions.
        bones: bone and side -> load, the most volume first.
        regions: group of bones -> load, the most volume first.
        bilateral: paired bones with a lesion on either side.
        symmetric: the same segment of the same bone on either side, or the same bone where it has no segments.
        involved: by name in ``INVOLVEMENT``; None where there is no lesion and not all of it is known to be in view.
        vertebrae: vertebrae and sacrum with a lesion.
        bones_known: whether there was a mask of bones at all; without it nothing is said of bones.
        units: bone units with a lesion, the most volume first.
    """

    all_lesions: Load
    hands_and_feet: Load
    elsewhere: Load
    without_bone: Load
    largest_diameter_mm: float | None
    bones: Mapping[Place, Load]
    regions: Mapping[str, Load]
    bilateral: tuple[str, ...]
    symmetric: tuple[Place, ...]
    involved: Mapping[str, bool | None]
    vertebrae: tuple[str, ...]
    units: tuple[BoneUnit, ...]
    bones_known: bool

    def to_dict(self) -> dict[str, Any]:
        """The entry ``burden`` of ``summary.json``: plain data, None for what is not known."""
        places = self._places() if self.bones_known else dict.fromkeys(self._places())
        return {**self.all_lesions.to_dict(), "largest_diameter_mm": self._diameter_mm, **places, **self._indices()}

    @property
    def _diameter_mm(self) -> float | None:
        return None if self.largest_diameter_mm is None else round(self.largest_diameter_mm, 1)

    def _places(self) -> dict[str, Any]:
        return {
            "hands_and_feet": self.hands_and_feet.to_dict(),
            "without_hands_and_feet": self.elsewhere.to_dict(),
            "without_bone": self.without_bone.to_dict(),
            "n_bones": len(self.bones),
            "n_regions": len(self.regions),
            "bones": [{**_without(place, "segment"), **load.to_dict()} for place, load in self.bones.items()],
            "regions": [{"region": region, **load.to_dict()} for region, load in self.regions.items()],
            "bilateral_bones": list(self.bilateral),
            "symmetric_sites": [_without(place, "side") for place in self.symmetric],
            "involved": dict(self.involved),
            "vertebrae": list(self.vertebrae),
        }

    def _indices(self) -> dict[str, Any]:
        rinbo = {
            "source": "doi:10.1007/s00330-016-4586-x",
            "radiologically_active_lesions": self.all_lesions.n_lesions,
            "largest_lesion_mm": self._diameter_mm,
            "spinal_involvement": self.involved["spine"],
            **dict.fromkeys(RINBO_OPEN),
            "needs_a_reader": list(RINBO_OPEN),
            "score": NO_SCORE,
        }
        rai_cromris = {
            "source": "doi:10.1186/s12969-021-00620-3",
            "units": [unit.to_dict() for unit in self.units] if self.bones_known else None,
            "needs_a_reader": list(RAI_CROMRIS_OPEN),
            "score": NO_SCORE,
        }
        return {"rinbo": rinbo, "rai_cromris": rai_cromris}


def burden_of(lesions: Collection[Lesion], in_view: Collection[Bone] | None = None) -> Burden:
    """Add up the lesions of one study.

    Args:
        lesions: with their sites.
        in_view: bones of the picture, from ``bones_in_view``; None where no bones are known.

    >>> from crmo_seg.anatomy import Segment, Site
    >>> knees = [Site("tibia", side, Segment.METAPHYSIS) for side in Side]
    >>> burden = burden_of([Lesion(i, 2.0, 20.0, (0.0, 0.0, 0.0), site=site) for i, site in enumerate(knees, 1)])
    >>> burden.all_lesions.volume_ml, burden.bilateral, [place.bone for place in burden.symmetric]
    (4.0, ('tibia',), ['tibia'])
    """
    placed = {lesion.lesion_id: _place(lesion) for lesion in lesions}
    by_unit = _grouped(lesions, lambda lesion: placed[lesion.lesion_id])
    by_bone = _grouped(lesions, lambda lesion: _bone_of(placed[lesion.lesion_id]))
    by_region = _grouped(lesions, lambda lesion: _region(placed[lesion.lesion_id]))
    apart = [lesion for lesion in lesions if _region(placed[lesion.lesion_id]) in HANDS_AND_FEET]
    return Burden(
        all_lesions=load_of(lesions),
        hands_and_feet=load_of(apart),
        elsewhere=load_of([lesion for lesion in lesions if lesion not in apart]),
        without_bone=load_of([lesion for lesion in lesions if placed[lesion.lesion_id] is None]),
        largest_diameter_mm=max((lesion.max_diameter_mm for lesion in lesions), default=None),
        bones=_loads(by_bone),
        regions=_loads(by_region),
        bilateral=tuple(dict.fromkeys(place.bone for place in by_bone if _other_side(place) in by_bone)),
        symmetric=_symmetric(by_unit),
        involved=_involved(by_bone, in_view),
        vertebrae=_vertebrae(by_bone),
        units=tuple(unit_of(place, group) for place, group in by_unit.items()),
        bones_known=in_view is not None or bool(by_bone),
    )


def bones_in_view(bones: Volume) -> frozenset[Bone]:
    """The bones of a mask of fine labels; values that are no label are passed over."""
    is_present = np.zeros(_LABELS, dtype=np.bool_)
    for plane in bones.array:  # at once, the whole mask would be turned into int64
        is_present[plane] = True
    return frozenset(bone for bone in BONES_TABLE if is_present[bone.label])


def _place(lesion: Lesion) -> Place | None:
    site = lesion.site
    return None if site.bone is None else Place(site.bone, site.side, site.segment)


def _bone_of(place: Place | None) -> Place | None:
    return None if place is None else Place(place.bone, place.side)


def _region(place: Place | None) -> str | None:
    return None if place is None else place.region


def _without(place: Place, field: str) -> dict[str, str | None]:
    return {name: value for name, value in place.to_dict().items() if name != field}


def _grouped(lesions: Iterable[Lesion], key: Callable[[Lesion], _Key | None]) -> dict[_Key, list[Lesion]]:
    """Lesions by key, the most volume first; those without a key are left out."""
    groups: dict[_Key, list[Lesion]] = {}
    for lesion in lesions:
        found = key(lesion)
        if found is not None:
            groups.setdefault(found, []).append(lesion)
    return dict(sorted(groups.items(), key=lambda item: -sum(lesion.volume_ml for lesion in item[1])))


def _loads(groups: Mapping[_Key, list[Lesion]]) -> Mapping[_Key, Load]:
    return MappingProxyType({key: load_of(group) for key, group in groups.items()})


def _other_side(place: Place) -> Place | None:
    if place.side is None:
        return None
    return replace(place, side=Side.RIGHT if place.side is Side.LEFT else Side.LEFT)


def _symmetric(units: Collection[Place]) -> tuple[Place, ...]:
    """Places with a partner on the other side; of a long bone only where the segment is known on both."""
    return tuple(
        dict.fromkeys(
            replace(place, side=None)
            for place in units
            if _other_side(place) in units
            and place.is_one_bone
            and (place.segment is not None or place.bone not in BONES_OF_SEVERAL_UNITS)
        )
    )


def _vertebrae(bones: Iterable[Place]) -> tuple[str, ...]:
    from_head_down = sorted(bones, key=lambda place: place.place_in_table)
    return tuple(dict.fromkeys(place.bone for place in from_head_down if place.region == "spine"))


def _involved(bones: Iterable[Place], in_view: Collection[Bone] | None) -> Mapping[str, bool | None]:
    found = {place.head_class for place in bones}
    answers: dict[str, bool | None] = {}
    for name, head_classes in INVOLVEMENT.items():
        absent = False if _is_in_view(head_classes, in_view) else None
        answers[name] = True if found & set(head_classes) else absent
    return MappingProxyType(answers)


def _is_in_view(head_classes: Iterable[str], in_view: Collection[Bone] | None) -> bool:
    """Whether something of every class is in the picture, of paired ones on both sides."""
    found = {(bone.head_class, bone.side) for bone in in_view or ()}
    return all((name, side) in found for name in head_classes for side in _SIDES_OF_CLASS[name])
