import gzip
import hashlib
import io
import socket
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from penchant.data.fetching.cache import cache_folder
from penchant.data.fetching.download import (
    NotFoundOnServerError,
    RetryPolicy,
    download,
    published_md5,
)
from penchant.data.fetching.locate import DatasetFiles, locate
from penchant.data.sources import CATALOGUE, fetch, load, load_split, split_names
from penchant.errors import DownloadError, MissingExtraError, ParameterError
from penchant.run import Run

QUICK = RetryPolicy(connect=5, read=5, attempts=3, pause=0)
HASTY = replace(QUICK, read=0.5)
CONTENT = bytes(range(256)) * 2000


class Loopback(ThreadingHTTPServer):
    """A web server with the manners and the faults of real ones.

    `files` are served with strong ETags and ranges. `faults[path]` is a list of faults for the
    coming requests: a status, or one of cut, slow, html, no-range, wrong-range, gzip.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[int | str]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has had enough is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Loopback

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.asked.append((self.path, wanted))
        coming = self.server.faults.get(self.path, [])
        fault = coming.pop(0) if coming else None
        content = self.server.files.get(self.path)
        if isinstance(fault, int) or content is None:
            self.send_response(fault if isinstance(fault, int) else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if fault == "slow":
            time.sleep(1.5)
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        start, total = 0, len(content)
        if wanted and self.headers["If-Range"] == tag and fault != "no-range":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= total:
                self.send_response(416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first = 0 if fault == "wrong-range" else start
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        else:
            self.send_response(200)
        body = content[start:]
        if fault == "gzip":
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        kind = "text/html; charset=utf-8" if fault == "html" else "application/octet-stream"
        self.send_header("Content-Type", kind)
        self.send_header("ETag", tag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)


@pytest.fixture
def web() -> Iterator[Loopback]:
    with Loopback() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        server.files["/a.zip"] = CONTENT
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PENCHANT_MIRROR", "PENCHANT_CACHE", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


class Seen:
    """Progress that remembers."""

    def __init__(self) -> None:
        self.total: float | None = None
        self.done = 0.0

    @contextmanager
    def task(self, description: str, total: float | None = None) -> Iterator["Seen"]:
        self.total, self.done = total, 0
        yield self

    def advance(self, amount: float = 1, note: str = "") -> None:
        self.done += amount


class TestOneFile:
    def test_it_arrives_whole_with_progress(self, web: Loopback, tmp_path: Path) -> None:
        seen, target = Seen(), tmp_path / "deep" / "a.zip"
        download(f"{web.url}/a.zip", target, run=Run(progress=seen), retry=QUICK)
        assert target.read_bytes() == CONTENT
        assert seen.done == seen.total == len(CONTENT)
        assert [p.name for p in target.parent.iterdir()] == ["a.zip"]

    @pytest.mark.parametrize("end", [None, "no-range", "wrong-range", 416])
    def test_a_break_is_mended(self, web: Loopback, tmp_path: Path, end: int | str | None) -> None:
        web.faults["/a.zip"] = ["cut"] if end is None else ["cut", end]
        seen, target = Seen(), tmp_path / "a.zip"
        md5 = hashlib.md5(CONTENT).hexdigest()
        download(f"{web.url}/a.zip", target, md5=md5, run=Run(progress=seen), retry=QUICK)
        assert target.read_bytes() == CONTENT
        assert web.asked[1] == ("/a.zip", f"bytes={len(CONTENT) // 2}-")
        assert seen.done == seen.total == len(CONTENT)

    def test_the_next_call_goes_on(self, web: Loopback, tmp_path: Path) -> None:
        web.faults["/a.zip"] = ["cut", 503]
        target = tmp_path / "a.zip"
        with pytest.raises(DownloadError, match=r"/a.zip answered HTTP 503, 2 times in a row\.$"):
            download(f"{web.url}/a.zip", target, retry=replace(QUICK, attempts=2))
        assert (tmp_path / "a.zip.part").stat().st_size == len(CONTENT) // 2
        download(f"{web.url}/a.zip", target, retry=QUICK)
        assert target.read_bytes() == CONTENT
        assert web.asked[-1][1] == f"bytes={len(CONTENT) // 2}-"

    def test_a_part_of_another_version_is_not_used(self, web: Loopback, tmp_path: Path) -> None:
        web.faults["/a.zip"] = ["cut"]
        with pytest.raises(DownloadError, match="broke off"):
            download(f"{web.url}/a.zip", tmp_path / "a", retry=replace(QUICK, attempts=1))
        web.files["/a.zip"] = CONTENT[::-1]
        download(f"{web.url}/a.zip", tmp_path / "a", retry=QUICK)
        assert (tmp_path / "a").read_bytes() == CONTENT[::-1]

    def test_passing_errors_pass(self, web: Loopback, tmp_path: Path) -> None:
        web.faults["/a.zip"] = [500, "slow"]
        download(f"{web.url}/a.zip", tmp_path / "a", retry=replace(QUICK, read=1))
        assert len(web.asked) == 3

    def test_a_compressed_answer_is_unpacked(self, web: Loopback, tmp_path: Path) -> None:
        web.faults["/a.zip"] = ["gzip"]
        download(f"{web.url}/a.zip", tmp_path / "a", retry=QUICK)
        assert (tmp_path / "a").read_bytes() == CONTENT

    @pytest.mark.parametrize(
        ("faults", "match"),
        [
            ([403], "answered HTTP 403"),
            ([404], "does not exist there"),
            ([500, 500, 500], "answered HTTP 500, 3 times in a row"),
            (["slow", "slow", "slow"], "broke off .*, 3 times in a row"),
            (["html"], "answered with a web page"),
        ],
    )
    def test_other_errors_do_not(
        self, web: Loopback, tmp_path: Path, faults: list[int | str], match: str
    ) -> None:
        web.faults["/a.zip"] = list(faults)
        with pytest.raises(DownloadError, match=match) as caught:
            download(f"{web.url}/a.zip", tmp_path / "a", retry=HASTY)
        assert isinstance(caught.value, NotFoundOnServerError) == (faults == [404])
        assert not (tmp_path / "a").exists()

    def test_a_wrong_checksum_leaves_nothing(self, web: Loopback, tmp_path: Path) -> None:
        with pytest.raises(DownloadError, match="has not the published checksum"):
            download(f"{web.url}/a.zip", tmp_path / "a", md5="0" * 32, retry=QUICK)
        assert not list(tmp_path.iterdir())

    def test_an_unreachable_host_fails_at_once(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
            url = f"http://me:secret@127.0.0.1:{taken.getsockname()[1]}/a.zip"
            start = time.monotonic()
            with pytest.raises(DownloadError, match="cannot be reached") as caught:
                download(url, tmp_path / "a", retry=RetryPolicy(pause=30))
            assert time.monotonic() - start < 20
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("url", ["http://", "http://a b/c", "http://[1/", "//nowhere"])
    def test_no_address_is_said(self, tmp_path: Path, url: str) -> None:
        with pytest.raises(DownloadError, match="cannot be"):
            download(url, tmp_path / "a", retry=QUICK)

    def test_a_file_that_cannot_be_written_is_said(self, web: Loopback, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(DownloadError, match="cannot be written"):
            download(f"{web.url}/a.zip", tmp_path / "file" / "a", retry=QUICK)

    def test_the_extra_is_named(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "httpx", None)
        with pytest.raises(MissingExtraError, match=r"penchant\[download\]"):
            download("http://127.0.0.1/", tmp_path / "a")

    def test_a_checksum_beside_the_file_is_found(self, web: Loopback) -> None:
        assert published_md5(f"{web.url}/a.zip", QUICK) is None
        web.files["/a.zip.md5"] = b"MD5 (a.zip) = " + b"0123456789abcdef" * 2 + b"\n"
        assert published_md5(f"{web.url}/a.zip", QUICK) == "0123456789abcdef" * 2


FILES = {"u.data": b"1\t1\t5\t8\n", "u.item": b"1|Film\n", "u.user": b"1|24\n"}
TINY = DatasetFiles(name="tiny", required=tuple(FILES), optional=("README",))


def zipped(files: dict[str, bytes], folder: str = "ml-tiny/") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return buffer.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def has_files(folder: Path) -> bool:
    own = ("ORIGIN", "CHECKSUMS")
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name not in own} == FILES


class TestPlaces:
    def test_a_mirror_folder_is_used_in_place(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = write(tmp_path / "mirror" / "tiny", FILES)
        for mirror in (tmp_path / "mirror", str(tmp_path / "mirror"), None):
            found = locate(TINY, mirror=mirror, cache=tmp_path / "cache", offline=True)
            assert found.path == folder
            assert found.form == "original"
            monkeypatch.setenv("PENCHANT_MIRROR", str(tmp_path / "mirror"))
        assert not (tmp_path / "cache").exists()

    def test_a_mirror_address_is_copied_once(self, web: Loopback, tmp_path: Path) -> None:
        web.files |= {f"/data/tiny/{name}": content for name, content in FILES.items()}
        web.faults["/data/tiny/u.item"] = ["cut"]
        mirror = web.url.replace("//", "//me:secret@") + "/data/"
        found = locate(TINY, mirror=mirror, cache=tmp_path, retry=QUICK)
        assert found.path == tmp_path / "tiny"
        assert has_files(found.path)
        assert "secret" not in found.origin
        count = len(web.asked)
        assert locate(TINY, cache=tmp_path, offline=True) == found
        assert len(web.asked) == count
        assert sorted(p.name for p in tmp_path.iterdir()) == [".tiny.lock", "tiny"]

    def test_an_archive_is_fetched_and_unpacked(self, web: Loopback, tmp_path: Path) -> None:
        web.files["/t.zip"] = zipped({**FILES, "allbut.pl": b"#!/usr/bin/perl"})
        data = replace(TINY, archive=f"{web.url}/t.zip")
        found = locate(data, cache=tmp_path, retry=QUICK)
        assert has_files(found.path)
        assert found.origin == f"{web.url}/t.zip"
        assert sorted(p.name for p in tmp_path.iterdir()) == [".tiny.lock", "tiny"]

    @pytest.mark.parametrize(
        ("content", "md5", "match"),
        [
            (zipped(FILES)[:-30], None, "broken or cut short"),
            (zipped(FILES, "../"), None, "unsafe member name"),
            (zipped({"u.data": b""}), None, "has no u.item and no u.user for tiny"),
            (zipped(FILES), "0" * 32, "has not the published checksum"),
        ],
    )
    def test_a_bad_archive_leaves_nothing(
        self, web: Loopback, tmp_path: Path, content: bytes, md5: str | None, match: str
    ) -> None:
        web.files["/t.zip"] = content
        data = replace(TINY, archive=f"{web.url}/t.zip", md5=md5)
        with pytest.raises(DownloadError, match=match):
            locate(data, cache=tmp_path, retry=QUICK)
        assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".lock"]
        web.files["/t.zip"] = zipped(FILES)
        assert has_files(locate(replace(data, md5=None), cache=tmp_path, retry=QUICK).path)

    def test_the_checksum_beside_an_archive_counts(self, web: Loopback, tmp_path: Path) -> None:
        web.files |= {"/t.zip": zipped(FILES), "/t.zip.md5": b"0" * 32 + b"  t.zip\n"}
        with pytest.raises(DownloadError, match="has not the published checksum"):
            locate(replace(TINY, archive=f"{web.url}/t.zip"), cache=tmp_path, retry=QUICK)

    def test_the_error_says_why_each_place_failed(self, web: Loopback, tmp_path: Path) -> None:
        write(tmp_path / "mirror" / "tiny", {"u.data": b""})
        data = replace(TINY, archive=f"{web.url}/gone.zip", address=f"{web.url}/files")
        with pytest.raises(DownloadError) as caught:
            locate(data, mirror=tmp_path / "mirror", cache=tmp_path / "cache", retry=QUICK)
        text = str(caught.value)
        for reason in (
            f"the cache {tmp_path / 'cache'} has no copy",
            f"the mirror {tmp_path / 'mirror'} has no u.item and no u.user",
            f"{web.url}/gone.zip does not exist there",
            f"{web.url}/files/u.data does not exist there",
            "--mirror or PENCHANT_MIRROR",
        ):
            assert reason in text
        assert text.count(". ") == 0
        with pytest.raises(DownloadError, match=r"has no folder tiny.* this is offline"):
            locate(data, mirror=tmp_path, cache=tmp_path / "cache", offline=True)

    def test_a_cache_that_cannot_be_written_is_said(self, web: Loopback, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        data = replace(TINY, archive=f"{web.url}/t.zip")
        with pytest.raises(DownloadError, match="the cache cannot be written"):
            locate(data, cache=tmp_path / "file", retry=QUICK)

    def test_two_at_once_fetch_once(self, web: Loopback, tmp_path: Path) -> None:
        web.files["/t.zip"] = zipped(FILES)
        web.faults["/t.zip.md5"] = [404]
        data = replace(TINY, archive=f"{web.url}/t.zip")
        with ThreadPoolExecutor(4) as pool:
            calls = [pool.submit(locate, data, cache=tmp_path, retry=QUICK) for _ in range(4)]
        assert all(has_files(call.result().path) for call in calls)
        assert [path for path, _ in web.asked].count("/t.zip") == 1

    def test_what_is_half_there_is_replaced(self, web: Loopback, tmp_path: Path) -> None:
        write(tmp_path / "tiny", {"u.data": b"old"})
        write(tmp_path / ".tiny~killed", {"u.data": b"left by a killed process"})
        web.files["/t.zip"] = zipped(FILES)
        data = replace(TINY, archive=f"{web.url}/t.zip")
        assert has_files(locate(data, cache=tmp_path, retry=QUICK).path)
        assert sorted(p.name for p in tmp_path.iterdir()) == [".tiny.lock", "tiny"]

    def test_where_the_cache_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert cache_folder().name == "penchant"
        monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path))
        assert cache_folder() == tmp_path
        assert cache_folder("~/x") == Path.home() / "x"


class TestNames:
    def test_a_wrong_name_gets_a_hint(self) -> None:
        with pytest.raises(ParameterError, match="did you mean 'movielens-1m'"):
            fetch("movilens-1m")
        with pytest.raises(ParameterError, match="known are movielens-100k, "):
            load("netflix")
        with pytest.raises(ParameterError, match="has the splits u1, "):
            load_split("movielens-100k", "u6")
        assert split_names("movielens-25m") == ()

    def test_every_movielens_has_an_address_and_all_but_the_latest_a_checksum(self) -> None:
        assert all(source.files.name == name for name, source in CATALOGUE.items())
        for name in (n for n in CATALOGUE if n.startswith("movielens")):
            source = CATALOGUE[name]
            assert (source.files.archive or "").startswith("https://files.grouplens.org/")
            assert (source.files.md5 is None) == ("latest" in name) == (source.n_events is None)
