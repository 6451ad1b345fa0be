"""What an enhanced multi-frame file says of each frame, in the words of classic files: PS3.3 C.7.6.16 and C.8.13.5."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from crmo_seg.io.dicom.read.header import header_value, text_of
from crmo_seg.io.dicom.types import HeaderValue

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Classic keyword -> sequence and attribute.
_MACROS: Final[Mapping[str, tuple[str, str]]] = {
    "ImageType": ("MRImageFrameTypeSequence", "FrameType"),
    "AcquisitionContrast": ("MRImageFrameTypeSequence", "AcquisitionContrast"),
    "ComplexImageComponent": ("MRImageFrameTypeSequence", "ComplexImageComponent"),
    "EchoTime": ("MREchoSequence", "EffectiveEchoTime"),
    "RepetitionTime": ("MRTimingAndRelatedParametersSequence", "RepetitionTime"),
    "FlipAngle": ("MRTimingAndRelatedParametersSequence", "FlipAngle"),
    "EchoTrainLength": ("MRTimingAndRelatedParametersSequence", "EchoTrainLength"),
    "InversionTime": ("MRModifierSequence", "InversionTimes"),
    "InversionRecovery": ("MRModifierSequence", "InversionRecovery"),
    "DiffusionBValue": ("MRDiffusionSequence", "DiffusionBValue"),
    "Laterality": ("FrameAnatomySequence", "FrameLaterality"),
    "SliceThickness": ("PixelMeasuresSequence", "SliceThickness"),
    "SpacingBetweenSlices": ("PixelMeasuresSequence", "SpacingBetweenSlices"),
    "AcquisitionNumber": ("FrameContentSequence", "FrameAcquisitionNumber"),
    "AcquisitionDateTime": ("FrameContentSequence", "FrameAcquisitionDateTime"),
    "TemporalPositionIdentifier": ("FrameContentSequence", "TemporalPositionIndex"),
}
_ECHO_LETTERS: Final[Mapping[str, tuple[str, ...]]] = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("SE", "GR")}


def groups_of_frames(dataset: Dataset) -> list[tuple[Dataset, ...]]:
    """For each frame the places where its values stand: its own groups, those of all frames, the file itself."""
    shared = _items(dataset, "SharedFunctionalGroupsSequence")[:1]
    return [(own, *shared, dataset) for own in _items(dataset, "PerFrameFunctionalGroupsSequence")]


def header_of_frame(places: Sequence[Dataset], header: Mapping[str, HeaderValue]) -> dict[str, HeaderValue]:
    """The header of a file with the values of one frame in place of those of all."""
    return _with_scanning_sequence({**header, **_macro_values(places)})


def _macro_values(places: Sequence[Dataset]) -> dict[str, HeaderValue]:
    found = ((keyword, header_value(macro(places, group), name)) for keyword, (group, name) in _MACROS.items())
    values: dict[str, HeaderValue] = {keyword: value for keyword, value in found if value is not None}
    if time := text_of(values, "AcquisitionDateTime")[8:]:
        values["AcquisitionTime"] = time
    return values


def _with_scanning_sequence(header: dict[str, HeaderValue]) -> dict[str, HeaderValue]:
    """ScanningSequence in the words of classic files (PS3.3 C.8.3.1), where only the enhanced ones are given."""
    letters = _ECHO_LETTERS.get(text_of(header, "EchoPulseSequence"), ())
    letters += ("IR",) if text_of(header, "InversionRecovery") == "YES" else ()
    letters += ("EP",) if text_of(header, "EchoPlanarPulseSequence") == "YES" else ()
    if letters and "ScanningSequence" not in header:
        header["ScanningSequence"] = letters
    return header


def macro(places: Sequence[Dataset], keyword: str) -> Dataset:
    """The macro of a frame, or of all frames; an empty data set where there is none."""
    from pydicom.dataset import Dataset

    for place in places:
        items = _items(place, keyword)
        if items:
            return items[0]
    return Dataset()


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    try:
        return list(dataset.get(keyword) or ())
    except Exception:  # a malformed sequence
        return []
