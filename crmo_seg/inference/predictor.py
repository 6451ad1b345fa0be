"""Volumes in, a prediction on their own grid out. Reads and writes no files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from crmo_seg import __version__
from crmo_seg.bundle import ModelBundle
from crmo_seg.errors import InputError
from crmo_seg.inference.windows import (
    DEFAULT_OVERLAP,
    Float32Array,
    RunWindow,
    classes_of,
    predict_windows,
)
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.prediction import Prediction, Provenance
from crmo_seg.preprocess import ModelGrid, preprocess
from crmo_seg.sites import assign_sites, fine_bones
from crmo_seg.volume import Volume

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class StudyImages:
    """What a predictor is given of one study.

    Attributes:
        case_id: names the prediction.
        images: sequence -> signal, all on one grid.
        input_sha256: hash of the files that they were read from; empty for volumes made in memory.
    """

    case_id: str
    images: Mapping[str, Volume]
    input_sha256: str = ""

    def __post_init__(self) -> None:
        grids = [image.geometry for image in self.images.values()]
        if any(not grid.same_grid(grids[0]) for grid in grids):
            raise InputError(f"case {self.case_id}", "has sequences on different grids", "resample them to one grid")
        for name, image in self.images.items():
            if not np.isfinite(image.array).all():
                count = int((~np.isfinite(image.array)).sum())
                raise InputError(
                    f"case {self.case_id}", f"{name} has {count} voxels that are no number", "mend the image"
                )


@dataclass
class _Timings:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


class Predictor:
    """A loaded model; one instance serves any number of studies.

    Args:
        bundle: the model.
        run: runs one window; a backend such as ``TorchBackend``.
        device: what ``run`` runs on, for the provenance.
        overlap: of neighbouring windows.
    """

    def __init__(
        self, bundle: ModelBundle, run: RunWindow, *, device: str = "cpu", overlap: float = DEFAULT_OVERLAP
    ) -> None:
        self.bundle = bundle
        self.run = run
        self.device = device
        self.overlap = overlap

    def predict(self, study: StudyImages, on_window: Progress | None = None) -> Prediction:
        """Masks, probability and lesions of a study.

        Raises:
            InputError: where a sequence that the model reads is missing.
        """
        timings = _Timings()
        with timings.stage("preprocess"):
            image, grid = self._model_input(study)
        with timings.stage("network"):
            outputs = predict_windows(image, self.run, self.bundle.plan.patch, self.overlap, on_window)
        with timings.stage("restore"):
            probabilities = self._binary_probabilities(outputs, grid)
            masks = self._class_masks(outputs, grid) | self._binary_masks(probabilities)
        with timings.stage("lesions"):
            lesion_map = self._lesions(probabilities.get(EDEMA), masks.get(BONES))
        if lesion_map is not None:
            masks[EDEMA] = lesion_map.labels.with_array(lesion_map.labels.array > 0)
        provenance = self._provenance(study, timings.seconds)
        return Prediction(study.case_id, masks, probabilities.get(EDEMA), lesion_map, provenance)

    def _model_input(self, study: StudyImages) -> tuple[Float32Array, ModelGrid]:
        missing = [name for name in self.bundle.plan.sequences if name not in study.images]
        if missing:
            have = ", ".join(study.images)
            problem = f"has no {', '.join(missing)} (has {have}), which the model {self.bundle.name} reads"
            raise InputError(f"case {study.case_id}", problem, "give that sequence or another model")
        images = [study.images[name] for name in self.bundle.plan.sequences]
        return preprocess(images, self.bundle.plan.grid)

    def _binary_probabilities(self, outputs: Mapping[str, Float32Array], grid: ModelGrid) -> dict[str, Volume]:
        """Probability goes back to the scan's grid before it is thresholded, so no slice is merely repeated."""
        heads = [head.name for head in self.bundle.plan.heads if head.channels == 1]
        return {name: grid.restore(Volume(outputs[name][0], grid.geometry)) for name in heads}

    def _binary_masks(self, probabilities: Mapping[str, Volume]) -> dict[str, Volume]:
        return {name: self._above_threshold(volume) for name, volume in probabilities.items()}

    def _class_masks(self, outputs: Mapping[str, Float32Array], grid: ModelGrid) -> dict[str, Volume]:
        heads = [head.name for head in self.bundle.plan.heads if head.channels > 1]
        classes = {name: Volume(classes_of(outputs[name]), grid.geometry) for name in heads}
        if BONES in classes:
            classes[BONES] = fine_bones(classes[BONES])
        return {name: grid.restore_labels(volume) for name, volume in classes.items()}

    def _above_threshold(self, probability: Volume) -> Volume:
        return probability.with_array(probability.array >= self.bundle.threshold)

    def _lesions(self, probability: Volume | None, bones: Volume | None) -> LesionMap | None:
        if probability is None:
            return None
        mask = self._above_threshold(probability)
        lesion_map = find_lesions(mask, probability=probability, minimum_ml=self.bundle.minimum_lesion_ml)
        return lesion_map if bones is None else assign_sites(lesion_map, bones)

    def _provenance(self, study: StudyImages, seconds: Mapping[str, float]) -> Provenance:
        return Provenance(
            package_version=__version__,
            model_name=self.bundle.name,
            model_sha256=self.bundle.sha256,
            input_sha256=study.input_sha256,
            device=self.device,
            threshold=self.bundle.threshold,
            minimum_lesion_ml=self.bundle.minimum_lesion_ml,
            timings_s=dict(seconds),
        )
