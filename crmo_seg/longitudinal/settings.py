"""Every number that a comparison of two visits depends on, with where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CompareSettings:
    """How visits are aligned, lesions matched and changes told apart from error.

    Attributes:
        minimum_bone_ml: smaller marks of a bone are specks and align nothing.
        least_overlap: Dice of a bone brought to the other visit; below this, and with surfaces further apart than
            ``largest_residual_mm``, its alignment is poor.
        largest_residual_mm: mean distance of a bone's surfaces after alignment, beside half a slice.
        least_visible: share of a bone that has to arrive in the other picture, unless that one's edge cuts the bone.
        base_tolerance_mm: lesions this far apart may be one; whole-body registrations err by 2.3 to 2.6 mm
            (Santoro-Fernandes 2021, PMC11329192).
        least_cover: share of one of two lesions that has to lie within the tolerance of the other.
        least_join: share of a lesion that has to lie on another one to have merged with it, or split from it.
        least_in_view: share of a lesion that has to lie in the other visit's picture to be missed there.
        repeat_variation: relative difference of two volumes that is no change even with perfect voxels; 20 % is what
            trials of volumetric MRI take as growth (Dombi 2007, PMID 17215493).
        surface_error: standard deviation, in voxels, of what each voxel on the surface adds to the volume; 0.29 if
            each were wrong on its own, more as whole rows of a thick slice go wrong together. Measured on phantoms.
        smallest_sure_ml: a lesion below this may be seen at one visit only by chance of how slices meet it.
        shrinking_bones: bones as much smaller than before are not those of the same child.
        growth_per_year: the fastest growth, relative, of children of 3 years and more: about 12 cm a year at 100 cm.
        growth_slack: error of the measured growth.
    """

    minimum_bone_ml: float = 0.3
    least_overlap: float = 0.5
    largest_residual_mm: float = 1.5
    least_visible: float = 0.9
    base_tolerance_mm: float = 2.5
    least_cover: float = 0.3
    least_join: float = 0.5
    least_in_view: float = 0.75
    repeat_variation: float = 0.2
    surface_error: float = 0.75
    smallest_sure_ml: float = 0.2
    shrinking_bones: float = 0.04
    growth_per_year: float = 0.12
    growth_slack: float = 0.04


DEFAULT_SETTINGS = CompareSettings()
