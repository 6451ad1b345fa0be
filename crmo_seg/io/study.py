"""What a STUDY on the command line is: DICOM, NIfTI or a manifest, as a list of cases to read one by one.

Of a DICOM examination one case is made: all stations of the series that rules, or the user, choose.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

from crmo_seg.cases import Case, read_manifest
from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.rules import Rules
from crmo_seg.io.dicom.choose.series import Choice
from crmo_seg.io.dicom.examination import choose_examinations, read_choice
from crmo_seg.io.dicom.source import DicomFile, is_dicom_file, is_hidden, open_files
from crmo_seg.io.dicom.types import ComposedStudy
from crmo_seg.io.dicom.uids import case_id_of_study
from crmo_seg.io.nifti import case_id_of, is_nifti_name, read_image
from crmo_seg.keys import STIR
from crmo_seg.volume import Volume

StudyKind: TypeAlias = Literal["nifti", "dicom"]

_REMEDY = "give a DICOM folder or zip, a NIfTI file, a folder of NIfTI files, or a manifest (.csv)"
_CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Study:
    """One case to predict on; nothing but headers is read before `read`.

    Attributes:
        case_id: names the output folder.
        patient_id: as in the manifest or the DICOM header, None for bare NIfTI; kept out of ``repr``.
        visit: ISO date, or None.
        source: what the user gave; errors name it.
        kind: what the files are.
        sequences: sequence -> file, or what was chosen of a DICOM examination.
        named: whether a manifest names the sequences; a bare file or series is called ``stir``, whatever it is.
    """

    case_id: str
    patient_id: str | None = field(repr=False)
    visit: str | None
    source: Path
    kind: StudyKind
    sequences: Mapping[str, Path | Choice]
    named: bool = False

    def read(self) -> Mapping[str, Volume]:
        """Signal of every sequence, float32, all on one grid.

        Raises:
            InputError: where a file cannot be read, or the sequences lie on different grids.
        """
        if self.kind == "dicom":
            return MappingProxyType({STIR: self.read_dicom().volume})
        volumes = {name: read_image(where) for name, where in self.sequences.items() if isinstance(where, Path)}
        _check_same_grid(self, volumes)
        return MappingProxyType(volumes)

    def read_dicom(self) -> ComposedStudy:
        """The volume of a DICOM examination, its stations joined, and where each voxel comes from.

        Raises:
            InputError: where the study is no DICOM, nothing could be chosen, or a file cannot be read.
        """
        for where in self.sequences.values():
            if isinstance(where, Choice):
                return read_choice(where, f"{self.source}, case {self.case_id}")
        raise InputError(self.source, "is no DICOM", "give a DICOM folder or zip")

    def input_sha256(self) -> str:
        """Hash of the bytes of all input files; their names, their order and a zip around them do not matter.

        Raises:
            InputError: where a file cannot be read.
        """
        digest = hashlib.sha256()
        for name in sorted(self.sequences):
            digest.update(f"{name}\n".encode())
            digest.update("\n".join(sorted(_hashes(_files(self.sequences[name])))).encode())
        return digest.hexdigest()


def open_study(path: Path, *, series_uid: str | None = None, rules: Rules | None = None) -> tuple[Study, ...]:
    """Cases of a DICOM folder or zip (one a study), a NIfTI file, a folder of NIfTI files, or a manifest.

    A bare NIfTI file, and what is chosen of a DICOM study, is the sequence ``stir``.

    Args:
        path: what the user gave.
        series_uid: the DICOM series to read, whatever rules say.
        rules: which DICOM series to read; None for those that come with the package.

    Raises:
        InputError: where the path is missing or none of these, is empty or ambiguous, mixes patients, or two files have
            one case_id.
    """
    if not path.exists():
        raise InputError(path, "does not exist", _REMEDY)
    studies = _open_dicom(path, path, series_uid, rules) if _is_dicom(path) else _open_others(path)
    if series_uid is not None and studies[0].kind != "dicom":
        raise InputError(path, f"is no DICOM, so it has no series {series_uid}", "leave out --series")
    if rules is not None and studies[0].kind != "dicom":
        raise InputError(path, "is no DICOM, so it has no series to choose from", "leave out --rules")
    _check_case_ids(path, studies)
    return studies


def _is_dicom(path: Path) -> bool:
    if path.is_dir():
        return not _nifti_files(path) and any(_is_dicom_below(path))
    is_other = path.name.lower().endswith((".nii.gz", ".nii", ".csv"))
    return not is_other and (zipfile.is_zipfile(path) or is_dicom_file(path))


def _is_dicom_below(folder: Path) -> Iterable[bool]:
    files = (path for path in folder.rglob("*") if path.is_file() and not is_hidden(path.relative_to(folder)))
    return (is_dicom_file(path) for path in files)


def _open_others(path: Path) -> tuple[Study, ...]:
    if path.suffix.lower() == ".csv":
        return tuple(_from_case(path, case) for case in read_manifest(path))
    if path.is_file() and is_nifti_name(path):
        return (_from_nifti(path),)
    if path.is_dir():
        return _open_nifti_folder(path)
    raise InputError(path, "is neither DICOM nor NIfTI nor a manifest", _REMEDY)


def open_dicom_files(
    files: Sequence[Path], source: Path, series_uid: str | None = None, rules: Rules | None = None
) -> tuple[Study, ...]:
    """Cases of DICOM files that were sorted out by somebody else, wherever they lie.

    Args:
        files: at least one.
        source: what errors and results call them.
        series_uid: as in `open_study`.
        rules: as in `open_study`.

    Raises:
        InputError: where a file cannot be read, they are of several patients, or nothing can be chosen.
    """
    return _open_dicom(files, source, series_uid, rules)


def _open_dicom(
    where: Path | Sequence[Path], source: Path, series_uid: str | None, rules: Rules | None
) -> tuple[Study, ...]:
    return tuple(
        Study(
            case_id=case_id_of_study(examination.study_uid),
            patient_id=examination.patient_id or None,
            visit=examination.study_date,
            source=source,
            kind="dicom",
            sequences=MappingProxyType({STIR: examination.choice}),
        )
        for examination in choose_examinations(where, series_uid, rules)
    )


def _open_nifti_folder(folder: Path) -> tuple[Study, ...]:
    files = _nifti_files(folder)
    if not files:
        manifests = ", ".join(sorted(path.name for path in folder.glob("*.csv")))
        problem = f"holds no NIfTI and no DICOM{f', but a table ({manifests})' if manifests else ''}"
        raise InputError(folder, problem, "give the manifest itself" if manifests else _REMEDY)
    for path in sorted(folder.iterdir()):
        if path.is_file() and not is_hidden(path.name) and path not in files and is_dicom_file(path):
            raise InputError(folder, f"holds NIfTI and DICOM files ({path.name})", "give a folder with one of them")
    return tuple(_from_nifti(path) for path in files)


def _nifti_files(folder: Path) -> tuple[Path, ...]:
    # The .img of a pair goes with its .hdr.
    named = (path for path in sorted(folder.iterdir()) if path.is_file() and is_nifti_name(path))
    return tuple(path for path in named if not is_hidden(path.name) and path.suffix.lower() != ".img")


def _from_nifti(path: Path) -> Study:
    return Study(case_id_of(path), None, None, path, "nifti", MappingProxyType({STIR: path}))


def _from_case(manifest: Path, case: Case) -> Study:
    return Study(case.case_id, case.patient_id, case.visit, manifest, "nifti", case.images, named=True)


def _check_case_ids(path: Path, studies: Sequence[Study]) -> None:
    seen: dict[str, Study] = {}
    for study in studies:
        other = seen.setdefault(study.case_id.casefold(), study)  # Windows and macOS folders ignore case
        if other is not study:
            names = f"{other.source.name} and {study.source.name}" if study.source != path else "two rows"
            raise InputError(path, f"{names} both give the case_id {study.case_id}", "rename one of them")


def _check_same_grid(study: Study, volumes: Mapping[str, Volume]) -> None:
    first, *others = volumes
    for name in others:
        grid, other = volumes[first].geometry, volumes[name].geometry
        if not grid.same_grid(other):
            problem = f"sequences {first} {volumes[first]!r} and {name} {volumes[name]!r} lie on different grids"
            remedy = f"resample {name} to the grid of {first}"
            raise InputError(f"{study.source}, case {study.case_id}", problem, remedy)


def _files(where: Path | Choice) -> tuple[DicomFile, ...]:
    if isinstance(where, Choice):
        frames = (frame for stack in where.stacks for repeat in stack.slices for frame in repeat)
        return tuple(sorted({frame.file for frame in frames}))
    pair = {".hdr": ".img", ".img": ".hdr"}.get(where.suffix.lower())
    other = where.with_suffix(pair) if pair else where
    return tuple(DicomFile(path) for path in sorted({where, other}) if path.exists())


def _hashes(files: Iterable[DicomFile]) -> Iterable[str]:
    for _, stream in open_files(files):
        digest = hashlib.sha256()
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
        yield digest.hexdigest()
