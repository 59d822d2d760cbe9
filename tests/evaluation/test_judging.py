"""One model of a comparison, wherever it is fitted."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from polars.testing import assert_frame_equal

import penchant as pn
from penchant.evaluation import judging
from penchant.rules import Rules
from penchant.testing import planted_orders, planted_pairs, planted_ratings
from support.side_by_side import SideBySide

MODELS = ("ease", "list-blend:base_models=ease;popular", "bias", "dot:epochs=2")


@pytest.fixture
def workers(monkeypatch):
    workers = SideBySide()
    monkeypatch.setattr(judging, "executor", lambda run: workers)
    return workers


def plain(result):
    """All that a comparison says, but for time and memory."""
    answer = result.to_dict()
    for table in answer["tables"].values():
        for entry in table["entries"]:
            entry["cost"] = None
    return answer


def both(monkeypatch, workers, *arguments, **options):
    """A comparison in one process, and by workers."""
    with monkeypatch.context() as here:
        here.undo()
        expected = pn.evaluate(*arguments, replicates=200, **options)
    monkeypatch.setattr(judging, "executor", lambda run: workers)
    return expected, pn.evaluate(*arguments, replicates=200, **options)


@pytest.mark.parametrize("refit", [False, True])
def test_workers_come_to_what_one_process_comes_to(monkeypatch, refit):
    workers = SideBySide()
    split = pn.split_random(planted_ratings(), validation=0.2, test=0.2)
    models = [pn.models.make(name) for name in MODELS]
    rules = Rules(exclude={"items": [split.log.items[0]]})
    expected, found = both(monkeypatch, workers, models, split, refit=refit, rules=rules)
    assert set(expected.tables) == {"ranking", "rating", "like"}
    assert plain(found) == plain(expected)
    names = [participant.name for participant in workers.done]
    assert names != list(found.models) == list(expected.models)
    for name, model in expected.models.items():
        assert_frame_equal(found.models[name].recommend(None, 3), model.recommend(None, 3))


def test_orders_and_cold_items_are_judged_the_same(monkeypatch):
    log = pn.read(planted_orders(n_customers=60))
    for split in (pn.split_next_basket(log), pn.split_cold_items(planted_pairs())):
        names = ("personal-popular", "markov", "ease")
        models = [pn.models.make(name) for name in names]
        expected, found = both(monkeypatch, SideBySide(), models, split)
        assert plain(found) == plain(expected)


def test_what_comes_back_does_not_hold_the_log_and_is_whole_again(workers, tmp_path):
    split = pn.split_per_user(planted_pairs(n_users=2000), validation=0.1, test=0.1)
    blend = pn.models.make("list-blend:base_models=item-mean;popular,weights=1;1")
    result = pn.evaluate([blend], split, ["ndcg@1"], replicates=50)
    assert workers.largest < len(pickle.dumps(split.train.histories))
    model = result.models[next(iter(result.models))]
    for part in (model, *model.base_models_):
        assert part.histories_ is split.train.histories
        assert part.users_ is split.train.users
    restored = pn.restore(pn.save(model, tmp_path / "blend"))
    assert_frame_equal(restored.recommend(None, 3), model.recommend(None, 3))


def test_copies_do_without_what_is_computed_again():
    model = pn.models.make("popular").fit(planted_pairs())
    lists = model.recommend(None, 3)
    assert "_derived" in vars(model)
    again = pickle.loads(pickle.dumps(model))
    assert "_derived" not in vars(again)
    assert_frame_equal(again.recommend(None, 3), lists)
    assert np.array_equal(again.histories_.items, model.histories_.items)
