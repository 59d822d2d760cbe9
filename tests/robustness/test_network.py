"""Hostile servers and addresses: refused in one sentence, in bounded time and size."""

from __future__ import annotations

import gzip
import hashlib
import io
import ipaddress
import time
import zlib
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from penchant.data.fetching import download as downloads
from penchant.data.fetching.download import download, published_md5
from penchant.data.fetching.host_rules import HostRefusedError, HostResolver, is_public
from penchant.data.fetching.http_session import RetryPolicy
from penchant.data.images import CrawlPolicy, fetch_images
from penchant.errors import DownloadError
from support.fuzzing import generator, one_sentence, tally, tries
from support.hostile_server import Again, Answer, HostileServer, head, hostile_server, respond

QUICK = RetryPolicy(connect=0.2, read=0.1, attempts=2, pause=0.0)
CONTENT = bytes(range(256)) * 300
SECONDS = 5.0  # that one try may take: far more than its time-outs, far less than for ever
LARGEST = 2 << 20


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(downloads, "_MOST_BYTES", LARGEST)
    monkeypatch.setattr(downloads, "_FREE_BYTES", LARGEST // 2)


@pytest.fixture
def server():
    with hostile_server() as running:
        yield running


def picture() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (40, 30, 3)).astype(np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def zipped_twice(content: bytes) -> bytes:
    return gzip.compress(gzip.compress(content))


ODD_HEADERS = (
    "Content-Length: 5", "Content-Length: -1", "Content-Length: 1e3", "Content-Length: " + "9" * 30,
    "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Content-Encoding: gzip",
    "Content-Encoding: gzip, gzip", "Content-Encoding: br", "Content-Encoding: zstd",
    "Content-Range: bytes 0-9/10", "Content-Range: bytes 5-1/0", "Content-Range: pages 1-2/3",
    "Content-Range: bytes 0-99999999999999999999/*", "Retry-After: ²", "Retry-After: -5",
    "Retry-After: " + "9" * 400, "ETag: \x00", 'ETag: "' + "x" * 9000 + '"', "Location: ",
    "Location: http://[::1", "Location: //", "Location: file:///etc/passwd", "Location: ?",
    "Location: http://xn--/", "Location: http://0x7f.1:1/", "Location: http://\xff\xfe/",
    "Location: http://127.0.0.1:99999/", "Content-Type: text/html", "Content-Type: \xe9",
    ": nothing", "No colon", "Folded: a\r\n b", "Set-Cookie: a=b; Domain=.", "Last-Modified: never",
)  # fmt: skip
STATUSES = (
    "200 OK", "200", "206 Partial Content", "204 No Content", "301 Moved", "302 Found", "304 Not",
    "308 P", "401 U", "404 No", "416 Range", "429 Busy", "500 E", "503 B", "099 ?", "999 ?",
    "2000 ?", "abc ?",
)  # fmt: skip


def odd_answer(rng: np.random.Generator, content: bytes) -> Answer:
    """A damaged or lying answer, decided by the generator."""
    how = rng.integers(0, 12)
    if how == 0:  # what is no HTTP
        return [rng.bytes(int(rng.integers(0, 3000)))]
    if how == 1:  # a header that never ends, byte by byte or all at once
        return Again(b"HTTP/1.1 200 OK\r\nX: ", b"x", None, 0.02)
    if how == 2:
        return Again(b"HTTP/1.1 200 OK\r\n", b"X-Header: y\r\n" * 500, 400)
    if how == 3:  # answers that are none yet
        return Again(b"", b"HTTP/1.1 100 Continue\r\n\r\n", None, 0.01)
    if how == 4:  # a body without end
        chunked = head("200 OK", "Transfer-Encoding: chunked")
        return Again(chunked, b"8000\r\n" + bytes(0x8000) + b"\r\n", None)
    if how == 5:  # a body that hardly comes
        return Again(respond(b"", length=len(content)), b"x", None, 0.05)
    if how == 6:  # a small answer that unpacks to a large one
        bomb = (
            gzip.compress(bytes(LARGEST * 8)) if rng.random() < 0.7 else zipped_twice(bytes(10**7))
        )
        return [respond(bomb, "200 OK", f"Content-Encoding: {rng.choice(['gzip', 'gzip, gzip'])}")]
    if how == 7:  # cut short, with and without a word on its length
        cut = content[: int(rng.integers(0, len(content)))]
        return [respond(cut, length=len(content) + int(rng.integers(0, 2)) * 10**15)]
    if how == 8:
        packed = zlib.compress(content)
        return [head("200 OK", "Content-Encoding: deflate") + packed[: -int(rng.integers(1, 50))]]
    status = str(rng.choice(STATUSES)) if rng.random() < 0.6 else "200 OK"
    headers = [str(h) for h in rng.choice(ODD_HEADERS, int(rng.integers(1, 4)))]
    if rng.random() < 0.5:
        return [respond(content, status, *headers)]
    lines = "\r\n".join([f"HTTP/1.1 {status}", *headers]).encode("latin-1")
    return [lines + b"\r\n\r\n" + content[: int(rng.integers(0, len(content)))]]


def test_downloads_from_a_hostile_server(server: HostileServer, tmp_path: Path) -> None:
    rng, md5 = generator("downloads"), hashlib.md5(CONTENT).hexdigest()
    with tally("downloads from a hostile server") as counts:
        for n in range(tries(12, 500)):
            answer = odd_answer(rng, CONTENT)
            server.answers = {"/a": answer, "/a.md5": answer}
            target, started = tmp_path / str(n) / "a", time.monotonic()
            what = f"answer {n} ({_shown(answer)})"
            try:
                published_md5(f"{server.url}/a", QUICK)
                download(f"{server.url}/a", target, md5=md5, retry=QUICK)
            except DownloadError as error:
                if one_sentence(error) and not target.exists():
                    counts.refused += 1
                else:
                    counts.fault(f"{what}: {error}")
            except Exception as error:
                counts.fault(f"{what}: {type(error).__name__}: {error}")
            else:
                if target.read_bytes() == CONTENT:
                    counts.accepted += 1
                else:
                    counts.fault(f"{what}: accepted something else")
            size = sum(path.stat().st_size for path in target.parent.glob("*"))
            if time.monotonic() - started > SECONDS or size > LARGEST + (2 << 20):
                counts.fault(f"{what}: {time.monotonic() - started:.1f} s, {size:,} bytes")


def _shown(answer: Answer) -> str:
    if isinstance(answer, Again):
        return f"{answer.first[:60]!r}, then {answer.repeated[:40]!r} again and again"
    return ", ".join(repr(step[:160]) if isinstance(step, bytes) else str(step) for step in answer)


ODD_URLS = (
    "", "x", "//", "http://", "http:///a", "http://xn--/a", "http://xn--a/a", "http://[::1",
    "ftp://a/b", "http://a:99999/", "http://a:0/", "http://\x00/", "http://a b/", "file:///etc/passwd",
    "data:,x", "http://" + "a" * 300 + ".test/", "http://" + "a." * 200 + "test/", "http://\u202e/",
    "http://\ud800/",
    "http://127.0.0.1:1/", "javascript:1", "http://user:pw@127.0.0.1:1/", "http://①.①.①.①:1/",
    "http://%31%32%37.1/", "http://a/" + "b" * 70_000, "http://..", "http://-/", "http://_.test/",
)  # fmt: skip


def test_images_from_a_hostile_server(server: HostileServer, tmp_path: Path) -> None:
    rng, good = generator("images"), picture()
    # No bad answer waits in silence, so these time-outs cost nothing on an idle machine.
    patient = RetryPolicy(connect=2.0, read=2.0, attempts=2, pause=0.0)
    policy = CrawlPolicy(
        retry=patient,
        deadline=2.0,
        max_bytes=200_000,
        max_pause=0.1,
        allow_private=True,
        per_host=16,
    )
    server.answers = {f"/good{n}": [respond(good)] for n in range(5)}
    n_bad = tries(20, 400)
    bad = [f"{server.url}/bad{n}" for n in range(n_bad)]
    # Answers that a server's own trouble explains would end all that is asked of it, on purpose.
    for n in range(n_bad):
        answer = odd_answer(rng, good)
        while isinstance(answer, list) and any(b" 429" in s or b" 503" in s for s in answer):
            answer = odd_answer(rng, good)
        server.answers[f"/bad{n}"] = answer
    odd = [url for url in ODD_URLS if _is_text(url)]
    urls = [*bad, *odd, *(f"{server.url}/good{n}" for n in range(5))]
    items = [*(f"bad{n}" for n in range(n_bad)), *(f"odd{n}" for n in range(len(odd)))]
    items += [f"good{n}" for n in range(5)]
    order = rng.permutation(len(urls))
    table = pl.DataFrame({"item": [items[n] for n in order], "urls": [[urls[n]] for n in order]})
    with tally("images from a hostile server") as counts:
        started = time.monotonic()
        results = {r.item: r for r in fetch_images(table, tmp_path / "im", policy=policy).results}
        if time.monotonic() - started > SECONDS + 2.0 * n_bad:
            counts.fault(f"took {time.monotonic() - started:.1f} seconds")
        for item, url in zip(items, urls, strict=True):
            result = results.get(item)
            if result is None:
                counts.fault(f"{item} has no result")
            elif result.file and not item.startswith("odd"):
                counts.accepted += 1
                Image.open(tmp_path / "im" / result.file).load()
            elif item.startswith("good") or not result.reason or "\n" in result.reason:
                counts.fault(f"{item} ({url[:80]!r}): {result}")
            else:
                counts.refused += 1


def _is_text(url: str) -> bool:
    try:
        url.encode()
    except UnicodeEncodeError:
        return False  # a table cannot hold it
    return True


PRIVATE = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
)  # fmt: skip


