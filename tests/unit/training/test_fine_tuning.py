from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from builders import make_plan
from stub_model import make_bundle

from crmo_seg.bundle import save_bundle
from crmo_seg.errors import InputError
from crmo_seg.network import UNet
from crmo_seg.plan import EDEMA_HEAD, Head, NetworkPlan, Plan
from crmo_seg.training.fine_tuning import start_from

FIRST = "encoder.0.0.weight"
PARTS = Head("parts", ("first", "second"))


def network_of(plan: Plan) -> UNet:
    torch.manual_seed(99)
    return UNet(len(plan.sequences), plan.network, plan.heads)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_bundle(make_bundle(heads=(EDEMA_HEAD,)), tmp_path / "bundle")
    return tmp_path / "bundle"


def test_the_same_plan_takes_everything(folder: Path) -> None:
    network = network_of(make_plan())
    transfer = start_from(network, make_plan(), folder)
    expected = make_bundle().weights
    assert (set(transfer.loaded), transfer.adapted, transfer.fresh) == (set(expected), (), ())
    assert all(np.array_equal(value.numpy(), expected[name]) for name, value in network.state_dict().items())


def test_another_head_stays_fresh(folder: Path) -> None:
    plan = make_plan(heads=(EDEMA_HEAD, PARTS))
    network = network_of(plan)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    transfer = start_from(network, plan, folder)
    assert {name.split(".")[1] for name in transfer.fresh} == {"parts"}
    assert "new: heads.parts.0" in str(transfer)
    assert all(torch.equal(before[name], network.state_dict()[name]) for name in transfer.fresh)


def test_a_head_of_the_same_name_with_other_classes_stays_fresh(folder: Path) -> None:
    plan = make_plan(heads=(Head("edema", ("something else",)),))
    assert all(name.startswith("heads.edema.") for name in start_from(network_of(plan), plan, folder).fresh)


def test_a_known_sequence_keeps_its_weights_and_a_new_one_gets_their_mean(tmp_path: Path) -> None:
    bundle = make_bundle()
    two = np.stack([bundle.weights[FIRST][:, 0], bundle.weights[FIRST][:, 0] * 3], axis=1)
    plan = replace(bundle.plan, sequences=("t1", "stir"))
    save_bundle(replace(bundle, plan=plan, weights={**bundle.weights, FIRST: two}), tmp_path / "bundle")
    wanted = replace(make_plan(), sequences=("stir", "t2", "t1"))
    network = network_of(wanted)
    assert start_from(network, wanted, tmp_path / "bundle").adapted == (FIRST,)
    first = network.state_dict()[FIRST].numpy()
    assert np.allclose(first[:, 0], two[:, 1])
    assert np.allclose(first[:, 1], two.mean(axis=1))
    assert np.allclose(first[:, 2], two[:, 0])


def test_another_network_is_refused(folder: Path) -> None:
    wide = NetworkPlan((6, 12), ((1, 1, 1), (2, 2, 1)), ((3, 3, 1), (3, 3, 3)))
    plan = replace(make_plan(), network=wide)
    with pytest.raises(InputError, match=r"init_from: no weight of the encoder of .* fits this network; give its"):
        start_from(network_of(plan), plan, folder)
