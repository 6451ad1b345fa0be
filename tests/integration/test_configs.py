"""Every YAML file composes, and what it names can be built."""

from pathlib import Path

import numpy as np
import pytest
from builders import make_geometry
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import DictConfig

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import write_nifti
from crmo_seg.network import build_network
from crmo_seg.plan import write_plan
from crmo_seg.plan.files import PLAN_FILE
from crmo_seg.training.app import configs_dir
from crmo_seg.training.planning import choose_plan, fixed_plan, heads_of
from crmo_seg.volume import Volume

GROUPS = sorted(path.relative_to(configs_dir()) for path in configs_dir().glob("*/*.yaml"))


def compose_with(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(configs_dir()), version_base="1.3"):
        return compose("train", overrides=list(overrides))


def _case(folder: Path, config: DictConfig) -> Case:
    """One small study with what the configuration asks for, for what is planned from the data."""
    geometry = make_geometry((60, 20, 80), (2.0, 6.0, 2.0))
    image, label = np.ones(geometry.shape, np.float32), np.zeros(geometry.shape, np.uint8)
    image[10:50, 4:16, 10:70] = 2
    label[20:24, 8:10, 30:34] = 1
    write_nifti(folder / "image.nii.gz", Volume(image, geometry))
    write_nifti(folder / "label.nii.gz", Volume(label, geometry))
    images = dict.fromkeys(config.data.sequences, folder / "image.nii.gz")
    return Case("a", "p", images=images, labels={head.name: folder / "label.nii.gz" for head in heads_of(config)})


@pytest.mark.parametrize("option", GROUPS, ids=str)
def test_every_option_composes_and_instantiates(option: Path, tmp_path: Path) -> None:
    config = compose_with(f"{option.parent}={option.stem}", f"output_dir={tmp_path}")
    plan = choose_plan(config, [_case(tmp_path, config)]).plan
    assert build_network(config.network.network_class, plan).divisors == plan.network.divisors
    instantiate(config.augmentation, heads=[head.name for head in plan.heads], _convert_="all")
    for part in (config.loss, config.optimizer, config.callbacks, config.logger):
        instantiate(part, _convert_="all")


@pytest.mark.parametrize("experiment", sorted(path.stem for path in configs_dir().glob("experiment/*.yaml")))
def test_every_experiment_says_what_it_is_for(experiment: str) -> None:
    text = (configs_dir() / "experiment" / f"{experiment}.yaml").read_text()
    assert f"python train.py experiment={experiment}" in text
    assert compose_with(f"experiment={experiment}").name == experiment


def test_a_planned_training_goes_on_with_its_plan_or_begins_where_there_is_none(tmp_path: Path) -> None:
    same = ("network=planned", f"output_dir={tmp_path}", "resume_from=last", "data.heads=[edema]")
    config = compose_with(*same)
    planned = choose_plan(config, [_case(tmp_path, config)]).planned
    assert planned is not None
    write_plan(tmp_path / PLAN_FILE, planned)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "last.ckpt").touch()
    assert choose_plan(config, []).plan == planned.plan, "no case is looked at"
    for other, message in (("data.heads=[bones]", "the heads edema"), ("data.sequences=[t1]", "the sequences stir")):
        changed = compose_with(
            "network=planned", f"output_dir={tmp_path}", "resume_from=last", "data.heads=[edema]", other
        )
        with pytest.raises(InputError, match=f"plan.yaml: was made for {message}; resume with the same"):
            choose_plan(changed, [])


def test_a_hospital_with_edema_masks_only_overrides_the_heads() -> None:
    plan = fixed_plan(compose_with("experiment=baseline", "data.heads=[edema]", "data.manifest=ours.csv"))
    assert [head.name for head in plan.heads] == ["edema"]


def test_another_head_names_its_classes() -> None:
    plan = fixed_plan(compose_with("data.heads=[{hippocampus:[anterior,posterior]}]"))
    assert plan.heads[0].classes == ("anterior", "posterior")
