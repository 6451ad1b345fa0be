"""A headless Chromium for tests of pages, driven by the DevTools protocol over a WebSocket."""

from __future__ import annotations

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

SOFTWARE_WEBGL = ("--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
NO_WEBGL = ("--disable-gpu", "--disable-3d-apis")
_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
_LONGEST_WAIT_S = 90.0


def chromium_program() -> str:
    """The browser, or a skipped test."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("needs Chromium; on Debian: apt-get install chromium")
    return found


class Page:
    """One open page; every call waits for its answer.

    Attributes:
        requests: URLs that the page asked for, its own among them.
        complaints: errors and warnings of its console, breaches of its policy among them.
    """

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._address = address
        self._number = 0
        self.requests: list[str] = []
        self.complaints: list[str] = []

    def __enter__(self) -> Page:
        self._socket = self._loop.run_until_complete(self._connected())
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._loop.close()

    def send(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - what JSON holds
        """The answer to one command."""
        return self._loop.run_until_complete(asyncio.wait_for(self._send(method, parameters), _LONGEST_WAIT_S))

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - what JSON holds
        """The value of an expression, awaited where it is a promise."""
        answer = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def open(self, path: Path) -> None:
        """Load a file, to the end of its scripts."""
        self.send("Page.navigate", url=path.resolve().as_uri())
        self.wait_for("document.readyState == 'complete'")

    def wait_for(self, condition: str) -> None:
        """Until an expression is true.

        Raises:
            AssertionError: where it does not become so.
        """

        async def poll() -> None:
            while True:
                answer = await self._send("Runtime.evaluate", {"expression": f"Boolean({condition})"})
                if answer["result"].get("value"):
                    return
                await asyncio.sleep(0.1)

        try:
            self._loop.run_until_complete(asyncio.wait_for(poll(), _LONGEST_WAIT_S))
        except TimeoutError:
            raise AssertionError(f"never: {condition}; the console says {self.complaints}") from None

    def resize(self, width: int, height: int, *, dark: bool = False) -> None:
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, *, whole: bool = False) -> bytes:
        """PNG of what is seen, or of the whole page."""
        return base64.b64decode(self.send("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    async def _send(self, method: str, parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - what JSON holds
        self._number += 1
        await self._socket.write_message(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(await self._socket.read_message())
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        method, details = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(details["request"]["url"])
        elif method == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            self.complaints.append(details["entry"]["text"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(details["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning"):
            self.complaints.append(" ".join(str(one.get("value", "")) for one in details["args"]))

    async def _connected(self) -> Any:  # noqa: ANN401 - tornado is untyped
        from tornado.websocket import websocket_connect

        return await websocket_connect(self._address, max_message_size=2**28)


@contextmanager
def opened_browser(*flags: str) -> Iterator[Page]:
    """A blank page of a fresh browser, which ends with the block."""
    program = chromium_program()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [program, "--headless=new", "--no-sandbox", "--hide-scrollbars", "--no-first-run", *flags]
        words += ["--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank"]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with Page(_page_address(Path(profile) / "DevToolsActivePort")) as page:
                yield page
        finally:
            process.terminate()
            process.wait(timeout=30)


def _page_address(port_file: Path) -> str:
    deadline = time.monotonic() + _LONGEST_WAIT_S
    while not port_file.exists() or not port_file.read_text(encoding="ascii").strip():
        assert time.monotonic() < deadline, "Chromium did not start"
        time.sleep(0.1)
    port = port_file.read_text(encoding="ascii").split()[0]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=_LONGEST_WAIT_S) as answer:
        return str(next(one["webSocketDebuggerUrl"] for one in json.load(answer) if one["type"] == "page"))
