import resource
import signal
from pathlib import Path

import pytest
import torch

from crmo_seg.errors import InputError
from crmo_seg.training.checkpoints import WholeCheckpointIO, checkpoint_to_resume


def test_a_checkpoint_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "last.ckpt"
    WholeCheckpointIO().save_checkpoint({"weights": torch.arange(3)}, path)
    assert torch.equal(torch.load(path)["weights"], torch.arange(3))
    assert [file.name for file in path.parent.iterdir()] == ["last.ckpt"]


def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: writing fails in the same place, half-way."""
    path = tmp_path / "last.ckpt"
    WholeCheckpointIO().save_checkpoint({"weights": torch.zeros(10)}, path)
    old_limit, old_signal = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old_limit[1]))
    try:
        with pytest.raises(InputError, match=r"last.ckpt: could not be written .*; free space on the disk"):
            WholeCheckpointIO().save_checkpoint({"weights": torch.ones(1_000_000)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_signal)
    assert torch.equal(torch.load(path)["weights"], torch.zeros(10))
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def test_where_to_resume_from(tmp_path: Path) -> None:
    assert checkpoint_to_resume(None, tmp_path) is None
    assert checkpoint_to_resume("last", tmp_path) is None
    last = tmp_path / "checkpoints" / "last.ckpt"
    last.parent.mkdir()
    last.write_bytes(b"")
    assert checkpoint_to_resume("last", tmp_path) == last
    assert checkpoint_to_resume(str(last), tmp_path / "elsewhere") == last
    with pytest.raises(InputError, match=r"resume_from: nowhere.ckpt does not exist; give a checkpoint"):
        checkpoint_to_resume("nowhere.ckpt", tmp_path)
