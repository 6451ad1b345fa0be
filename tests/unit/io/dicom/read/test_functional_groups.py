from __future__ import annotations

import numpy as np
from dicom_file_builders import enhanced, groups, item

from crmo_seg.io.dicom.read.functional_groups import groups_of_frames, header_of_frame, macro

PIXELS = np.zeros((2, 2, 2), np.uint16)


def test_values_of_the_frame_come_before_those_of_all_and_of_the_file() -> None:
    own = groups(MREchoSequence={"EffectiveEchoTime": 10.0})
    shared = groups(
        MREchoSequence={"EffectiveEchoTime": 7.0}, MRTimingAndRelatedParametersSequence={"RepetitionTime": "650"}
    )
    dataset = enhanced(PIXELS, [own, item()], shared, InversionTime="150")
    first, second = groups_of_frames(dataset)
    assert header_of_frame(first, {"EchoTime": 1.0, "InversionTime": 150.0}) == {
        "EchoTime": 10.0,
        "RepetitionTime": 650.0,
        "InversionTime": 150.0,
    }
    assert header_of_frame(second, {})["EchoTime"] == 7.0


def test_enhanced_words_are_told_in_classic_ones() -> None:
    own = groups(
        MRModifierSequence={"InversionRecovery": "YES", "InversionTimes": [160.0]},
        MRImageFrameTypeSequence={"FrameType": ["ORIGINAL", "PRIMARY", "M", "NONE"]},
        FrameContentSequence={"FrameAcquisitionDateTime": "20240229093005.5", "TemporalPositionIndex": 3},
    )
    (places,) = groups_of_frames(enhanced(PIXELS[:1], [own]))
    header = header_of_frame(places, {"EchoPulseSequence": "SPIN"})
    assert header["ScanningSequence"] == ("SE", "IR")
    assert header["InversionTime"] == 160.0
    assert header["ImageType"] == ("ORIGINAL", "PRIMARY", "M", "NONE")
    assert (header["AcquisitionTime"], header["TemporalPositionIdentifier"]) == ("093005.5", 3.0)


def test_an_absent_macro_is_empty() -> None:
    assert len(macro([item()], "MREchoSequence")) == 0
