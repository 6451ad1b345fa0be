"""What a model says about one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.volume import GeometryError, Volume

Severity: TypeAlias = Literal["info", "warning"]


@dataclass(frozen=True)
class Provenance:
    """Where a prediction comes from: enough to repeat it.

    Attributes:
        package_version: of crmo_seg.
        model_name: the bundle's name.
        model_sha256: hash of the weights and of ``bundle.yaml``.
        input_sha256: hash of the input files.
        device: what the network ran on.
        backend: which library ran it.
        precision: of its convolutions.
        mode: fast, default, best or baseline.
        window: voxels of a window on the grid of the model's own network, in plane, in plane, slice.
        windows_run: how many held any body, those of the model's parts as well.
        windows_in_all: how many the whole image would have taken.
        threshold: probability from which a voxel is a lesion; None in mode baseline, which looks at no probability.
        minimum_lesion_ml: smaller components were dropped.
        minimum_peak_probability: components that reached it nowhere were dropped; 0 is no such rule.
        timings_s: seconds by stage.
        bones_resolution_mm: from head to feet, of the grid on which a network marked the bones; None where none did.
    """

    package_version: str
    model_name: str
    model_sha256: str
    input_sha256: str
    device: str
    backend: str
    precision: str
    mode: str
    window: tuple[int, int, int]
    windows_run: int
    windows_in_all: int
    threshold: float | None
    minimum_lesion_ml: float
    minimum_peak_probability: float = 0.0
    timings_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    bones_resolution_mm: float | None = None


@dataclass(frozen=True)
class QualityFlag:
    """What a check found.

    Attributes:
        code: what it is, in snake_case, for programs; never changes its meaning.
        severity: "warning" where the masks may be wrong, "info" for what merely was or was not covered.
        text: one sentence for a radiologist.
        value: the number behind it, or names; None where there is none.

    >>> QualityFlag("lesion_at_border", "warning", "Lesion 1 reaches the edge of the image.", 1.0).to_dict()["value"]
    1.0
    """

    code: str
    severity: Severity
    text: str
    value: float | tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, str | float | list[str] | None]:
        """The entry of ``summary.json``."""
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {"code": self.code, "severity": self.severity, "text": self.text, "value": value}


@dataclass(frozen=True)
class Prediction:
    """Masks on the input's own grid, and the lesions in them.

    Attributes:
        case_id: as in the manifest, or from the file name or the StudyInstanceUID.
        masks: one volume a head: ``edema`` bool, ``bones`` fine labels uint8, other heads their class values.
        probability: of edema, float32; None where the model has no such head.
        lesion_map: components of the edema mask.
        quality_flags: what a reader should know before trusting the masks, warnings first.
        provenance: versions, hashes, settings.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """

    case_id: str
    masks: Mapping[str, Volume]
    probability: Volume | None
    lesion_map: LesionMap | None
    provenance: Provenance
    quality_flags: tuple[QualityFlag, ...] = ()

    def __post_init__(self) -> None:
        volumes = list(self.masks.values())
        volumes += [volume for volume in (self.probability,) if volume is not None]
        volumes += [self.lesion_map.labels] if self.lesion_map else []
        if any(not volume.geometry.same_grid(volumes[0].geometry) for volume in volumes):
            raise GeometryError(f"the volumes of case {self.case_id} do not share one grid")

    @property
    def lesions(self) -> tuple[Lesion, ...]:
        """The lesions, largest first; empty too where the model has no edema head."""
        return self.lesion_map.lesions if self.lesion_map else ()

    def summary(self) -> dict[str, Any]:
        """Totals for ``summary.json``; those of lesions are None where the model has no edema head."""
        return {
            **self._lesion_totals(),
            "mask_volumes_ml": {head: round(_marked_ml(mask), 4) for head, mask in self.masks.items()},
        }

    def _lesion_totals(self) -> dict[str, int | float | None]:
        if self.lesion_map is None:
            return {"n_lesions": None, "total_volume_ml": None, "largest_volume_ml": None}
        return {
            "n_lesions": len(self.lesions),
            "total_volume_ml": round(self.lesion_map.total_volume_ml, 4),
            "largest_volume_ml": round(max((lesion.volume_ml for lesion in self.lesions), default=0.0), 4),
        }


def _marked_ml(mask: Volume) -> float:
    """Volume of everything but background."""
    return int(np.count_nonzero(mask.array)) * mask.geometry.voxel_volume_ml
