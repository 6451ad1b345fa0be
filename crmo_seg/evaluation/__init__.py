"""How well a prediction agrees with a reference: by voxel, by lesion, over a cohort."""
