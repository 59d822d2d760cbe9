from __future__ import annotations

import io
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import polars as pl
import pytest
from PIL import Image


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The address of a server with the images of items 0, 1 and 2."""
    folder = tmp_path / "server"
    folder.mkdir()
    for n in range(3):
        file = io.BytesIO()
        Image.new("RGB", (10, 10 + n), (n, 0, 0)).save(file, "PNG")
        (folder / f"{n}.jpg").write_bytes(file.getvalue())
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def listed(web, tmp_path) -> Path:
    path = tmp_path / "urls.csv"
    path.write_text("item,url\n" + "".join(f"{n},{web}/{n}.jpg\n" for n in range(4)))
    return path


def test_a_list_of_addresses_is_fetched(call, listed, tmp_path):
    folder = tmp_path / "images"
    result = call("images", listed, "-o", folder, "--allow-private", "--pause", 0)
    assert result.exit_code == 0, result.output
    assert "3 of 4 items with an image" in result.stdout
    assert "1 × missing: HTTP 404" in result.stdout
    names = {path.name for path in folder.iterdir()}
    assert names == {"0.png", "1.png", "2.png", "images.csv", ".lock"}
    again = call("images", listed, "-o", folder, "--allow-private", "--json")
    facts = json.loads(again.stdout)
    assert facts["counts"] == {"existing": 3, "missing": 1}
    assert facts["images"] == 3
    assert facts["table"] == str(folder / "images.csv")
    assert facts["bytes"] == sum(path.stat().st_size for path in folder.glob("*.png"))


def test_private_addresses_are_refused(call, listed, tmp_path):
    result = call("images", listed, "-o", tmp_path / "images", "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert facts["counts"] == {"refused": 4}
    assert "not a public address" in next(iter(facts["reasons"]))


def test_cells_that_are_no_address_are_counted_and_listed(call, listed, tmp_path):
    listed.write_text(listed.read_text() + "90,n/a\n91,\n92,-\n")
    folder = tmp_path / "images"
    result = call("images", listed, "-o", folder, "--allow-private", "--json")
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["items"] == 7
    assert facts["images"] > 0
    assert facts["counts"]["no address"] == 3
    assert facts["reasons"]["no address: not an address"] == 2
    table = pl.read_csv(folder / "images.csv", schema_overrides={"item": pl.String})
    odd = table.filter(pl.col("item").is_in(["90", "91", "92"]))
    assert odd["status"].to_list() == ["no address"] * 3
    assert odd["url"].to_list() == ["n/a", None, "-"]


def test_the_items_of_a_log(call, listed, tiny, tiny_csv, tmp_path):
    items = tiny.items.ids.to_list()
    listed.write_text(listed.read_text().replace("\n0,", f"\n{items[0]},"))
    words = ["images", tiny_csv, "--addresses", listed, "-o", tmp_path / "images"]
    words += ["--user", "user", "--item", "item", "--allow-private", "--json", "--limit", 5]
    result = call(*words)
    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["items"] == 5
    most = tiny.frame()["item"].value_counts(sort=True)
    table = pl.read_csv(tmp_path / "images" / "images.csv")
    least = most.filter(pl.col("item").is_in(table["item"].implode()))["count"].min()
    assert least >= most["count"].sort(descending=True)[4]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--column", "image", "--addresses", "x.csv"], "exclude each other"),
        (["--max-megabytes", "0"], "above 0"),
        (["--offline"], "leave --offline out"),
        ([], "no item table"),
    ],
)
def test_what_cannot_be(call, tiny_csv, tmp_path, options, says):
    result = call("images", tiny_csv, "-o", tmp_path / "images", *options)
    assert result.exit_code == 1
    assert says in result.stderr
    assert not (tmp_path / "images").exists()


def test_a_file_in_the_way(call, listed):
    result = call("images", listed, "-o", listed)
    assert result.exit_code == 1
    assert "is a file" in result.stderr
