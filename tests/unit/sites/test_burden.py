"""What lesions add up to, against sums done by hand; unknown stays unknown and what needs a reader stays open."""

from __future__ import annotations

import json

import numpy as np
import pytest
from builders import make_volume

from crmo_seg.anatomy import BONES_TABLE, NOWHERE, Bone, Segment, Side, Site, bone_named
from crmo_seg.lesions import Lesion
from crmo_seg.sites.burden import INVOLVEMENT, Burden, bones_in_view, burden_of

L, R = Side.LEFT, Side.RIGHT
WHOLE_BODY = tuple(bone for bone in BONES_TABLE if bone.complete)


def lesions(*sites: Site) -> list[Lesion]:
    """Lesion i of i ml and 10 i mm."""
    return [Lesion(i, float(i), 10.0 * i, (0.0, 0.0, 0.0), site=site) for i, site in enumerate(sites, 1)]


def burden(*sites: Site, in_view: tuple[Bone, ...] | None = WHOLE_BODY) -> Burden:
    return burden_of(lesions(*sites), in_view)


@pytest.fixture(scope="module")
def multifocal() -> Burden:
    return burden(
        Site("tibia", L, Segment.METAPHYSIS),
        Site("tibia", R, Segment.METAPHYSIS),
        Site("tibia", R, Segment.EPIPHYSIS),
        Site("clavicle", L),
        Site("vertebra_T5"),
        Site("calcaneus", R),
        NOWHERE,
    )


def test_sums_of_all_and_of_hands_and_feet_apart(multifocal: Burden) -> None:
    assert multifocal.all_lesions.to_dict() == {"n_lesions": 7, "volume_ml": 28.0, "largest_volume_ml": 7.0}
    assert multifocal.hands_and_feet.to_dict() == {"n_lesions": 1, "volume_ml": 6.0, "largest_volume_ml": 6.0}
    assert multifocal.elsewhere.to_dict() == {"n_lesions": 6, "volume_ml": 22.0, "largest_volume_ml": 7.0}
    assert multifocal.without_bone.n_lesions == 1
    assert multifocal.largest_diameter_mm == 70.0


def test_bones_and_regions_with_the_most_volume_first(multifocal: Burden) -> None:
    bones = [(place.bone, place.side, load.n_lesions, load.volume_ml) for place, load in multifocal.bones.items()]
    assert bones == [
        ("calcaneus", R, 1, 6.0),
        ("tibia", R, 2, 5.0),
        ("vertebra_T5", None, 1, 5.0),
        ("clavicle", L, 1, 4.0),
        ("tibia", L, 1, 1.0),
    ]
    regions = {region: load.volume_ml for region, load in multifocal.regions.items()}
    assert regions == {"leg": 6.0, "foot": 6.0, "spine": 5.0, "shoulder_girdle": 4.0}


def test_pairs(multifocal: Burden) -> None:
    assert multifocal.bilateral == ("tibia",)
    assert [(place.bone, place.segment) for place in multifocal.symmetric] == [("tibia", Segment.METAPHYSIS)]


def test_a_pair_is_symmetric_only_where_the_segments_are_known_and_the_same() -> None:
    assert burden(Site("femur", L), Site("femur", R)).symmetric == ()
    assert burden(Site("femur", L, Segment.DIAPHYSIS), Site("femur", R, Segment.EPIPHYSIS)).symmetric == ()
    assert burden(Site("rib", L), Site("rib", R)).symmetric == ()  # which ribs is not known
    assert [place.bone for place in burden(Site("clavicle", R), Site("clavicle", L)).symmetric] == ["clavicle"]


def test_involvement_is_yes_no_or_not_known(multifocal: Burden) -> None:
    assert multifocal.involved == {"clavicle": True, "mandible": False, "skull": False, "hand": False, "spine": True}
    one_clavicle = (bone_named("clavicle_left"), bone_named("skull"))
    seen = burden(in_view=one_clavicle).involved
    assert seen == {"clavicle": None, "mandible": None, "skull": False, "hand": None, "spine": None}
    assert set(burden(in_view=None).involved.values()) == {None}


