from __future__ import annotations

import contextlib
import gzip
import io
import itertools
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from PIL import Image

from penchant.data.fetching import host_rules as hosts
from penchant.data.images import CrawlPolicy, FetchReport, fetch_images
from penchant.errors import DataError, DownloadError, MissingExtraError
from penchant.run import Run


def fetch(urls: dict[Any, str | list[str]], folder: Path, policy: CrawlPolicy) -> FetchReport:
    lists = [[url] if isinstance(url, str) else url for url in urls.values()]
    table = pl.DataFrame(
        {"item": list(urls), "urls": lists}, schema_overrides={"urls": pl.List(pl.String)}
    )
    return fetch_images(table, folder, policy=policy)


def visible(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"images.csv", ".lock"}


def bomb(side: int = 40_000) -> bytes:
    """A PNG of few bytes that would fill gigabytes."""
    buffer = io.BytesIO()
    Image.new("L", (30, 30)).save(buffer, "PNG")
    png = bytearray(buffer.getvalue())
    png[16:24] = struct.pack(">II", side, side)
    png[29:33] = struct.pack(">I", zlib.crc32(png[12:29]))  # of the header
    return bytes(png)


class TestGoodImages:
    def test_they_arrive_whole_under_safe_names(self, shop, quick, tmp_path):
        wanted = {
            "a": shop.has("/1.jpg", shop.picture()),
            "b/../c": shop.has("/2.jpg", shop.picture("PNG")),
            "d": shop.has("/3.png", shop.picture("WEBP", (20, 30))),
            "e": shop.has("/4", shop.picture("GIF"), Content_Type="text/plain"),
        }
        found = fetch(wanted, tmp_path / "deep" / "images", quick)
        folder = found.folder
        assert visible(folder) == {"a.jpg", "b%2F..%2Fc.png", "d.webp", "e.gif"}
        assert (folder / "a.jpg").read_bytes() == shop.picture()
        assert found.counts == {"fetched": 4}
        table = pl.read_csv(folder / "images.csv")
        assert table.columns == [
            "item", "status", "reason", "url", "file", "bytes", "width", "height",
        ]  # fmt: skip
        assert table.row(2)[3:] == (
            wanted["d"],
            "d.webp",
            len(shop.picture("WEBP", (20, 30))),
            20,
            30,
        )
        assert all("penchant" in agent for agent in shop.agents)

    def test_what_is_whole_is_kept(self, shop, quick, tmp_path):
        shop.has("/1.jpg", shop.picture())
        wanted = {"a": f"{shop.url}/1.jpg", "b": f"{shop.url}/2.jpg"}
        assert fetch(wanted, tmp_path, quick).counts == {"fetched": 1, "missing": 1}
        shop.has("/2.jpg", shop.picture(seed=1))
        again = fetch(wanted, tmp_path, quick)
        assert again.counts == {"existing": 1, "fetched": 1}
        assert again.frame.row(0)[3:] == (wanted["a"], "a.jpg", len(shop.picture()), 32, 48)
        assert shop.seen == {"/1.jpg": 1, "/2.jpg": 2}

    def test_what_is_broken_or_from_elsewhere_is_fetched_again(self, shop, quick, tmp_path):
        good = shop.picture()
        (tmp_path / "a.jpg").write_bytes(good[: len(good) // 2])
        (tmp_path / "b.jpg").write_bytes(good)  # put there by hand: decoded, and kept
        (tmp_path / ".c.jpg.0123abcd.draft").write_bytes(b"of a killed process")
        wanted = {"a": shop.has("/a", shop.picture("PNG")), "b": shop.has("/b", good)}
        assert fetch(wanted, tmp_path, quick).counts == {"fetched": 1, "existing": 1}
        assert visible(tmp_path) == {"a.png", "b.jpg"}
        wanted["a"] = shop.has("/new", shop.picture())
        assert fetch(wanted, tmp_path, quick).counts == {"fetched": 1, "existing": 1}
        assert visible(tmp_path) == {"a.jpg", "b.jpg"}
        (tmp_path / "a.jpg").write_bytes(good + b"longer than the table says")
        assert fetch(wanted, tmp_path, quick).counts == {"existing": 2}  # decodes all the same
        (tmp_path / "a.jpg").write_bytes(good[:300])
        assert fetch(wanted, tmp_path, quick).counts == {"fetched": 1, "existing": 1}

    def test_the_next_address_is_tried(self, shop, quick, tmp_path):
        good = shop.has("/good.jpg", shop.picture())
        wanted = {
            "a": [f"{shop.url}/gone.jpg", good],
            "b": ["ftp://x/y", f"{shop.url}/1", f"{shop.url}/2", good],
            "c": [],
        }
        found = fetch(wanted, tmp_path, quick)
        assert found.frame["status"].to_list() == ["fetched", "missing", "no address"]
        assert found.frame["url"].to_list() == [good, f"{shop.url}/2", None]

    def test_a_folder_in_order_of_items(self, shop, quick, tmp_path):
        wanted = {n: shop.has(f"/{n}", shop.picture(seed=n)) for n in range(40)}
        found = fetch(wanted, tmp_path, quick)
        assert found.frame["item"].to_list() == list(range(40))
        for n in wanted:
            assert (tmp_path / f"{n}.jpg").read_bytes() == shop.picture(seed=n)


class TestBadAnswers:
    def one(self, shop, policy: CrawlPolicy, folder: Path, route) -> tuple[str, str]:
        found = fetch({"a": shop.does("/a.jpg", route)}, folder, policy)
        assert visible(folder) == set()
        return found.results[0].status, found.results[0].reason

    def test_404(self, shop, quick, tmp_path):
        said = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, b"", 404))
        assert said == ("missing", "HTTP 404")
        assert shop.seen["/a.jpg"] == 1

    def test_a_web_page(self, shop, quick, tmp_path):
        page = {"Content-Type": "text/html; charset=utf-8"}
        said = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, b"<html>", headers=page))
        assert said == ("broken", "a web page or text, not an image (sent as text/html)")

    def test_a_corrupt_image(self, shop, quick, tmp_path):
        cut = shop.picture()[:-200]
        status, reason = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, cut))
        assert (status, reason[:9]) == ("broken", "damaged (")
        junk = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, b"\x00\x01" * 500))
        assert junk == ("broken", "no image of a known kind (sent as no type)")

    def test_a_bomb(self, shop, quick, tmp_path):
        status, reason = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, bomb()))
        assert status == "broken"
        assert "more than 50,000,000" in reason
        status, reason = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, bomb(9000)))
        assert reason.startswith("9,000 x 9,000 pixels, more than 50,000,000")

    def test_a_program_in_postscript_is_not_run(self, shop, quick, tmp_path):
        script = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 50 50\nshowpage\n"
        assert self.one(shop, quick, tmp_path, lambda r: shop.answer(r, script))[0] == "broken"

    def test_a_placeholder(self, shop, quick, tmp_path):
        dot = shop.picture("GIF", (1, 1))
        said = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, dot))
        assert said == ("broken", "a placeholder of 1 x 1 pixels (sent as no type)")

    def test_too_many_bytes_announced(self, shop, quick, tmp_path):
        said = self.one(shop, quick, tmp_path, lambda r: shop.answer(r, bytes(300_000)))
        assert said == ("broken", "more than 200,000 bytes")

    def test_endless(self, shop, quick, tmp_path):
        said = self.one(shop, quick, tmp_path, shop.endless)
        assert said == ("broken", "more than 200,000 bytes")

    def test_truncated(self, shop, quick, tmp_path):
        good = shop.picture()
        status, reason = self.one(
            shop, quick, tmp_path, lambda r: shop.answer(r, good[:100], length=len(good))
        )
        assert status == "failed"
        assert reason.startswith("broke off (peer closed connection")
        assert reason.endswith("3 times")
        assert shop.seen["/a.jpg"] == 3

    def test_a_break_is_mended(self, shop, quick, tmp_path):
        good = shop.picture()
        route = shop.in_turn(
            lambda r: shop.answer(r, good[:100], length=len(good)), lambda r: shop.answer(r, good)
        )
        assert fetch({"a": shop.does("/a", route)}, tmp_path, quick).counts == {"fetched": 1}

    def test_silence(self, shop, quick, tmp_path):
        quick = replace(quick, retry=replace(quick.retry, read=0.1))
        status, reason = self.one(shop, quick, tmp_path, lambda r: time.sleep(0.5))
        assert (status, reason) == ("failed", "broke off (timed out), 3 times")

    def test_byte_by_byte(self, shop, quick, tmp_path):
        started = time.monotonic()
        quick = replace(quick, deadline=0.3)
        said = self.one(shop, quick, tmp_path, shop.drip(0.05))  # for ten seconds each time
        assert said == ("failed", "took more than 0.3 seconds, 3 times")
        assert time.monotonic() - started < 15

    def test_a_closed_connection(self, shop, quick, tmp_path):
        def slam(request):
            request.connection.shutdown(socket.SHUT_RDWR)

        status, reason = self.one(shop, quick, tmp_path, slam)
        assert (status, reason[:9]) == ("failed", "broke off")
        assert shop.seen["/a.jpg"] == 3

    def test_compressed_although_asked_not_to(self, shop, quick, tmp_path):
        def packed(request):
            content = gzip.compress(bytes(10_000_000))
            shop.answer(request, content, headers={"Content-Encoding": "gzip"})

        said = self.one(shop, quick, tmp_path, packed)
        assert said == ("failed", "sent compressed although asked not to")

    def test_a_server_error_passes(self, shop, quick, tmp_path):
        good = shop.picture()
        route = shop.in_turn(lambda r: shop.answer(r, b"", 500), lambda r: shop.answer(r, good))
        assert fetch({"a": shop.does("/a", route)}, tmp_path, quick).counts == {"fetched": 1}

    def test_one_bad_image_stops_no_other(self, shop, hasty, tmp_path):
        wanted = {n: shop.has(f"/{n}", shop.picture(seed=n)) for n in range(6)}
        wanted |= {"slow": shop.does("/slow", shop.drip(0.05)), "no": "file:///etc/passwd"}
        wanted = {str(key): url for key, url in wanted.items()}
        found = fetch(wanted, tmp_path, hasty)
        assert found.counts == {"fetched": 6, "failed": 1, "refused": 1}
        assert "6 of 8 items with an image" in str(found)


