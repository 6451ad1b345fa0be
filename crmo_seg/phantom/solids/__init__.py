"""Solids with signed distances in millimetres, and the grids on which they become voxels."""
