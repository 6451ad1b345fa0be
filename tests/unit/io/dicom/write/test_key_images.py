from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from builders import PROVENANCE, make_geometry
from pacs_builders import lesion_map_of, write_station

from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.write.identity import identity_of
from crmo_seg.io.dicom.write.key_images import key_images
from crmo_seg.io.dicom.write.sources import read_station

GRID = make_geometry((6, 5, 4), (1.5, 2.0, 6.0))


def test_pictures_become_one_series_of_secondary_captures(tmp_path: Path) -> None:
    write_station(tmp_path / "study", GRID)
    (stack,) = find_stacks(tmp_path / "study")
    identity = identity_of(lesion_map_of(GRID, np.zeros(GRID.shape, dtype=np.int32)), PROVENANCE)
    drawn = [np.random.default_rng(seed).integers(0, 256, (9, 7, 3)).astype(np.uint8) for seed in (0, 1)]
    for number, image in enumerate(key_images(drawn, read_station(stack), identity, 9004), 1):
        image.save_as(tmp_path / "key.dcm", enforce_file_format=True)
        read = pydicom.dcmread(tmp_path / "key.dcm")
        np.testing.assert_array_equal(read.pixel_array, drawn[number - 1])
        assert read.SOPClassUID.name == "Secondary Capture Image Storage"
        assert (read.InstanceNumber, read.SeriesNumber) == (number, 9004)
        assert read.SeriesInstanceUID == identity.uid("key images")
        assert (read.PatientName, read.PatientID, read.StudyInstanceUID) == ("Doe^Jane", "4711", stack.study_uid)
        assert "not for diagnosis" in read.SeriesDescription
        assert "not for diagnosis" in read.ImageComments
        assert read.BurnedInAnnotation == "NO"
