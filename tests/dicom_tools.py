"""Programs that judge DICOM files: dciodvfy of Debian's dicom3tools, and dcmqi, which reads SEG and SR by itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine

from crmo_seg.volume import Array


def validator_errors(path: Path) -> list[str]:
    """Lines in which dciodvfy tells an error."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert lines, path  # at least the kind of object that it took the file for
    return [line for line in lines if line.startswith("Error")]


def dcmqi_lesions(segmentation: Path, folder: Path) -> dict[str, Array]:
    """Tracking UID -> RAS+ mm of the voxels of each segment, shape (voxels, 3), as dcmqi reads them."""
    folder.mkdir()
    _dcmqi("segimage2itkimage", "--inputDICOM", segmentation, "--outputDirectory", folder, "-t", "nii", "-p", "seg")
    groups = json.loads((folder / "seg-meta.json").read_text())["segmentAttributes"]
    found = {}
    for number, group in enumerate(groups, 1):
        image = nib.load(folder / f"seg-{number}.nii.gz")
        for segment in group:
            indices = np.argwhere(np.asarray(image.dataobj) == segment["labelID"])
            found[segment["TrackingUniqueIdentifier"]] = apply_affine(image.affine, indices)
    return found


def dcmqi_measurements(report: Path, folder: Path) -> list[dict[str, Any]]:
    """Measurement groups as dcmqi reads them."""
    _dcmqi("tid1500reader", "--inputDICOM", report, "--outputMetadata", folder / "report.json")
    groups: list[dict[str, Any]] = json.loads((folder / "report.json").read_text())["Measurements"]
    return groups


def _dcmqi(name: str, *arguments: object) -> None:
    program = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if program is None:
        pytest.skip(f"needs {name} (Python package dcmqi)")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
