"""Download one file over HTTP: with progress, resumed after a break, verified at the end."""

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

_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 30.0
_MOST_BYTES = 16 << 30  # an answer without end must not fill the disk


class NotFoundOnServerError(DownloadError):
    """The server answers, and does not have the file."""


class _TransientError(Exception):
    """An error that another try may not meet."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Time-outs of a request, and how often it is tried again.

    Attributes:
        connect: seconds until a connection stands.
        read: seconds between two pieces of the response.
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
    retry: RetryPolicy | None = None,
) -> None:
    """Fetch `url` to the file `target`, which appears only when it is complete and right.

    What has come in stays in `<target>.part` if the transfer breaks off, and the next call
    goes on from there where the server still has the same file. Transient errors (server
    errors, broken connections, silence) are tried again; a host that cannot be reached is not.

    Args:
        url: an http or https address.
        target: the file to write.
        md5: the expected checksum in hexadecimal; None checks the length only.
        run: where progress is reported to.
        retry: time-outs and number of tries.

    Raises:
        NotFoundOnServerError: the server does not have the file.
        DownloadError: the file could not be fetched or has the wrong checksum.
        MissingExtraError: httpx is not installed.
    """
    httpx = require("httpx", "download")
    part = _Part(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(httpx, url, part, run or Run(), retry or RetryPolicy())
        if md5 is not None and checksum(part.path, "md5") != md5:
            part.discard()
            raise DownloadError(
                f"What {without_secrets(url)} sent has not the published checksum and was removed."
            )
        part.path.replace(target)
        part.state_file.unlink(missing_ok=True)
    except DownloadError:
        raise
    except OSError as error:
        raise DownloadError(f"{target} cannot be written ({error.strerror or error}).") from error


def published_md5(url: str, retry: RetryPolicy | None = None) -> str | None:
    """The checksum in the small file `<url>.md5` beside a file; None where there is none.

    Raises:
        DownloadError: the host cannot be reached.
        MissingExtraError: httpx is not installed.
    """
    httpx = require("httpx", "download")
    retry = retry or RetryPolicy()
    try:
        with _client(httpx, retry) as client:
            response = client.get(f"{url}.md5")
    except _unreachable(httpx) as error:
        raise _failed(url, f"cannot be reached ({_message(error)})") from error
    except httpx.HTTPError:
        return None
    if response.status_code != 200:
        return None
    match = re.search(r"\b[0-9a-f]{32}\b", response.text[:1000])
    return match[0] if match else None


def without_secrets(url: str) -> str:
    """An address without the user and password in it."""
    return re.sub(r"(?<=//)[^/]*@", "", url).partition("?")[0]


class _Part:
    """The unfinished file, and a second one with its address and version."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self.state_file = target.with_name(f"{target.name}.part.json")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.state_file.unlink(missing_ok=True)

    def range_headers(self, url: str) -> dict[str, str]:
        """Headers that ask for the rest, if the server still has the same version."""
        try:
            state = json.loads(self.state_file.read_text())
            same = state["url"] == without_secrets(url) and state["version"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        if not same or not self.size:
            return {}
        return {"Range": f"bytes={self.size}-", "If-Range": str(state["version"])}

    def start(self, url: str, version: str | None) -> None:
        self.state_file.write_text(json.dumps({"url": without_secrets(url), "version": version}))


def _client(httpx: ModuleType, retry: RetryPolicy) -> Any:
    # Compressed transfer would make lengths and ranges mean something else.
    return httpx.Client(
        timeout=httpx.Timeout(retry.read, connect=retry.connect),
        headers={"Accept-Encoding": "identity", "User-Agent": "penchant"},
        follow_redirects=True,
    )


def _fetch(httpx: ModuleType, url: str, part: _Part, run: Run, retry: RetryPolicy) -> None:
    failures = 0
    with _client(httpx, retry) as client:
        while True:
            before = part.size
            try:
                return _attempt(client, url, part, run)
            except _TransientError as error:
                reason, pause = str(error), error.pause
            except httpx.TransportError as error:
                if isinstance(error, _unreachable(httpx)):
                    raise _failed(url, f"cannot be reached ({_message(error)})") from error
                reason, pause = f"broke off ({_message(error)})", None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _failed(url, f"cannot be fetched ({_message(error)})") from error
            failures = 1 if part.size > before else failures + 1
            if failures >= retry.attempts:
                raise _failed(url, f"{reason}, {failures} times in a row")
            wait = retry.pause * 2 ** (failures - 1) if pause is None else pause
            time.sleep(min(wait, _LONGEST_PAUSE))


def _unreachable(httpx: ModuleType) -> tuple[type[Exception], ...]:
    """Errors of hosts that cannot be reached now, and will not be in a second either."""
    return (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.ProxyError,
        httpx.UnsupportedProtocol,
    )


def _attempt(client: Any, url: str, part: _Part, run: Run) -> None:
    range_headers = part.range_headers(url)
    with client.stream("GET", url, headers=range_headers) as response:
        _check_response(url, response, part)
        headers = response.headers
        resumed = response.status_code == 206
        start = part.size if resumed else 0
        piece = headers.get("content-range", "")
        if resumed and not (range_headers and piece.startswith(f"bytes {start}-")):
            part.discard()
            raise _TransientError("sent another piece than the one asked for")
        encoded = headers.get("content-encoding", "identity") != "identity"
        known = "content-length" in headers and not encoded
        total = start + int(headers["content-length"]) if known else None
        if not resumed:
            part.path.unlink(missing_ok=True)
            part.start(url, None if encoded else _version(headers))
        name = part.path.stem
        with part.path.open("ab") as file, run.progress.task(f"Downloading {name}", total) as task:
            task.advance(start)
            for chunk in response.iter_bytes() if encoded else response.iter_raw():
                file.write(chunk)
                task.advance(len(chunk))
                if file.tell() > _MOST_BYTES:
                    raise _failed(url, "sent more than any data set has")
    if total is not None and part.size != total:
        raise _TransientError(f"sent {part.size} of {total} bytes")


def _check_response(url: str, response: Any, part: _Part) -> None:
    status = response.status_code
    if status in (404, 410):
        raise NotFoundOnServerError(f"{without_secrets(url)} does not exist there (HTTP {status}).")
    if status == 416:
        part.discard()
        raise _TransientError("has not the rest of the file any more")
    if status in _TRANSIENT_STATUS:
        after = response.headers.get("retry-after", "")
        raise _TransientError(f"answered HTTP {status}", float(after) if after.isdigit() else None)
    if status not in (200, 206):
        raise _failed(url, f"answered HTTP {status}")
    if response.headers.get("content-type", "").startswith("text/html"):
        # The log-in page of a network, or a server that answers everything with its start page.
        raise _failed(url, "answered with a web page instead of the file")


def _version(headers: Any) -> str | None:
    tag: str | None = headers.get("etag")
    if tag and not tag.startswith("W/"):  # a weak tag says nothing about single bytes
        return tag
    modified: str | None = headers.get("last-modified")
    return modified


def _failed(url: str, reason: str) -> DownloadError:
    return DownloadError(f"{without_secrets(url)} {reason}.")


def _message(error: Exception) -> str:
    return str(error).strip().rstrip(".") or type(error).__name__
