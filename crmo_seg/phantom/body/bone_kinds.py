"""Which bones are alike: vertebrae among each other, and ribs."""

from __future__ import annotations

from crmo_seg.anatomy import Bone


def kind_of(bone: Bone) -> str:
    """The name without side and level.

    >>> from crmo_seg.anatomy import bone_named
    >>> [kind_of(bone_named(name)) for name in ("femur_left", "vertebra_T5", "rib_3_right")]
    ['femur', 'vertebra', 'rib']
    """
    return bone.name.split("_")[0] if bone.name.startswith(("vertebra_", "rib_")) else bone.name
