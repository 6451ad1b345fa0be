from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from plan_builders import LESION, whole_body

from crmo_seg.errors import InputError
from crmo_seg.plan import BONES_HEAD, Budget, Plan, Planned, planned, read_plan, write_plan


@pytest.fixture
def chosen() -> Planned:
    return planned(whole_body(), Budget.of_size("small", 8), ("stir", "t1"), (LESION, BONES_HEAD))


def test_a_plan_is_read_back_as_it_was(chosen: Planned, tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.yaml", chosen)
    assert read_plan(tmp_path / "plan.yaml") == chosen
    assert [path.name for path in tmp_path.iterdir()] == ["plan.yaml"]


def test_the_reason_stands_above_its_number(chosen: Planned, tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.yaml", chosen)
    lines = (tmp_path / "plan.yaml").read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("  in_plane_spacing_mm:"))
    above = " ".join(line.strip(" #") for line in lines[place - 3 : place])
    assert chosen.reasons["grid.in_plane_spacing_mm"] in above
    assert max(len(line) for line in lines if "#" in line) <= 110


def test_the_file_says_what_a_step_costs(chosen: Planned, tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.yaml", chosen)
    data = yaml.safe_load((tmp_path / "plan.yaml").read_text())
    assert data["estimate"]["step_gflop"] <= 200
    assert data["budget"] == {"memory_gb": 8.0, "base_channels": 16, "step_gflop": 200.0}
    assert Plan.from_dict(data) == chosen.plan


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("batch_size: [", "plan.yaml: is no plan"),
        ("7", "plan.yaml: "),
        ("batch_size: 2", "plan.yaml: plan does not have the expected keys"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "plan.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_plan(tmp_path / "plan.yaml")


def test_a_missing_fingerprint_is_named(chosen: Planned, tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.yaml", chosen)
    data = yaml.safe_load((tmp_path / "plan.yaml").read_text())
    del data["fingerprint"]["extent_mm"]
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(data))
    with pytest.raises(InputError, match="fingerprint does not have the expected keys .*extent_mm.*; plan again"):
        read_plan(tmp_path / "plan.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="plan.yaml: cannot be read"):
        read_plan(tmp_path / "plan.yaml")
