from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from crmo_seg.errors import InputError
from crmo_seg.jobs.node.lock import only_one

HOLD = """
import sys
from pathlib import Path
from crmo_seg.jobs.node.lock import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_kept_out_until_this_one_ends_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "queue" / ".lock"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"held"
        with pytest.raises(InputError, match="queue: is in the hands of another node; stop that one"), only_one(path):
            pass
        other.kill()
    with only_one(path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file.*could not be written"), only_one(tmp_path / "file" / ".lock"):
        pass
