"""Places planned on the stretched-out child follow its limbs into the pose."""

from __future__ import annotations

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.solids.rigid import moved
from crmo_seg.phantom.solids.shapes import Capsule


def posed(place: LesionSite | Capsule, marks: Landmarks, part: str, side: Side) -> LesionSite | Capsule:
    """A place given in ``marks.reference``, moved with a part of ``body.segments``; parts of the trunk stay."""
    motion = marks.motion(part, side)
    if isinstance(place, LesionSite):
        return place.moved(motion)
    rod = moved(place, motion)
    if not isinstance(rod, Capsule):
        raise TypeError(f"a moved rod became a {type(rod).__name__}")
    return rod
