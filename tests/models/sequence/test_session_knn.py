"""Similar sessions, against sums over single sessions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.left_out import without
from penchant.data.sorting import ranges
from penchant.errors import DataError, ParameterError
from penchant.models import STAN, VSKNN, MarkovChain, make
from penchant.models.sequence.sessions import last_items, postings_of, sessions_of

HOUR = 3_600_000_000
N_ITEMS = 12


@pytest.fixture(scope="module")
def log():
    rng = np.random.default_rng(1)
    rows = [
        (user, int(item), HOUR * (100 * user + place))
        for user in range(40)
        for place, item in enumerate(rng.integers(0, N_ITEMS, rng.integers(1, 9)))
    ]
    rows += [(99, item, HOUR * (9_000 + item)) for item in range(N_ITEMS)]
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row")
    return Dataset.from_frame(frame.with_columns(pl.col("time").cast(pl.Datetime("us"))))


@pytest.fixture(scope="module")
def sessions_log():
    """Users with three sessions of some events each."""
    rng = np.random.default_rng(2)
    rows = [
        (user, int(item), f"{user} {session}", HOUR * (100 * user + 10 * session + place))
        for user in range(20)
        for session in range(3)
        for place, item in enumerate(rng.integers(0, N_ITEMS, rng.integers(1, 5)))
    ]
    frame = pl.DataFrame(rows, schema=["user", "item", "basket", "time"], orient="row")
    frame = frame.with_columns(pl.col("time").cast(pl.Datetime("us")))
    return Dataset.from_frame(frame, in_sessions=True)


def one_by_one(log, model, items, user=-1):
    """The scores of a history, from each session in turn."""
    sessions = [log.histories.block(n, n + 1) for n in range(len(log.histories))]
    items = items[-model.max_length :]
    n, places = len(items), {item: len(items) - 1 - p for p, item in enumerate(items)}
    newest = max(s.times[-1] for s in sessions)
    having = np.bincount(np.concatenate([np.unique(s.items) for s in sessions]), minlength=N_ITEMS)
    idf = np.log1p(len(sessions) / having) if model.idf else np.ones(N_ITEMS)
    stan = isinstance(model, STAN)
    weight = {i: model.event_decay**p if stan else 1 - p / n for i, p in places.items()}
    found = []
    for session in reversed(sessions):  # the latest of equally similar ones first
        own = {item: place for place, item in enumerate(session.items.tolist())}
        common = sorted(own.keys() & places.keys(), key=places.get)
        if not common or session.users[0] == user:
            continue
        similarity = sum(weight[i] * idf[i] for i in common) / len(own) ** model.length_exponent
        if model.half_life:
            days = (newest - session.times[-1]) / (24 * HOUR)
            similarity *= 0.5 ** (days / model.half_life)
        found.append((similarity, own, common[0]))
    scores = np.zeros(N_ITEMS)
    for similarity, own, latest in sorted(found, key=lambda s: -s[0])[: model.neighbours]:
        for item, place in own.items():
            away = abs(place - own[latest])
            scores[item] += similarity * (model.distance_decay**away if stan else weight[latest])
    return scores


@pytest.mark.parametrize(
    "model",
    [
        VSKNN(),
        VSKNN(neighbours=7, idf=False, length_exponent=0.5),
        STAN(),
        STAN(neighbours=5, half_life=20, event_decay=0.6, distance_decay=0.3),
        STAN(max_length=3, length_exponent=0),
    ],
)
def test_scores_are_sums_over_similar_sessions(log, model):
    model = model.clone().fit(log)
    for items in ([3], [1, 5, 1, 7], [0, 2, 4, 6, 8, 2], [11, 11]):
        found = model.scores(Histories.of(items, n_items=N_ITEMS))[0]
        assert found == pytest.approx(one_by_one(log, model, items), rel=1e-4)
    known = log.histories.block(4, 5)
    expected = one_by_one(log, model, known.items.tolist(), user=4)
    assert model.scores(known)[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("spec", ["stan", "vs-knn", "decayed-frequency"])
def test_a_half_life_without_times_is_refused_before_any_model_is_fitted(log, spec):
    ordered = pn.read(log.frame().select("user", "item"), order="rows")
    split = pn.split_leave_last_out(ordered)
    with pytest.raises(DataError, match="half_life needs a time on every event, which the log"):
        make(f"{spec}:half_life=1").fit(ordered)
    fitted = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MarkovChain, "_fit", lambda *_: fitted.append(1))
        with pytest.raises(DataError, match="leave out half_life"):
            pn.evaluate(["markov", f"{spec}:half_life=1"], split, ["hr@10"])
    assert not fitted
    make(spec).fit(ordered)
    make(f"{spec}:half_life=1").fit(log)


def test_many_histories_at_once_are_scored_as_each_alone(log, monkeypatch):
    model = STAN().fit(log)
    together = model.scores(log.histories)
    monkeypatch.setattr("penchant.models.sequence.session_knn._PAIRS", 50)
    assert np.allclose(model.scores(log.histories), together, atol=1e-6)


def test_only_the_latest_sessions_of_an_item_are_compared(log):
    model = VSKNN(recent_sessions=1).fit(log)
    scores = model.scores(Histories.of([3], n_items=N_ITEMS))[0]
    assert (scores > 0).all()  # those of user 99 alone, who has them all
    assert len(set(scores.round(5))) == 1


def test_sessions_are_those_of_the_log():
    frame = pl.DataFrame(
        {
            "user": [1, 1, 1, 1, 2, 2],
            "item": [10, 11, 12, 13, 12, 10],
            "basket": ["a", "a", "b", "b", "c", "c"],
        }
    )
    log = Dataset.from_frame(frame, in_sessions=True)
    sessions = sessions_of(log.histories)
    assert sessions.users.tolist() == [1, 0, 0]  # the latest first: of rows, without times
    assert sessions.places.toarray().tolist() == [[2, 0, 1, 0], [0, 0, 1, 2], [1, 2, 0, 0]]
    ends = last_items(log.histories, 50)
    assert ends.rows.tolist() == [0, 0, 1, 1]
    assert ends.items.tolist() == [2, 3, 2, 0]
    assert ends.places.tolist() == [1, 0, 1, 0]
    assert ends.lengths.tolist() == [2] * 4
    orders = Dataset.from_frame(frame).histories
    assert sessions_of(orders).users.tolist() == [1, 0]
    assert last_items(orders, 50).lengths.tolist() == [4] * 4 + [2] * 2


def test_sessions_end_when_their_last_event_does():
    frame = pl.DataFrame({"user": [1, 2, 1], "item": [1, 2, 2], "time": [1, 2, 3]})
    log = Dataset.from_frame(frame.with_columns(pl.col("time").cast(pl.Datetime("us"))))
    sessions = sessions_of(log.histories)
    assert sessions.users.tolist() == [0, 1]
    assert sessions.ends.tolist() == [3, 2]
    postings = postings_of(sessions.places, 1)
    assert postings.sessions.tolist() == [0, 0]
    assert postings.places.tolist() == [1, 2]
    assert postings.n_sessions.tolist() == [1, 2]


def test_spread_counts_on_from_each_start():
    assert ranges(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]


def test_nothing_in_common_is_no_evidence():
    log = Dataset.from_frame(pl.DataFrame({"user": [1, 1, 2], "item": [1, 2, 3]}))
    for model in (VSKNN().fit(log), STAN().fit(log)):
        lists = model.recommend(model.history([3]), k=2)
        assert lists["fallback"].all()


@pytest.mark.parametrize("half_life", [None, 5.0])
@pytest.mark.parametrize("model", [VSKNN, STAN])
def test_effects_of_removal_are_falls_of_scores(log, model, half_life):
    """Repeated items fall together, and an older one comes in where one is left out."""
    model = model(max_length=4, neighbours=3, recent_sessions=9, half_life=half_life).fit(log)
    asked = np.array([5, 0, 5, 11], np.int32)
    rng = np.random.default_rng(0)
    for length in (0, 1, 3, 9):
        user = Histories.of(rng.integers(0, N_ITEMS, length), n_items=N_ITEMS, user=3)
        effects = model.removal_effects(user, asked)
        assert (effects.shape, effects.dtype) == ((4, length), np.float32)
        assert not effects[:, ~user.is_latest].any()
        before = model.scores(user)[0, asked]
        for event in np.flatnonzero(user.is_latest):
            rest = without(user, [user.items[event : event + 1]])
            after = model.scores(rest)[0, asked]
            np.testing.assert_allclose(effects[:, event], before - after, atol=1e-5)


def test_effects_of_removal_are_of_the_last_session(sessions_log):
    model = STAN(neighbours=5).fit(sessions_log)
    asked = np.arange(sessions_log.n_items, dtype=np.int32)
    for n in range(5):
        user = sessions_log.histories.block(n, n + 1)
        effects = model.removal_effects(user, asked)
        in_last = np.isin(user.items, user.last_session.items)
        assert not effects[:, ~in_last].any()
        assert effects.any()
        for event in np.flatnonzero(user.is_latest & in_last):
            rest = without(user, [user.items[event : event + 1]])
            falls = (model.scores(user) - model.scores(rest))[0]
            np.testing.assert_allclose(effects[:, event], falls, atol=1e-5)


def test_effects_are_of_one_user(log):
    with pytest.raises(ParameterError, match="one user"):
        VSKNN().fit(log).removal_effects(log.histories, np.array([0], np.int32))
