"""Per-user networks: what is theirs alone, updating, and the memory of earlier states."""

from __future__ import annotations

import copy

import numpy as np
import polars as pl
import pytest

from penchant.bundle import restore, save
from penchant.data.dataset import Dataset
from penchant.data.splitting import split_per_user
from penchant.data.target import Rating
from penchant.errors import DataError, ParameterError, UnknownIdError
from penchant.models import PerUserNetwork, make
from penchant.testing import planted_attributes

TASTES = {1: ("Funny", "Scary"), 2: ("Scary", "Funny"), 3: ("Sad", "Funny")}
FILMS = [["Funny"], ["Scary"], ["Sad"], ["Funny", "Sad"], [], None]


def films(n=36):
    return pl.DataFrame(
        {
            "item": range(1, n + 1),
            "title": [f"Film {i}" for i in range(1, n + 1)],
            "genres": [FILMS[i % len(FILMS)] for i in range(n)],
        },
        schema_overrides={"genres": pl.List(pl.String)},
    )


def log_of(users=TASTES, per_user=18, first=1, **options):
    rows = []
    for user, (likes, dislikes) in users.items():
        for item in range(first, first + per_user):
            genres = FILMS[(item - 1) % len(FILMS)] or []
            rating = 5.0 if likes in genres else 1.0 if dislikes in genres else 3.0 + item % 2
            rows.append((user, item, rating))
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    return Dataset.from_frame(frame, item_table=films(), scale=(1, 5), **options)


def quick(**changes):
    usual = {"cell": "lstm", "hidden": 8, "activation": "tanh", "learning_rate": 0.02, "epochs": 60}
    return PerUserNetwork(**(usual | changes))


@pytest.fixture(scope="module")
def fitted():
    return quick().fit(log_of())


@pytest.fixture
def model(fitted):
    """A fitted model that a test may change."""
    return copy.deepcopy(fitted)


def test_each_user_has_their_own_taste(fitted):
    scores = fitted.scores(fitted.histories_of([1, 2]))
    funny, scary = scores[:, 18], scores[:, 19]
    assert funny[0] > scary[0]
    assert funny[1] < scary[1]


def test_a_network_does_not_depend_on_who_else_is_there():
    # Few epochs: training magnifies what rounding does differently.
    fitted, alone = (quick(epochs=10).fit(log_of(who)) for who in (TASTES, {2: TASTES[2]}))
    mine = fitted.scores(fitted.histories_of([2]))
    np.testing.assert_allclose(alone.scores(alone.histories_of([2])), mine, atol=1e-5)


def test_a_new_user_gets_the_network_a_known_one_with_that_history_has(fitted):
    known = fitted.histories_of([3])
    ids = fitted.items_.take(known.items).to_list()
    visitor = fitted.history(ids, known.ratings)
    np.testing.assert_allclose(fitted.scores(visitor), fitted.scores(known), atol=1e-5)


def test_fitting_again_forgets_networks_of_visitors():
    model = quick(epochs=5).fit(log_of())
    ids = model.items_.take(np.arange(4)).to_list()
    before = model.scores(model.history(ids, [5, 1, 5, 1]))
    model.fit(Dataset.from_frame(log_of().frame(), item_table=films().head(18), scale=(1, 5)))
    after = model.scores(model.history(ids, [5, 1, 5, 1]))
    assert before.shape != after.shape


def test_without_history_everybody_decides(model):
    nobody = model.history([])
    everybody = model.scores(model.histories_of())
    np.testing.assert_allclose(model.scores(nobody)[0], everybody.mean(axis=0), rtol=1e-4)


@pytest.mark.parametrize(
    ("cell", "parameters"),
    [
        # as counted by hand, with two rows of the embedding: 2·50 + 50·400 + 100·400 + 400 + 101
        ("lstm", 60_601),
        # one unit for each of 3 genres: 2·50 + 3·(50·3 + 3·3 + 3) + 4
        ("no-forget", 590),
        # 2·50 + 50·300 + 100·300 + 400 + 101; a candidate has two biases, and what is always
        # zero is stored but no weight
        ("gru", 45_601),
    ],
)
def test_counts_its_weights(cell, parameters):
    model = PerUserNetwork(cell=cell, epochs=1).fit(log_of({1: TASTES[1]}))
    assert model.n_parameters() == parameters


def test_every_cell_learns():
    split = split_per_user(planted_attributes(), validation=0, test=0.3, seed=1)
    for cell in ("lstm", "no-forget", "gru"):
        model = quick(cell=cell, dropout=0.0, epochs=30).fit(split.train)
        chance = model.predict(split.test.rows)
        liked = split.test.ratings >= 4
        assert chance[liked].mean() > chance[~liked].mean() + 0.1


def test_odd_users_have_defined_answers():
    frame = pl.DataFrame(
        {
            "user": [1] + [2] * 8 + [3] * 8,
            "item": [1, *range(1, 9), *range(1, 9)],
            "rating": [2.0] + [5.0] * 8 + [1.0] * 8,
        }
    )
    log = Dataset.from_frame(frame, item_table=films(), scale=(1, 5))
    model = quick(epochs=60, learning_rate=0.1).fit(log)
    rows = split_per_user(log_of(), validation=0, test=0.5).test.rows
    assert np.isfinite(model.predict(rows)).all()
    one, likes_all, likes_none = model.scores(model.histories_of([1, 2, 3]))
    assert np.isfinite(one).all()
    assert (likes_all > 0).all()
    assert (likes_none < 0).all()


