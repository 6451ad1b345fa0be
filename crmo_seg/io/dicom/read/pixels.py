"""Signal of a stack: every file is read once, decoded, scaled and laid where its slice lies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, TypeAlias

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.discretion import discreet
from crmo_seg.io.dicom.read.header import naming
from crmo_seg.io.dicom.read.mosaic import cut_tile
from crmo_seg.io.dicom.read.scaling import slope_and_intercept
from crmo_seg.io.dicom.source import DicomFile, open_files
from crmo_seg.io.dicom.types import SliceSource, Stack, StackVolume
from crmo_seg.volume import Array, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_Place: TypeAlias = tuple[int, int]
"""Repeat, position along the normal."""


def read_stack(stack: Stack) -> StackVolume:
    """Decode the pixels of a usable stack; signal as the scanner scaled it, see `slope_and_intercept`.

    Raises:
        InputError: where the stack has a problem, or a file is damaged, cannot be decoded or has changed.
    """
    if stack.geometry is None or stack.problem is not None:
        problem, remedy = stack.problem or ("is no volume", "choose another series")
        raise InputError(stack.slices[0][0].file, problem, remedy)
    columns, rows, count = stack.geometry.shape
    with naming(stack.slices[0][0].file):  # a damaged header may claim more than fits into memory
        # Slice after slice, as they come from the files.
        signals = [np.empty((count, rows, columns), np.float32) for _ in stack.slices]
    for (repeat, position), pixels in _planes(stack, (columns, rows)):
        signals[repeat][position] = pixels
    return StackVolume(stack, tuple(Volume(signal.transpose(2, 1, 0), stack.geometry) for signal in signals))


def _planes(stack: Stack, matrix: tuple[int, int]) -> Iterator[tuple[_Place, Array]]:
    places: dict[DicomFile, list[tuple[_Place, SliceSource]]] = defaultdict(list)
    for repeat, slices in enumerate(stack.slices):
        for position, source in enumerate(slices):
            places[source.file].append(((repeat, position), source))
    for file, stream in open_files(sorted(places)):
        with discreet():
            dataset = _read(file, stream)
            wanted = places[file]
            for (place, source), pixels in zip(wanted, _decoded(file, dataset, wanted), strict=True):
                yield place, _scaled(file, dataset, source, pixels, matrix)


def _read(file: DicomFile, stream: IO[bytes]) -> Dataset:
    import pydicom
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    with naming(file):
        dataset = pydicom.dcmread(stream, force=True)
        if "TransferSyntaxUID" not in dataset.file_meta:  # a file without preamble and file meta
            implicit, _ = dataset.original_encoding
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    return dataset


def _decoded(file: DicomFile, dataset: Dataset, wanted: Sequence[tuple[_Place, SliceSource]]) -> Iterator[Array]:
    """Stored values (rows, columns) of the wanted frames, in their order; a frame is decoded once."""
    from pydicom.pixels.utils import iter_pixels

    _check_decodable(file, dataset)
    numbers = [(source.frame or 1) - 1 for _, source in wanted]
    with naming(file):
        if len(set(numbers)) == 1:
            image = next(iter(iter_pixels(dataset, indices=numbers[:1], raw=True)))
            yield from (image for _ in wanted)
        else:
            yield from iter_pixels(dataset, indices=numbers, raw=True)


def _scaled(file: DicomFile, dataset: Dataset, source: SliceSource, pixels: Array, matrix: tuple[int, int]) -> Array:
    if source.tile is not None:
        pixels = cut_tile(pixels, source.tile, matrix)
    if pixels.shape != matrix[::-1] or str(dataset.get("SOPInstanceUID")) != source.sop_instance_uid:
        raise InputError(file, "is not the image that its header promised", "start again; files must not change")
    with naming(file):
        slope, intercept = slope_and_intercept(dataset, source.frame)
    return pixels.astype(np.float32) * np.float32(slope) + np.float32(intercept)


def _check_decodable(file: DicomFile, dataset: Dataset) -> None:
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        is_available = get_decoder(syntax).is_available
    except NotImplementedError:
        is_available = False
    if not is_available:
        problem = f"is compressed as {syntax.name}, which cannot be decoded here"
        raise InputError(file, problem, "export it uncompressed, or install python-gdcm, which decodes more")
