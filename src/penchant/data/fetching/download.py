"""Download one file over HTTP: with progress, resumed after a break, verified at the end."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from penchant.data.fetching.cache import checksum
from penchant.data.fetching.http_session import (
    HttpSession,
    RetryPolicy,
    error_message,
    without_secrets,
)
from penchant.data.fetching.transport import time_limit
from penchant.errors import DownloadError
from penchant.run import Run
from penchant.wording import counted

_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 30.0
_MOST_BYTES = 16 << 30  # an answer without end must not fill the disk
_MOST_RATIO, _FREE_BYTES = 200, 100 << 20  # of a compressed answer
_ENCODINGS = ("gzip", "x-gzip", "deflate")
_GZIP_OR_ZLIB = 47
_PIECE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_CHUNK = 1 << 20
_PROGRESS = 1 << 16  # bytes; less from one try is no reason for many more
_SLOWEST = 100  # bytes a second
_MD5_BYTES = 1000


class NotFoundOnServerError(DownloadError):
    """The server answers, and does not have the file."""


class _TransientError(Exception):
    """An error that another try may not meet."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


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
    part = _Part(target)
    try:
        with HttpSession(url, retry or RetryPolicy()) as session:
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(session, url, part, run or Run())
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
    retry, text = retry or RetryPolicy(), b""
    with HttpSession(f"{url}.md5", retry) as session:
        try:
            with session.get({}) as response, time_limit(retry.read):
                if response.status_code != 200:
                    return None
                for chunk in response.iter_raw():
                    text += chunk
                    if len(text) >= _MD5_BYTES:
                        break
        except session.httpx.HTTPError:
            return None
    match = re.search(rb"\b[0-9a-f]{32}\b", text[:_MD5_BYTES])
    return match[0].decode() if match else None


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


def _fetch(session: HttpSession, url: str, part: _Part, run: Run) -> None:
    failures, retry = 0, session.retry
    while True:
        before = part.size
        try:
            return _attempt(session, url, part, run)
        except _TransientError as error:
            reason, pause = str(error), error.pause
        except session.httpx.TransportError as error:
            reason, pause = f"broke off ({error_message(error)})", None
        except (session.httpx.HTTPError, session.httpx.InvalidURL, zlib.error) as error:
            raise _failed(url, f"cannot be fetched ({error_message(error)})") from error
        failures = 1 if part.size >= before + _PROGRESS else failures + 1
        if failures >= retry.attempts:
            raise _failed(url, f"{reason}, {counted(failures, 'time')} in a row")
        wait = retry.pause * 2 ** (failures - 1) if pause is None else pause
        time.sleep(min(wait, _LONGEST_PAUSE))


def _attempt(session: HttpSession, url: str, part: _Part, run: Run) -> None:
    range_headers = part.range_headers(url)
    with session.get(range_headers) as response:
        _check_response(url, response, part)
        headers = response.headers
        encoding = headers.get("content-encoding", "").strip().lower() or "identity"
        if encoding not in ("identity", *_ENCODINGS):
            raise _failed(url, "was sent compressed, although that was not asked for")
        resumed, encoded = response.status_code == 206, encoding != "identity"
        start = part.size if resumed else 0
        total = _total(headers, start, resumed) if not encoded else None
        if resumed and (not range_headers or total is None):
            part.discard()
            raise _TransientError("sent another piece than the one asked for")
        if (total or 0) > _MOST_BYTES:
            raise _failed(url, "is larger than any data set")
        if not resumed:
            part.path.unlink(missing_ok=True)
            part.start(url, None if encoded else _version(headers))
        pace = _Pace(url, 4 * session.retry.read)
        name = part.path.stem
        with part.path.open("ab") as file, run.progress.task(f"Downloading {name}", total) as task:
            task.advance(start)
            for chunk in _decoded(response) if encoded else response.iter_raw():
                file.write(chunk)
                task.advance(len(chunk))
                pace.add(len(chunk))
                allowed = max(_FREE_BYTES, _MOST_RATIO * response.num_bytes_downloaded)
                if file.tell() > (min(allowed, _MOST_BYTES) if encoded else total or _MOST_BYTES):
                    raise _failed(url, "sent more than any data set has")
    if total is not None and part.size != total:
        raise _TransientError(f"sent {part.size} of {total} bytes")


def _total(headers: Any, start: int, resumed: bool) -> int | None:
    """The length of the whole file, where the server names it; a piece has to fit its beginning."""
    if not resumed:
        length: str | None = headers.get("content-length")
        return None if length is None else int(length)  # a number, or httpx would have refused it
    piece = re.fullmatch(
        r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", headers.get("content-range", "")
    )
    if piece is None:
        return None
    first, last, total = map(int, piece.groups())
    return total if first == start and first <= last < total else None


def _decoded(response: Any) -> Iterator[bytes]:
    """Decompress a body in pieces that fit into memory, whatever it unpacks to."""
    decoder = zlib.decompressobj(_GZIP_OR_ZLIB)
    for chunk in response.iter_raw():
        full = True
        while (chunk or full) and not decoder.eof:
            content = decoder.decompress(chunk, _CHUNK)
            yield content
            chunk, full = decoder.unconsumed_tail, len(content) == _CHUNK
        if decoder.unused_data:
            raise zlib.error("something follows the compressed file")
    if not decoder.eof:
        raise _TransientError("sent a compressed file that ends early")


class _Pace:
    """Breaks off what comes so slowly that it would never end."""

    def __init__(self, url: str, seconds: float) -> None:
        self.url, self.seconds = url, seconds
        self.started, self.size = time.monotonic(), 0

    def add(self, size: int) -> None:
        self.size += size
        seconds = time.monotonic() - self.started
        if seconds >= self.seconds:
            if self.size < _SLOWEST * seconds:
                raise _failed(self.url, f"sends less than {_SLOWEST} bytes a second")
            self.started, self.size = time.monotonic(), 0


def _check_response(url: str, response: Any, part: _Part) -> None:
    status = response.status_code
    if status in (404, 410):
        raise NotFoundOnServerError(f"{without_secrets(url)} does not exist there (HTTP {status}).")
    if status == 416:
        part.discard()
        raise _TransientError("has not the rest of the file any more")
    if status in _TRANSIENT_STATUS:
        after = response.headers.get("retry-after", "")
        seconds = float(after) if re.fullmatch(r"[0-9]{1,9}", after) else None
        raise _TransientError(f"answered HTTP {status}", seconds)
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
