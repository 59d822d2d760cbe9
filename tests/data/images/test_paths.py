from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.dataset import Dataset
from penchant.data.images import image_paths, safe_name
from penchant.errors import DataError


def log_of(items) -> Dataset:
    return Dataset.from_frame(pl.DataFrame({"user": [1] * len(items), "item": items}))


def test_files_by_item(tmp_path):
    for name in ("1.jpg", "2.PNG", "2.gif", "3.txt", ".4.jpg~half", "10.webp"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "5").mkdir()
    found = image_paths(log_of([10, 2, 4, 1, 3, 5]), tmp_path)
    assert found == {
        1: tmp_path / "1.jpg",
        2: tmp_path / "2.PNG",
        10: tmp_path / "10.webp",
    }


def test_odd_ids_are_found_under_safe_names(tmp_path):
    items = ["a/b", "..", "CON", "é ü", "x" * 400, "x" * 399 + "y", "%41", "A"]
    for item in items:
        (tmp_path / f"{safe_name(item)}.jpg").write_bytes(item.encode())
    found = image_paths(log_of(items), tmp_path)
    assert {item: path.read_bytes().decode() for item, path in found.items()} == {
        item: item for item in items
    }


@given(st.text(max_size=300), st.text(max_size=300))
def test_names_are_safe_and_differ(one, other):
    name = safe_name(one)
    assert name
    assert not set(name) & set('/\\:*?"<>|\0 ')
    assert not name.startswith(".")
    assert len(name) < 200
    assert (name == safe_name(other)) == (one == other)


def test_no_folder(tmp_path):
    with pytest.raises(DataError, match="penchant images"):
        image_paths(log_of([1]), tmp_path / "none")


@pytest.mark.mirror
def test_posters_are_found_where_they_lie(mirror):
    from penchant.data.sources import load

    log = load("movielens-100k", mirror=mirror)
    found = image_paths(log, mirror / "movielens-100k" / "posters")
    assert len(found) == 1510
    assert found[1].name == "1.jpg"
