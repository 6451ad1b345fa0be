"""Bone marrow edema: planned from the literature without a voxel, grown in marrow, followed over visits."""
