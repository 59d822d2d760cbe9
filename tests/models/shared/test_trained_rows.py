from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.models import AutoRec, PerUserNetwork, RatingRBM
from penchant.models.shared.trained_rows import rows_of_users, rows_to_train
from penchant.testing import planted_ratings

MODELS = [
    AutoRec(hidden=6, epochs=3),
    RatingRBM(hidden=6, epochs=3),
    PerUserNetwork(hidden=2, dim=2, epochs=2),
]


def test_few_rows_with_events_are_trained_alone():
    assert rows_to_train(np.array([0, 3, 0, 0, 0])).tolist() == [1]
    assert rows_to_train(np.array([0, 3, 0, 0])).tolist() == [0, 1, 2, 3]
    assert rows_of_users(np.array([1, 4]), 6).tolist() == [-1, 0, -1, -1, 1, -1]


def among(log, n_users):
    """The same events among so many users, the first ones of whom they are."""
    frame = log.frame().with_columns(user=log.events["user"].cast(pl.Int64))
    genres = [("calm", "dark")[n % 2] for n in range(log.n_items)]
    return Dataset.from_frame(
        frame,
        user_table=pl.DataFrame({"user": np.arange(n_users)}),
        item_table=pl.DataFrame({"item": log.items.ids, "genres": genres}),
        scale=log.scale,
    )


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=12, n_items=10, per_user=6)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_users_without_events_cost_and_change_nothing(model, log):
    small, large = model.clone().fit(among(log, 12)), model.clone().fit(among(log, 400))
    some = np.arange(12)
    wanted, found = (m.scores(m.histories_.take(some)) for m in (small, large))
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    sizes = [
        sum(v.size for v in m.fitted_state().values() if isinstance(v, np.ndarray) and v.ndim > 1)
        for m in (small, large)
    ]
    assert sizes[0] == sizes[1]
    nobody = large.scores(large.histories_.take([399]))
    assert np.isfinite(nobody).all()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_an_update_takes_in_users_who_had_no_events(model, log):
    fitted = model.clone().fit(among(log, 400))
    kept = fitted.scores(fitted.histories_.take([3]))
    new = Dataset.from_frame(
        pl.DataFrame(
            {"user": [77, 77, 500], "item": log.items.ids[:3], "rating": 5.0}
        ).with_columns(time=pl.lit(2_000_000_000).cast(pl.Datetime("us")))
    )
    fitted.update(new)
    scores = fitted.scores(fitted.histories_.take(fitted.users_.indices([3, 77, 500])))
    assert np.isfinite(scores).all()
    if not isinstance(fitted, AutoRec):  # whose update goes on with weights of all users
        np.testing.assert_allclose(scores[:1], kept, atol=1e-5)
    assert len(np.unique(scores, axis=0)) == 3
