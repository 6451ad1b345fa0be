"""Every bone of the child, in the order in which they are painted."""

from __future__ import annotations

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.arm import arm_bones
from crmo_seg.phantom.body.axial import breastbone, ribs, sacrum, spine
from crmo_seg.phantom.body.foot import foot_bones
from crmo_seg.phantom.body.head import mandible, skull
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.leg import leg_bones
from crmo_seg.phantom.body.pelvis import hip_bone
from crmo_seg.phantom.body.solid_bone import SolidBone


def build_skeleton(marks: Landmarks) -> tuple[SolidBone, ...]:
    """All complete bones of ``anatomy.BONES_TABLE``; where two touch, the earlier one wins."""
    sided = (
        bone for side in Side for part in (hip_bone, leg_bones, foot_bones, arm_bones) for bone in part(marks, side)
    )
    return (skull(marks), mandible(marks), *ribs(marks), *spine(marks), *sacrum(marks), *breastbone(marks), *sided)
