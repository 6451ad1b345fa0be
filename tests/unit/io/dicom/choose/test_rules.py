"""The rules file: what it may say, what the packaged one says, and what is told of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest
from stack_builders import STIR_HEADER, T1_HEADER

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.rules import Rules, first_that_holds, read_rules
from crmo_seg.io.dicom.types import HeaderValue

Header = dict[str, HeaderValue]


@pytest.fixture(scope="module")
def rules() -> Rules:
    return read_rules()


def found(rules: Rules, header: Header) -> tuple[str | None, str | None]:
    """Why it is refused, and what it is."""
    facts: Header = {"Modality": "MR", **header}
    refused, known = (first_that_holds(part, facts) for part in (rules.refuse, rules.sequences))
    return (refused and refused.name), (known and known.name)


BY_NAME, BY_TIME = "STIR or TIRM by name", "STIR by its inversion time"
WATER, FAT_SATURATED = "water image of a T2 Dixon", "T2-weighted with fat saturation"
FLUID_SENSITIVE: dict[str, tuple[Header, str]] = {
    "Siemens": ({"description": "t2_tirm_cor_p2_thorax", **STIR_HEADER}, BY_NAME),
    "Philips": ({"description": "WIP STIR_LONG_TE COR WB"}, BY_NAME),
    "nameless": ({"description": "cor", **STIR_HEADER}, BY_TIME),
    "multi-frame": ({"AcquisitionContrast": "STIR"}, "STIR by its contrast"),
    "sequence name": ({"SequenceName": "*tir2d1_15", "InversionTime": 160.0}, "TIRM by the name of the pulse sequence"),
    "Dixon by type": ({"ImageType": ("DERIVED", "PRIMARY", "DIXON", "W"), "EchoTime": 80.0}, WATER),
    "Dixon by name": ({"description": "t2_tse_dixon_cor_W"}, WATER),
    "composed Dixon": ({"description": "T2 DIXON W cor composed"}, WATER),
    "SPAIR": ({"description": "T2W_SPAIR_COR"}, None),
    "T2 FS": ({"description": "t2_tse_fs_cor"}, "T2-weighted with fat saturation by name"),
    "FS option": ({"ScanOptions": ("PFP", "FS"), "EchoTime": 80.0, "RepetitionTime": 4000.0}, FAT_SATURATED),
}


@pytest.mark.parametrize("case", FLUID_SENSITIVE)
def test_fluid_sensitive_fat_suppressed_series_are_known(rules: Rules, case: str) -> None:
    header, name = FLUID_SENSITIVE[case]
    assert found(rules, header) == (None, name or "T2-weighted with fat saturation by name")


REFUSED: dict[str, tuple[Header, str]] = {
    "CT": ({"Modality": "CT", "description": "stir"}, "no MR"),
    "localizer": ({"ImageType": ("ORIGINAL", "PRIMARY", "LOCALIZER")}, "a localizer"),
    "scout": ({"description": "3-plane scout"}, "a localizer"),
    "MIP": ({"ImageType": ("DERIVED", "SECONDARY", "MIP"), "description": "STIR cor"}, "a projection of a volume"),
    "MIP by name": ({"description": "STIR_cor_MIP_radial"}, "a projection of a volume"),
    "GE": ({"ImageType": ("DERIVED", "SECONDARY", "PROJECTION IMAGE")}, "a projection of a volume"),
    "subtraction": ({"ImageType": ("DERIVED", "PRIMARY", "SUBTRACTION")}, "a subtraction"),
    "phase": ({"ImageType": ("ORIGINAL", "PRIMARY", "PHASE MAP", "P")}, "a phase image"),
    "ADC": ({"ImageType": ("DERIVED", "PRIMARY", "DIFFUSION", "ADC")}, "a map of measured values"),
    "DWIBS": ({"description": "DWIBS STIR b800", **STIR_HEADER}, "diffusion-weighted"),
    "EPI": ({**STIR_HEADER, "ScanningSequence": ("EP", "IR")}, "diffusion-weighted"),
    "fat": ({"description": "t2_tse_dixon_cor_F"}, "a Dixon image of fat"),
    "in phase": ({"description": "t2_tse_dixon_cor_in"}, "a Dixon image of water and fat together"),
    "FLAIR": ({"description": "t2_tirm_tra_dark-fluid"}, "FLAIR"),
    "T1": ({"description": "T1 TSE cor", **T1_HEADER}, "T1-weighted"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_others_are_refused_by_name(rules: Rules, case: str) -> None:
    header, name = REFUSED[case]
    assert found(rules, header)[0] == name


UNKNOWN: dict[str, Header] = {
    "T1 without a name": T1_HEADER,
    "MPRAGE": {"ScanningSequence": ("GR", "IR"), "InversionTime": 900.0, "EchoTime": 3.0},
    "T2 without suppression": {"description": "t2_tse_cor", "EchoTime": 90.0, "RepetitionTime": 4000.0},
    "T1 Dixon water": {"ImageType": ("DERIVED", "PRIMARY", "W"), "EchoTime": 10.0, "description": "vibe_dixon_W"},
    "nothing": {},
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_other_contrasts_are_nothing_that_is_looked_for(rules: Rules, case: str) -> None:
    assert found(rules, UNKNOWN[case]) == (None, None)


def test_a_site_can_write_its_own(tmp_path: Path) -> None:
    own = """
    refuse: []
    sequences: [{name: ours, when: {description: 'WB-?MRI', EchoTime: [60, 80]}, score: 10}]
    prefer:
    """
    (tmp_path / "own.yaml").write_text(own)
    rules = read_rules(tmp_path / "own.yaml")
    assert found(rules, {"description": "wbmri 3", "EchoTime": 80.0}) == (None, "ours")
    assert found(rules, {"description": "wbmri 3", "EchoTime": 81.0}) == (None, None)
    assert found(rules, {"description": "wbmri 3", "EchoTime": "80"}) == (None, None)
    assert rules.sequences[0].score == 10
    assert (rules.refuse, rules.prefer) == ((), ())


RULE = "refuse: []\nprefer: []\nsequences: [{name: a, score: 1, when: %s}]"
WRONG: dict[str, tuple[str, str]] = {
    "no YAML": ("refuse: [", r"own\.yaml: is no YAML file that can be read"),
    "a list": ("[]", r"own\.yaml: has not the parts refuse, sequences, prefer \(found: list\)"),
    "a part missing": ("refuse: []", r"has not the parts .* \(found: refuse\); see the comments in the file"),
    "no list": ("refuse: {}\nprefer: []\nsequences: []", "refuse is no list"),
    "no condition": (RULE % "{}", "rule 1 of sequences is not understood .*when has no condition"),
    "a typing error": (RULE % "{Echotime: [1, 2]}", "Echotime is not one of the keywords that are read: .*EchoTime"),
    "a bad expression": (RULE % "{description: '('}", r"rule 1 of sequences is not understood \(missing \)"),
    "a turned range": (RULE % "{EchoTime: [2, 1]}", "neither a text nor two numbers, the smaller one first"),
    "a number": (RULE % "{EchoTime: 2}", "2 is neither a text nor two numbers"),
    "another key": ("refuse: [{name: a, score: 1, when: {}}]\nprefer: []\nsequences: []", "has name, when"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_told_by_its_rule(tmp_path: Path, case: str) -> None:
    text, message = WRONG[case]
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_rules(tmp_path / "own.yaml")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: does not exist"):
        read_rules(tmp_path / "none.yaml")
