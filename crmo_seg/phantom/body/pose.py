"""How a child lies in the scanner: angles at the joints, on top of the stretched reference pose of ``landmarks``.

In the reference pose the arms lie beside the body with the palms at the thighs, the legs are straight. Every angle is 0
there. Both sides turn outward with the same sign.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from crmo_seg.anatomy import Side


@dataclass(frozen=True)
class ArmPose:
    """Angles of one arm, degrees.

    Attributes:
        lift: abduction at the shoulder.
        forward: the upper arm lifted off the table.
        twist: inner rotation of the upper arm; at 90 the elbow bends across the belly.
        elbow: flexion.
        pronation: of the forearm; 0 palm at the thigh, 90 on the table, -90 upward.
    """

    lift: float = 0.0
    forward: float = 0.0
    twist: float = 0.0
    elbow: float = 0.0
    pronation: float = 0.0


@dataclass(frozen=True)
class LegPose:
    """Angles of one leg, degrees.

    Attributes:
        spread: abduction at the hip.
        hip: flexion; the knee rises from the table.
        twist: outer rotation at the hip.
        knee: flexion.
        ankle: dorsiflexion from the reference foot.
        toes: turned outward at the ankle.
    """

    spread: float = 0.0
    hip: float = 0.0
    twist: float = 0.0
    knee: float = 0.0
    ankle: float = 0.0
    toes: float = 0.0


@dataclass(frozen=True)
class Pose:
    """The whole child.

    Attributes:
        arms: by side.
        legs: by side.
        head_turn: face turned to the patient's right, degrees.
        head_nod: chin towards the breast, degrees.
    """

    arms: Mapping[Side, ArmPose] = field(default_factory=lambda: MappingProxyType(dict.fromkeys(Side, ArmPose())))
    legs: Mapping[Side, LegPose] = field(default_factory=lambda: MappingProxyType(dict.fromkeys(Side, LegPose())))
    head_turn: float = 0.0
    head_nod: float = 0.0


STRETCHED: Final = Pose()
"""The reference pose."""