class TestPoliteness:
    def test_few_requests_to_one_host(self, shop, quick, tmp_path):
        good = shop.picture()

        def slow(request):
            time.sleep(0.02)
            shop.answer(request, good)

        wanted = {n: shop.does(f"/{n}", slow) for n in range(20)}
        found = fetch(wanted, tmp_path, replace(quick, per_host=3))
        assert found.counts == {"fetched": 20}
        assert 2 <= shop.most <= 3

    @pytest.mark.parametrize("form", ["seconds", "date"])
    def test_the_whole_host_waits_as_asked(self, shop, quick, tmp_path, form):
        good, at = shop.picture(), []

        def busy(request):
            at.append(time.monotonic())
            wait = "1" if form == "seconds" else formatdate(time.time() + 2.2, usegmt=True)
            shop.answer(request, b"", 429, headers={"Retry-After": wait})

        def fine(request):
            at.append(time.monotonic())
            shop.answer(request, good)

        wanted = {"a": shop.does("/a", shop.in_turn(busy, fine)), "b": shop.does("/b", fine)}
        found = fetch(wanted, tmp_path, replace(quick, per_host=1))
        assert found.counts == {"fetched": 2}
        assert len(at) == 3
        assert at[1] - at[0] > 0.9

    def test_who_asks_for_long_waits_is_left_alone(self, shop, quick, tmp_path):
        def busy(request):
            shop.answer(request, b"", 503, headers={"Retry-After": "86400"})

        wanted = {n: shop.does(f"/{n}", busy) for n in range(50)}
        found = fetch(wanted, tmp_path, quick)
        assert found.reasons == {"failed: HTTP 503, and asks to wait 86,400 seconds": 50}
        assert shop.seen.total() <= quick.per_host

    def test_pauses_grow(self, shop, quick, tmp_path):
        at = []

        def busy(request):
            at.append(time.monotonic())
            shop.answer(request, b"", 500)

        retry = replace(quick.retry, attempts=4, pause=0.1)
        fetch({"a": shop.does("/a", busy)}, tmp_path, replace(quick, retry=retry))
        pauses = [later - earlier for earlier, later in itertools.pairwise(at)]
        assert len(pauses) == 3
        assert all(took >= asked for took, asked in zip(pauses, (0.1, 0.2, 0.4), strict=True))

    def test_a_host_that_is_not_there_is_given_up(self, quick, tmp_path):
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        started = time.monotonic()
        found = fetch({n: f"{url}/{n}.jpg" for n in range(3000)}, tmp_path, quick)
        assert time.monotonic() - started < 15
        assert found.counts == {"failed": 3000}
        assert "cannot be reached" in next(iter(found.reasons))

    def test_one_host_holds_up_no_other(self, shop, hasty, tmp_path):
        drip, starts, done = shop.drip(0.05), [], []

        def slow(request):
            starts.append(time.monotonic())
            drip(request)

        wanted = {"slow": shop.does("/slow", slow)}
        other = shop.url.replace("127.0.0.1", "localhost")
        wanted |= {str(n): f"{other}{n}" for n in ("/1", "/2")}

        def noted(request):
            done.append(time.monotonic())
            shop.answer(request, shop.picture())

        shop.does("/1", noted)
        shop.does("/2", noted)
        found = fetch(wanted, tmp_path, replace(hasty, per_host=1, parallel=2))
        assert found.counts == {"fetched": 2, "failed": 1}
        assert len(starts) == 2
        assert max(done) < starts[-1]


