"""Models that answer by an index, and exactly where that would be wrong."""

from __future__ import annotations

import copy
import logging

import numpy as np
import pytest

import penchant as pn
from penchant.errors import BundleError, NotFittedError, ParameterError
from penchant.models import EASE, IALS
from penchant.models.table import make
from penchant.retrieval import attach, detach, facts_of, forget, retriever_of
from penchant.retrieval.state import IndexFacts
from penchant.testing import planted_pairs


@pytest.fixture(scope="module")
def log():
    return planted_pairs(n_users=150, n_items=300, cold_items=5)


@pytest.fixture(scope="module")
def built(log):
    model = IALS(dim=8, epochs=3).fit(log)
    return model, pn.build_index(model, recall=0.9)


@pytest.fixture
def model(built):
    return copy.deepcopy(built[0])


@pytest.fixture
def always(monkeypatch):
    """The index answers whatever was measured."""
    monkeypatch.setattr(IndexFacts, "pays", lambda *_: True)


SPECS = ["ials:dim=8,epochs=2", "bpr:dim=8,epochs=2", "lightgcn:dim=8,epochs=1"]
SPECS += ["dot:target=interaction,dim=8,epochs=1", "sasrec:dim=8,epochs=1,blocks=1"]


@pytest.mark.parametrize("spec", SPECS)
def test_all_lists_together_are_exact(spec, log):
    model = make(spec).fit(log)
    pn.build_index(model)
    retriever = retriever_of(model)
    detach(model)
    some = np.arange(0, 300, 2, dtype=np.int32)
    for options in ({}, {"repeats": "allowed"}, {"candidates": some}, {"candidates": some[:15]}):
        lists, scores = retriever.lists(model, log.histories, 7, probes=10_000, **options)
        exact, values = model.top_items(log.histories, 7, **options)
        np.testing.assert_allclose(scores, values, rtol=1e-4, atol=1e-5)
        assert (lists == exact).mean() > 0.99


def test_facts_are_what_the_index_does(built, log):
    model, facts = built
    assert facts_of(model) == facts
    assert (facts.lists, facts.k, facts.users) == (16, 10, 75)
    assert 0 < facts.probes <= facts.lists
    assert f"recall@10 {facts.recall:.3f} beside exact search on 75 users" in str(facts)
    lists = retriever_of(model).lists(model, log.histories, 10)[0]
    exact = copy.deepcopy(model)
    detach(exact)
    wanted = exact.top_items(log.histories, 10)[0]
    hits = [len(set(a) & set(b) - {-1}) for a, b in zip(lists, wanted, strict=True)]
    assert np.mean(hits) / 10 == pytest.approx(facts.recall, abs=0.1)
    assert np.mean(hits) / 10 > 0.8


def test_lists_are_by_the_index_where_it_pays(model, log, monkeypatch):
    calls = []
    kind = type(retriever_of(model))
    monkeypatch.setattr(kind, "lists", lambda *_, **__: calls.append(1) or (None, None))
    for pays, n in ((False, 0), (True, 1)):
        monkeypatch.setattr(IndexFacts, "pays", lambda *_, pays=pays: pays)
        model.top_items(log.histories, 3)
        assert len(calls) == n
    model.top_items(log.histories, 3, repeats="only")
    assert len(calls) == 1


def test_times_of_one_and_of_many_users_decide(built):
    facts = built[1].model_copy(
        update={
            "exact_seconds": 2.0,
            "index_seconds": 1.0,
            "exact_seconds_of_many": 1.0,
            "index_seconds_of_many": 2.0,
        }
    )
    assert facts.pays(16, 16)
    assert not facts.pays(17, 16)
    assert "2.0 times as fast" in str(facts)


@pytest.mark.usefixtures("always")
def test_recommend_gives_what_the_index_finds(model, log):
    users = log.users.ids[:20].to_list()
    left_out = log.items[3]
    table = pn.recommend(model, users, 5, exclude=[left_out])
    assert set(table["user"]) == set(users)
    assert left_out not in table["item"].to_list()
    seen = log.frame().select("user", "item")
    assert not len(table.join(seen, on=["user", "item"], how="semi"))
    detach(model)
    exact = pn.recommend(model, users, 5, exclude=[left_out])
    assert len(table.join(exact, on=["user", "item"], how="semi")) >= 0.6 * len(exact)


