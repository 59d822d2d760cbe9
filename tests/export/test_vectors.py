"""Vectors as tables."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.errors import NotFittedError, ParameterError
from penchant.models import BPR, EASE, IALS, ItemKNN
from penchant.models.table import make


def test_products_of_the_vectors_are_scores(tiny, tmp_path):
    model = BPR(dim=4, epochs=2).fit(tiny)
    done = pn.export_vectors(model, tmp_path / "vectors")
    items, users = (pl.read_parquet(done.folder / f"{n}.parquet") for n in ("items", "users"))
    assert items.schema == {
        "id": pl.Int64,
        "title": pl.String,
        "vector": pl.Array(pl.Float32, 5),
    }
    assert items["title"][0] == "Film 1, The (1950)"
    assert (len(items), len(users)) == (done.n_items, done.n_users) == (20, 40)
    products = users["vector"].to_numpy() @ items["vector"].to_numpy().T
    np.testing.assert_allclose(products, model.scores(model.histories_), rtol=1e-5, atol=1e-6)
    facts = json.loads((done.folder / "vectors.json").read_text())
    assert (facts["similarity"], facts["dim"], facts["log"]) == ("product", 5, "tiny")
    assert facts["model"] == "bpr:dim=4,epochs=2"


def test_vectors_that_only_say_what_is_alike(tiny, tmp_path):
    model = make("ordinal:dim=4,epochs=1").fit(tiny)
    done = pn.export_vectors(model, tmp_path)
    assert done.similarity == "cosine"
    vectors = pl.read_parquet(tmp_path / "items.parquet")["vector"].to_numpy()
    np.testing.assert_array_equal(vectors, model.item_vectors())
    assert "how alike they are" in str(done)


def test_users_in_several_blocks(tiny, tmp_path, monkeypatch):
    model = IALS(dim=4, epochs=1).fit(tiny)
    pn.export_vectors(model, tmp_path / "whole")
    monkeypatch.setattr("penchant.export.vectors._ROWS", 7)
    pn.export_vectors(model, tmp_path / "parts")
    whole, parts = (pl.read_parquet(tmp_path / n / "users.parquet") for n in ("whole", "parts"))
    assert parts["id"].to_list() == whole["id"].to_list() == tiny.users.ids.to_list()
    np.testing.assert_allclose(parts["vector"].to_numpy(), whole["vector"].to_numpy(), rtol=1e-4)


def test_items_of_which_nothing_is_known_are_left_out(tmp_path):
    log = pn.testing.planted_pairs(n_users=30, n_items=12, cold_items=3)
    model = make("lightgcn:dim=4,epochs=1").fit(log)
    done = pn.export_vectors(model, tmp_path)
    assert done.n_items == np.count_nonzero(log.item_counts) < log.n_items


def test_impossible_wishes(tiny, tmp_path):
    with pytest.raises(ParameterError, match=r"has no vectors of items: .*ials"):
        pn.export_vectors(ItemKNN().fit(tiny), tmp_path / "vectors")
    with pytest.raises(NotFittedError):
        pn.export_vectors(EASE(), tmp_path / "vectors")
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="is a file"):
        pn.export_vectors(IALS(dim=4, epochs=1).fit(tiny), tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
