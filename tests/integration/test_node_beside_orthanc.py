"""The chain of docs/node.md with a real archive: a study goes in, results come back and are shown over DICOMweb."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from node_builders import case_of, write_study
from orthanc import PATIENCE_S, Orthanc, orthanc_with_receiver
from stub_model import Finished, write_model

Command = Callable[..., Finished]

SEG = "1.2.840.10008.5.1.4.1.1.66.4"
SLICES = 8


def objects(archive: Orthanc, study_uid: str) -> dict[str, list[str]]:
    """SOPInstanceUIDs in the archive by modality, by QIDO-RS."""
    found: dict[str, list[str]] = {}
    for each in archive.ask(f"/dicom-web/studies/{study_uid}/instances?includefield=00080060"):
        found.setdefault(each["00080060"]["Value"][0], []).append(each["00080018"]["Value"][0])
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    patience = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.1)


@pytest.mark.slow  # needs Debian packages
def test_a_study_goes_in_and_results_come_back(crmo_seg: Command, tmp_path: Path) -> None:
    incoming, out = tmp_path / "in", tmp_path / "out"
    (tmp_path / "orthanc").mkdir()
    incoming.mkdir()
    model = write_model(tmp_path / "model", edema_logit=9.0)  # edema everywhere
    images = write_study(tmp_path / "made")
    study_uid = str(pydicom.dcmread(images[0]).StudyInstanceUID)
    with orthanc_with_receiver(tmp_path / "orthanc", incoming) as archive:
        for path in images:
            archive.upload(path)
        wait_until(lambda: len(list(incoming.iterdir())) == SLICES)
        (tmp_path / "node.yaml").write_text(f"quiet_s: 2\npoll_s: 0.5\nresults_to: {{url: {archive.dicomweb}}}\n")
        words = ("node", "--in", incoming, "--out", out, "--model", model, "--settings", tmp_path / "node.yaml")
        done = crmo_seg(*words, "--once")
        assert done.code == 0, done.err
        written = [pydicom.dcmread(path) for path in (out / case_of(0) / "dicom").iterdir()]
        found = objects(archive, study_uid)
        assert {modality: len(uids) for modality, uids in found.items()} == modalities_of(images, written)

        segmentation = shown(archive, study_uid, found["SEG"][0])
        assert segmentation.SOPClassUID == SEG
        (written_seg,) = (each for each in written if each.Modality == "SEG")
        assert segmentation.PixelData == written_seg.PixelData
        report = shown(archive, study_uid, found["SR"][0])
        assert report.ContentSequence
        metadata = archive.ask(f"/dicom-web/studies/{study_uid}/metadata")
        assert len({each["0020000D"]["Value"][0] for each in metadata}) == 1

        time.sleep(1)  # whatever the archive sends on by now
        assert crmo_seg(*words, "--once").code == 0
        assert objects(archive, study_uid) == found  # nothing double
        assert (out / "node.log").read_text().count("finished in") == 1


def modalities_of(images: tuple[Path, ...], written: list[pydicom.Dataset]) -> dict[str, int]:
    names = ["MR" for _ in images] + [each.Modality for each in written]
    return {name: names.count(name) for name in names}


def shown(archive: Orthanc, study_uid: str, instance_uid: str) -> pydicom.Dataset:
    """An object as a viewer gets it, by WADO-RS."""
    (entry,) = archive.ask(f"/dicom-web/studies/{study_uid}/instances?00080018={instance_uid}")
    series_uid = entry["0020000E"]["Value"][0]
    place = f"/dicom-web/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}"
    answer = archive.ask(place, 'multipart/related; type="application/dicom"')
    content = answer.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
    return pydicom.dcmread(io.BytesIO(content))
