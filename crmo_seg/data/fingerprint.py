"""Training cases -> their fingerprint: headers and labels of all, the signal of a few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.cases import Case
from crmo_seg.data.check.measure import component_sizes
from crmo_seg.data.labels import as_classes
from crmo_seg.data.ranges import ANY_GRID
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_geometry, read_image, read_labels
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.plan import Fingerprint, Head, HeadFingerprint, SignalFingerprint, Spread
from crmo_seg.preprocess import body_mask, model_grid
from crmo_seg.volume import PLANES, Geometry, Volume

MOST_READ: Final = 20
"""Images that are read for their signal: no number of a plan depends on it, so a few say enough."""

_SAMPLED_VOXELS: Final = 500_000
_NEAR_EQUAL: Final = 1.05
_PERCENTILES: Final = (1, 50, 99)


def fingerprint(
    cases: Sequence[Case],
    sequences: Sequence[str],
    heads: Sequence[Head],
    on_case: Callable[[int, int], None] | None = None,
) -> Fingerprint:
    """Measure the cases of a data set.

    Args:
        cases: those of all folds, as in nnU-Net: the folds then share one plan and one cache of prepared cases.
        sequences: the input channels.
        heads: whose labels are read.
        on_case: called with (cases done, cases in all).

    Raises:
        InputError: where there is no case, one has none of the sequences, or a file cannot be read.
    """
    grids = []
    labels: dict[str, list[_Label]] = {head.name: [] for head in heads}
    for done, case in enumerate(cases, 1):
        grids.append(_grid(case, sequences))
        for head in heads:
            labels[head.name] += _label(case, head)
        if on_case:
            on_case(done, len(cases))
    if not grids:
        raise InputError("fingerprint", "has no case", "give one training case or more")
    x, y, z = (Spread.of(grid.extent_mm[axis] for grid in grids) for axis in range(3))
    return Fingerprint(
        cases=len(cases),
        orientations=dict(sorted(Counter(grid.plane for grid in grids).items())),
        in_plane_spacing_mm=Spread.of(min(grid.spacing_mm[:2]) for grid in grids),
        slice_spacing_mm=Spread.of(grid.spacing_mm[2] for grid in grids),
        extent_mm=(x, y, z),
        heads={head.name: _head(labels[head.name], head) for head in heads},
        signal=_signals(cases, sequences),
    )


@dataclass(frozen=True)
class _Grid:
    """A scan's axes in the model's order."""

    spacing_mm: tuple[float, float, float]
    extent_mm: tuple[float, float, float]
    plane: str


def _grid(case: Case, sequences: Sequence[str]) -> _Grid:
    name = next((name for name in sequences if name in case.images), None)
    if name is None:
        have, wanted = ", ".join(sorted(case.images)), " or ".join(f"image_{name}" for name in sequences)
        raise InputError(f"case {case.case_id}", f"has no {wanted} (has {have})", "add it or change data.sequences")
    source = read_geometry(case.images[name])
    grid = model_grid(source, ANY_GRID)
    ordered = source.transposed(grid.axes, grid.flips)
    x, y, z = (mm * size for mm, size in zip(ordered.spacing_mm, ordered.shape, strict=True))
    return _Grid(ordered.spacing_mm, (x, y, z), _plane(ordered))


def _plane(ordered: Geometry) -> str:
    if max(ordered.spacing_mm) < _NEAR_EQUAL * min(ordered.spacing_mm):
        return "isotropic"
    return PLANES[ordered.world_axes[2]]


@dataclass(frozen=True)
class _Label:
    """The label of one case and head: classes that it has, share of the volume, volumes of its objects."""

    values: tuple[int, ...]
    share: float
    objects_ml: tuple[float, ...]


def _label(case: Case, head: Head) -> list[_Label]:
    """One, or none where the case does not have this label."""
    path = case.labels.get(head.name)
    if path is None:
        return []
    volume = as_classes(read_labels(path), head, path)
    voxels = np.bincount(volume.array.ravel(), minlength=1)
    values = tuple(int(value) for value in np.flatnonzero(voxels) if value)
    objects = component_sizes(volume.array).get(1, ()) if len(head.classes) == 1 else [voxels[v] for v in values]
    each_ml = volume.geometry.voxel_volume_ml
    return [_Label(values, float(voxels[1:].sum() / voxels.sum()), tuple(float(n) * each_ml for n in objects))]


def _head(labels: Sequence[_Label], head: Head) -> HeadFingerprint:
    volumes = [_counted(label.objects_ml, head) for label in labels]
    if not any(volumes):  # all are small, as in a mouse: then their own size counts
        volumes = [label.objects_ml for label in labels]
    values = Counter(value for label in labels for value in label.values)
    every = [volume for of_case in volumes for volume in of_case]
    return HeadFingerprint(
        labelled_cases=len(labels),
        empty_cases=sum(not label.values for label in labels),
        class_cases={name: values[value] for value, name in enumerate(head.classes, 1)},
        foreground_share=Spread.of(label.share for label in labels) if labels else None,
        objects_per_case=Spread.of(len(of_case) for of_case in volumes) if labels else None,
        object_ml=Spread.of(every) if every else None,
    )


def _counted(objects_ml: Sequence[float], head: Head) -> tuple[float, ...]:
    least = MINIMUM_LESION_ML - 1e-9 if len(head.classes) == 1 else 0.0
    return tuple(volume for volume in objects_ml if volume >= least)


def _signals(cases: Sequence[Case], sequences: Sequence[str]) -> Mapping[str, SignalFingerprint]:
    signals = {}
    for name in sequences:
        having = [case for case in cases if name in case.images]
        step = max(1, -(-len(having) // MOST_READ))
        percentiles = [_percentiles(read_image(case.images[name])) for case in having[::step]]
        if percentiles:
            signals[name] = SignalFingerprint(*(Spread.of(column) for column in zip(*percentiles, strict=True)))
    return signals


def _percentiles(image: Volume) -> tuple[float, ...]:
    """Of the signal inside the body, from voxels taken evenly."""
    step = max(1, round((image.array.size / _SAMPLED_VOXELS) ** (1 / 3)))
    array = np.ascontiguousarray(image.array[::step, ::step, ::step])
    sample = Volume(array, Geometry(image.geometry.affine, array.shape))
    return tuple(float(value) for value in np.percentile(array[body_mask(sample)], _PERCENTILES))
