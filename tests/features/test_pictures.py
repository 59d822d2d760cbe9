from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from PIL import Image

from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError
from penchant.features import pictures
from penchant.features.pictures import with_pictures

N = 12
ITEMS = [f"a/{n}" for n in range(N)]  # no file can be called that


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def log():
    """Ten items with events, two without, one of which has a picture."""
    events = pl.DataFrame({"user": [1] * 10, "item": ITEMS[:10]})
    return Dataset.from_frame(events, item_table=pl.DataFrame({"item": ITEMS}), name="shop")


@pytest.fixture
def folder(tmp_path):
    """Pictures of red and of blue things by turns, of all but items 9 and 11."""
    made = tmp_path / "pictures"
    made.mkdir()
    for n in range(N - 1):
        if n != 9:
            tint = (200 + n, 20, 20 + n) if n % 2 else (20, 20 + n, 200 + n)
            Image.new("RGB", (32, 32), tint).save(made / f"a%2F{n}.png")
    return made


def vectors(log):
    assert log.item_table is not None
    return log.item_table["picture"].to_numpy()


def test_pictures_become_a_column_of_vectors(log, folder, notices):
    found = with_pictures(log, folder, encoder="colour")
    rows = vectors(found)
    assert rows.shape == (N, 8)  # nine pictures of items with events differ in eight directions
    assert np.flatnonzero(~rows.any(axis=1)).tolist() == [
        found.items.index("a/11"),
        found.items.index("a/9"),
    ]
    at = {item: n for n, item in enumerate(found.items.ids)}
    red, blue = ([at[f"a/{n}"] for n in range(first, 9, 2)] for first in (1, 0))
    new = rows[at["a/10"]]  # and blue
    assert new @ rows[blue].mean(axis=0) > 0 > new @ rows[red].mean(axis=0)
    assert found.fingerprint == log.fingerprint
    assert notices() == (
        f"{folder}: 10 of 12 items have a picture, read by 'colour' as 8 numbers.\n"
    )


def test_items_without_events_decide_no_direction(log, folder):
    usual = vectors(with_pictures(log, folder, encoder="colour"))
    Image.new("RGB", (32, 32), (0, 255, 0)).save(folder / "a%2F10.png")
    green = vectors(with_pictures(log, folder, encoder="colour"))
    same = np.array([item != "a/10" for item in log.items.ids])
    assert (usual[same] == green[same]).all()
    assert (usual[~same] != green[~same]).any()


def test_whose_pictures_decide_can_be_said(log, folder):
    few = np.isin(log.items.ids.to_list(), ["a/1", "a/2", "a/3"])
    assert vectors(with_pictures(log, folder, encoder="colour", learned=few)).shape == (N, 2)


def test_a_broken_picture_is_told_and_is_zeros(log, folder, notices):
    (folder / "a%2F4.png").write_bytes(b"no picture")
    rows = vectors(with_pictures(log, folder, encoder="colour"))
    assert not rows[log.items.index("a/4")].any()
    told = notices()
    assert "9 of 12 items have a picture" in told
    assert "1 file could not be read, such as a%2F4.png (" in told


def test_a_log_without_a_table_gets_one(folder):
    log = Dataset.from_frame(pl.DataFrame({"user": [1, 1], "item": ["a/1", "a/2"]}))
    assert vectors(with_pictures(log, folder, encoder="colour")).shape == (2, 1)


def test_bad_folders(log, folder, tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        with_pictures(log, tmp_path / "nowhere")
    with pytest.raises(DataError, match="cannot be read"):
        with_pictures(log, folder / "a%2F1.png")
    empty = tmp_path / "empty"
    empty.mkdir()
    for files in (0, 1):
        with pytest.raises(DataError, match=rf"of {files} items? .* call the files <item id>\."):
            with_pictures(log, empty)
        Image.new("RGB", (32, 32)).save(empty / "a%2F1.png")
    with pytest.raises(ParameterError, match="no encoder of images 'eye'"):
        with_pictures(log, folder, encoder="eye")


def test_a_column_of_that_name_is_not_lost(log, folder, monkeypatch):
    table = pl.DataFrame({"item": ITEMS, "picture": ["http://a.example/1.jpg"] * N})
    taken = Dataset.from_frame(log.frame(), item_table=table, name="shop")

    def unwanted(*_):
        raise AssertionError("nothing is to be encoded")

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "image_encoder", unwanted)
        with pytest.raises(DataError, match="has a column 'picture' already"):
            with_pictures(taken, folder)
    once = with_pictures(log, folder, encoder="colour")
    assert vectors(with_pictures(once, folder, encoder="colour")).shape == (N, 8)
