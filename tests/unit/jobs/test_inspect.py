from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from dicom_file_builders import image, save

from crmo_seg.errors import InputError
from crmo_seg.jobs.inspect import NOTHING, inspect_source, table_row, write_usable


def series(folder: Path, number: int, *, patient: str = "Secret", study: str = "1.2.3", repeats: int = 1) -> None:
    """Three coronal slices, measured ``repeats`` times."""
    for index in range(3 * repeats):
        position, repeat = index % 3, index // 3
        dataset = image(
            np.full((4, 5), 10 * repeat + position, np.uint16),
            PatientID=patient,
            PatientName=f"{patient}^Name",
            StudyInstanceUID=study,
            SeriesInstanceUID=f"{study}.{number}",
            SOPInstanceUID=f"{study}.{number}.{index}",
            SeriesNumber=number,
            SeriesDescription="STIR [cor]",
            ScanningSequence=["SE", "IR"],
            RepetitionTime=4500,
            EchoTime=70,
            InversionTime=150,
            AcquisitionNumber=repeat,
            ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
            ImagePositionPatient=[0, 6 * position, 0],
            PixelSpacing=[1.5, 1.25],
        )
        save(dataset, folder / f"{study}.{number}.{index}")


def test_a_row_says_what_lies_there(tmp_path: Path) -> None:
    series(tmp_path, 4, repeats=2)
    (study,) = inspect_source(tmp_path)
    assert table_row(study.stacks[0]) == {
        "series": "4",
        "description": "STIR [cor]",
        "type": "MR",
        "plane": "coronal",
        "matrix": "5 x 4",
        "slices": "3, 2 times",
        "spacing mm": "1.25 x 1.5 x 6",
        "TR / TE / TI ms": "4500 / 70 / 150",
    }
    assert study.verdicts[0].used


def test_what_is_no_volume_has_dashes(tmp_path: Path) -> None:
    save(image(np.zeros((4, 4), np.uint16)), tmp_path / "a")
    (study,) = inspect_source(tmp_path)
    row = table_row(study.stacks[0])
    assert (row["plane"], row["matrix"], row["spacing mm"]) == (NOTHING,) * 3
    assert not study.verdicts[0].used
    assert study.verdicts[0].reason.startswith("has images without position")


def test_patients_are_numbered_and_never_named(tmp_path: Path) -> None:
    series(tmp_path, 4, patient="Secret1", study="1.2.3")
    series(tmp_path, 5, patient="Secret2", study="1.2.4")
    series(tmp_path, 6, patient="Secret2", study="1.2.5")
    studies = inspect_source(tmp_path)
    assert [study.title for study in studies] == [
        "patient 1, 2024-02-29",
        "patient 2, 2024-02-29, examination 1",
        "patient 2, 2024-02-29, examination 2",
    ]
    assert studies[1].folder == "patient-2_2024-02-29_examination_1"
    assert "Secret" not in repr(studies)


def test_volumes_are_written_under_names_that_people_find(tmp_path: Path) -> None:
    series(tmp_path / "in", 4, repeats=2)
    series(tmp_path / "in", 11)
    steps: list[tuple[int, int]] = []
    written, errors = write_usable(inspect_source(tmp_path / "in"), tmp_path / "out", lambda *step: steps.append(step))
    assert errors == ()
    assert [path.name for path in written] == ["0004_STIR_cor.nii.gz", "0011_STIR_cor.nii.gz"]
    assert steps == [(1, 2), (2, 2)]
    voxels = nib.load(written[0])
    assert (voxels.shape, voxels.get_data_dtype()) == ((5, 4, 3, 2), np.float32)
    assert voxels.get_fdata()[0, 0].tolist() == [[0, 10], [1, 11], [2, 12]]


def test_several_examinations_have_a_folder_each(tmp_path: Path) -> None:
    series(tmp_path / "in", 4, patient="a", study="1.2.3")
    series(tmp_path / "in", 4, patient="b", study="1.2.4")
    written, _ = write_usable(inspect_source(tmp_path / "in"), tmp_path / "out")
    assert [str(path.relative_to(tmp_path / "out")) for path in written] == [
        "patient-1_2024-02-29/0004_STIR_cor.nii.gz",
        "patient-2_2024-02-29/0004_STIR_cor.nii.gz",
    ]


def test_series_of_one_name_do_not_replace_each_other(tmp_path: Path) -> None:
    for uid in ("1.2.3", "1.2.3.5"):
        series(tmp_path / "in", 4, study=uid)
    for path in (tmp_path / "in").iterdir():
        assert path.is_file()
    written, _ = write_usable(inspect_source(tmp_path / "in"), tmp_path / "out")
    assert len(set(written)) == 2


def test_one_series_that_cannot_be_decoded_does_not_stop_the_others(tmp_path: Path) -> None:
    series(tmp_path / "in", 4)
    series(tmp_path / "in", 5)
    studies = inspect_source(tmp_path / "in")
    broken = tmp_path / "in" / "1.2.3.4.1"
    broken.write_bytes(broken.read_bytes()[:-20])
    written, errors = write_usable(studies, tmp_path / "out")
    assert [path.name for path in written] == ["0005_STIR_cor.nii.gz"]
    assert len(errors) == 1
    assert str(errors[0]).startswith(f"{broken}: is damaged DICOM")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["0005_STIR_cor.nii.gz"]


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text", encoding="ascii")
    with pytest.raises(InputError, match="holds no DICOM; give a DICOM folder or zip"):
        inspect_source(tmp_path)
