"""Settings as a user writes them: what is read is what was meant, everything else is one clear line."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.errors import InputError
from crmo_seg.phantom.body.settings import BodySettings
from crmo_seg.phantom.edema.settings import EdemaSettings
from crmo_seg.phantom.normal.finding import FINDING_KINDS
from crmo_seg.phantom.normal.settings import NormalSettings
from crmo_seg.phantom.scan.settings import ArtefactSettings, Chance, ScanSettings
from crmo_seg.phantom.settings import PhantomSettings, as_tiny, preset_names, read_preset, settings_from
from crmo_seg.phantom.signal.contrast import ContrastSettings
from crmo_seg.phantom.signal.sequences import SEQUENCE_NAMES

VIEWS = ("coronal_whole_body", "sagittal_spine", "region")
SHARES = st.floats(0, 1)
SHIPPED = tuple(name for name in preset_names() if not name.startswith("exam_"))


def ranges(low: float, high: float) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(st.floats(low, high), st.floats(low, high)).map(lambda pair: (min(pair), max(pair)))


def subsets(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(names), min_size=1, unique=True).map(tuple)


def populations() -> st.SearchStrategy[PhantomSettings]:
    """Each kind of value at least once: numbers, ranges, names, whole numbers, nested settings."""
    artefacts = st.builds(ArtefactSettings, noise=st.builds(Chance, SHARES, ranges(0, 1)), seam_blend=SHARES)
    scan = st.builds(
        ScanSettings,
        coronal_whole_body=st.floats(0.1, 1),
        in_plane_mm=ranges(0.5, 3),
        stations=st.tuples(st.integers(1, 3), st.integers(3, 6)),
        artefacts=artefacts,
    )
    return st.builds(
        PhantomSettings,
        age_years=ranges(3, 17),
        sequences=subsets(SEQUENCE_NAMES),
        body=st.builds(BodySettings, shape=st.floats(0, 3), build=st.floats(0, 3)),
        edema=st.builds(EdemaSettings, lesion_free=SHARES, number_factor=st.floats(0.1, 4)),
        normal=st.builds(NormalSettings, kinds=subsets(FINDING_KINDS[1:])),
        contrast=st.builds(ContrastSettings, mode=st.sampled_from(["physical", "randomised", "mixed"])),
        scan=scan,
    )


def plain(value: object) -> object:
    """As YAML has it: mappings and lists."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def read(folder: Path, text: str) -> PhantomSettings:
    file = folder / "my.yaml"
    file.write_text(text, encoding="utf-8")
    return read_preset(str(file))


@given(population=populations())
@settings(max_examples=40, deadline=None)
def test_settings_written_in_full_are_read_back(population: PhantomSettings) -> None:
    content = plain(dataclasses.asdict(population))
    assert settings_from(PhantomSettings, content, "preset") == population
    with tempfile.TemporaryDirectory() as folder:
        assert read(Path(folder), yaml.safe_dump(content)) == population


def test_what_is_not_named_keeps_its_default(tmp_path: Path) -> None:
    assert read(tmp_path, "") == PhantomSettings()
    changed = read(tmp_path, "scan: {gap: [0, 0.1]}\nage_years: [4, 9]\n")
    defaults = PhantomSettings()
    scan = dataclasses.replace(defaults.scan, gap=(0.0, 0.1))
    assert changed == dataclasses.replace(defaults, age_years=(4.0, 9.0), scan=scan)
    assert all(isinstance(number, float) for number in (*changed.age_years, *changed.scan.gap))


def test_shipped_presets_are_what_their_names_say() -> None:
    assert SHIPPED == ("region", "spine", "training", "training_regions", "training_spines", "whole_body")
    views = {name: read_preset(name).scan.view_shares for name in SHIPPED}
    alone = {name: shares.index(1.0) for name, shares in views.items() if name != "training"}
    assert alone == {"region": 2, "spine": 1, "training_regions": 2, "training_spines": 1, "whole_body": 0}
    assert min(views["training"]) > 0
    modes = {name: read_preset(name).contrast.mode for name in SHIPPED}
    assert {name for name in modes if modes[name] == "mixed"} == {"training", "training_regions", "training_spines"}
    assert {modes[name] for name in ("region", "spine", "whole_body")} == {"physical"}


@pytest.mark.parametrize("name", ["training_regions", "training_spines"])
def test_more_of_one_view_shows_nothing_that_training_does_not(name: str) -> None:
    more, training = read_preset(name), read_preset("training")
    scan = dataclasses.replace(training.scan, **dict(zip(VIEWS, more.scan.view_shares, strict=True)))
    edema = dataclasses.replace(training.edema, number_factor=more.edema.number_factor)
    regions = more.scan.regions if name == "training_spines" else training.scan.regions
    assert more == dataclasses.replace(training, scan=dataclasses.replace(scan, regions=regions), edema=edema)


