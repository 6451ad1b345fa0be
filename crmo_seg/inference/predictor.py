"""Volumes in, a prediction on their own grid out. Reads and writes no files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from crmo_seg import __version__
from crmo_seg.anatomy import Side
from crmo_seg.bundle import ModelBundle
from crmo_seg.data.ranges import ranges_of_model
from crmo_seg.errors import InputError
from crmo_seg.inference.backend import Backend
from crmo_seg.inference.baseline import DEFAULT_SETTINGS as BASELINE_SETTINGS
from crmo_seg.inference.baseline import bright_marrow
from crmo_seg.inference.members import MembersTogether
from crmo_seg.inference.modes import DEFAULT, Mode
from crmo_seg.inference.quality.flags import quality_flags
from crmo_seg.inference.sliding import WindowOutputs, predict_windows
from crmo_seg.inference.windows import Float32Array
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.prediction import Prediction, Provenance
from crmo_seg.preprocess import ModelGrid, body_region, preprocess
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
        laterality: the side that the scanner says is shown, for a hand or a knee alone; None where it does not.
    """

    case_id: str
    images: Mapping[str, Volume]
    input_sha256: str = ""
    laterality: Side | None = None

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
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)


@dataclass(frozen=True, eq=False)
class _Marked:
    """What one network, on its own grid, says about a study; masks and probabilities are on the scan's grid.

    ``resolution_mm`` is that of its own grid from head to feet.
    """

    outputs: WindowOutputs
    probabilities: dict[str, Volume]
    masks: dict[str, Volume]
    disagreement: float | None
    resolution_mm: float


class Predictor:
    """A loaded model; one instance serves any number of studies, several threads at once too.

    Args:
        bundle: the model.
        backend: runs its windows; from ``load_backend``.
        mode: overlap and mirroring; a model is shown mirrored windows only along axes that its training mirrored.
        part_backends: run the windows of the bundle's parts, in their order.

    Raises:
        InputError: where the mode needs a head that the model does not have.
    """

    def __init__(
        self, bundle: ModelBundle, backend: Backend, mode: Mode = DEFAULT, part_backends: Sequence[Backend] = ()
    ) -> None:
        self.bundle = bundle
        self.parts = tuple(zip(bundle.parts, part_backends, strict=True))
        self.backend = backend
        self.mode = mode.mirroring_only(_mirrored_in_training(bundle))
        self._asked_mode = mode
        self.training = ranges_of_model(bundle.provenance)
        if mode.thresholds_edema and BONES not in {head.name for head in bundle.heads}:
            problem = f"has no head {BONES}, in which the mode {mode.name} looks for outliers"
            raise InputError(f"model {bundle.name}", problem, "give a model that marks bones, or another mode")

    def predict(self, study: StudyImages, on_window: Progress | None = None) -> Prediction:
        """Masks, probability and lesions of a study.

        Raises:
            InputError: where a sequence that the model reads is missing.
        """
        timings = _Timings()
        marked: list[_Marked] = []
        for bundle, backend in ((self.bundle, self.backend), *self.parts):
            progress = _counting_on(sum(each.outputs.windows_run for each in marked), on_window)
            marked.append(self._mark(study, bundle, backend, timings, progress))
        masks = {name: mask for each in marked for name, mask in each.masks.items()}
        probabilities = {name: volume for each in marked for name, volume in each.probabilities.items()}
        with timings.stage("lesions"):
            if self.mode.thresholds_edema:
                probabilities.pop(EDEMA, None)
                masks[EDEMA] = bright_marrow(self._image(study), masks[BONES])
            lesion_map = self._lesions(masks, probabilities.get(EDEMA), self._image(study))
        if lesion_map is not None:
            masks[EDEMA] = lesion_map.labels.with_array(lesion_map.labels.array > 0)
        with timings.stage("quality"):
            apart = next((each.disagreement for each in marked if EDEMA in each.masks), None)
            flags = quality_flags(study.images, masks, lesion_map, self.training, apart)
        provenance = self._provenance(study, marked, timings.seconds)
        return Prediction(study.case_id, masks, probabilities.get(EDEMA), lesion_map, provenance, flags)

    def _mark(
        self, study: StudyImages, bundle: ModelBundle, backend: Backend, timings: _Timings, on_window: Progress | None
    ) -> _Marked:
        with timings.stage("preprocess"):
            image, grid = _model_input(study, bundle)
            body = body_region(image, grid.geometry.spacing_mm)
        with timings.stage("network"):
            members = MembersTogether(backend, self.bundle.threshold, self.mode.most_members)
            mode = self._asked_mode.mirroring_only(_mirrored_in_training(bundle))
            outputs = predict_windows(image, body, members, bundle.plan, mode, on_window)
        with timings.stage("restore"):
            probabilities = _probabilities(outputs, grid)
            masks = _class_masks(outputs, grid, study.laterality) | self._binary_masks(probabilities)
        least = self.bundle.minimum_lesion_ml / grid.geometry.voxel_volume_ml
        resolution_mm = grid.geometry.spacing_mm[grid.geometry.world_axes.index(2)]
        return _Marked(outputs, probabilities, masks, members.disagreement(least), resolution_mm)

    def _binary_masks(self, probabilities: Mapping[str, Volume]) -> dict[str, Volume]:
        return {name: self._above_threshold(volume) for name, volume in probabilities.items()}

    def _above_threshold(self, probability: Volume) -> Volume:
        return probability.with_array(probability.array >= self.bundle.threshold)

    def _image(self, study: StudyImages) -> Volume:
        """The sequence in which signal is measured: the model's first."""
        return study.images[self.bundle.plan.sequences[0]]

    @property
    def _least(self) -> tuple[float, float]:
        """Smallest volume in ml and least peak of a lesion; the baseline looks at no probability."""
        if self.mode.thresholds_edema:
            return BASELINE_SETTINGS.minimum_lesion_ml, 0.0
        return self.bundle.minimum_lesion_ml, self.bundle.minimum_peak_probability

    def _lesions(self, masks: Mapping[str, Volume], probability: Volume | None, image: Volume) -> LesionMap | None:
        mask, bones = masks.get(EDEMA), masks.get(BONES)
        if mask is None:
            return None
        minimum_ml, minimum_peak = self._least
        lesion_map = find_lesions(mask, probability=probability, minimum_ml=minimum_ml, minimum_peak=minimum_peak)
        return lesion_map if bones is None else assign_sites(lesion_map, bones, image)

    def _provenance(self, study: StudyImages, marked: Sequence[_Marked], seconds: Mapping[str, float]) -> Provenance:
        outputs = [each.outputs for each in marked]
        minimum_ml, minimum_peak = self._least
        return Provenance(
            package_version=__version__,
            model_name=self.bundle.name,
            model_sha256=self.bundle.sha256,
            input_sha256=study.input_sha256,
            device=self.backend.device,
            backend=self.backend.name,
            precision=self.backend.precision,
            mode=self.mode.name,
            window=outputs[0].window,
            windows_run=sum(each.windows_run for each in outputs),
            windows_in_all=sum(each.windows_in_all for each in outputs),
            threshold=None if self.mode.thresholds_edema else self.bundle.threshold,
            minimum_lesion_ml=minimum_ml,
            minimum_peak_probability=minimum_peak,
            timings_s=dict(seconds),
            bones_resolution_mm=next((each.resolution_mm for each in reversed(marked) if BONES in each.masks), None),
        )


