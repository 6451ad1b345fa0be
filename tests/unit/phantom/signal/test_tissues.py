from __future__ import annotations

import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.signal import tissues
from crmo_seg.phantom.signal.tissues import LIPID_COMPONENTS, LIPID_T1, LIPID_T2, TISSUES, Relaxation

PAINTED = (
    "air", "skin", "fat", "visceral_fat", "orbital_fat", "muscle", "fascia", "cortex", "red_marrow", "fatty_marrow",
    "growth_plate", "cartilage", "disc", "joint_fluid", "lung", "airway", "mediastinum", "thymus", "heart",
    "flowing_blood", "slow_blood", "liver", "spleen", "kidney", "renal_pelvis", "gall_bladder", "stomach",
    "bowel_wall", "bowel_fluid", "bowel_gas", "bladder", "csf", "cord", "brain", "eye", "lymph_node", "muscle_edema",
    "edema", "tendon",
)  # fmt: skip
"""What the painter asks for."""


def test_every_painted_tissue_has_a_row_and_no_other() -> None:
    assert sorted(TISSUES) == sorted(PAINTED)
    assert all(name == tissue.name for name, tissue in TISSUES.items())


@pytest.mark.parametrize("tissue", TISSUES.values(), ids=lambda tissue: tissue.name)
def test_numbers_are_possible(tissue: tissues.Tissue) -> None:
    assert 0 <= tissue.proton_density <= 1
    assert 0 <= tissue.fat_share <= 1
    for field_t in tissues.FIELD_STRENGTHS_T:
        assert tissue.t2.at(field_t) <= tissue.t1.at(field_t)
    assert tissue.t1.at_3_t >= tissue.t1.at_1_5_t
    assert tissue.t2.at_3_t <= tissue.t2.at_1_5_t * 1.01


@pytest.mark.parametrize("tissue", TISSUES.values(), ids=lambda tissue: tissue.name)
def test_a_confirmed_number_names_its_source(tissue: tissues.Tissue) -> None:
    for time in (tissue.t1, tissue.t2, LIPID_T1, LIPID_T2):
        assert time.standing in ("confirmed", "recalled", "derived")
        assert time.source or time.standing != "confirmed"


def test_published_numbers_are_those_of_the_papers() -> None:
    """Gold 2004, de Bazelaire 2004 (kidney: mean of cortex and medulla), Gilligan 2019, Stanisz 2005."""
    assert (TISSUES["muscle"].t1.at(1.5), TISSUES["muscle"].t1.at(3.0)) == (1130, 1420)
    assert TISSUES["kidney"].t1.at(1.5) == (966 + 1412) / 2
    assert TISSUES["kidney"].t2.at(3.0) == (76 + 81) / 2
    assert (TISSUES["spleen"].t1.at(1.5), TISSUES["spleen"].t2.at(3.0)) == (1172, 61)
    assert TISSUES["flowing_blood"].t1.at(3.0) == 1932
    assert (LIPID_T1.at(1.5), LIPID_T2.at(3.0)) == (288, 133)


def test_components_of_fat_are_all_of_it_and_keep_its_mean_rate() -> None:
    assert sum(part.share for part in LIPID_COMPONENTS) == pytest.approx(1)
    assert sum(part.share / part.relative_t1 for part in LIPID_COMPONENTS) == pytest.approx(1, abs=0.01)


def test_unknown_field_strength() -> None:
    with pytest.raises(InputError, match=r"field strength: is 7\.0 T; give 1\.5 or 3\.0"):
        Relaxation(1.0, 2.0, "derived").at(7.0)
