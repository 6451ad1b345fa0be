"""All look-alikes of a child, planned on its skeleton without any voxel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.normal.finding import FINDING_KINDS, Finding, Streams
from crmo_seg.phantom.normal.foci import Marrow, plan_foci
from crmo_seg.phantom.normal.marrow import MarrowPhenotype
from crmo_seg.phantom.normal.settings import NormalSettings
from crmo_seg.phantom.normal.soft import plan_effusions, plan_lymph_nodes, plan_muscle_edema
from crmo_seg.phantom.normal.vessels import plan_basivertebral_veins, plan_nutrient_vessels, plan_veins

__all__ = ["FINDING_KINDS", "plan_findings"]

STRONGEST: Final = 9.0
"""No look-alike is brighter than the brightest lesion, in muscles."""


def plan_findings(
    skeleton: Sequence[SolidBone],
    marks: Landmarks,
    phenotype: MarrowPhenotype,
    rng: np.random.Generator,
    settings: NormalSettings,
) -> tuple[Finding, ...]:
    """Everything bright that is not a lesion, in the order in which it is to be painted.

    Foci of marrow, veins and lymph nodes belong to the patient: the same phenotype gives the same ones at each visit,
    but for what age changes. Effusions and muscle edema are those of the day and come from ``rng``.
    """
    lasting, of_the_day = Streams(phenotype.seed), Streams(int(rng.integers(2**31)))
    bones, often = {bone.full_name: bone for bone in skeleton}, settings.frequency
    findings = (
        *plan_foci(bones, Marrow(marks.child, phenotype, often)),
        *plan_basivertebral_veins(bones, lasting, often),
        *plan_nutrient_vessels(bones, lasting, often),
        *plan_muscle_edema(marks, of_the_day, often),
        *plan_veins(marks, lasting, often),
        *plan_lymph_nodes(marks, lasting, often),
        *plan_effusions(marks, of_the_day, often),
    )
    return tuple(_scaled(finding, settings.strength) for finding in findings if finding.kind in settings.kinds)


def _scaled(finding: Finding, factor: float) -> Finding:
    return replace(finding, strength=min(1 + (finding.strength - 1) * factor, STRONGEST))
