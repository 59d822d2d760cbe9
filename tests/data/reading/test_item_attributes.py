from __future__ import annotations

import gzip
import json

import pytest

import penchant as pn
from penchant.errors import DataError

ATTRIBUTES = {"4": [1, 2], "7": [2], "9": []}


@pytest.fixture
def shop(tmp_path):
    """A log of sequences and a table of attributes, as S3-Rec's files are."""
    (tmp_path / "Shop.txt").write_text("1 4 7 9\n2 7 4 11\n3 9 4\n")
    (tmp_path / "Shop_item2attributes.json").write_text(json.dumps(ATTRIBUTES))
    return tmp_path


def attributes_of(folder) -> dict:
    log = pn.read(
        folder / "Shop.txt",
        layout="adjacency",
        item_table=folder / "Shop_item2attributes.json",
    )
    assert log.items.kind == "integer"
    return dict(log.item_table.select("item", "attributes").iter_rows())


def test_lists_of_numbers_are_attributes(shop, caplog):
    assert attributes_of(shop) == {4: ["1", "2"], 7: ["2"], 9: None, 11: None}
    assert "keys are read as items, and their lists as attributes" in caplog.text


@pytest.mark.parametrize("packed", [False, True])
def test_names_stand_in_the_file_beside(shop, caplog, packed):
    text = json.dumps({"id2attribute": {"1": "Makeup", "3": "Face"}}).encode()
    name = "Shop_datamaps.json" + (".gz" if packed else "")
    (shop / name).write_bytes(gzip.compress(text) if packed else text)
    assert attributes_of(shop) == {4: ["Makeup", "2"], 7: ["2"], 9: None, 11: None}
    assert f"whose names are those of {name}" in caplog.text


@pytest.mark.parametrize("text", ["{}", "[1]", "no", '{"id2attribute": [1]}'])
def test_a_damaged_file_of_names_is_refused(shop, text):
    (shop / "Shop_datamaps.json").write_text(text)
    with pytest.raises(DataError, match=r"Shop_datamaps\.json beside the table"):
        attributes_of(shop)


def test_a_log_of_keys_and_lists_stays_one(tmp_path):
    (tmp_path / "log.json").write_text(json.dumps({"ann": ["tea", "cup"], "bob": ["tea"]}))
    assert len(pn.read(tmp_path / "log.json")) == 3
