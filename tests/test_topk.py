from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from penchant import topk
from penchant.data.histories import Histories
from penchant.errors import ParameterError, PenchantError


def naive(scores, users, k, repeats="excluded", candidates=None):
    """A full sort of each row: by score, equal ones in the order of the fixed shuffle."""
    n_users, n_items = scores.shape
    order = topk.tie_order(n_items)
    allowed = set(range(n_items)) if candidates is None else set(candidates)
    lists = np.full((n_users, k), -1, np.int32)
    values = np.full((n_users, k), -np.inf, np.float32)
    for row in range(n_users):
        seen = set(users.block(row, row + 1).items.tolist())
        offered = {"excluded": allowed - seen, "allowed": allowed, "only": allowed & seen}[repeats]
        left = [i for i in sorted(offered) if scores[row, i] > -np.inf]
        best = sorted(left, key=lambda i, row=row: (-scores[row, i], order[i]))[:k]
        lists[row, : len(best)] = best
        values[row, : len(best)] = scores[row, best]
    return lists, values


def histories(events, n_items):
    return Histories(
        users=np.arange(len(events), dtype=np.int32),
        offsets=np.cumsum([0, *(len(e) for e in events)]),
        items=np.array([i for e in events for i in e], np.int32),
        ratings=None,
        times=None,
        n_items=n_items,
    )


def scorer_of(scores):
    return lambda users: scores[users.users].copy()


REPEATS = st.sampled_from(["excluded", "allowed", "only"])


@st.composite
def cases(draw):
    n_users, n_items = draw(st.integers(1, 5)), draw(st.integers(1, 12))
    levels = st.sampled_from([-np.inf, -1.5, 0.0, 1.0, 2.0])
    values = draw(st.sampled_from([levels, st.floats(-10, 10, width=32)]))
    scores = draw(hnp.arrays(np.float32, (n_users, n_items), elements=values))
    item = st.integers(0, n_items - 1)
    users = histories(
        draw(st.lists(st.lists(item, max_size=6), min_size=n_users, max_size=n_users)), n_items
    )
    candidates = draw(st.none() | st.lists(item, max_size=n_items, unique=True))
    return scores, users, draw(st.integers(1, 15)), draw(REPEATS), candidates


@given(cases())
@settings(max_examples=100)
def test_equals_a_full_sort(case):
    scores, users, k, repeats, candidates = case
    chosen = None if candidates is None else np.array(candidates, np.int32)
    lists, values = topk.top_k(scorer_of(scores), users, k, repeats=repeats, candidates=chosen)
    wanted, wanted_values = naive(scores, users, k, repeats, candidates)
    np.testing.assert_array_equal(lists, wanted)
    np.testing.assert_array_equal(values, wanted_values)
    assert lists.dtype == np.int32
    assert values.dtype == np.float32


@pytest.mark.parametrize("kind", ["distinct", "few levels", "nearly all never", "ascending"])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("n_items", [63, 64, 200, 211])
def test_wide_catalogues_equal_a_full_sort(kind, k, n_items):
    rng = np.random.default_rng(n_items + k)
    scores = rng.random((6, n_items), np.float32)
    if kind == "few levels":
        scores = np.round(3 * scores)
    elif kind == "nearly all never":
        scores[scores < 0.98] = -np.inf
    elif kind == "ascending":
        scores = np.sort(scores, axis=1)
    users = histories([rng.choice(n_items, 8) for _ in range(6)], n_items)
    lists, values = topk.top_k(scorer_of(scores), users, k)
    wanted, wanted_values = naive(scores, users, k)
    np.testing.assert_array_equal(lists, wanted)
    np.testing.assert_array_equal(values, wanted_values)


@pytest.mark.parametrize("place", [0, 17, 199])
def test_nan_is_found_wherever_it_stands(place):
    scores = np.random.default_rng(0).random((3, 200), np.float32)
    scores[1, place] = np.nan
    with pytest.raises(PenchantError, match="gave NaN as a score"):
        topk.top_k(scorer_of(scores), histories([[]] * 3, 200), 2)


def test_better_items_keep_their_order_where_the_last_place_is_shared():
    scores = np.array([[5, 7, 6, 1, 1, 1]], np.float32)
    lists, values = topk.top_k(scorer_of(scores), histories([[]], 6), 4)
    assert lists[0, :3].tolist() == [1, 2, 0]
    assert values[0].tolist() == [7, 6, 5, 1]


