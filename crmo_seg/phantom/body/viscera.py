"""All organs of a person in painting order; bones come later."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crmo_seg.anatomy import Side
from crmo_seg.phantom.body.axial import canal
from crmo_seg.phantom.body.belly import belly_of
from crmo_seg.phantom.body.brain import head_of
from crmo_seg.phantom.body.cartilage import cartilage_of, joint_fluid_of, tendons_of
from crmo_seg.phantom.body.chest import chest_of
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone, chain
from crmo_seg.phantom.body.traits import Traits
from crmo_seg.phantom.body.vessels import limb_vessels, neck_of, trunk_vessels


def organs_of(
    marks: Landmarks, rng: np.random.Generator, skeleton: Sequence[SolidBone] | None = None
) -> tuple[Organ, ...]:
    """Organs, vessels, cartilage, fluid and tendons of a child; the tissues are those of the tissue table.

    Sizes and places come from the person's variation, so that they stay from visit to visit; ``rng`` draws what
    changes from day to day: bowel, stomach, bladder, joint fluid. Every organ lies in a small part of the body. The
    skeleton is built anew where it is not given.
    """
    bones = build_skeleton(marks) if skeleton is None else skeleton
    traits = Traits(marks.reference)
    bowel, joints = rng.spawn(2)
    return (
        *chest_of(traits),
        *belly_of(traits, bowel),
        *trunk_vessels(traits),
        *neck_of(traits),
        *head_of(marks, traits),
        *_nerve_tube(traits),
        *(organ for side in Side for organ in limb_vessels(marks, side)),
        *cartilage_of(marks, bones),
        *joint_fluid_of(marks, joints),
        *tendons_of(marks),
    )


def _nerve_tube(traits: Traits) -> tuple[Organ, ...]:
    """Fluid around the cord, which ends at L1; thicker in neck and loin."""
    u, points = traits.u, canal(traits.marks)
    wide = np.linspace(0.0046, 0.0054, len(points)) * u
    cord = points[5:]
    thick = np.interp(np.arange(len(cord)), (0, 2, 12, 17, len(cord)), (0.0016, 0.0027, 0.0023, 0.0031, 0.0036)) * u
    return Organ("csf", chain(points, wide.tolist())), Organ("cord", chain(cord, thick.tolist()))
