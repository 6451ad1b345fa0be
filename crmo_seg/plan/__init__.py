"""The plan: on what grid a network sees a scan, in what patches, and how deep it is; given, or made from the data.

``contract`` is what a bundle holds. ``planner`` makes one from a ``fingerprint`` of the training cases within a
budget, by the rules of ``spacing`` and ``topology`` and the estimates of ``cost``; ``files`` writes it down.
"""

from crmo_seg.plan.contract import (
    BONES_HEAD,
    EDEMA_HEAD,
    GridPlan,
    Head,
    NetworkPlan,
    Plan,
    Triple,
    heads_from,
)
from crmo_seg.plan.cost import memory_gb, step_gflop
from crmo_seg.plan.files import read_plan, write_plan
from crmo_seg.plan.fingerprint import Fingerprint, HeadFingerprint, SignalFingerprint, Spread
from crmo_seg.plan.planner import Planned, planned
from crmo_seg.plan.settings import Budget, Overrides

__all__ = [
    "BONES_HEAD",
    "EDEMA_HEAD",
    "Budget",
    "Fingerprint",
    "GridPlan",
    "Head",
    "HeadFingerprint",
    "NetworkPlan",
    "Overrides",
    "Plan",
    "Planned",
    "SignalFingerprint",
    "Spread",
    "Triple",
    "heads_from",
    "memory_gb",
    "planned",
    "read_plan",
    "step_gflop",
    "write_plan",
]