@pytest.mark.parametrize("candidates", [None, np.array([1, 3, 4], np.int32)])
def test_popularity_answers_where_there_is_no_evidence(candidates):
    scores = np.array([[0, 0, 2, 0, 1], [3, 3, 3, 3, -np.inf], [1, 2, 3, 4, 5]], np.float32)
    users = Histories(
        users=np.array([0, 1, 2], np.int32),
        offsets=np.array([0, 1, 2, 2]),
        items=np.array([2, 0], np.int32),
        ratings=None,
        times=None,
        n_items=5,
    )
    fallback = topk.Fallback(
        popularity=np.array([5, 1, 9, 7, 7], np.float32),
        has_evidence=lambda users: users.lengths > 0,
        no_evidence_score=0.0,
    )
    lists, values = topk.top_k(
        lambda users: scores[users.users], users, 4, candidates=candidates, fallback=fallback
    )
    by_shuffle = sorted([3, 4], key=lambda item: topk.tie_order(5)[item])
    expected = [
        ([4, 3, 0, 1], [1, np.nan, np.nan, np.nan]),
        ([2, 3, 1, -1], [np.nan, np.nan, np.nan, -np.inf]),
        ([2, *by_shuffle, 0], [np.nan] * 4),
    ]
    if candidates is not None:
        expected = [
            ([4, 3, 1, -1], [1, np.nan, np.nan, -np.inf]),
            ([3, 1, -1, -1], [np.nan, np.nan, -np.inf, -np.inf]),
            ([*by_shuffle, 1, -1], [np.nan] * 3 + [-np.inf]),
        ]
    assert lists.tolist() == [items for items, _ in expected]
    np.testing.assert_array_equal(values, [row for _, row in expected])


def test_all_scores_equal_gives_the_fixed_shuffle():
    users = histories([[]], 50)
    lists, _ = topk.top_k(scorer_of(np.zeros((1, 50), np.float32)), users, 10)
    assert lists[0].tolist() == np.argsort(topk.tie_order(50))[:10].tolist()
    assert sorted(topk.tie_order(50)) == list(range(50))


def test_many_blocks_equal_one(monkeypatch):
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, (150, 20)).astype(np.float32)
    users = histories([rng.choice(20, 3) for _ in range(150)], 20)
    one = topk.top_k(scorer_of(scores), users, 5)
    asked = []

    def spy(block):
        asked.append(len(block))
        return scorer_of(scores)(block)

    monkeypatch.setattr(topk, "BLOCK_CELLS", 1)
    many = topk.top_k(spy, users, 5)
    assert sorted(asked) == [22, 32, 32, 32, 32]
    np.testing.assert_array_equal(one[0], many[0])
    np.testing.assert_array_equal(one[1], many[1])


@given(st.integers(0, 10_000), st.integers(0, 10**7))
def test_blocks_cover_all_users_once_and_are_bounded(n_users, n_items):
    found = list(topk.blocks(n_users, n_items))
    covered = [n for start, stop in found for n in range(start, stop)]
    assert covered == list(range(n_users))
    assert all(stop - start <= max(32, topk.BLOCK_CELLS / max(n_items, 1)) for start, stop in found)


def test_read_only_scores_are_not_written_to():
    shared = np.zeros(6, np.float32)
    users = histories([[0], [1, 1]], 6)
    lists, _ = topk.top_k(lambda u: np.broadcast_to(shared, (len(u), 6)), users, 6)
    assert (shared == 0).all()
    assert (lists[:, 5] == -1).all()
    assert set(lists[1]) == {0, 2, 3, 4, 5, -1}


def test_nan_is_refused_but_infinities_are_not():
    users = histories([[]], 3)
    with pytest.raises(PenchantError, match="NaN"):
        topk.top_k(scorer_of(np.array([[0, np.nan, 1]], np.float32)), users, 2)
    both = np.array([[np.inf, -np.inf, 1]], np.float32)
    lists, _ = topk.top_k(scorer_of(both), users, 3)
    assert lists.tolist() == [[0, 2, -1]]


@pytest.mark.parametrize("k", [0, -2])
def test_k_below_one_is_refused(k):
    with pytest.raises(ParameterError, match="at least 1"):
        topk.top_k(scorer_of(np.zeros((1, 3), np.float32)), histories([[]], 3), k)


def test_progress_reaches_the_number_of_users():
    from contextlib import contextmanager

    from penchant.run import Run

    class Count:
        done = total = 0

        @contextmanager
        def task(self, description, total=None):
            self.total = total
            yield self

        def advance(self, amount=1, note=""):
            self.done += amount

    progress = Count()
    users = histories([[]] * 7, 3)
    topk.top_k(scorer_of(np.zeros((7, 3), np.float32)), users, 1, run=Run(progress=progress))
    assert progress.done == progress.total == 7


def test_the_score_of_a_single_item_left_is_no_lack_of_evidence():
    users = histories([[0, 1]], 3)
    fallback = topk.Fallback(np.ones(3, np.float32), lambda users: users.lengths > 0)
    scores = np.array([[4, 4, 2]], np.float32)
    lists, values = topk.top_k(scorer_of(scores), users, 2, fallback=fallback)
    assert lists.tolist() == [[2, -1]]
    assert values.tolist() == [[2, -np.inf]]