def test_the_spine_is_free_only_where_all_of_it_is_in_view() -> None:
    parts = ("cervical_vertebra", "thoracic_vertebra", "lumbar_vertebra", "sacrum")
    assert burden(in_view=tuple(bone_named(name) for name in parts)).involved["spine"] is False
    assert burden(in_view=tuple(bone_named(name) for name in parts[1:])).involved["spine"] is None
    assert burden(Site("sacrum"), Site("vertebra_L2"), Site("vertebra_C3")).vertebrae == (
        "vertebra_C3",
        "vertebra_L2",
        "sacrum",
    )


def test_indices_hold_what_a_mask_gives_and_no_total(multifocal: Burden) -> None:
    told = multifocal.to_dict()
    assert told["rinbo"] == {
        "source": "doi:10.1007/s00330-016-4586-x",
        "radiologically_active_lesions": 7,
        "largest_lesion_mm": 70.0,
        "spinal_involvement": True,
        "extramedullary_involvement": None,
        "needs_a_reader": ["extramedullary_involvement"],
        "score": "no total score is claimed",
    }
    assert told["rai_cromris"]["score"] == "no total score is claimed"
    (unit,) = [unit for unit in told["rai_cromris"]["units"] if unit["segment"] == "epiphysis"]
    assert (unit["bone"], unit["side"], unit["marrow_hyperintensity"]) == ("tibia", "right", True)
    assert [unit[name] for name in told["rai_cromris"]["needs_a_reader"]] == [None, None, None]


@pytest.mark.parametrize(("share", "extension"), [(0.1, "<25"), (0.25, "25-50"), (0.5, "25-50"), (0.51, ">50")])
def test_extension_is_told_of_bones_that_are_one_unit(share: float, extension: str) -> None:
    (unit,) = burden(Site("vertebra_T5", bone_share=share)).units
    assert unit.extension == extension
    assert unit.to_dict()["share_of_bone_percent"] == round(100 * share, 1)


def test_extension_of_a_part_of_a_long_bone_and_of_a_group_of_bones_stays_open() -> None:
    parts = burden(Site("tibia", L, Segment.METAPHYSIS, bone_share=0.3), Site("thoracic_vertebra", bone_share=0.3))
    assert [unit.extension for unit in parts.units] == [None, None]


def test_shares_of_a_unit_add_up_only_where_all_are_known() -> None:
    known = burden(Site("sacrum", bone_share=0.2), Site("sacrum", bone_share=0.25))
    assert known.units[0].bone_share == pytest.approx(0.45)
    assert burden(Site("sacrum", bone_share=0.2), Site("sacrum")).units[0].bone_share is None


def test_a_unit_that_may_be_several_bones_says_so() -> None:
    (unit,) = burden(Site("thoracic_vertebra")).units
    assert not unit.to_dict()["is_one_bone"]
    assert unit.extension is None


def test_without_a_mask_of_bones_nothing_is_said_of_bones() -> None:
    told = burden_of(lesions(NOWHERE, NOWHERE)).to_dict()
    assert (told["n_lesions"], told["volume_ml"]) == (2, 3.0)
    assert told["n_bones"] is None
    assert told["hands_and_feet"] is None
    assert told["rai_cromris"]["units"] is None


def test_no_lesion_is_an_answer() -> None:
    told = burden().to_dict()
    assert (told["n_lesions"], told["largest_diameter_mm"], told["n_bones"]) == (0, None, 0)
    assert told["involved"] == dict.fromkeys(INVOLVEMENT, False)
    assert json.loads(json.dumps(told)) == told


def test_bones_in_view_of_a_mask() -> None:
    mask = np.zeros((3, 3, 3), np.uint8)
    mask[0, 0, 0], mask[1, 1, 1], mask[2, 2, 2] = bone_named("femur_left").label, bone_named("skull").label, 199
    assert {bone.full_name for bone in bones_in_view(make_volume(mask))} == {"femur_left", "skull"}