def forms_of(address: int) -> dict[str, str]:
    """An IPv4 address in every form that a host's name can have it in."""
    a, b, c, d = address.to_bytes(4, "big")
    low = f"{address >> 16:x}:{address & 0xFFFF:x}"
    flipped = address ^ 0xFFFFFFFF
    return {
        "dotted": f"{a}.{b}.{c}.{d}",
        "decimal": str(address),
        "hexadecimal": hex(address),
        "octal": f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        "three parts": f"{a}.{b}.{c << 8 | d}",
        "two parts": f"0x{a:x}.{b << 16 | c << 8 | d}",
        "IPv4-mapped": f"::ffff:{low}",
        "IPv4-compatible": f"::{low}",
        "NAT64": f"64:ff9b::{low}",
        "local NAT64": f"64:ff9b:1::{low}",
        "6to4": f"2002:{low}::1",
        "Teredo": f"2001:0:808:808::{flipped >> 16:x}:{flipped & 0xFFFF:x}",
    }


def test_addresses_of_private_networks_in_every_form() -> None:
    rng, resolver = generator("addresses"), HostResolver()
    networks = [ipaddress.IPv4Network(network) for network in PRIVATE]
    with tally("addresses of private networks") as counts:
        for _ in range(tries(100)):
            network = networks[rng.integers(len(networks))]
            address = int(network.network_address) + int(rng.integers(network.num_addresses))
            for form, host in forms_of(address).items():
                try:
                    found = resolver.addresses(host, 80)
                except HostRefusedError:
                    counts.refused += 1
                except Exception as error:
                    counts.fault(f"{host} ({form}): {type(error).__name__}: {error}")
                else:
                    counts.fault(f"{host} ({form}) is taken for {found}")


def test_public_addresses_stay_public() -> None:
    for host in ("8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2606:4700::1111"):
        assert is_public(ipaddress.ip_address(host)), host
