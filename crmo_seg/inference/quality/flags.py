"""All quality checks of one study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crmo_seg.data.ranges import TrainingRanges
from crmo_seg.inference.quality.agreement import agreement_flags
from crmo_seg.inference.quality.coverage import border_flags, coverage_flags
from crmo_seg.inference.quality.fat import fat_flags
from crmo_seg.inference.quality.signal import signal_flags
from crmo_seg.inference.quality.spacing import spacing_flags
from crmo_seg.keys import BONES
from crmo_seg.lesions import LesionMap
from crmo_seg.prediction import QualityFlag
from crmo_seg.volume import Volume


def quality_flags(
    study_images: Mapping[str, Volume],
    masks: Mapping[str, Volume],
    lesion_map: LesionMap | None,
    training: TrainingRanges | None,
    disagreement: float | None,
) -> tuple[QualityFlag, ...]:
    """What a reader should know before trusting the masks: warnings first, then what was covered.

    Args:
        study_images: sequence -> signal, all on one grid; one or more.
        masks: head -> mask on the same grid; ``bones`` as fine labels.
        lesion_map: None where the model has no edema head.
        training: from the bundle's provenance; None where it tells none.
        disagreement: of the ensemble's members; None where there is one.
    """
    return warnings_first(_flags(study_images, masks, lesion_map, training, disagreement))


def warnings_first(flags: Iterable[QualityFlag]) -> tuple[QualityFlag, ...]:
    """The order in which a reader is told."""
    return tuple(sorted(flags, key=lambda flag: flag.severity != "warning"))


def _flags(
    study_images: Mapping[str, Volume],
    masks: Mapping[str, Volume],
    lesion_map: LesionMap | None,
    training: TrainingRanges | None,
    disagreement: float | None,
) -> Iterator[QualityFlag]:
    image = next(iter(study_images.values()))
    yield from border_flags(lesion_map)
    yield from agreement_flags(disagreement)
    for name, each in study_images.items():
        yield from signal_flags(name, each)
        yield from fat_flags(name, each)
    if training is not None:
        yield from spacing_flags(image.geometry, training)
    yield from coverage_flags(image, masks.get(BONES))
