"""BIDS data sets: what the manifest says, and what is said where one is ambiguous or broken."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest
from bids_builders import MASKS, image_path, label_path, write, write_bids

from crmo_seg.cases import read_manifest
from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.bids import BidsOptions
from crmo_seg.jobs.dataset.import_bids import import_bids
from crmo_seg.jobs.dataset.import_data import Imported
from crmo_seg.plan import EDEMA_HEAD, Head


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_bids(tmp_path / "cno")


def imported(root: Path, *heads: str, sequences: tuple[str, ...] = (), **options: object) -> Imported:
    return import_bids(root, root.parent / "m.csv", BidsOptions(heads, sequences=sequences, **options))  # type: ignore[arg-type]


def test_a_session_becomes_a_case(root: Path) -> None:
    before = sorted(root.rglob("*"))
    found = imported(root)
    assert sorted(root.rglob("*")) == before
    assert (found.sequences, found.heads, found.notes) == (("stir", "t1"), (EDEMA_HEAD,), ())
    cases = read_manifest(root.parent / "m.csv")
    assert [(case.case_id, case.patient_id, case.visit) for case in cases] == [
        ("sub-01_ses-1", "sub-01", "1911-03-04"),
        ("sub-01_ses-2", "sub-01", "1911-09-20"),
        ("sub-02_ses-1", "sub-02", None),
    ]
    assert {name: path.resolve() for name, path in cases[1].images.items()} == {
        "stir": image_path(root, 1, "acq-stir_T2w"),
        "t1": image_path(root, 1, "T1w"),
    }
    assert cases[2].labels["edema"].resolve() == label_path(root, 2, "label-edema_mask")
    assert str(root.parent) not in (root.parent / "m.csv").read_text()


def test_sessions_may_be_left_out_and_labels_may_lie_beside_the_images(tmp_path: Path) -> None:
    folder = tmp_path / "d" / "sub-7" / "anat"
    for kind in ("T2w", "label-edema_mask", "probseg", "defacemask", "space-MNI_T1w"):
        write(folder / f"sub-7_{kind}.nii", "")
    write(folder / "sub-7_T2w.json", "{}")
    (case,) = imported(tmp_path / "d").cases
    assert (case.case_id, dict(case.images)) == ("sub-7", {"t2": folder / "sub-7_T2w.nii"})
    assert dict(case.labels) == {"edema": folder / "sub-7_label-edema_mask.nii"}


def test_the_next_commands_are_taken_by_a_shell_as_they_are(root: Path) -> None:
    shutil.copytree(root / MASKS, root / "derivatives" / "atlas reader")
    for path in (root / "derivatives" / "atlas reader").rglob("*.nii.gz"):
        path.rename(path.with_name(path.name.replace("label-edema_mask", "seg-leg_dseg")))
    write(root / "derivatives" / "atlas reader" / "dseg.tsv", "index\tname\n1\tfemur\n2\ttibia\n")
    image_path(root, 0, "T1w").unlink()
    first, note, _, check, train = imported(root).lines()
    assert first.endswith("m.csv: image_stir, image_t1, label_edema (1 edema), label_leg (1 femur, 2 tibia)")
    assert note == "image_t1: 2 of 3 cases have it"
    assert shlex.split(check)[4:] == ["--head", "edema", "--head", "leg=femur,tibia"]
    assert shlex.split(train)[3:] == [
        "data.sequences=[stir]",
        "data.heads=[edema, {leg: [femur, tibia]}]",
        "output_dir=outputs/edema",
    ]


def test_images_alone_can_be_predicted(root: Path) -> None:
    shutil.rmtree(root / "derivatives")
    lines = imported(root).lines()
    assert "no label: no *_mask or *_dseg was found; give their folder with --derivatives" in lines
    assert lines[-1].startswith("  crmo-seg predict ")


def test_one_label_can_be_given_another_name(tmp_path: Path) -> None:
    root = write_bids(tmp_path / "cno", label="label-L_desc-reader1_mask")
    assert imported(root).heads == (Head("lesion", ("lesion",)),)
    assert imported(root, "edema").heads == (EDEMA_HEAD,)
    assert imported(root, "edema=label-L").heads == (EDEMA_HEAD,)


def test_values_can_be_named_by_the_user(tmp_path: Path) -> None:
    root = write_bids(tmp_path / "cno", label="seg-leg_dseg")
    with pytest.raises(InputError, match=r"seg-leg_dseg\.nii\.gz: has no table that names its values; add a dseg\.tsv"):
        imported(root)
    assert not (tmp_path / "m.csv").exists()
    assert imported(root, classes=("Femur", "Tibia")).heads == (Head("leg", ("femur", "tibia")),)
    with pytest.raises(InputError, match="--head: is bones, whose files hold"):
        imported(root, "bones", classes=("Femur", "Tibia"))
    shutil.rmtree(root / "derivatives")
    with pytest.raises(InputError, match="--labels: names the values of one label, found are none"):
        imported(root, classes=("Femur",))


def test_two_images_of_one_sequence_are_named_and_can_be_chosen(root: Path) -> None:
    shutil.copy(image_path(root, 1, "acq-stir_T2w"), image_path(root, 1, "acq-stir_run-2_T2w"))
    message = (
        r"^sub-01/ses-2/anat/sub-01_ses-2_acq-stir_T2w\.nii\.gz: and "
        r"sub-01/ses-2/anat/sub-01_ses-2_acq-stir_run-2_T2w\.nii\.gz are both stir of sub-01_ses-2; "
        r"choose with --sequence stir=run-2_T2w$"
    )
    with pytest.raises(InputError, match=message):
        imported(root)
    found = imported(root, sequences=("stir=run-2_T2w", "stir=acq-stir_T2w"))
    assert [case.images["stir"].name.count("run-2") for case in found.cases] == [0, 1, 0]
    assert found.sequences == ("stir",)
    found = imported(root, sequences=("stir=run-2_T2w",))
    assert [case.case_id for case in found.cases] == ["sub-01_ses-2"]
    assert "left out: 2 cases without these sequences, the first sub-01_ses-1" in found.notes


def test_stations_are_to_be_joined(root: Path) -> None:
    for number in (1, 2, 3):
        shutil.copy(image_path(root, 0, "T1w"), image_path(root, 0, f"chunk-{number}_T1w"))
    image_path(root, 0, "T1w").unlink()
    with pytest.raises(InputError, match=r"and 1 more are both t1 .*; or join the stations into one image"):
        imported(root)


def test_two_readers_are_named_and_one_can_be_chosen(root: Path) -> None:
    shutil.copytree(root / MASKS, root / "derivatives" / "reader2")
    message = (
        r"^derivatives/reader1/sub-01/ses-1/anat/\S+: and derivatives/reader2/sub-01/ses-1/anat/\S+ are both edema of "
        r"sub-01_ses-1; choose one folder with --derivatives$"
    )
    with pytest.raises(InputError, match=message):
        imported(root)
    found = imported(root, derivatives=root / "derivatives" / "reader2")
    assert all("reader2" in str(case.labels["edema"]) for case in found.cases)


def test_labels_in_another_space_are_left_out_and_told(root: Path) -> None:
    for number in range(2):
        path = label_path(root, number, "label-edema_mask")
        path.rename(path.with_name(path.name.replace("label", f"space-{('MNI', 'orig')[number]}_label")))
    notes = imported(root).notes
    assert notes[0] == "label_edema: 2 of 3 cases have it"
    assert notes[1] == "left out: 1 labels in another space, the first sub-01_ses-1_space-MNI_label-edema_mask.nii.gz"


def test_kinds_of_label_that_do_not_agree_are_refused(root: Path) -> None:
    path = label_path(root, 1, "label-edema_mask")
    path.rename(path.with_name(path.name.replace("label-edema_mask", "seg-edema_dseg")))
    write(root / MASKS / "dseg.tsv", "index\tname\n1\tmild\n2\tsevere\n")
    with pytest.raises(
        InputError, match=r"edema_dseg\.nii\.gz: has the values mild, severe, .*edema_mask\.nii\.gz has"
    ):
        imported(root)


@pytest.mark.parametrize(
    ("heads", "sequences", "message"),
    [
        (("a", "b"), (), "--head: a fits no label of .*; found are edema"),
        (("a=label-x",), (), "--head: a fits no label"),
        ((), ("stir=acq-tirm",), r"--sequence: stir fits none of the 6 images of .*; found are T1w, acq-stir_T2w"),
        ((), ("stir",), "--sequence: is 'stir'; write NAME=ENTITIES"),
    ],
)
def test_a_choice_that_fits_nothing_is_refused(
    root: Path, heads: tuple[str, ...], sequences: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        imported(root, *heads, sequences=sequences)


def test_what_is_no_data_set_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no folder sub-\*; give the folder of a BIDS data set"):
        imported(root / "sub-01")
    (tmp_path / "empty" / "sub-1" / "func").mkdir(parents=True)
    with pytest.raises(InputError, match=r"has no image in sub-\*/anat"):
        imported(tmp_path / "empty")
    with pytest.raises(InputError, match=r"--derivatives: .*none is no folder"):
        imported(root, derivatives=tmp_path / "none")


def test_broken_trees_are_refused_by_file(root: Path) -> None:
    lonely = label_path(root, 0, "label-edema_mask")
    lonely = write(lonely.parents[3] / "sub-09" / "anat" / "sub-09_label-edema_mask.nii.gz", "")
    with pytest.raises(
        InputError, match=r"sub-09_label-edema_mask\.nii\.gz: is a label without an image \(1 of them\)"
    ):
        imported(root)
    shutil.rmtree(lonely.parents[1])
    moved = image_path(root, 0, "T1w").rename(image_path(root, 2, "T1w").with_name("sub-01_ses-1_T1w.nii.gz"))
    with pytest.raises(InputError, match="is named sub-01_ses-1 in the folder of sub-02_ses-1; name it as its folder"):
        imported(root)
    moved.rename(moved.with_name("knee.nii.gz"))
    with pytest.raises(InputError, match=r"knee\.nii\.gz: has no name of BIDS; name it sub-LABEL"):
        imported(root)


def test_links_of_datalad_to_files_that_were_not_fetched_are_refused(root: Path) -> None:
    image = image_path(root, 0, "T1w")
    image.unlink()
    image.symlink_to(root / ".git" / "annex" / "objects" / "MD5E-s1.nii.gz")
    with pytest.raises(
        InputError, match=r"T1w\.nii\.gz: is a link to a file that is not there \(1 of 9 files\); fetch"
    ):
        imported(root)
