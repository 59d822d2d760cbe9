"""Whether the attribute that a reason names is the one that the model goes by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.explanation import attribute_fidelity, explain_lists
from penchant.models import EASE, AttributeNetwork, PerUserNetwork
from penchant.models.protocols import RatesRows
from penchant.testing import planted_attributes, planted_pairs

USERS = [1, 4, 7, 11]


@pytest.fixture(scope="module")
def log():
    return planted_attributes(n_users=24, n_items=60, per_user=30)


MODELS = {
    "per-user": PerUserNetwork(cell="lstm", hidden=8, dim=8, epochs=40, learning_rate=0.02),
    "per-user without forget gate": PerUserNetwork(epochs=30, learning_rate=0.01, dropout=0),
    "attribute-network": AttributeNetwork(epochs=15, batch_size=32),
    "attribute-network of items": AttributeNetwork(epochs=15, batch_size=32, item_rate=True),
}


@pytest.fixture(scope="module", params=MODELS)
def model(request, log):
    return MODELS[request.param].clone().fit(log)


def test_taking_the_named_attribute_away_costs_most(model):
    table = attribute_fidelity(model, USERS, k=8)
    assert len(table) > 5
    assert (table["drop_named"] >= table["largest_drop_of_others"] - 1e-6).all()
    assert table["drop_named"].mean() > table["drop_others"].mean()
    assert table["places_named"].mean() > table["places_others"].mean()
    assert (table["drop_named"] >= table["drop_most_liked"] - 1e-6).all()


def test_drops_are_those_of_a_log_in_which_the_item_lacks_the_attribute(model, log):
    """The same weights, restored for a log whose item table says so."""
    table = attribute_fidelity(model, USERS, k=4)
    row = table.row(0, named=True)
    items = log.item_table
    changed = items.with_columns(
        genres=pl.when(pl.col("item") == row["item"])
        .then(pl.col("genres").list.set_difference(pl.lit([row["named"]])))
        .otherwise(pl.col("genres"))
    )
    other = model.clone(epochs=1).fit(replace(log, item_table=changed))
    assert other.attributes_ == model.attributes_
    of_items = model.bookkeeping & {"item_attributes_", "patterns_", "pattern_of_item_"}
    for name, value in model.fitted_state().items():
        if name not in of_items and name != "fallback_":
            setattr(other, name, value)

    def chance(one):
        (history,) = [one.histories_of([row["user"]])]
        index = one.items_.indices([row["item"]]).astype(np.int32)
        return float(one.predict(_rows(history, index))[0])

    assert isinstance(model, RatesRows)
    assert chance(model) - chance(other) == pytest.approx(row["drop_named"], abs=1e-5)


def _rows(history, items):
    from penchant.data.holdout import Rows

    return Rows(history, np.zeros(len(items), np.int32), items)


def test_reasons_that_name_the_wrong_attribute_are_found_out(model, monkeypatch):
    effects = type(model).attribute_effects
    monkeypatch.setattr(
        type(model), "attribute_effects", lambda self, user, items: -effects(self, user, items)
    )
    table = attribute_fidelity(model, USERS, k=8)
    assert len(table)
    assert (table["drop_named"] < table["largest_drop_of_others"] + 1e-9).mean() > 0.8


def test_rows_are_of_items_that_a_reason_names_an_attribute_of(model):
    lists = explain_lists(model, USERS, 8)
    table = attribute_fidelity(model, USERS, k=8)
    first = {
        (row["user"], row["item"]): row["attributes"][0]["name"]
        for row in lists.iter_rows(named=True)
        if len(row["attributes"]) > 1
    }
    assert table.columns[:3] == ["user", "item", "named"]
    for row in table.iter_rows(named=True):
        assert first[row["user"], row["item"]] == row["named"]


def test_someone_new_has_reasons_too(model):
    history = model.history([1, 2, 3, 4, 5, 6], [5, 1, 5, 1, 4, 2])
    table = attribute_fidelity(model, history, k=5)
    assert table.columns[0] == "history"


def test_a_copy_with_other_attributes_leaves_the_model_alone(model):
    before = model.scores(model.histories_of())
    nobody = model.history([])
    of_nobody = model.scores(nobody)
    copy = model.with_attributes(1 - model.item_attributes_)
    assert np.abs(copy.scores(model.histories_of()) - before).max() > 1e-3
    assert copy.scores(nobody).shape == of_nobody.shape
    np.testing.assert_array_equal(model.scores(model.histories_of()), before)
    np.testing.assert_array_equal(model.scores(nobody), of_nobody)
    same = model.with_attributes(model.item_attributes_.copy())
    np.testing.assert_allclose(same.scores(nobody), of_nobody, atol=1e-6)
    with pytest.raises(ParameterError, match="zeros and ones of the shape"):
        model.with_attributes(model.item_attributes_[:, 1:])


def test_other_models_have_no_such_reasons():
    model = EASE().fit(planted_pairs())
    with pytest.raises(ParameterError, match="reasons of EASE are no attributes"):
        attribute_fidelity(model)


def test_items_of_one_attribute_have_no_other_to_compare_with():
    table = pl.DataFrame(
        {"item": range(20), "genres": [["War" if i % 2 else "Drama"] for i in range(20)]}
    )
    frame = pl.DataFrame(
        [(u, i, 5.0 if (i + u) % 2 else 1.0) for u in range(6) for i in range(12)],
        schema=["user", "item", "rating"],
        orient="row",
    )
    log = Dataset.from_frame(frame, item_table=table, scale=(1, 5))
    model = AttributeNetwork(epochs=3).fit(log)
    assert not len(attribute_fidelity(model, [1], k=3))
