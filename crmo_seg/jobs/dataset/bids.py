"""BIDS, read: images of a raw data set, and labels beside them or in ``derivatives``.

Brain Imaging Data Structure 1.10.0 (doi:10.1038/sdata.2016.44), "Modality specific files: Magnetic Resonance
Imaging: Anatomy imaging data" and "Derivatives: Imaging data types: Masks, Segmentations". Whole-body MRI has no
suffix of its own: its images lie in ``anat``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.bids_choice import FilesByCase, Named, kinds, named_once, selected
from crmo_seg.jobs.dataset.bids_files import (
    IMAGE_ENDINGS,
    LABEL_SUFFIXES,
    BidsFile,
    head_of,
    parse_file,
    parse_selector,
    sequence_of,
)
from crmo_seg.jobs.dataset.bids_tables import visit_of
from crmo_seg.jobs.dataset.names import head_name_of, identifier

_SOURCES: Final = "sourcedata"  # "data before harmonization, reconstruction, and/or file format conversion"


@dataclass(frozen=True)
class BidsOptions:
    """What the user says about a data set; None or nothing is taken from its names.

    Attributes:
        heads: names of labels to take, or NAME=ENTITIES, for example ``edema=label-lesion_mask``.
        classes: names of the label values 1, 2, ... of a single label.
        sequences: NAME=ENTITIES, for example ``stir=acq-tirm_T2w``; other images are left out then. Of several with
            one name the first that fits a case counts.
        derivatives: the folder with the labels; None is the data set itself, its ``derivatives`` included.
    """

    heads: tuple[str, ...] = ()
    classes: tuple[str, ...] | None = None
    sequences: tuple[str, ...] = ()
    derivatives: Path | None = None


@dataclass(frozen=True)
class BidsDataset:
    """What was found.

    Attributes:
        cases: in the order of their ids, with all their files.
        labels: head -> its files.
        left_out: labels in other spaces than that of the images.
        without: cases without any of the sequences that were asked for.
    """

    cases: tuple[Case, ...]
    labels: Mapping[str, tuple[BidsFile, ...]]
    left_out: tuple[Path, ...]
    without: tuple[str, ...]

    @property
    def sequences(self) -> tuple[str, ...]:
        """All that some case has, sorted."""
        return tuple(sorted({name for case in self.cases for name in case.images}))


def read_bids(source: Path, options: BidsOptions) -> BidsDataset:
    """A case for each subject and session with images.

    Raises:
        InputError: where the folder is no BIDS, files are missing, or two files have one meaning.
    """
    files = tuple(_images(source))
    images = _images_by_case(files, source, options)
    found = tuple(_labels(_label_folder(source, options)))
    labels = _labels_by_case(source, [label for label in found if label.in_own_space], options.heads)
    everyone = {file.case_id for file in files}
    _refuse_lonely(labels, everyone)
    cases = tuple(_case(case_id, images[case_id], labels.get(case_id, {}), source) for case_id in sorted(images))
    _refuse_absent(cases)
    left_out = tuple(label.path for label in found if not label.in_own_space)
    return BidsDataset(cases, _by_head(labels), left_out, tuple(sorted(everyone - images.keys())))


def _images_by_case(files: tuple[BidsFile, ...], source: Path, options: BidsOptions) -> FilesByCase:
    selectors = tuple(parse_selector(text, "--sequence") for text in options.sequences)
    if not selectors:
        return named_once(((sequence_of(file), file) for file in files), source, "--sequence")
    for selector in selectors:
        if not any(selector.takes(file) for file in files):
            problem = f"{selector.name} fits none of the {len(files)} images of {source}"
            raise InputError("--sequence", problem, f"found are {kinds(files)}")
    return named_once(selected(selectors, files), source, "--sequence")


def _images(source: Path) -> Iterator[BidsFile]:
    subjects = sorted(path for path in source.glob("sub-*") if path.is_dir())
    if not subjects:
        raise InputError(source, "holds no folder sub-*", "give the folder of a BIDS data set")
    count = 0
    for subject in subjects:
        for path in sorted([*subject.glob("anat/*"), *subject.glob("ses-*/anat/*")]):
            file = parse_file(path)
            if file is None:
                _refuse_other_name(path)
            elif not file.suffix.lower().endswith((*LABEL_SUFFIXES, "probseg")) and file.in_own_space:
                _refuse_other_folder(file, subject)
                count += 1
                yield file
    if not count:
        raise InputError(source, "has no image in sub-*/anat or sub-*/ses-*/anat", "give the root of a BIDS data set")


def _label_folder(source: Path, options: BidsOptions) -> Path:
    folder = options.derivatives or source
    if not folder.is_dir():
        raise InputError("--derivatives", f"{folder} is no folder", "give the folder with the labels")
    return folder


def _labels(root: Path) -> Iterator[BidsFile]:
    """Masks and discrete segmentations anywhere below the folder."""
    paths = (path for suffix in LABEL_SUFFIXES for path in root.rglob(f"sub-*_{suffix}.nii*"))
    files = (parse_file(path) for path in sorted(paths) if _SOURCES not in path.parts)
    yield from (file for file in files if file is not None)


def _labels_by_case(source: Path, labels: list[BidsFile], wanted: tuple[str, ...]) -> FilesByCase:
    """The labels that are wanted, by case and head."""
    otherwise = head_name_of(source)
    named = [(head_of(label, otherwise), label) for label in labels]
    if not wanted:
        return named_once(named, source, "--head")
    selectors = [parse_selector(text, "--head") for text in wanted if "=" in text]
    plain = [identifier(text, "--head") for text in wanted if "=" not in text]
    found = sorted({name for name, _ in named})
    if len(wanted) == len(plain) == len(found) == 1:
        return named_once(((plain[0], label) for label in labels), source, "--head")
    chosen = [(name, label) for name, label in named if name in plain] + list(selected(selectors, labels))
    unmet = [name for name in (*plain, *(one.name for one in selectors)) if name not in {name for name, _ in chosen}]
    if unmet:
        remedy = f"found are {', '.join(found)}" if found else "no *_mask or *_dseg was found; give --derivatives DIR"
        raise InputError("--head", f"{unmet[0]} fits no label of {source}", remedy)
    return named_once(chosen, source, "--head")


def _case(case_id: str, images: Named, labels: Named, source: Path) -> Case:
    first = next(iter(images.values()))
    return Case(
        case_id=case_id,
        patient_id=first.patient_id,
        visit=visit_of(images.values(), source / first.patient_id),
        images=MappingProxyType({name: file.path.absolute() for name, file in images.items()}),
        labels=MappingProxyType({name: file.path.absolute() for name, file in labels.items()}),
    )


def _by_head(labels: FilesByCase) -> Mapping[str, tuple[BidsFile, ...]]:
    heads: dict[str, tuple[BidsFile, ...]] = {}
    for by_name in labels.values():
        for name, file in by_name.items():
            heads[name] = (*heads.get(name, ()), file)
    return {name: heads[name] for name in sorted(heads)}


def _refuse_lonely(labels: FilesByCase, everyone: Set[str]) -> None:
    lonely = [
        file.path for case_id, named in sorted(labels.items()) if case_id not in everyone for file in named.values()
    ]
    if lonely:
        remedy = "add the image in anat, or remove the label"
        raise InputError(lonely[0], f"is a label without an image ({len(lonely)} of them)", remedy)


def _refuse_absent(cases: Iterable[Case]) -> None:
    files = [file for case in cases for file in (*case.images.values(), *case.labels.values())]
    absent = [file for file in files if not file.is_file()]
    if absent:
        problem = f"is a link to a file that is not there ({len(absent)} of {len(files)} files)"
        raise InputError(absent[0], problem, "fetch the files, with DataLad by: datalad get .")


def _refuse_other_name(path: Path) -> None:
    if path.name.endswith(IMAGE_ENDINGS) and not path.name.startswith("."):
        remedy = "name it sub-LABEL[_ses-LABEL][_acq-LABEL]_SUFFIX.nii.gz"
        raise InputError(path, "has no name of BIDS", remedy)


def _refuse_other_folder(file: BidsFile, subject: Path) -> None:
    session = file.path.parent.parent.name
    expected = subject.name if session == subject.name else f"{subject.name}_{session}"
    if file.case_id != expected:
        raise InputError(file.path, f"is named {file.case_id} in the folder of {expected}", "name it as its folder")
