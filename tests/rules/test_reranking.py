from __future__ import annotations

import math
from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.histories import Histories
from penchant.rules import Rules
from penchant.rules.bound import BoundBoost, BoundRules
from penchant.rules.diversity import Calibration, MarginalRelevance
from penchant.rules.reranking import reranked
from penchant.topk import top_k

ALPHA = 0.01


def histories_of(items, n_items):
    return Histories(
        users=np.arange(len(items), dtype=np.int32),
        offsets=np.cumsum([0, *map(len, items)]).astype(np.int64),
        items=np.array([i for own in items for i in own], np.int32),
        ratings=None,
        times=None,
        n_items=n_items,
    )


def groups_of(values, n_items):
    table = np.full((n_items, 2), -1, np.int32)
    for item, own in enumerate(values):
        table[item, : len(own)] = own
    return table


@st.composite
def problems(draw, diversity=False):
    n_items, n_users = draw(st.integers(1, 40)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    values = [
        sorted(rng.choice(4, size=rng.integers(0, 3), replace=False).tolist())
        for _ in range(n_items)
    ]
    pairs = np.flatnonzero(rng.random(n_users * n_items) < draw(st.sampled_from([0, 0.2, 0.8])))
    boosts = []
    for _ in range(draw(st.integers(0, 2))):
        moved = rng.random(n_items) < 0.3
        places, factor = np.zeros(n_items, np.float32), np.ones(n_items, np.float32)
        if draw(st.booleans()):
            places[moved] = draw(st.sampled_from([1, 2.5, 7]))
        else:
            factor[moved] = draw(st.sampled_from([1.5, 2, 5]))
        boosts.append(BoundBoost("new", places, factor))
    caps = [(draw(st.integers(1, 3)), groups_of(values, n_items))] * draw(st.integers(0, 1))
    if draw(st.booleans()):
        caps.append((2, (np.arange(n_items, dtype=np.int32) % 3).reshape(-1, 1)))
    bound = BoundRules(
        rules=Rules(),
        n_items=n_items,
        allowed=None,
        excluded_pairs=pairs.astype(np.int64),
        caps=tuple(caps),
        boosts=tuple(boosts),
        categories=groups_of(values, n_items),
    )
    had = [
        rng.choice(n_items, size=rng.integers(0, n_items), replace=False) for _ in range(n_users)
    ]
    scores = rng.integers(0, 5, size=(n_users, n_items)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    return histories_of(had, n_items), scores, draw(st.integers(1, 8)), bound


def ranker_of(scores, users, n):
    return top_k(lambda block: scores[block.users], users, n)


def own_rankings(scores, users, bound):
    """Of each user the items that may be shown, best first, by sorting everything."""
    whole, _ = ranker_of(scores, users, bound.n_items)
    excluded = set(bound.excluded_pairs.tolist())
    return [
        [int(i) for i in row if i >= 0 and user * bound.n_items + int(i) not in excluded]
        for user, row in enumerate(whole)
    ]


def boosted(ranking, bound):
    def key(place, item):
        factor = math.prod(float(boost.factor[item]) for boost in bound.boosts)
        return place / factor - sum(float(boost.places[item]) for boost in bound.boosts), -place

    places = dict(zip(ranking, range(1, len(ranking) + 1), strict=True))
    return sorted(ranking, key=lambda item: key(places[item], item))


def fits(item, chosen, bound):
    for most, groups in bound.caps:
        for group in groups[item]:
            if group >= 0 and sum(group in groups[c] for c in chosen) >= most:
                return False
    return True


def walked(ranking, k, bound, chosen=()):
    chosen = list(chosen)
    for item in ranking:
        if len(chosen) < k and item not in chosen and fits(item, chosen, bound):
            chosen.append(item)
    return chosen


@given(problems())
def test_lists_are_those_of_the_whole_ranking(problem):
    users, scores, k, bound = problem
    lists = reranked(partial(ranker_of, scores), users, k, bound, bound.n_items)
    for user, ranking in enumerate(own_rankings(scores, users, bound)):
        order = boosted(ranking, bound)
        expected = walked(order, k, bound)
        own = lists.items[user]
        assert own[own >= 0].tolist() == expected
        assert (own[len(expected) :] == -1).all()
        assert lists.scores[user][: len(expected)].tolist() == scores[user][expected].tolist()
        assert lists.places[user][: len(expected)].tolist() == [
            ranking.index(i) + 1 for i in expected
        ]
        moved = [
            any(b.items[i] for b in bound.boosts) and order.index(i) < ranking.index(i)
            for i in expected
        ]
        assert lists.is_boosted[user][: len(expected)].tolist() == moved
    assert not lists.is_diversified.any()


def best_of_pool(order, k, pool, bound, worth):
    """Greedy choice among the first of a ranking, and the rest behind it as it stands."""
    chosen = []
    while len(chosen) < k:
        left = [i for i in order[:pool] if i not in chosen and fits(i, chosen, bound)]
        if not left:
            break
        values = [worth(i, 1 - order.index(i) / pool, chosen) for i in left]
        best = max(values)
        chosen.append(next(i for i, v in zip(left, values, strict=True) if v >= best - 1e-12))
    return walked(order[pool:], k, bound, chosen)


def shares(items, groups, n):
    total = np.zeros(n)
    counted = 0
    for item in items:
        own = [g for g in groups[item] if g >= 0]
        counted += bool(own)
        for group in own:
            total[group] += 1 / len(own)
    return total / max(counted, 1)


@given(problems(), st.sampled_from([0, 0.3, 0.7, 1]), st.integers(1, 12))
def test_marginal_relevance(problem, weight, pool):
    users, scores, k, bound = problem
    groups = bound.categories

    def cosine(i, j):
        one, other = ({g for g in groups[x] if g >= 0} for x in (i, j))
        return len(one & other) / math.sqrt(max(len(one) * len(other), 1))

    def worth(item, relevance, chosen):
        alike = max((cosine(item, c) for c in chosen), default=0)
        return weight * relevance - (1 - weight) * alike

    diversifier = MarginalRelevance(pool, weight, groups)
    lists = reranked(partial(ranker_of, scores), users, k, bound, bound.n_items, diversifier)
    for user, ranking in enumerate(own_rankings(scores, users, bound)):
        order = boosted(ranking, bound)
        expected = best_of_pool(order, k, pool, bound, worth)
        own = lists.items[user]
        assert own[own >= 0].tolist() == expected
        plain = walked(order, k, bound)
        assert lists.is_diversified[user][: len(expected)].tolist() == [
            i not in plain[: n + 1] for n, i in enumerate(expected)
        ]
    vectors = np.zeros((bound.n_items, 5))
    vectors[np.arange(bound.n_items)[:, None], groups] = 1
    vectors[:, -1] = 0  # where -1 has written
    again = MarginalRelevance(pool, weight, vectors)
    by_vectors = reranked(partial(ranker_of, scores), users, k, bound, bound.n_items, again)
    if weight in (0, 1):
        assert (by_vectors.items == lists.items).all()


@given(problems(), st.sampled_from([0, 0.3, 0.7, 1]), st.integers(1, 12))
def test_calibration(problem, weight, pool):
    users, scores, k, bound = problem
    n = 1 + int(bound.categories.max(initial=0))
    diversifier = Calibration(pool, weight, bound.categories)
    lists = reranked(partial(ranker_of, scores), users, k, bound, bound.n_items, diversifier)
    for user, ranking in enumerate(own_rankings(scores, users, bound)):
        had = users.block(user, user + 1).items
        p = shares(had, bound.categories, n)

        def worth(item, relevance, chosen, p=p):
            q = np.zeros(n)
            for other in (*chosen, item):
                q += shares([other], bound.categories, n) / (len(chosen) + 1)
            q = (1 - ALPHA) * q + ALPHA * p
            kl = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)
            return (1 - weight) * relevance - weight * kl

        expected = best_of_pool(boosted(ranking, bound), k, pool, bound, worth)
        own = lists.items[user]
        assert own[own >= 0].tolist() == expected
