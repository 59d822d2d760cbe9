from __future__ import annotations

import gzip
import hashlib
import socket
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.hostile_server import Again, HostileServer, head, hostile_server, respond

from penchant.data.fetching import download as downloads
from penchant.data.fetching import host_rules
from penchant.data.fetching.download import download, published_md5
from penchant.data.fetching.http_session import RetryPolicy
from penchant.errors import DownloadError

QUICK = RetryPolicy(connect=5, read=5, attempts=2, pause=0)
HASTY = RetryPolicy(connect=0.5, read=0.2, attempts=2, pause=0)
CONTENT = bytes(range(256)) * 1000


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[HostileServer]:
    with hostile_server() as running:
        running.answers["/a"] = [respond(CONTENT)]
        yield running


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Names of hosts and, in turn, the IP addresses that the name server answers."""
    known: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host, port, *args, **options):
        if host not in known:
            return real(host, port, *args, **options)
        if options.get("flags"):  # numeric addresses only
            raise socket.gaierror(socket.EAI_NONAME, "not numeric")
        answers = known[host]
        ip = answers.pop(0) if len(answers) > 1 else answers[0]
        return real(ip, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def moved(url: str, status: str = "302 Found") -> list[bytes]:
    return [respond(b"", status, f"Location: {url}")]


class TestRedirects:
    def test_to_the_host_that_was_named(self, server: HostileServer, tmp_path: Path) -> None:
        server.answers |= {"/b": moved("/a"), "/c": moved(f"{server.url}/b", "308 P")}
        download(f"{server.url}/c", tmp_path / "c", retry=QUICK)
        assert (tmp_path / "c").read_bytes() == CONTENT

    @pytest.mark.parametrize(
        "host", ["localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:7f00:1]", "[::1]"]
    )
    def test_to_a_private_host_is_refused(
        self, server: HostileServer, tmp_path: Path, host: str
    ) -> None:
        server.answers["/b"] = moved(f"http://{host}:{server.port}/secret")
        server.answers["/secret"] = [respond(b"secret")]
        with pytest.raises(
            DownloadError, match=r"/b (is redirected to .*not a public|.*Invalid IPv4) address"
        ):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)
        assert server.asked["/secret"] == 0
        assert not list(tmp_path.iterdir())

    def test_a_name_that_changes_its_address_is_asked_where_it_was_checked(
        self, server: HostileServer, names: dict[str, list[str]], tmp_path: Path, monkeypatch
    ) -> None:
        real = host_rules.is_public
        monkeypatch.setattr(host_rules, "is_public", lambda ip: str(ip) == "127.0.0.1" or real(ip))
        names["data.test"] = ["127.0.0.1", "127.0.0.2"]  # the second, to whoever asks again
        server.answers["/b"] = moved(f"http://data.test:{server.port}/a")
        download(f"{server.url}/b", tmp_path / "b", retry=QUICK)
        assert (tmp_path / "b").read_bytes() == CONTENT
        assert len(names["data.test"]) == 1

    def test_a_public_host_cannot_become_a_private_one(
        self, server: HostileServer, names: dict[str, list[str]], tmp_path: Path
    ) -> None:
        names["data.test"] = ["10.0.0.1"]
        server.answers["/b"] = moved(f"http://data.test:{server.port}/a")
        with pytest.raises(DownloadError, match=r"data\.test is 10\.0\.0\.1, which is not"):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)

    def test_without_end(self, server: HostileServer, tmp_path: Path) -> None:
        server.answers["/b"] = moved("/b")
        with pytest.raises(DownloadError, match="redirected more than"):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)

    @pytest.mark.parametrize("proxy", ["HTTP_PROXY", "ALL_PROXY"])
    def test_through_a_proxy_hosts_that_are_private_by_name_are_refused(
        self, server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
    ) -> None:
        monkeypatch.setenv(proxy, server.url)  # this server answers for all hosts
        for n, host in enumerate(["localhost", "0x7f000001", "10.1.2.3", "[::ffff:a00:1]"]):
            path = f"http://data.test/{n}"
            server.answers[path] = moved(f"http://{host}/secret")
            with pytest.raises(DownloadError, match=r"is redirected to .*not a public"):
                download(path, tmp_path / "b", retry=QUICK)
        server.answers |= {"http://data.test/x": moved("http://more.test/y")}
        server.answers |= {"http://more.test/y": [respond(CONTENT)]}
        download("http://data.test/x", tmp_path / "x", retry=QUICK)
        assert (tmp_path / "x").read_bytes() == CONTENT

    @pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "ftp://x", "http://[::1"])
    def test_a_proxy_that_cannot_be_used_is_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proxy: str
    ) -> None:
        monkeypatch.setenv("ALL_PROXY", proxy)
        with pytest.raises(DownloadError, match="cannot be"):
            download("http://data.test/x", tmp_path / "x", retry=QUICK)


class TestTime:
    """What never ends is broken off, each within a few time-outs."""

    @pytest.mark.parametrize(
        ("answer", "match"),
        [
            (Again(b"HTTP/1.1 200 OK\r\nX: ", b"x", None, 0.05), "took too long|timed out"),
            (Again(b"", b"HTTP/1.1 100 Continue\r\n\r\n", None, 0.02), "took too long|timed out"),
            (Again(respond(b"", length=10**6), b"x", None, 0.05), "less than 100 bytes a second"),
            ([1.0], "broke off"),
        ],
    )
    def test_a_slow_server(self, server: HostileServer, tmp_path: Path, answer, match: str) -> None:
        server.answers |= {"/b": answer, "/b.md5": answer}
        started = time.monotonic()
        with pytest.raises(DownloadError, match=match):
            download(f"{server.url}/b", tmp_path / "b", retry=HASTY)
        assert published_md5(f"{server.url}/b", HASTY) is None
        assert time.monotonic() - started < 20

    def test_a_byte_from_each_try_is_no_progress(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        server.answers["/b"] = [respond(b"x", length=10**6)]
        with pytest.raises(DownloadError, match="2 times in a row"):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)
        assert server.asked["/b"] == 2

    def test_a_checksum_without_end(self, server: HostileServer) -> None:
        chunked = head("200 OK", "Transfer-Encoding: chunked")
        server.answers["/a.md5"] = Again(chunked, b"1000\r\n" + b"z" * 0x1000 + b"\r\n", None)
        assert published_md5(f"{server.url}/a", QUICK) is None


class TestSizes:
    def test_a_larger_file_than_any_data_set_is_not_begun(
        self, server: HostileServer, tmp_path: Path
    ) -> None:
        server.answers["/b"] = [respond(b"x", length=10**15)]
        with pytest.raises(DownloadError, match="larger than any data set"):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)

    def test_a_body_without_end(
        self, server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(downloads, "_MOST_BYTES", 1 << 20)
        chunked = head("200 OK", "Transfer-Encoding: chunked")
        server.answers["/b"] = Again(chunked, b"8000\r\n" + bytes(0x8000) + b"\r\n", None)
        with pytest.raises(DownloadError, match="sent more than any data set has"):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)

    def test_a_small_body_that_unpacks_to_a_large_one(
        self, server: HostileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(downloads, "_FREE_BYTES", 1 << 20)
        bomb = gzip.compress(bytes(64 << 20))
        server.answers["/b"] = [respond(bomb, "200 OK", "Content-Encoding: gzip")]
        with pytest.raises(DownloadError, match="sent more than any data set has"):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 32 << 20

    @pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "compress", "x"])
    def test_other_compression_is_refused(
        self, server: HostileServer, tmp_path: Path, encoding: str
    ) -> None:
        server.answers["/b"] = [respond(CONTENT, "200 OK", f"Content-Encoding: {encoding}")]
        with pytest.raises(DownloadError, match="was sent compressed"):
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    def test_a_compressed_body_has_to_be_whole(
        self, server: HostileServer, tmp_path: Path, encoding: str
    ) -> None:
        pack = gzip.compress if encoding == "gzip" else zlib.compress
        said = head("200 OK", f"Content-Encoding: {encoding}")
        for content in (CONTENT, bytes(3 << 20), b""):  # also what is more than one piece
            server.answers["/b"] = [said + pack(content)]
            download(f"{server.url}/b", tmp_path / "b", retry=QUICK)
            assert (tmp_path / "b").read_bytes() == content
        server.answers["/c"] = [said + pack(CONTENT)[:-9]]
        with pytest.raises(DownloadError, match="compressed file that ends early"):
            download(f"{server.url}/c", tmp_path / "c", retry=QUICK)


def test_a_piece_that_ends_before_the_file_does_is_not_the_file(
    server: HostileServer, tmp_path: Path
) -> None:
    half, third, tag = len(CONTENT) // 2, len(CONTENT) // 3, 'ETag: "1"'
    cut = respond(CONTENT[:half], "200 OK", tag, length=len(CONTENT))
    said = f"Content-Range: bytes {half}-{half + third - 1}/{len(CONTENT)}"
    piece = respond(CONTENT[half : half + third], "206 Partial Content", tag, said)
    server.answers["/b"] = [cut]
    with pytest.raises(DownloadError):
        download(f"{server.url}/b", tmp_path / "b", retry=RetryPolicy(attempts=1))
    server.answers["/b"] = [piece]
    with pytest.raises(DownloadError):
        download(f"{server.url}/b", tmp_path / "b", retry=RetryPolicy(attempts=1))
    assert not (tmp_path / "b").exists()
    server.answers["/b"] = [respond(CONTENT, "200 OK", tag)]
    download(f"{server.url}/b", tmp_path / "b", md5=hashlib.md5(CONTENT).hexdigest(), retry=QUICK)


def test_a_host_that_no_name_is_written_as_is_refused(
    server: HostileServer, tmp_path: Path
) -> None:
    server.answers["/moved"] = moved("http://xn--/")
    for url in (f"{server.url}/moved", "http://xn--/"):
        with pytest.raises(DownloadError, match="Malformed A-label"):
            download(url, tmp_path / "a", retry=QUICK)
    assert not list(tmp_path.iterdir())
