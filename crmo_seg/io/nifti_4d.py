"""Several volumes of one grid as one NIfTI file with four axes."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import nibabel as nib
import numpy as np

from crmo_seg.files import written_whole
from crmo_seg.io.nifti import write_nifti
from crmo_seg.volume import Volume

_COMPRESSION_LEVEL: Final = 1  # signal does not shrink much more


def write_repeats(path: Path, volumes: Sequence[Volume]) -> None:
    """Write repeated measurements as ``.nii.gz``: axes x, y, z, repeat; a single one as x, y, z.

    Args:
        path: file to write.
        volumes: float32, all on the grid of the first.

    Raises:
        InputError: where the file cannot be written.
    """
    if len(volumes) == 1:
        write_nifti(path, volumes[0])
        return
    affine = volumes[0].geometry.affine
    image = nib.Nifti1Image(np.stack([volume.array for volume in volumes], axis=-1), affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    image.header.set_xyzt_units(xyz="mm")
    with written_whole(path) as part:
        part.write_bytes(gzip.compress(image.to_bytes(), _COMPRESSION_LEVEL, mtime=0))
