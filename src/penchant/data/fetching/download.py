"""Fetching one file over HTTP: with progress, resumed after a break, checked at the end."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from penchant.data.fetching.cache import checksum
from penchant.errors import DownloadError, require
from penchant.run import Run

_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 30.0
_LARGEST = 16 << 30  # an answer without end must not fill the disk


class NotThereError(DownloadError):
    """The server answers, and does not have the file."""


class _PassingError(Exception):
    """Worth another try."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait for a server.

    Attributes:
        connect: seconds until a connection stands.
        read: seconds between two pieces of the answer.
        attempts: tries in a row that bring nothing new.
        pause: seconds before the second try; doubled before each further one.
    """

    connect: float = 10.0
    read: float = 30.0
    attempts: int = 4
    pause: float = 1.0


def download(
    url: str,
    target: Path,
    *,
    md5: str | None = None,
    run: Run | None = None,
    patience: Patience | None = None,
) -> None:
    """Fetch `url` to the file `target`, which appears only when it is complete and right.

    What has come in stays in `<target>.part` if the transfer breaks off, and the next call
    goes on from there where the server still has the same file. Passing errors (server
    errors, broken connections, silence) are tried again; a host that cannot be reached is not.

    Args:
        url: an http or https address.
        target: the file to write.
        md5: the expected checksum in hexadecimal; None checks the length only.
        run: where progress is reported to.
        patience: time-outs and number of tries.

    Raises:
        NotThereError: the server does not have the file.
        DownloadError: the file could not be fetched or has the wrong checksum.
        MissingExtraError: httpx is not installed.
    """
    httpx = require("httpx", "download")
    part = _Part(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(httpx, url, part, run or Run(), patience or Patience())
        if md5 is not None and checksum(part.path, "md5") != md5:
            part.discard()
            raise DownloadError(
                f"What {shown(url)} sent has not the published checksum and was removed."
            )
        part.path.replace(target)
        part.note.unlink(missing_ok=True)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(f"{target} cannot be written ({error.strerror or error}).") from error


def published_md5(url: str, patience: Patience | None = None) -> str | None:
    """The checksum in the small file `<url>.md5` beside a file; None where there is none.

    Raises:
        DownloadError: the host cannot be reached.
        MissingExtraError: httpx is not installed.
    """
    httpx = require("httpx", "download")
    patience = patience or Patience()
    try:
        with _client(httpx, patience) as client:
            answer = client.get(f"{url}.md5")
    except _unreachable(httpx) as error:
        raise _failed(url, f"cannot be reached ({_why(error)})") from error
    except httpx.HTTPError:
        return None
    if answer.status_code != 200:
        return None
    found = re.search(r"\b[0-9a-f]{32}\b", answer.text[:1000])
    return found[0] if found else None


def shown(url: str) -> str:
    """An address without the user and password in it."""
    return re.sub(r"(?<=//)[^/]*@", "", url).partition("?")[0]


class _Part:
    """The unfinished file, and a note of which version of which address it is a part of."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self.note = target.with_name(f"{target.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def range_headers(self, url: str) -> dict[str, str]:
        """What asks the server for the rest, if it still has the file this is a part of."""
        try:
            noted = json.loads(self.note.read_text())
            same = noted["url"] == shown(url) and noted["version"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        if not same or not self.size:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": str(noted["version"])}

    def begin(self, url: str, version: str | None) -> None:
        self.note.write_text(json.dumps({"url": shown(url), "version": version}))


def _client(httpx: ModuleType, patience: Patience) -> Any:
    # Compressed transfer would make lengths and ranges mean something else.
    return httpx.Client(
        timeout=httpx.Timeout(patience.read, connect=patience.connect),
        headers={"Accept-Encoding": "identity", "User-Agent": "penchant"},
        follow_redirects=True,
    )


def _fetch(httpx: ModuleType, url: str, part: _Part, run: Run, patience: Patience) -> None:
    failures = 0
    with _client(httpx, patience) as client:
        while True:
            before = part.size
            try:
                return _attempt(client, url, part, run)
            except _PassingError as error:
                reason, pause = str(error), error.pause
            except httpx.TransportError as error:
                if isinstance(error, _unreachable(httpx)):
                    raise _failed(url, f"cannot be reached ({_why(error)})") from error
                reason, pause = f"broke off ({_why(error)})", None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _failed(url, f"cannot be fetched ({_why(error)})") from error
            failures = 1 if part.size > before else failures + 1
            if failures >= patience.attempts:
                raise _failed(url, f"{reason}, {failures} times in a row")
            wait = patience.pause * 2 ** (failures - 1) if pause is None else pause
            time.sleep(min(wait, _LONGEST_PAUSE))


def _unreachable(httpx: ModuleType) -> tuple[type[Exception], ...]:
    """What cannot be reached now will not be in a second either."""
    return (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    )


def _attempt(client: Any, url: str, part: _Part, run: Run) -> None:
    asked = part.range_headers(url)
    with client.stream("GET", url, headers=asked) as answer:
        _refuse(url, answer, part)
        headers = answer.headers
        resumed = answer.status_code == 206
        start = part.size if resumed else 0
        piece = headers.get("content-range", "")
        if resumed and not (asked and piece.startswith(f"bytes {start}-")):
            part.discard()
            raise _PassingError("sent another piece than the one asked for")
        encoded = headers.get("content-encoding", "identity") != "identity"
        known = "content-length" in headers and not encoded
        total = start + int(headers["content-length"]) if known else None
        if not resumed:
            part.path.unlink(missing_ok=True)
            part.begin(url, None if encoded else _version(headers))
        name = part.path.stem
        with part.path.open("ab") as file, run.progress.task(f"Downloading {name}", total) as task:
            task.advance(start)
            for chunk in answer.iter_bytes() if encoded else answer.iter_raw():
                file.write(chunk)
                task.advance(len(chunk))
                if file.tell() > _LARGEST:
                    raise _failed(url, "sent more than any data set has")
    if total is not None and part.size != total:
        raise _PassingError(f"sent {part.size} of {total} bytes")


def _refuse(url: str, answer: Any, part: _Part) -> None:
    status = answer.status_code
    if status in (404, 410):
        raise NotThereError(f"{shown(url)} does not exist there (HTTP {status}).")
    if status == 416:
        part.discard()
        raise _PassingError("has not the rest of the file any more")
    if status in _PASSING:
        after = answer.headers.get("retry-after", "")
        raise _PassingError(f"answered HTTP {status}", float(after) if after.isdigit() else None)
    if status not in (200, 206):
        raise _failed(url, f"answered HTTP {status}")
    if answer.headers.get("content-type", "").startswith("text/html"):
        # The log-in page of a network, or a server that answers everything with its start page.
        raise _failed(url, "answered with a web page instead of the file")


def _version(headers: Any) -> str | None:
    tag: str | None = headers.get("etag")
    if tag and not tag.startswith("W/"):  # a weak tag says nothing about single bytes
        return tag
    modified: str | None = headers.get("last-modified")
    return modified


def _failed(url: str, reason: str) -> DownloadError:
    return DownloadError(f"{shown(url)} {reason}.")


def _why(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
