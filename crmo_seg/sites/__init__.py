"""Where lesions lie: the side of every bone, the level of every vertebra, the part of a long bone, the signal.

A network predicts unsided classes, because a patch cannot tell left from right. The body can, see ``fine``. Everything
here is measured in RAS+ mm, so the order and the flips of the array axes do not matter. No torch.
"""

from crmo_seg.sites.across_plates import across_plates
from crmo_seg.sites.assign import MAXIMUM_DISTANCE_MM, assign_sites
from crmo_seg.sites.classes import head_classes_of
from crmo_seg.sites.fine import fine_bones
from crmo_seg.sites.midline import MINIMUM_MIDLINE_ML, Midline, find_midline
from crmo_seg.sites.muscle import muscle_signal

__all__ = [
    "MAXIMUM_DISTANCE_MM",
    "MINIMUM_MIDLINE_ML",
    "Midline",
    "across_plates",
    "assign_sites",
    "find_midline",
    "fine_bones",
    "head_classes_of",
    "muscle_signal",
]
