"""Sending DICOM files to a DICOMweb service by STOW-RS (PS3.18 10.5), with the standard library alone."""

from __future__ import annotations

import http.client
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from crmo_seg.errors import InputError

_TIMEOUT_S: Final = 120.0
_FAILED_SOP_SEQUENCE: Final = "00081198"
_REMEDY: Final = "check the address, the rights there and what the service logs"


def store_over_web(files: Iterable[Path], url: str, authorization: str | None = None) -> int:
    """Store files, one request each. An archive keeps an object once, however often it is sent.

    Args:
        files: DICOM files.
        url: root of the service, such as ``http://127.0.0.1:8042/dicom-web``.
        authorization: value of the header ``Authorization``.

    Returns:
        How many were stored.

    Raises:
        InputError: where the service is not there, or does not take a file.
    """
    count = 0
    for path in files:
        _check_stored(url, _answer(_request(path, url, authorization), url))
        count += 1
    return count


def multipart(content: bytes, boundary: str) -> bytes:
    r"""The body of a request with one file, PS3.18 8.6.1.2.

    >>> multipart(b"DICM", "x")
    b'--x\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n--x--\r\n'
    """
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n"
    return head.encode("ascii") + content + f"\r\n--{boundary}--\r\n".encode("ascii")


def refused_objects(answer: Mapping[str, object]) -> int:
    """How many objects a service says that it did not store; an empty sequence is none (PS3.18 10.5.3.2).

    >>> refused_objects({"00081198": {"vr": "SQ"}}), refused_objects({"00081198": {"vr": "SQ", "Value": [{}]}})
    (0, 1)
    """
    sequence = answer.get(_FAILED_SOP_SEQUENCE)
    value = sequence.get("Value", []) if isinstance(sequence, dict) else []
    return len(value) if isinstance(value, list) else 0


def _request(path: Path, url: str, authorization: str | None) -> urllib.request.Request:
    boundary = secrets.token_hex(16)  # 128 random bits do not occur in the file
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        "Accept": "application/dicom+json",
        **({"Authorization": authorization} if authorization else {}),
    }
    body = multipart(path.read_bytes(), boundary)
    return urllib.request.Request(f"{url.rstrip('/')}/studies", data=body, headers=headers, method="POST")


def _answer(request: urllib.request.Request, url: str) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as response:
            content: bytes = response.read()
            return content
    except urllib.error.HTTPError as error:
        with error:
            raise InputError(url, f"answers {error.code} {error.reason}", _REMEDY) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise InputError(url, f"takes nothing ({reason})", _REMEDY) from error


def _check_stored(url: str, answer: bytes) -> None:
    try:
        found = json.loads(answer or b"{}")
    except ValueError:
        return  # some services answer with XML, whatever is asked for; the status was good
    if isinstance(found, dict) and refused_objects(found):
        raise InputError(url, "refuses an object", _REMEDY)