def test_refuses_what_it_cannot_learn_from():
    with pytest.raises(DataError, match="item table"):
        quick().fit(Dataset.from_frame(log_of().frame(), scale=(1, 5)))
    with pytest.raises(DataError, match="moods"):
        quick(column="moods").fit(log_of())
    with pytest.raises(ParameterError, match="like>=4"):
        PerUserNetwork(target=Rating())


def test_patience_stops_each_user_at_their_own_time():
    split = split_per_user(planted_attributes(n_users=8), validation=0.2, test=0.2)
    model = quick(patience=3, epochs=80).fit(split.train, split.validation)
    assert len(set(model.epochs_.tolist())) > 1
    assert model.epochs_.max() < 80


class TestUpdate:
    def new(self):
        """User 2 has come to love funny films, and user 9 is new."""
        return log_of({2: ("Funny", "Scary"), 9: ("Scary", "Funny")}, first=19)

    def test_goes_on_from_where_it_was(self, model):
        before = model.scores(model.histories_of([1, 2]))
        model.update(self.new())
        after = model.scores(model.histories_of([1, 2]))
        np.testing.assert_array_equal(before[0], after[0])  # nothing new of user 1
        assert after[1, 18] - after[1, 19] > before[1, 18] - before[1, 19]
        assert model.histories_.lengths.tolist() == [18, 36, 18, 18]

    def test_moves_less_than_training_afresh_would(self, model):
        model.update_epochs = 1
        old = model.weights_[1].copy()
        near = model.update(self.new()).weights_[1]
        both = log_of().frame().vstack(self.new().frame().with_columns(pl.col("row") + 100))
        fresh = quick(epochs=1).fit(Dataset.from_frame(both, item_table=films(), scale=(1, 5)))
        assert np.abs(near - old).mean() < np.abs(fresh.weights_[1] - old).mean()

    def test_takes_in_new_users(self, model):
        model.update(self.new())
        scores = model.scores(model.histories_of([9]))[0]
        assert scores[19] > scores[18]

    def test_refuses_unknown_items_and_keeps_what_it_was(self, model):
        before = model.scores(model.histories_of())
        alien = Dataset.from_frame(
            pl.DataFrame({"user": [1, 9], "item": [1, 999], "rating": [1.0, 2.0]})
        )
        with pytest.raises(UnknownIdError, match="999"):
            model.update(alien)
        np.testing.assert_array_equal(before, model.scores(model.histories_of()))
        with pytest.raises(DataError, match="have none"):
            model.update(Dataset.from_frame(pl.DataFrame({"user": [1], "item": [1]})))

    def test_earlier_states_are_recalled_through_a_bundle(self, model, tmp_path):
        model.states_kept = 2
        before = model.scores(model.histories_of([2]))
        model.update(self.new())
        after = model.scores(model.histories_of([2]))
        assert model.earlier_states(2).to_dicts() == [{"user": 2, "state": 0, "events": 18}]
        model = restore(save(model, tmp_path / "bundle"))
        earlier = model.as_of(2, 0)
        np.testing.assert_allclose(earlier.scores(model.histories_of([2])), before, atol=1e-5)
        np.testing.assert_allclose(model.scores(model.histories_of([2])), after, atol=1e-5)
        model.recall(2, 0)
        np.testing.assert_allclose(model.scores(model.histories_of([2])), before, atol=1e-5)
        assert model.earlier_states(2)["state"].to_list() == [0, 1]
        had = model.earlier_states(2)["events"].to_list()
        assert had == [18, model.histories_.lengths[model.users_.index(2)]]
        assert model.learned_events_[model.users_.index(2)] == 18
        nobody = model.scores(model.history([]))  # the mean of all networks, this one among them
        known = model.scores(model.histories_of())
        np.testing.assert_allclose(nobody[0], known.mean(axis=0), atol=1e-5)
        model.recall(2, 1)
        np.testing.assert_allclose(model.scores(model.histories_of([2])), after, atol=1e-5)
        with pytest.raises(ParameterError, match=r"there are: 1, 2\."):
            model.recall(2, 0)  # only the latest two are kept

    def test_nothing_new_changes_nothing(self, model):
        log = log_of()
        model.update(log.subset(np.zeros(len(log), bool)))
        assert not len(model.earlier_states())


def test_effects_of_attributes_are_differences_of_scores(fitted):
    user = fitted.histories_of([1])
    # Films 4 (Funny and Sad), 1 (Funny) and 5 (no genre).
    effects = fitted.attribute_effects(user, np.array([3, 0, 4], np.int32))
    scores = fitted.scores(user)[0]
    funny, sad = (fitted.attributes_.index(n) for n in ("Funny", "Sad"))
    np.testing.assert_allclose(effects[0, sad], scores[3] - scores[0], atol=1e-5)
    np.testing.assert_allclose(effects[1, funny], scores[0] - scores[4], atol=1e-5)
    assert not effects[2].any()


def test_is_made_from_text():
    model = make("per-user:cell=lstm,hidden=5,patience=none")
    assert (model.cell, model.hidden, model.patience) == ("lstm", 5, None)
