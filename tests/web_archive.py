"""A DICOMweb service that keeps what it is sent in memory, for tests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class WebArchive:
    """What came, and what it answers."""

    status: int = 200
    answer: bytes = b'{"00081198": {"vr": "SQ"}}'
    url: str = ""
    objects: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)


@contextmanager
def web_archive() -> Iterator[WebArchive]:
    """The service on a free port of this machine, as long as the block lasts."""
    archive = WebArchive()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
            # The standard library's reader of multipart, which knows nothing of how the request was made.
            parts = BytesParser().parsebytes(head + body).get_payload()
            archive.objects.extend(part.get_payload(decode=True) for part in parts)
            archive.paths.append(self.path)
            archive.authorizations.append(self.headers.get("Authorization"))
            self.send_response(archive.status)
            self.end_headers()
            self.wfile.write(archive.answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    archive.url = f"http://127.0.0.1:{server.server_port}/dicom-web/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
