"""OpenVINO is imported in one place, where its telemetry is kept out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ALONE = """
import socket, sys
asked = []
def refuse(*arguments, **_):
    asked.append(arguments)
    raise OSError("refused")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
import multiprocessing
multiprocessing.Process.start = refuse
from crmo_seg.inference.openvino_library import openvino
assert openvino.Core().available_devices
assert not [name for name, module in sys.modules.items() if name.startswith("openvino_telemetry") and module]
assert "torch" not in sys.modules
print(asked)
"""


def test_importing_it_sends_nothing_and_leaves_no_file(tmp_path: Path) -> None:
    """In CI it would send nothing anyway, so the variables that say CI are taken away."""
    environment = {key: value for key, value in os.environ.items() if key not in ("CI", "TF_BUILD", "JENKINS_URL")}
    environment |= {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=120, check=False, env=environment
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_nothing_else_of_the_package_imports_it(repository: Path) -> None:
    importing = re.compile(r"^\s*(import openvino\b|from openvino\b)", re.MULTILINE)
    files = {
        path.name: path.read_text(encoding="utf-8").replace("if TYPE_CHECKING:\n    import openvino\n", "")
        for path in (repository / "crmo_seg").rglob("*.py")
    }
    assert [name for name, text in files.items() if importing.search(text)] == ["openvino_library.py"]