def _counting_on(before: int, on_window: Progress | None) -> Progress | None:
    """Windows of a part are counted on from those of the networks before it, so that progress does not go back."""
    if on_window is None:
        return None
    return lambda done, total: on_window(before + done, before + total)


def _model_input(study: StudyImages, bundle: ModelBundle) -> tuple[Float32Array, ModelGrid]:
    missing = [name for name in bundle.plan.sequences if name not in study.images]
    if missing:
        have = ", ".join(study.images)
        problem = f"has no {', '.join(missing)} (has {have}), which the model {bundle.name} reads"
        raise InputError(f"case {study.case_id}", problem, "give that sequence or another model")
    return preprocess([study.images[name] for name in bundle.plan.sequences], bundle.plan.grid)


def _probabilities(outputs: WindowOutputs, grid: ModelGrid) -> dict[str, Volume]:
    """Probability goes back to the scan's grid before it is thresholded, so no slice is merely repeated."""
    on_model_grid = {name: Volume(array, grid.geometry) for name, array in outputs.probabilities.items()}
    return {name: grid.restore_probability(volume) for name, volume in on_model_grid.items()}


def _class_masks(outputs: WindowOutputs, grid: ModelGrid, laterality: Side | None) -> dict[str, Volume]:
    classes = {name: Volume(array, grid.geometry) for name, array in outputs.classes.items()}
    if BONES in classes:
        classes[BONES] = fine_bones(classes[BONES], laterality)
    return {name: grid.restore_labels(volume) for name, volume in classes.items()}


def _mirrored_in_training(bundle: ModelBundle) -> set[int]:
    """Axes of the model grid that the augmentation of every member mirrored; none where the bundle does not tell."""
    provenance = bundle.provenance or {}
    return set.intersection(*(_mirrored_axes(member) for member in provenance.get("members", [provenance])))


def _mirrored_axes(provenance: Mapping[str, Any]) -> set[int]:
    step: Mapping[str, Any] = provenance
    for name in ("config", "augmentation", "steps", "mirror"):
        step = step.get(name) or {}
    return set(step.get("axes") or ())
