"""Drawings of products, served at an address of this machine and fetched from there."""

from __future__ import annotations

import io
import urllib.error
import urllib.request

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

pytest.importorskip("PIL")

from PIL import Image

from penchant.cli.app import app
from penchant.data.dataset import Dataset
from penchant.run import Run
from penchant.studies.fashion.drawings import SIDE, draw_product, kind_of
from penchant.studies.fashion.picture_server import serve_pictures
from penchant.studies.fashion.products import fetch_drawings, with_product_pictures

TITLES = {"a": "Running shoe", "b": "Wedding ring", "c": None, "d": "Wool hat, black"}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def log():
    table = pl.DataFrame({"item": list(TITLES), "title": list(TITLES.values())})
    events = pl.DataFrame({"user": [1, 1, 2, 2], "item": list(TITLES), "rating": [5.0, 4, 1, 3]})
    return Dataset.from_frame(events, item_table=table, name="shop")


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Calvin Klein Boys' Boxer Briefs", "brief"),
        ("Sock shoe", "shoe"),  # the last word says what it is
        ("Women's Scarves", "scarf"),
        ("Something else", None),
        (None, None),
    ],
)
def test_a_title_names_a_kind(title, kind):
    assert kind_of(title) == kind


def test_drawings_differ_by_product_and_are_the_same_again():
    first, again, other = (draw_product(item, "Shoe") for item in ("a", "a", "b"))
    assert first == again != other
    assert Image.open(io.BytesIO(first)).size == (SIDE, SIDE)
    shoe, hat = (np.asarray(Image.open(io.BytesIO(draw_product("a", t)))) for t in ("Shoe", "Hat"))
    assert (shoe != hat).any()


def test_the_server_serves_what_it_has_and_then_stops():
    with serve_pictures({"a.jpg": b"picture"}) as address:
        assert address.startswith("http://127.0.0.1:")
        assert urllib.request.urlopen(f"{address}/a.jpg").read() == b"picture"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/../b.jpg")
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{address}/a.jpg")


def test_drawings_are_fetched_and_a_product_without_a_title_is_listed(log, tmp_path):
    fetched = fetch_drawings(log, tmp_path / "images", Run())
    assert {item: status for item, (status, _) in fetched.items()} == {
        "a": "fetched", "b": "fetched", "c": "no address", "d": "fetched",
    }  # fmt: skip
    assert (tmp_path / "images" / "a.jpg").read_bytes() == draw_product("a", "Running shoe")


def test_the_command_fetches_the_same_from_the_same_address(tmp_path):
    drawn = {f"{item}.jpg": draw_product(item, title) for item, title in TITLES.items() if title}
    with serve_pictures(drawn) as address:
        lines = [f"{item},{address}/{item}.jpg" for item in "abd"] + ["c,n/a", f"e,{address}/e.jpg"]
        (tmp_path / "urls.csv").write_text("item,address\n" + "\n".join(lines))
        words = ["images", str(tmp_path / "urls.csv"), "-o", str(tmp_path / "out")]
        result = CliRunner().invoke(app, [*words, "--allow-private"])
    assert result.exit_code == 0, result.output
    assert "3 of 5 items with an image" in result.stdout
    assert "1 no address" in result.stdout
    assert "1 missing" in result.stdout


def test_vectors_do_not_depend_on_ratings(log):
    first = with_product_pictures(log, "generated", Run()).log.item_table["picture"]
    other = Dataset.from_frame(
        log.frame().with_columns(rating=6 - pl.col("rating"))[:3], item_table=log.item_table
    )
    second = with_product_pictures(other, "generated", Run()).log.item_table["picture"]
    assert first.dtype.size == 512
    assert np.allclose(
        first.to_numpy()[0] - first.to_numpy()[1], second.to_numpy()[0] - second.to_numpy()[1],
        atol=1e-4,
    )  # fmt: skip
    assert not first.to_numpy()[2].any()  # no title, no picture
