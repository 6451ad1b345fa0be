from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from dicom_file_builders import enhanced, groups, image, item
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from crmo_seg.io.dicom.read.scaling import slope_and_intercept

PIXELS = np.zeros((2, 2), np.uint16)
PHILIPS = "Philips MR Imaging DD 001"


def philips(dataset: Dataset, scale_slope: object = 0.008, vr: str = "FL") -> Dataset:
    dataset.private_block(0x2005, PHILIPS, create=True).add_new(0x0E, vr, scale_slope)
    return dataset


def test_without_a_slope_stored_values_are_the_signal() -> None:
    assert slope_and_intercept(image(PIXELS), None) == (1.0, 0.0)
    assert slope_and_intercept(image(PIXELS, RescaleSlope=0, RescaleIntercept=0), None) == (1.0, 0.0)


def test_rescale_of_a_classic_image() -> None:
    assert slope_and_intercept(image(PIXELS, RescaleSlope=2.5, RescaleIntercept=-7), None) == (2.5, -7.0)


@pytest.mark.parametrize("vr", ["FL", "UN"])
def test_philips_signal_is_on_one_scale(vr: str) -> None:
    slope = np.float32(0.008)
    dataset = philips(
        image(PIXELS, Manufacturer="Philips", RescaleSlope=1.25, RescaleIntercept=-5),
        slope.tobytes() if vr == "UN" else float(slope),
        vr,
    )
    found = slope_and_intercept(dataset, None)
    stored = 100
    expected = (stored * 1.25 - 5) / (1.25 * float(slope))  # (PV x RS + RI) / (RS x SS)
    assert stored * found[0] + found[1] == pytest.approx(expected, rel=1e-6)


def test_phase_and_other_vendors_keep_the_rescale() -> None:
    rescale: dict[str, Any] = {"RescaleSlope": 1.25, "RescaleIntercept": -5}
    phase = image(PIXELS, Manufacturer="Philips", ImageType=["ORIGINAL", "PRIMARY", "PHASE MAP", "P"], **rescale)
    other = image(PIXELS, Manufacturer="SIEMENS", **rescale)
    for dataset in (philips(phase), philips(other), philips(image(PIXELS, Manufacturer="Philips", **rescale), 0.0)):
        assert slope_and_intercept(dataset, None) == (1.25, -5.0)


def test_frames_of_an_enhanced_image_have_their_own() -> None:
    frames = [
        groups(PixelValueTransformationSequence={"RescaleSlope": slope, "RescaleIntercept": 0}) for slope in (1, 3)
    ]
    dataset = enhanced(np.stack([PIXELS] * 2), frames)
    assert [slope_and_intercept(dataset, number) for number in (1, 2)] == [(1.0, 0.0), (3.0, 0.0)]


def test_philips_keeps_the_scale_of_a_frame_in_its_private_group() -> None:
    frame = groups(PixelValueTransformationSequence={"RescaleSlope": 2, "RescaleIntercept": 0})
    frame.add_new(0x20050014, "LO", "Philips MR Imaging DD 005")
    frame.add_new(0x2005140F, "SQ", Sequence([philips(item(), 0.5)]))
    shared = groups(MRImageFrameTypeSequence={"ComplexImageComponent": "MAGNITUDE"})
    dataset = enhanced(PIXELS[None], [frame], shared, Manufacturer="Philips Medical Systems")
    assert slope_and_intercept(dataset, 1) == (1 / 0.5, 0.0)
