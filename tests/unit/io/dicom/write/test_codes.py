from __future__ import annotations

from typing import cast

import pytest
from pydicom.sr._concepts_dict import concepts

from crmo_seg.anatomy import BONES_TABLE, Bone, Side, Site
from crmo_seg.io.dicom.write import codes
from crmo_seg.io.dicom.write.codes import Concept, bone_concept, side_concept

PUBLIC = [
    item for item in vars(codes).values() if isinstance(item, Concept) and item.scheme in ("SCT", "DCM", "IBSI", "UCUM")
]
NOT_IN_PYDICOM = {"{lesions}", "113091000"}


def meanings(concept: Concept) -> set[str]:
    entries = cast("dict[str, dict[str, tuple[str, list[int]]]]", concepts[concept.scheme]).values()
    return {entry[concept.value][0].lower() for entry in entries if concept.value in entry}


@pytest.mark.parametrize("concept", PUBLIC, ids=lambda concept: concept.meaning)
def test_a_code_means_what_it_says(concept: Concept) -> None:
    if concept.value in NOT_IN_PYDICOM:
        return
    assert any(meaning.startswith(concept.meaning.lower()) for meaning in meanings(concept)), meanings(concept)


@pytest.mark.parametrize("bone", BONES_TABLE, ids=lambda bone: bone.full_name)
def test_the_code_of_a_bone_says_what_it_means_and_no_more(bone: Bone) -> None:
    concept = bone_concept(Site(bone.name, bone.side, snomed_code=bone.snomed_code))
    assert concept is not None
    known = {meaning.removesuffix(" of sternum") for meaning in meanings(concept)}
    assert concept.meaning.lower() in known


def test_sides() -> None:
    for side in Side:
        concept = side_concept(Site("femur", side))
        assert concept is not None
        assert concept.meaning.lower() in meanings(concept)
        assert concept.meaning.lower() == side.value
    assert side_concept(Site("skull")) is None


def test_nothing_known_is_no_code() -> None:
    assert bone_concept(Site()) is None


def test_private_codes_have_a_private_scheme() -> None:
    assert {codes.SIGNAL_RATIO.scheme, codes.MEAN_PROBABILITY.scheme} == {codes.PRIVATE_SCHEME}
    assert codes.PRIVATE_SCHEME.startswith("99")
    assert len(codes.PRIVATE_SCHEME) <= 16
