"""Every bone of the child, in the order in which they are painted."""

from __future__ import annotations

from functools import lru_cache

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.phantom.body.arm import arm_bones
from crmo_seg.phantom.body.axial import breastbone, ribs, sacrum, spine
from crmo_seg.phantom.body.foot import foot_bones
from crmo_seg.phantom.body.head import mandible, skull
from crmo_seg.phantom.body.joints import separated
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.leg import leg_bones
from crmo_seg.phantom.body.nuclei import nucleus
from crmo_seg.phantom.body.pelvis import hip_bone
from crmo_seg.phantom.body.segments import PART_OF_BONE
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.body.vary import varied


def build_skeleton(marks: Landmarks) -> tuple[SolidBone, ...]:
    """All complete bones of ``anatomy.BONES_TABLE``; where two touch, the earlier one wins.

    With a variation the bones have individual shapes, small bones are as large as their ossified nuclei, and joints
    have a space. With a pose they lie as it says.
    """
    whole = grown_skeleton(marks)
    if marks.child.variation is None:
        return whole
    return separated([nucleus(bone, marks.child) for bone in whole], marks.child)


@lru_cache(maxsize=8)
def grown_skeleton(marks: Landmarks) -> tuple[SolidBone, ...]:
    """The same with cartilage that is not ossified yet, and no spaces at the joints.

    Kept for some visits, since their organs are built around these bones once more.
    """
    straight, variation = marks.reference, marks.child.variation
    bones = _mean_bones(straight)
    if variation is not None:
        bones = tuple(varied(bone, straight, variation) for bone in bones)
    return tuple(_placed(bone, marks) for bone in bones)


def _mean_bones(marks: Landmarks) -> tuple[SolidBone, ...]:
    sided = (
        bone for side in Side for part in (hip_bone, leg_bones, foot_bones, arm_bones) for bone in part(marks, side)
    )
    return (skull(marks), mandible(marks), *ribs(marks), *spine(marks), *sacrum(marks), *breastbone(marks), *sided)


def _placed(bone: SolidBone, marks: Landmarks) -> SolidBone:
    named = bone_named(bone.full_name)
    part = PART_OF_BONE.get(named.name)
    return bone if part is None else bone.moved(marks.motion(part, named.side))
