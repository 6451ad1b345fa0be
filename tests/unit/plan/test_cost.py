"""The counts against torch's own, and memory against what training steps really take."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from crmo_seg.network import build_network
from crmo_seg.plan import GridPlan, Head, NetworkPlan, Plan, memory_gb, step_gflop
from crmo_seg.plan.cost import parameters

GRID = GridPlan(1.0, (1.0, 1.0))
ANISOTROPIC = NetworkPlan((6, 12, 18), ((1, 1, 1), (2, 2, 1), (2, 2, 2)), ((3, 3, 1), (3, 3, 3), (3, 3, 3)))
ISOTROPIC = NetworkPlan((16, 32, 64), ((1, 1, 1), (2, 2, 2), (2, 2, 2)), ((3, 3, 3),) * 3)
HEADS = (Head("edema", ("edema",)), Head("parts", ("a", "b", "c")))

STEPS = """
import json, sys
from pathlib import Path
import torch
import crmo_seg.training.run
from crmo_seg.network import build_network
from crmo_seg.plan import Plan
from crmo_seg.training.losses import DiceCrossEntropy, deep_supervision_loss

def one_step(plan, batch_size):
    network = build_network("crmo_seg.network.UNet", plan)
    optimizer = torch.optim.AdamW(network.parameters())
    for _ in range(2):
        outputs = network.forward_deep(torch.randn(batch_size, len(plan.sequences), *plan.patch))
        target = torch.zeros(batch_size, 1, *plan.patch, dtype=torch.uint8)
        labelled = torch.ones(batch_size)
        sum(deep_supervision_loss(DiceCrossEntropy(), o, target, labelled) for o in outputs.values()).backward()
        optimizer.step()
        optimizer.zero_grad()

plan, batch_size = json.loads(sys.argv[1])
one_step(Plan.from_dict(plan), batch_size)
(peak,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
print(int(peak.split()[1]) * 1024 / 1e9)
"""


def make(network: NetworkPlan, patch: tuple[int, int, int], heads: tuple[Head, ...] = HEADS) -> Plan:
    return Plan(("stir", "t1"), heads, GRID, patch, network)


def test_arithmetic_and_weights_are_those_of_the_network() -> None:
    plan = make(ANISOTROPIC, (16, 8, 4))
    network = build_network("crmo_seg.network.UNet", plan)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.forward_deep(torch.zeros(3, 2, *plan.patch))
    unused = 2 * 3 * (1 + 4) * 12 * 8 * 4 * 4  # logits of the coarsest decoder stage: it is not supervised
    assert parameters(plan) == sum(weight.numel() for weight in network.parameters())
    assert step_gflop(plan, 3) * 1e9 / 3 == counter.get_total_flops() + unused


def test_memory_grows_with_batch_and_patch() -> None:
    plan, larger = make(ANISOTROPIC, (16, 8, 4)), make(ANISOTROPIC, (32, 8, 4))
    assert memory_gb(plan, 1) < memory_gb(plan, 2) == pytest.approx(memory_gb(larger, 1))


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak of memory from /proc")
@pytest.mark.parametrize(
    ("network", "patch", "batch_size"),
    [
        (replace(ISOTROPIC, channels=(16, 32, 64)), (48, 48, 48), 4),
        (replace(ANISOTROPIC, channels=(24, 48, 96)), (64, 96, 16), 3),
        (replace(ISOTROPIC, channels=(32, 64, 256)), (40, 40, 56), 2),
    ],
    ids=["isotropic", "thick slices", "wide"],
)
def test_memory_is_what_a_step_takes(network: NetworkPlan, patch: tuple[int, int, int], batch_size: int) -> None:
    plan = make(network, patch)
    peak = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STEPS, json.dumps([plan.to_dict(), batch_size])],
        env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert memory_gb(plan, batch_size) == pytest.approx(float(peak), rel=0.3)
