"""A real archive on this machine's loopback: Orthanc with DICOMweb, and DCMTK's receiver, both Debian packages."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
PATIENCE_S = 60.0

# What docs/node.md tells a site to put into its Orthanc.
ROUTING = """
function OnStoredInstance(instanceId, tags, metadata, origin)
  if tags['Modality'] == 'MR' then
    SendToModality(instanceId, 'crmo-seg')
  end
end
"""


@dataclass(frozen=True)
class Orthanc:
    """A running archive."""

    url: str

    @property
    def dicomweb(self) -> str:
        return f"{self.url}/dicom-web"

    def upload(self, path: Path) -> None:
        request = urllib.request.Request(f"{self.url}/instances", data=path.read_bytes(), method="POST")
        urllib.request.urlopen(request, timeout=PATIENCE_S).close()

    def ask(self, place: str, accept: str = "application/dicom+json") -> Any:  # noqa: ANN401
        """JSON, or bytes where something else is asked for."""
        request = urllib.request.Request(f"{self.url}{place}", headers={"Accept": accept})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            content = response.read()
        return json.loads(content or b"[]") if accept.endswith("json") else content


@contextmanager
def orthanc_with_receiver(folder: Path, incoming: Path) -> Iterator[Orthanc]:
    """An archive that sends every MR image it gets to a receiver, which writes it into ``incoming``.

    Skips the test where a program is missing.
    """
    program = shutil.which("Orthanc") or shutil.which("Orthanc", path="/usr/sbin")
    receiver = shutil.which("storescp")
    if program is None or receiver is None or not PLUGIN.exists():
        pytest.skip("needs Orthanc and a receiver: apt-get install orthanc orthanc-dicomweb dcmtk")
    web, dicom, receiving = _free_ports(3)
    settings = {
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "HttpPort": web,
        "HttpBindAddresses": ["127.0.0.1"],
        "DicomPort": dicom,
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        "DicomModalities": {"crmo-seg": ["CRMOSEG", "127.0.0.1", receiving]},
        "LuaScripts": [str(folder / "routing.lua")],
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "routing.lua").write_text(ROUTING)
    (folder / "orthanc.json").write_text(json.dumps(settings))
    receive = [receiver, "--fork", "--aetitle", "CRMOSEG", "--output-directory", str(incoming), str(receiving)]
    with ExitStack() as stack:
        for command in (receive, [program, str(folder / "orthanc.json")]):
            stack.enter_context(_running(command, folder / f"{Path(command[0]).name}.log"))
        archive = Orthanc(f"http://127.0.0.1:{web}")
        _wait_for(archive)
        yield archive


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(archive: Orthanc) -> None:
    patience = time.monotonic() + PATIENCE_S
    while True:
        try:
            archive.ask("/system", "application/json")
        except OSError:
            assert time.monotonic() < patience, "Orthanc does not answer"
            time.sleep(0.1)
        else:
            return


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
