"""Networks of users' vectors where most items have no events."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import DataError
from penchant.models import Autoencoder, MultDAE, MultVAE
from penchant.run import Run
from penchant.testing import planted_ratings

MODELS = [
    Autoencoder(hidden=8, epochs=3),
    MultDAE(hidden=8, dim=4, epochs=3),
    MultVAE(hidden=8, dim=4, epochs=3),
]


def described(log, n_items):
    """The same events in a catalogue of so many items."""
    table = pl.DataFrame({"item": np.arange(n_items)})
    return Dataset.from_frame(log.frame(), item_table=table, scale=log.scale)


@pytest.fixture(scope="module")
def log():
    some = planted_ratings(n_users=30, n_items=12, per_user=6)
    frame = some.frame().with_columns(item=some.events["item"].cast(pl.Int64))
    return Dataset.from_frame(frame, scale=some.scale)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_items_without_events_cost_and_change_nothing(model, log):
    small, large = model.clone().fit(log), model.clone().fit(described(log, 500))
    items = large.items_.indices(small.items_.ids)
    wanted, scores = small.scores(small.histories_), large.scores(large.histories_)
    np.testing.assert_allclose(scores[:, items], wanted, atol=1e-6)
    others = np.setdiff1d(np.arange(500), items)
    if isinstance(model, Autoencoder):
        assert (scores[:, others] == 0).all()
    else:
        assert scores[:, others].max(1).tolist() < wanted.min(1).tolist()
    assert large.n_parameters() == small.n_parameters()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_an_update_takes_in_items_that_had_no_events(model, log):
    fitted = model.clone().fit(described(log, 500))
    new = Dataset.from_frame(
        pl.DataFrame({"user": log.users.ids, "item": 400, "rating": 5.0}).with_columns(
            time=pl.lit(2_000_000_000).cast(pl.Datetime("us"))
        )
    )
    place = fitted.items_.index(400)
    before = fitted.scores(fitted.histories_)
    fitted.update(new)
    assert place in fitted.trained_items_
    after = fitted.scores(fitted.histories_)
    assert after.shape == before.shape
    assert (after[:, place] > before[:, place]).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_users_times_items_that_take_hours_are_refused(model, log):
    with pytest.raises(DataError, match=r"Fitting \w+ to 30 users and 12 items takes about .* h"):
        model.clone().fit(log, run=Run(max_hours=1e-9))