class TestRefusedAddresses:
    @pytest.fixture
    def guarded(self, quick, monkeypatch) -> CrawlPolicy:
        """The server of the tests counts as public, nothing else on this machine does."""
        real = hosts.is_public
        monkeypatch.setattr(hosts, "is_public", lambda ip: str(ip) == "127.0.0.1" or real(ip))
        return replace(quick, allow_private=False)

    @pytest.mark.parametrize(
        "url",
        [
            "file:///etc/passwd",
            "ftp://example.org/a.jpg",
            "data:image/png;base64,AAAA",
            "//example.org/a.jpg",
            "http:///a.jpg",
            "http://[::1",
        ],
    )
    def test_only_the_web(self, quick, tmp_path, url):
        assert fetch({"a": url}, tmp_path, quick).counts == {"refused": 1}

    @pytest.mark.parametrize("url", ["not an address", "n/a", "0", "-"])
    def test_cells_that_are_no_address(self, quick, tmp_path, url):
        assert fetch({"a": url}, tmp_path, quick).counts == {"no address": 1}

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "0.0.0.0", "10.1.2.3",
            "192.168.0.1", "172.16.5.5", "169.254.169.254", "100.64.0.1", "[::1]", "[fe80::1]",
            "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1",
            "[::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[fec0::1]", "[::8.8.8.8]",
        ],
    )  # fmt: skip
    def test_no_private_networks(self, shop, quick, tmp_path, host):
        shop.has("/a.jpg", shop.picture())
        url = f"http://{host}:{shop.server_port}/a.jpg"
        found = fetch({"a": url}, tmp_path, replace(quick, allow_private=False))
        assert found.counts == {"refused": 1} or "has no address" in found.results[0].reason
        assert not shop.seen

    def test_a_redirect_is_followed(self, shop, quick, tmp_path):
        shop.has("/new.jpg", shop.picture())
        shop.does("/old.jpg", shop.redirect("/new.jpg"))
        found = fetch({"a": f"{shop.url}/old.jpg"}, tmp_path, quick)
        assert found.counts == {"fetched": 1}
        assert found.results[0].url == f"{shop.url}/old.jpg"

    def test_redirects_without_end(self, shop, quick, tmp_path):
        url = shop.does("/round", shop.redirect("/round"))
        found = fetch({"a": url}, tmp_path, quick)
        assert found.results[0].reason.startswith("more than 5 redirects")
        assert shop.seen["/round"] == 6

    @pytest.mark.parametrize(
        "target",
        ["http://169.254.169.254/latest/", "http://10.0.0.1/a.jpg", "//127.0.0.2/a", "file:///etc"],
    )
    def test_redirects_are_checked(self, shop, guarded, tmp_path, target):
        url = shop.does("/a.jpg", shop.redirect(target))
        found = fetch({"a": url}, tmp_path, guarded)
        assert found.counts == {"refused": 1}
        assert found.results[0].reason.endswith("after a redirect")
        assert shop.seen.total() == 1

    def answers(self, monkeypatch, *ips: list[str]) -> list[str]:
        """A name server that gives shop.test one list of addresses after the other."""
        real, left, asked = socket.getaddrinfo, list(ips), []

        def lookup(host, port, *rest, **kwargs):
            if host != "shop.test":
                return real(host, port, *rest, **kwargs)
            asked.append(host)
            now = left.pop(0) if len(left) > 1 else left[0]
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in now]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        return asked

    def test_a_name_server_cannot_change_its_mind(self, shop, guarded, tmp_path, monkeypatch):
        asked = self.answers(monkeypatch, ["127.0.0.1"], ["10.0.0.1"])
        shop.has("/a", shop.picture())
        shop.has("/b", shop.picture())
        base = f"http://shop.test:{shop.server_port}"
        found = fetch({"a": f"{base}/a", "b": f"{base}/b"}, tmp_path, replace(guarded, per_host=1))
        assert found.counts == {"fetched": 2}
        assert asked == ["shop.test"]
        assert shop.hosts == {f"shop.test:{shop.server_port}"}

    def test_all_addresses_of_a_name_are_checked(self, shop, guarded, tmp_path, monkeypatch):
        self.answers(monkeypatch, ["127.0.0.1", "192.168.1.1"])
        url = f"http://shop.test:{shop.server_port}/a"
        found = fetch({"a": url}, tmp_path, guarded)
        assert found.results[0].reason == (
            "shop.test is 192.168.1.1, which is not a public address"
        )
        assert not shop.seen

    def test_certificates_are_those_of_the_name(self, shop, guarded, tmp_path, monkeypatch):
        if shutil.which("openssl") is None:
            pytest.skip("there is no openssl to make a certificate with")
        key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "1", "-keyout", key, "-out", certificate, "-subj", "/CN=shop.test",
             "-addext", "subjectAltName=DNS:shop.test"],
            check=True, capture_output=True,
        )  # fmt: skip
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        shop.socket = context.wrap_socket(shop.socket, server_side=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        self.answers(monkeypatch, ["127.0.0.1"])
        shop.has("/a", shop.picture())
        good, bad = (f"https://{h}:{shop.server_port}/a" for h in ("shop.test", "127.0.0.1"))
        found = fetch({"good": good, "bad": bad}, tmp_path / "images", guarded)
        assert found.frame["status"].to_list() == ["fetched", "failed"]
        assert "certificate" in found.results[1].reason


class TestAround:
    def test_stopped_in_between(self, shop, quick, tmp_path):
        """What has come in stays, and the table says what was not come to."""

        class Impatient:
            done = 0

            def advance(self, amount: float = 1, note: str = "") -> None:
                self.done += 1
                if self.done == 5:
                    raise KeyboardInterrupt

            def task(self, description: str, total: float | None = None):
                return contextlib.nullcontext(self)

        wanted = {n: shop.has(f"/{n}", shop.picture(seed=n)) for n in range(60)}
        lists = [[url] for url in wanted.values()]
        table = pl.DataFrame({"item": list(wanted), "urls": lists})
        slow = replace(quick, per_host=2)
        with pytest.raises(KeyboardInterrupt):
            fetch_images(table, tmp_path, policy=slow, run=Run(progress=Impatient()))
        written = pl.read_csv(tmp_path / "images.csv")
        assert len(written) == 60
        assert (written["reason"] == "stopped before").sum() >= 50
        assert all(len(path.read_bytes()) for path in tmp_path.glob("*.jpg"))
        again = fetch_images(table, tmp_path, policy=slow)
        assert again.counts["existing"] >= 4
        assert again.n_images == 60
        assert shop.seen.total() <= 64

    def test_two_at_once_share_the_folder(self, shop, quick, tmp_path, monkeypatch):
        wanted = {n: shop.has(f"/{n}", shop.picture(seed=n)) for n in range(10)}
        found: list[FetchReport] = []
        threads = [
            threading.Thread(target=lambda: found.append(fetch(wanted, tmp_path, quick)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert shop.seen.total() == 10
        assert sorted(str(one.counts) for one in found) == ["{'existing': 10}", "{'fetched': 10}"]

    def test_bad_tables_and_folders(self, quick, tmp_path):
        with pytest.raises(DataError, match="columns item and urls"):
            fetch_images(pl.DataFrame({"item": [1], "urls": ["http://x"]}), tmp_path)
        (tmp_path / "file").write_text("x")
        with pytest.raises(DownloadError, match="name another folder"):
            fetch({"a": "http://x"}, tmp_path / "file", quick)
        found = fetch({"a": [], None: "http://x"}, tmp_path, quick)
        assert found.counts == {"no address": 1, "refused": 1}

    def test_without_pillow(self, quick, tmp_path, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "PIL", None)
        monkeypatch.setitem(__import__("sys").modules, "PIL.Image", None)
        with pytest.raises(MissingExtraError, match=r"penchant\[images\]"):
            fetch({"a": "http://x"}, tmp_path, quick)