@pytest.mark.parametrize("name", preset_names())
def test_tiny_changes_the_grid_and_nothing_else(name: str) -> None:
    full = read_preset(name)
    tiny = as_tiny(full)
    assert dataclasses.replace(tiny, scan=full.scan) == full
    assert tiny.scan.view_shares == (1.0, 0.0, 0.0)
    assert (tiny.scan.in_plane_mm, tiny.scan.sub_slice_mm) == ((4.0, 4.0), 8.0)
    assert tiny.scan.artefacts == full.scan.artefacts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "colour: red",
            "preset: has no setting 'colour'; it has: age_years, months_between_visits, sequences, body, edema",
        ),
        ("scan: {views: 3}", "preset.scan: has no setting 'views'; it has: coronal_whole_body"),
        ("1: 2", "preset: has no setting 1; it has: age_years"),
        ("- age_years", "preset: is ['age_years']; write it as names with values"),
        ("contrast:", "preset.contrast: is None; write it as names with values"),
        ("contrast: {strength: high}", "preset.contrast.strength: is 'high'; give a number"),
        ("contrast: {strength: true}", "preset.contrast.strength: is True; give a number"),
        ("contrast: {strength: .nan}", "preset.contrast.strength: is nan; give a number"),
        ("scan: {in_plane_mm: [1, .inf]}", "preset.scan.in_plane_mm: is inf; give a number"),
        ("contrast: {mode: odd}", "preset.contrast.mode: is 'odd'; give one of: physical, randomised, mixed"),
        ("scan: {gap: 0.1}", "preset.scan.gap: is 0.1; give a list of 2"),
        ("scan: {gap: [0.1]}", "preset.scan.gap: is [0.1]; give a list of 2"),
        ("scan: {stations: [1.5, 3]}", "preset.scan.stations: is 1.5; give a whole number"),
        ("scan: {stations: [true, 3]}", "preset.scan.stations: is True; give a whole number"),
        ("sequences: stir", "preset.sequences: is 'stir'; give a list"),
        ("sequences: [1]", "preset.sequences: is 1; give a str"),
        ("scan: {artefacts: {noise: {share: 1}}}", "preset.scan.artefacts.noise: lacks 'amount'; give all of: share"),
        ("scan: {in_plane_mm: [-1, 1]}", "scan settings: in_plane_mm is (-1.0, 1.0); give two numbers above 0"),
        ("scan: {artefacts: {noise: {share: 2, amount: [0, 1]}}}", "scan settings: an artefact has share 2.0"),
        ("edema: {lesion_free: 3}", "lesion_free: is 3.0, no share; give a number from 0 to 1"),
        ("edema: {number_factor: 0}", "number_factor: is 0.0; give a number above 0"),
        ("body: {shape: 4}", "body.shape: is 4.0; give a number from 0 to 3"),
        ("body: {build: -1}", "body.build: is -1.0; give a number from 0 to 3"),
        ("normal: {kinds: [ghost]}", "normal.kinds: has the unknown kind 'ghost'; choose of"),
        ("age_years: [2, 9]", "age_years: is 2 to 9; give ages of 3 to 17 years, rising"),
        ("age_years: [9, 4]", "age_years: is 9 to 4; give ages of 3 to 17 years, rising"),
        ("months_between_visits: [0, 4]", "months_between_visits: is (0.0, 4.0); give two numbers, rising"),
        ("sequences: []", "sequences: is empty; give each once, of: stir, t1, t2_dixon_water"),
        ("sequences: [stir, stir]", "sequences: is stir, stir; give each once"),
        ("sequences: [stir, flair]", "sequences: is stir, flair; give each once"),
        ("a: [", "is no YAML (while parsing a flow node); mend it"),
        ("a: !!python/object:os.system {}", "is no YAML (could not determine a constructor"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_that_names_the_file(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    line = str(caught.value)
    assert line.startswith(f"{tmp_path / 'my.yaml'}: ")
    assert message in line
    assert "\n" not in line


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "my.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match=r"my\.yml: is no YAML \('utf-8' codec can't decode"):
        read_preset(str(tmp_path / "my.yml"))


@pytest.mark.parametrize("name", ["hard", "absent.yaml", "folder.yaml", ""])
def test_a_preset_that_is_not_there(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder.yaml").mkdir()
    remedy = (
        "give a YAML file that exists, or one of: region, spine, training, training_regions, training_spines, "
        "whole_body, plain, or a family of the exam"
    )
    with pytest.raises(InputError) as caught:
        read_preset(name)
    assert str(caught.value) == f"preset {name!r}: is not known; {remedy}"
