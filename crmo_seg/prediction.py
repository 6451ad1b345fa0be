"""What a model says about one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.volume import GeometryError, Volume


@dataclass(frozen=True)
class Provenance:
    """Where a prediction comes from: enough to repeat it.

    Attributes:
        package_version: of crmo_seg.
        model_name: the bundle's name.
        model_sha256: hash of the weights and of ``bundle.yaml``.
        input_sha256: hash of the input files.
        device: what the network ran on.
        threshold: probability from which a voxel is a lesion.
        minimum_lesion_ml: smaller components were dropped.
        timings_s: seconds by stage.
    """

    package_version: str
    model_name: str
    model_sha256: str
    input_sha256: str
    device: str
    threshold: float
    minimum_lesion_ml: float
    timings_s: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Prediction:
    """Masks on the input's own grid, and the lesions in them.

    Attributes:
        case_id: as in the manifest, or from the file name or the StudyInstanceUID.
        masks: one volume a head: ``edema`` bool, ``bones`` fine labels uint8, other heads their class values.
        probability: of edema, float32; None where the model has no such head.
        lesion_map: components of the edema mask.
        quality_flags: what a reader should know before trusting the masks.
        provenance: versions, hashes, settings.

    Raises:
        GeometryError: where the volumes do not share one grid.
    """

    case_id: str
    masks: Mapping[str, Volume]
    probability: Volume | None
    lesion_map: LesionMap | None
    provenance: Provenance
    quality_flags: tuple[str, ...] = ()

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
        """Totals for ``summary.json``."""
        return {
            "n_lesions": len(self.lesions),
            "total_volume_ml": round(self.lesion_map.total_volume_ml, 4) if self.lesion_map else 0.0,
            "largest_volume_ml": round(max((lesion.volume_ml for lesion in self.lesions), default=0.0), 4),
        }
