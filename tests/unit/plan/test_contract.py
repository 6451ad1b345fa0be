import pytest
import yaml
from builders import make_plan

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.errors import InputError
from crmo_seg.plan import GridPlan, Head, NetworkPlan, Plan, heads_from


def test_a_plan_survives_yaml() -> None:
    plan = make_plan()
    assert Plan.from_dict(yaml.safe_load(yaml.safe_dump(plan.to_dict()))) == plan


def test_the_patch_must_fit_the_strides() -> None:
    with pytest.raises(InputError, match=r"patch \(7, 8, 4\) does not fit .*multiple of \(2, 2, 1\)"):
        make_plan((7, 8, 4))


def test_stages_must_agree() -> None:
    with pytest.raises(InputError, match="2 channels, 1 strides, 2 kernels"):
        NetworkPlan((4, 8), ((1, 1, 1),), ((3, 3, 3), (3, 3, 3)))


@pytest.mark.parametrize("spacing", [0.0, -1.0, 30.0])
def test_spacing_must_be_sensible(spacing: float) -> None:
    with pytest.raises(InputError, match="spacing must be positive"):
        GridPlan(spacing, (3.0, 8.0))


def test_missing_keys_are_named() -> None:
    data = make_plan().to_dict()
    del data["grid"]
    with pytest.raises(InputError, match="expected keys and values.*grid"):
        Plan.from_dict(data)


def test_known_heads_need_no_classes() -> None:
    edema, bones = heads_from(["edema", "bones"])
    assert edema.channels == 1
    assert bones.classes == HEAD_CLASSES
    assert bones.channels == len(HEAD_CLASSES) + 1 <= 25


def test_other_heads_name_their_classes() -> None:
    with pytest.raises(InputError, match="head marrow: names no classes"):
        heads_from(["marrow"])
    with pytest.raises(InputError, match="0 classes"):
        Head("marrow", ())