@pytest.mark.usefixtures("always")
def test_nobody_gets_popular_items_and_short_lists_are_filled(model, log):
    for users in (model.history([]), model.history(log.items.ids[:-3].to_list())):
        found = model.top_items(users, 6)
        detach(model)
        exact = model.top_items(users, 6)
        attach(model)
        for a, b in zip(found, exact, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.usefixtures("always")
def test_bundles_keep_an_index(model, tmp_path):
    folder = pn.save(model, tmp_path / "bundle")
    assert "| index | An index of 16 lists" in (folder / "card.md").read_text()
    restored = pn.restore(folder)
    assert facts_of(restored) == facts_of(model)
    assert retriever_of(restored) is not None
    users = model.histories_
    np.testing.assert_array_equal(restored.top_items(users, 5)[0], model.top_items(users, 5)[0])
    assert restored.n_parameters() == model.n_parameters()


@pytest.mark.usefixtures("always")
def test_an_index_of_earlier_vectors_is_left_alone(model, log, tmp_path, caplog):
    model.update(planted_pairs(n_users=20, n_items=300, seed=3))
    assert retriever_of(model) is None
    folder = pn.save(model, tmp_path / "bundle")
    with caplog.at_level(logging.WARNING, "penchant"):
        restored = pn.restore(folder)
    assert "make it again with penchant index" in caplog.text
    assert retriever_of(restored) is None
    pn.build_index(restored)
    assert retriever_of(restored) is not None
    restored.fit(log)
    assert facts_of(restored) is None
    assert "retriever" not in vars(restored)


def altered(name, change):
    """A change of one attribute of the index."""
    return lambda state: state.update({name: change(state[name])})


DAMAGE = {
    "no order": lambda state: state.pop("retrieval_order_"),
    "an item twice": altered("retrieval_order_", np.zeros_like),
    "other numbers": altered("retrieval_order_", lambda a: a.astype(np.int64)),
    "offsets that fall": altered("retrieval_offsets_", lambda a: a[::-1].copy()),
    "offsets too short": altered("retrieval_offsets_", lambda a: a[:-1]),
    "infinite numbers": altered("retrieval_centres_", lambda a: np.full_like(a, np.inf)),
    "too many lists": altered("retrieval_facts_", lambda f: f | {"probes": 10**9}),
    "recall of 2": altered("retrieval_facts_", lambda f: f | {"recall": 2.0}),
    "further facts": altered("retrieval_facts_", lambda f: f | {"code": "x"}),
    "a list of facts": altered("retrieval_facts_", lambda _: [1, 2]),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_bundles_with_a_damaged_index_are_refused(model, tmp_path, monkeypatch, damage):
    detach(model)
    DAMAGE[damage](vars(model))
    # Who alters a bundle does not ask whether it can be saved.
    monkeypatch.setattr("penchant.bundle.card.facts_of", lambda _: None)
    folder = pn.save(model, tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"its index cannot be used: (retrieval_|parts of)"):
        pn.restore(folder)


def test_an_index_of_a_model_without_products_is_refused(model, log, tmp_path):
    ease = EASE().fit(log)
    for name in ("centres", "order", "offsets", "facts"):
        setattr(ease, f"retrieval_{name}_", getattr(model, f"retrieval_{name}_"))
    folder = pn.save(ease, tmp_path / "bundle")
    with pytest.raises(BundleError, match="scores are no products"):
        pn.restore(folder)


def test_without_an_index_again(model, log):
    detach(model)
    forget(model)
    assert facts_of(model) is None
    fresh = IALS(dim=8, epochs=3).fit(log)
    both = (each.top_items(log.histories, 5) for each in (model, fresh))
    for a, b in zip(*both, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("model", "options", "error", "words"),
    [
        (EASE(), {}, NotFittedError, "fit"),
        (IALS(), {"recall": 0}, ParameterError, "above 0"),
        (IALS(), {"recall": 1.1}, ParameterError, "at most 1"),
        (IALS(), {"k": 0}, ParameterError, "k at least 1"),
    ],
)
def test_impossible_wishes(model, options, error, words):
    with pytest.raises(error, match=words):
        pn.build_index(model, **options)


def test_models_without_products_have_no_index(log):
    with pytest.raises(ParameterError, match="An index needs a model whose scores are products"):
        pn.build_index(EASE().fit(log))
