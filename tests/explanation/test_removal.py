"""Falls of scores when items are left out of a history."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.data.histories import Histories
from penchant.explanation import removal
from penchant.explanation.removal import as_new, removal_effects, without
from penchant.models import make
from penchant.models.base import Recommender
from penchant.models.protocols import ExplainsByRemoval
from penchant.testing import planted_pairs


class Pairs(Recommender):
    """The score of an item is the number of its neighbours, items one below and one above."""

    def _fit(self, train, validation, run):
        pass

    def _scores(self, users):
        near = np.zeros((len(users), users.n_items + 2), np.float32)
        for shift in (0, 2):
            np.add.at(near, (users.rows, users.items + shift), 1.0)
        return near[:, 1:-1] + 7 * users.lengths[:, None].astype(np.float32)


class Removable(Pairs):
    """Says itself what would be lost."""

    def removal_effects(self, user, items):
        return (np.abs(items[:, None] - user.items) == 1).astype(np.float32)

    def _item_scores(self, users, items):
        raise AssertionError("Nobody needs to ask again.")


def history_of(model, items):
    return Histories.of(items, n_items=len(model.items_))


@pytest.fixture(scope="module", params=[Pairs, Removable])
def model(request):
    return request.param().fit(planted_pairs(n_users=20, n_items=30))


def test_falls_beyond_those_of_typical_items(model):
    history = history_of(model, [3, 9, 20])
    items = np.array([4, 10, 8, 15], np.int32)
    drops = removal_effects(model, history, model.scores(history)[0], items)
    np.testing.assert_array_equal(drops, [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 0]])


def test_nothing_to_tell(model):
    empty = history_of(model, [])
    assert removal_effects(model, empty, model.scores(empty)[0], np.array([3], np.int32)) is None
    history = history_of(model, [3])
    never = np.full(30, -np.inf, np.float32)
    assert removal_effects(model, history, never, np.array([3], np.int32)) is None
    popular = make("popular").fit(planted_pairs(n_users=20, n_items=30))
    scores = popular.scores(history)[0]
    assert removal_effects(popular, history, scores, np.array([3], np.int32)) is None


def test_the_latest_items_are_left_out_of_long_histories(monkeypatch):
    monkeypatch.setattr(removal, "_LEFT_OUT", 2)
    model = Pairs().fit(planted_pairs(n_users=20, n_items=30))
    history = history_of(model, [3, 9, 20, 9])
    items = np.array([4, 10, 21], np.int32)
    drops = removal_effects(model, history, model.scores(history)[0], items)
    np.testing.assert_array_equal(drops, [[0, 0, 0, 0], [0, 0, 0, 2], [0, 0, 1, 0]])


def test_few_items_say_what_is_typical_where_there_are_many(monkeypatch):
    monkeypatch.setattr(removal, "_TYPICAL", 9)
    model = Pairs().fit(planted_pairs(n_users=20, n_items=60))
    history = history_of(model, [3, 9, 20])
    drops = removal_effects(model, history, model.scores(history)[0], np.array([4], np.int32))
    np.testing.assert_array_equal(drops, [[1, 0, 0]])


@pytest.mark.parametrize("kind", [Pairs, Removable])
@pytest.mark.parametrize("item", [4, 50])
def test_a_history_that_moves_few_scores_plays_a_part(monkeypatch, kind, item):
    monkeypatch.setattr(removal, "_TYPICAL", 1)  # which is drawn from those that are not moved
    model = kind().fit(planted_pairs(n_users=20, n_items=60))
    history = history_of(model, [3])
    drops = removal_effects(model, history, model.scores(history)[0], np.array([item], np.int32))
    np.testing.assert_array_equal(drops, [[float(item == 4)]])


def test_only_what_can_tell_is_asked():
    assert isinstance(Removable(), ExplainsByRemoval)
    assert not isinstance(Pairs(), ExplainsByRemoval)


def test_histories_without_items():
    history = Histories(
        users=np.array([5], np.int32),
        offsets=np.array([0, 4]),
        items=np.array([2, 1, 2, 0], np.int32),
        ratings=np.array([1, 2, 3, 4], np.float32),
        times=np.array([10, 11, 12, 13]),
        n_items=4,
        weights=np.array([1, 2, 3, 4], np.float32),
        positive=2.0,
        baskets=np.array([0, 0, 1, 1], np.int32),
    )
    left = without(history, [np.array([2], np.int32), np.array([], np.int32), np.array([0, 1, 2])])
    assert left.offsets.tolist() == [0, 2, 6, 6]
    assert left.users.tolist() == [5, 5, 5]
    assert left.items.tolist() == [1, 0, 2, 1, 2, 0]
    assert left.ratings.tolist() == [2, 4, 1, 2, 3, 4]
    assert left.weights.tolist() == [2, 4, 1, 2, 3, 4]
    assert left.times.tolist() == [11, 13, 10, 11, 12, 13]
    assert left.baskets.tolist() == [0, 1, 0, 0, 1, 1]
    assert left.positive == 2.0
    assert len(without(history, [])) == 0


def test_somebody_known_as_somebody_new():
    history = planted_pairs(n_users=20, n_items=30).histories.block(3, 4)
    new = as_new(history)
    assert new.users.tolist() == [-1]
    np.testing.assert_array_equal(new.items, history.items)
    assert new.signatures == history.signatures
