"""Which users are like a user, against dense products of whole matrices."""

from __future__ import annotations

import tracemalloc

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pn
from penchant import topk
from penchant.data.dataset import Dataset
from penchant.errors import NotFittedError, ParameterError, UnknownIdError
from penchant.models import EASE, make
from penchant.models.protocols import ComparesUsers, UserVectors
from penchant.similarity.users import basis
from penchant.testing import planted_pairs, planted_ratings


def dataset(rows, **options):
    return Dataset.from_frame(pl.DataFrame(rows, ["user", "item"], orient="row"), **options)


def cosines(a, b):
    lengths = [np.maximum(np.linalg.norm(side, axis=1), 1e-12) for side in (a, b)]
    return (a / lengths[0][:, None]) @ (b / lengths[1][:, None]).T


def check_lists(found, alike, known, k):
    """The k largest similarities above 0 of each row, best first."""
    for name, row in alike.items():
        mine = found.filter(pl.col(found.columns[0]) == name)
        wanted = np.sort(row[row > 1e-6])[::-1][:k]
        np.testing.assert_allclose(mine["similarity"].to_numpy(), wanted, atol=1e-5)
        assert mine["rank"].to_list() == list(range(1, len(wanted) + 1))
        assert mine["similar"].n_unique() == len(wanted)
        listed = row[[known.index(other) for other in mine["similar"]]]
        np.testing.assert_allclose(listed, wanted, atol=1e-5)


events = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 5)), min_size=1, max_size=40)


@given(events, st.integers(1, 9))
def test_histories_are_compared_by_cosine_with_rare_items_weighing_more(rows, k):
    log = dataset(rows)
    model = EASE(l2=1.0).fit(log)
    had = np.zeros((log.n_users, log.n_items))
    had[log.events["user"].to_numpy(), log.events["item"].to_numpy()] = 1
    weighted = had * (1 + np.log((1 + log.n_users) / (1 + had.sum(axis=0))))
    alike = cosines(weighted, weighted)
    np.fill_diagonal(alike, 0)
    known = log.users.ids.to_list()
    check_lists(pn.similar_users(model, None, k), dict(zip(known, alike, strict=True)), known, k)


@pytest.mark.parametrize(
    "spec",
    [
        "ials:dim=4,epochs=2",
        "dot:target=interaction,dim=4,epochs=1",
        "vbpr:dim=4,epochs=1",
        "two-tower:dim=4,epochs=1",
    ],
)
def test_vectors_of_users_are_compared_by_cosine(spec):
    log = planted_pairs(n_users=30, n_items=20)
    model = make(spec).fit(log)
    assert isinstance(model, UserVectors)
    assert "vectors" in basis(model)
    vectors = model.user_vectors(model.histories_)
    alike = cosines(vectors, vectors)
    np.fill_diagonal(alike, 0)
    known = log.users.ids.to_list()
    found = pn.similar_users(model, known[:3], 5)
    check_lists(found, dict(zip(known[:3], alike, strict=False)), known, 5)
    new = model.history([log.items[0], log.items[3]])
    alike = cosines(model.user_vectors(new), vectors)
    check_lists(pn.similar_users(model, new, 40), {0: alike[0]}, known, 40)


@pytest.mark.parametrize(
    "spec",
    ["user-knn", "user-knn:similarity=jaccard", "user-knn:similarity=pearson", "jaccard-agreement"],
)
def test_a_model_that_compares_users_is_asked(spec):
    log = planted_ratings(n_users=30, n_items=20)
    model = make(spec).fit(log)
    assert isinstance(model, ComparesUsers)
    assert "own" in basis(model)
    known = log.users.ids.to_list()
    alike = model.user_similarities(model.histories_)
    found = pn.similar_users(model, known[:3], 5)
    check_lists(found, dict(zip(known[:3], alike, strict=False)), known, 5)
    assert len(found)
    assert (found["user"] != found["similar"]).all()


def test_somebody_new_is_compared_by_their_items():
    model = EASE(l2=1.0).fit(dataset([(0, "x"), (0, "y"), (1, "x"), (2, "z")]))
    found = pn.similar_users(model, model.history(["x", "y"]), 5)
    assert found.columns == ["history", "similar", "rank", "similarity"]
    assert found["similar"].to_list() == [0, 1]
    assert found["similarity"][0] == pytest.approx(1)
    assert "histories" in basis(model)


def test_users_without_history_are_like_nobody(caplog):
    users = pl.DataFrame({"user": ["a", "b", "c", "d"]})
    rows = [("a", "x"), ("b", "x"), ("c", "x")]
    for spec in ("ease", "ials:dim=2", "user-knn"):
        caplog.clear()
        model = make(spec).fit(dataset(rows, user_table=users))
        found = pn.similar_users(model, ["d", "a"], 5)
        assert found["user"].unique().to_list() == ["a"]
        assert set(found["similar"]) <= {"b", "c"}
        assert caplog.messages == ["User d: there is no history that can be compared."]


def test_users_who_share_nothing_are_like_nobody(caplog):
    model = EASE(l2=1.0).fit(dataset([("a", "x"), ("b", "x"), ("c", "y")]))
    assert pn.similar_users(model, ["a", "c"])["user"].unique().to_list() == ["a"]
    assert caplog.messages == ["User c: no other user is like them."]


def test_only_likes_count_where_positive_events_are_said():
    frame = pl.DataFrame(
        {"user": ["a", "a", "b", "c"], "item": ["x", "y", "x", "y"], "rating": [5.0, 1.0, 5.0, 5.0]}
    )
    model = EASE(l2=1.0).fit(Dataset.from_frame(frame, positive=4.0))
    assert pn.similar_users(model, ["a"])["similar"].to_list() == ["b"]


def test_the_size_of_blocks_plays_no_part(monkeypatch):
    log = planted_pairs(n_users=200, n_items=20)
    model = EASE(l2=1.0).fit(log)
    whole = pn.similar_users(model, None, 7)
    monkeypatch.setattr(topk, "BLOCK_CELLS", 1)
    assert pn.similar_users(model, None, 7).equals(whole)


def test_what_cannot_be():
    model = EASE(l2=1.0).fit(dataset([("a", "x"), ("b", "x")]))
    with pytest.raises(UnknownIdError, match="'c'"):
        pn.similar_users(model, ["c"])
    with pytest.raises(ParameterError, match=r"\['a'\] instead of 'a'"):
        pn.similar_users(model, "a")
    with pytest.raises(ParameterError, match="at least 1"):
        pn.similar_users(model, ["a"], 0)
    with pytest.raises(ParameterError, match="know 9 items and the model 1"):
        pn.similar_users(model, pn.Histories.of([0], n_items=9))
    with pytest.raises(NotFittedError):
        pn.similar_users(EASE(), ["a"])
    assert len(pn.similar_users(model, [])) == 0


def test_memory_is_bounded_by_blocks():
    rng = np.random.default_rng(0)
    n_users, n_asked = 20_000, 3_000
    user = np.repeat(np.arange(n_users), 2)
    log = Dataset.from_frame(pl.DataFrame({"user": user, "item": rng.integers(0, 500, len(user))}))
    model = make("popular").fit(log)
    some = model.histories_.block(0, n_asked)
    tracemalloc.start()
    found = pn.similar_users(model, some, 3, run=pn.Run(threads=1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["history"].n_unique() == n_asked
    assert peak < n_users * n_asked * 4 / 2  # of the dense matrix of float32
