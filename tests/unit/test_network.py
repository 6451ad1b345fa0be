from pathlib import Path

import pytest
import torch
from builders import make_plan
from monai.networks.nets import DynUNet
from network_packages import install

from crmo_seg.errors import InputError
from crmo_seg.network import UNet, build_network
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD, Head, NetworkPlan

PLAN = NetworkPlan((4, 8, 16), ((1, 1, 1), (2, 2, 1), (2, 2, 2)), ((3, 3, 1), (3, 3, 3), (3, 3, 3)))


def test_each_head_has_its_channels_at_full_resolution() -> None:
    network = UNet(2, PLAN, (EDEMA_HEAD, BONES_HEAD))
    logits = network(torch.zeros(1, 2, 16, 16, 8))
    assert {name: tuple(value.shape) for name, value in logits.items()} == {
        "edema": (1, 1, 16, 16, 8),
        "bones": (1, len(BONES_HEAD.classes) + 1, 16, 16, 8),
    }


def test_untrained_heads_expect_little_foreground() -> None:
    """Of an empty image the features are zero, so that the bias alone answers."""
    logits = UNet(1, PLAN, (EDEMA_HEAD, BONES_HEAD))(torch.zeros(1, 1, 16, 16, 8))
    assert logits["edema"].sigmoid().mean().item() == pytest.approx(0.05)
    assert logits["bones"].softmax(dim=1)[:, 1:].sum(dim=1).mean().item() == pytest.approx(0.05)


def test_deep_supervision_starts_with_the_output_of_inference() -> None:
    network = UNet(1, PLAN, (EDEMA_HEAD,)).eval()
    image = torch.randn(1, 1, 16, 16, 8)
    deep = network.forward_deep(image)["edema"]
    assert torch.equal(deep[0], network(image)["edema"])
    assert [tuple(level.shape[2:]) for level in deep] == [(16, 16, 8)]


def test_deeper_networks_are_supervised_at_coarser_stages_too() -> None:
    plan = NetworkPlan((4, 8, 8, 8), ((1, 1, 1), (2, 2, 1), (2, 2, 2), (2, 2, 2)), ((3, 3, 3),) * 4)
    deep = UNet(1, plan, (EDEMA_HEAD,)).forward_deep(torch.zeros(1, 1, 16, 16, 8))["edema"]
    assert [tuple(level.shape[2:]) for level in deep] == [(16, 16, 8), (8, 8, 8)]


def test_it_has_the_parameters_of_the_same_network_in_monai() -> None:
    """An independent implementation of the same architecture: MONAI's DynUNet."""
    plan = NetworkPlan(PLAN.channels, PLAN.strides, ((3, 3, 3),) * 3)
    ours = UNet(1, plan, (Head("a", ("x", "y")),))
    theirs = DynUNet(
        3, 1, 3, kernel_size=plan.kernels, strides=plan.strides, upsample_kernel_size=plan.strides[1:],
        filters=plan.channels, norm_name=("INSTANCE", {"affine": True}),
    )  # fmt: skip
    coarse_output = sum(p.numel() for p in ours.heads["a"][0].parameters())
    assert sum(p.numel() for p in ours.parameters()) - coarse_output == sum(p.numel() for p in theirs.parameters())


def test_a_window_of_the_wrong_size_names_the_right_one() -> None:
    with pytest.raises(ValueError, match=r"\(15, 16, 8\) is no multiple of \(4, 4, 2\); pad it to \(16, 16, 8\)"):
        UNet(1, PLAN, (EDEMA_HEAD,))(torch.zeros(1, 1, 15, 16, 8))


NETWORK_MODULE = """
import torch
from crmo_seg.network import Network

class Average(Network):
    def __init__(self, in_channels, plan, heads):
        super().__init__(in_channels, plan, heads)
        outputs = {head.name: torch.nn.Conv3d(in_channels, head.channels, 1) for head in heads}
        self.outputs = torch.nn.ModuleDict(outputs)

    def forward(self, image):
        return {name: output(image) for name, output in self.outputs.items()}

class Other:
    pass
"""


@pytest.fixture
def added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "added_networks.py").write_text(NETWORK_MODULE)
    names = {"average": "added_networks:Average", "other": "added_networks:Other", "gone": "no_such_module:Net"}
    install(tmp_path, "added", names)
    monkeypatch.syspath_prepend(tmp_path)


def test_a_network_of_an_installed_package_is_built(added: None) -> None:
    plan = make_plan()
    network = build_network("average", plan)
    image = torch.randn(1, 1, 8, 8, 8)
    assert torch.equal(network.forward_deep(image)["edema"][0], network(image)["edema"])
    assert list(network.unused_in_training()) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("other", "added_networks:Other is no crmo_seg.network.Network; derive it"),
        ("gone", r"cannot be imported from no_such_module:Net \(No module named 'no_such_module'\); mend"),
        ("torch.nn.Identity", "names the network 'torch.nn.Identity'; allowed: .*UNet, average, gone, other"),
    ],
)
def test_what_is_no_network_is_told(name: str, problem: str, added: None) -> None:
    with pytest.raises(InputError, match=problem):
        build_network(name, make_plan())


def test_the_coarsest_output_is_not_trained() -> None:
    network = UNet(1, PLAN, (EDEMA_HEAD,))
    coarsest = set(network.heads["edema"][0].parameters())
    assert set(network.unused_in_training()) == coarsest
    deep = sum(level.sum() for level in network.forward_deep(torch.randn(1, 1, 16, 16, 8))["edema"])
    deep.backward()
    assert {weight for weight in network.parameters() if weight.grad is None} == coarsest
