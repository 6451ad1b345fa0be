"""The compiled step, and the message where nothing can be compiled."""

from typing import NoReturn

import pytest
import torch

from crmo_seg.errors import InputError
from crmo_seg.network import UNet
from crmo_seg.plan import NetworkPlan, heads_from
from crmo_seg.training.compiling import compiled

NETWORK = NetworkPlan(channels=(4, 8), strides=((1, 1, 1), (2, 2, 1)), kernels=((3, 3, 1), (3, 3, 3)))


@pytest.mark.slow  # half a minute of compiling
def test_compiled_gives_what_eager_gives() -> None:
    network = UNet(1, NETWORK, heads_from(["edema", "bones"]))
    image = torch.randn(1, 1, 16, 16, 8)
    eager, fast = network.forward_deep(image), compiled(network.forward_deep)(image)
    for head, outputs in eager.items():
        for one, other in zip(outputs, fast[head], strict=True):
            torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-4)


def test_without_a_compiler_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_compiler(function: object) -> NoReturn:
        raise RuntimeError("no C++ compiler")

    monkeypatch.setattr(torch, "compile", no_compiler)
    with pytest.raises(InputError, match="compile.*cannot be done here.*compile=false"):
        compiled(torch.neg)
