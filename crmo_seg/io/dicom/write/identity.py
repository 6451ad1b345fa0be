"""Who wrote a result, and the UIDs and numbers of its objects: the same input and model give the same ones."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np

from crmo_seg.io.dicom.types import Stack
from crmo_seg.io.dicom.uids import derived_uid
from crmo_seg.lesions import LesionMap
from crmo_seg.prediction import Provenance

NOT_FOR_DIAGNOSIS: Final = "research use only, not for diagnosis"
"""Ends the description of every series."""

MANUFACTURER: Final = "crmo_seg"
QUALIFICATION: Final = "RESEARCH"
"""ContentQualification of every object (PS3.3 C.12.1)."""

_LONG_STRING: Final = 64  # value representation LO, PS3.5 table 6.2-1
_FIRST_SERIES_NUMBER: Final = 9001  # far from what scanners count up to


@dataclass(frozen=True)
class ResultIdentity:
    """What the objects of one prediction share.

    Attributes:
        provenance: of the prediction.
        content_sha256: of what was found; all UIDs derive from it, so that two objects of one UID never differ.
    """

    provenance: Provenance
    content_sha256: str

    def uid(self, *parts: object) -> str:
        """A UID of this result, for example of ``("lesion", 3)``."""
        return derived_uid(MANUFACTURER, self.content_sha256, *parts)

    def tracking_uid(self, lesion_id: int) -> str:
        """Names a lesion in the segmentations and in the report."""
        return self.uid("lesion", lesion_id)

    @property
    def algorithm_name(self) -> str:
        """Package and model."""
        return plain_text(f"{MANUFACTURER} {self.provenance.model_name}")

    @property
    def algorithm_version(self) -> str:
        """Version of the package and the beginning of the model's hash."""
        return plain_text(f"{self.provenance.package_version}, model {self.provenance.model_sha256[:12]}")

    def equipment(self) -> dict[str, str]:
        """Arguments for highdicom's objects (PS3.3 C.7.5.1)."""
        return {
            "manufacturer": MANUFACTURER,
            "manufacturer_model_name": plain_text(self.provenance.model_name) or "model",
            "software_versions": plain_text(self.provenance.package_version),
            "device_serial_number": self.provenance.model_sha256[:16],
            "content_qualification": QUALIFICATION,
        }


def identity_of(lesion_map: LesionMap, provenance: Provenance) -> ResultIdentity:
    """The identity of what this model found in this input."""
    digest = hashlib.sha256()
    inside = np.flatnonzero(lesion_map.labels.array)
    digest.update(inside.astype("<i8").tobytes())
    digest.update(lesion_map.labels.array.ravel()[inside].astype("<i4").tobytes())
    said = (
        provenance.input_sha256, provenance.model_sha256, provenance.mode, provenance.package_version,
        lesion_map.labels.geometry.shape, lesion_map.lesions,
    )  # fmt: skip
    digest.update(repr(said).encode())
    return ResultIdentity(provenance, digest.hexdigest())


def series_numbers(stacks: Sequence[Stack]) -> Iterator[int]:
    """SeriesNumbers that no source series has."""
    taken = {stack.header.get("SeriesNumber") for stack in stacks}
    return (number for number in count(_FIRST_SERIES_NUMBER) if number not in taken)


def plain_text(text: str) -> str:
    r"""A text that any character set of DICOM holds: ASCII, on one line, at most 64 characters.

    >>> plain_text("Modèle\\A")
    'Modele A'
    """
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    printable = "".join(letter if letter.isprintable() and letter != "\\" else " " for letter in ascii_only)
    return " ".join(printable.split())[:_LONG_STRING].strip()
