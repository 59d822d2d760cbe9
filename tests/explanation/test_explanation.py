from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from penchant.data.dataset import Dataset
from penchant.errors import NotFittedError, ParameterError, UnknownIdError
from penchant.explanation import explain, explain_lists
from penchant.explanation.explanation import Reason
from penchant.explanation.sentences import events_sentence
from penchant.models import make


def log_of(*, ratings=True, titles=True, users=40, items=20):
    rng = np.random.default_rng(1)
    rows = []
    for user in range(users):
        weight = np.where(np.arange(items) % 2 == user % 2, 6.0, 1.0)
        chosen = rng.choice(items, 8, replace=False, p=weight / weight.sum())
        rows += [(user, int(item), float(rng.integers(1, 6))) for item in chosen]
    frame = pl.DataFrame(rows, schema=["user", "item", "rating"], orient="row")
    table = pl.DataFrame({"item": range(items), "title": [f"Film {i}" for i in range(items)]})
    return Dataset.from_frame(
        frame if ratings else frame.drop("rating"), item_table=table if titles else None
    )


EXACT = ("ease:l2=20", "item-knn", "ials:dim=8,epochs=3")


@pytest.mark.parametrize("spec", EXACT)
def test_contributions_add_up_to_the_score(spec):
    model = make(spec).fit(log_of())
    item = model.recommend([3], k=1)["item"][0]
    why = explain(model, 3, item, k=100)
    scores = model.scores(model.histories_of([3]))[0]
    assert why.exact
    assert why.method == "contributions"
    assert why.score == pytest.approx(float(scores[model.items_.indices([item])[0]]))
    assert why.rest == pytest.approx(0, abs=1e-4)
    parts = [reason.contribution for reason in why.reasons]
    assert parts == sorted(parts, reverse=True)
    assert sum(reason.share for reason in why.reasons) == pytest.approx(1, abs=1e-4)
    assert "exact" in str(why)


def test_an_item_bought_again_is_one_reason():
    frame = log_of(ratings=False).frame()
    again = pl.concat([frame, frame.filter(pl.col("item") % 3 == 0)])
    model = make("item-knn").fit(Dataset.from_frame(again))
    item = model.recommend([3], k=1)["item"][0]
    why = explain(model, 3, item, k=100)
    cited = [reason.item for reason in why.reasons]
    assert len(cited) == len(set(cited))
    contributions = model.contributions(model.histories_of([3]), model.items_.indices([item]))
    parts = [reason.contribution for reason in why.reasons]
    assert sum(parts) == pytest.approx(float(np.maximum(contributions, 0).sum()), rel=1e-5)


def test_biases_are_the_rest():
    model = make("item-knn:similarity=pearson").fit(log_of())
    why = explain(model, model.history([0, 2, 4], [5, 1, 3]), 6, k=100)
    assert why.exact
    assert why.rest > 1
    history = model.history([0, 2, 4], [5, 1, 3])
    parts = model.contributions(history, np.array([6], np.int32))
    assert why.rest + parts.sum() == pytest.approx(why.score, abs=1e-5)


def test_liked_is_said_only_of_what_was_rated_well():
    model = make("ease:l2=5").fit(log_of())
    why = explain(model, model.history([0, 2, 4, 6], [5, 1, 3, 5]), 8, k=4)
    liked = {r.title for r in why.reasons if r.liked}
    assert liked <= {"Film 0", "Film 6"}
    assert why.sentence.startswith("because you liked Film ")
    for reason in why.reasons:
        if not reason.liked:
            assert f"{reason.title} with {reason.rating:g}" in why.sentence
    low = explain(model, model.history([0, 2], [1, 1]), 4)
    assert low.sentence == "nothing that you rated well speaks for it"
    assert low.reasons == ()
    bare = explain(model, model.history([0, 2]), 4)
    assert bare.sentence in (
        "because you had Film 0 and Film 2",
        "because you had Film 2 and Film 0",
    )
    assert bare.user is None
    assert all(reason.rating is None for reason in bare.reasons)


def test_dislikes_are_no_reasons():
    log = log_of()
    model = make("ease:l2=5").fit(log)
    cited = set()
    for user in log.users.ids:
        for why in (explain(model, user, item, k=100) for item in (1, 4, 9)):
            cited |= {reason.rating for reason in why.reasons}
            assert " with 1" not in why.sentence
    assert cited == {4.0, 5.0}
    model = make("ease:l2=5").fit(replace(log, positive=3.0))
    why = explain(model, model.history([0, 2, 6, 8], [5, 2, 3, 4]), 4, k=100)
    assert {reason.rating for reason in why.reasons} <= {3.0, 4.0, 5.0}


def test_an_item_is_no_reason_for_itself():
    model = make("ials:dim=8,epochs=3").fit(log_of())
    why = explain(model, model.history([0, 2]), 0)
    assert 0 not in {reason.item for reason in why.reasons}
    assert why.sentence == "because you have had it; you also had Film 2"


def test_leaving_one_out_finds_what_matters():
    model = make("two-tower:dim=8,hidden=8,epochs=4").fit(log_of())
    history = model.history([0, 2, 4, 1])
    why = explain(model, history, 6, k=4)
    assert not why.exact
    assert why.rest is None
    assert "leaving each" in why.how
    full = model.scores(history)[0]
    strongest = why.reasons[0]
    left = [i for i in (0, 2, 4, 1) if i != strongest.item]
    without = model.scores(model.history(left))[0]
    fall = full - without
    assert strongest.contribution == pytest.approx(fall[6] - np.median(fall), abs=1e-5)


def test_a_network_that_keeps_a_users_vector_is_asked_as_for_a_new_user():
    model = make("dot:dim=4,epochs=5").fit(log_of())
    item = model.recommend([3], k=1)["item"][0]
    known = explain(model, 3, item)
    assert known.method == "leave-one-out as new"
    assert known.user == 3
    assert known.reasons


@pytest.mark.parametrize(
    ("spec", "method", "words"),
    [
        ("popular", "same for everyone", "recommended to everyone: the most popular of all"),
        ("random", "random", "no reason: it was drawn at random"),
        ("item-mean", "same for everyone", "your history plays no part"),
        ("bias", "same for everyone", "your history plays no part"),
        ("global-mean", "popularity", "the model gives every item the same score"),
        ("user-mean", "popularity", "the model gives every item the same score"),
    ],
)
def test_no_reason_is_invented(spec, method, words):
    model = make(spec).fit(log_of())
    scores = model.scores(model.histories_of([3]))[0]
    why = explain(model, 3, int(scores.argmax()))
    assert why.method == method
    assert why.reasons == ()
    assert words in why.sentence
    assert not why.exact


@pytest.mark.parametrize("spec", ["ease:l2=20", "user-knn", "popular", "ials:dim=4,epochs=2"])
def test_an_empty_history_has_no_reason(spec):
    model = make(spec).fit(log_of())
    why = explain(model, model.history([]), 3)
    assert why.reasons == ()
    assert "your history is empty" in why.sentence or "most popular" in why.sentence


@pytest.mark.parametrize("spec", ["ease:l2=20", "user-knn", "popular", "random"])
def test_lists_agree_with_single_explanations(spec):
    model = make(spec).fit(log_of(titles=False))
    frame = explain_lists(model, [3, 5], k=4, reasons=2)
    top = model.recommend([3, 5], k=4)
    assert frame.select("user", "item", "rank").equals(top.select("user", "item", "rank"))
    for row in frame.to_dicts():
        why = explain(model, row["user"], row["item"], k=2)
        assert row["because"] == why.sentence
        assert [r["item"] for r in row["reasons"]] == [r.item for r in why.reasons]
        assert row["title"] == str(row["item"])
    histories = explain_lists(model, model.history([1, 3]), k=2)
    assert histories.columns[0] == "history"
    assert explain_lists(model, []).schema == frame.schema


def test_plain_values_and_errors():
    model = make("ease:l2=20").fit(log_of(ratings=False))
    plain = json.loads(json.dumps(explain(model, 3, 4).to_dict(), allow_nan=False))
    assert plain["exact"] is True
    assert plain["item"] == 4
    assert set(plain["reasons"][0]) >= {"item", "title", "contribution", "share", "rating"}
    with pytest.raises(UnknownIdError, match="item 99"):
        explain(model, 3, 99)
    with pytest.raises(UnknownIdError, match="user 99"):
        explain(model, 99, 3)
    with pytest.raises(ParameterError, match="at least 1"):
        explain(model, 3, 4, k=0)
    with pytest.raises(ParameterError, match="at least 1"):
        explain_lists(model, [3], reasons=0)
    with pytest.raises(ParameterError, match="one user"):
        explain(model, model.histories_of([1, 2]), 4)
    with pytest.raises(NotFittedError):
        explain(make("ease"), 3, 4)


def popular_log():
    """Three of four users had x, one each y and z; w has no event; u likes nothing twice."""
    had = {"a": "xy", "b": "x", "c": "xz", "d": "v"}
    rows = [(user, item, 5.0) for user, items in had.items() for item in items * 2]
    items = pl.DataFrame({"item": list("vwxyz")})
    frame = pl.DataFrame(rows, ["user", "item", "rating"], orient="row")
    return Dataset.from_frame(frame, item_table=items)


@pytest.mark.parametrize(
    ("spec", "history", "cause"),
    [
        ("ease:l2=1", [], "your history is empty"),
        ("item-knn:similarity=pearson", ["y"], "the model can use nothing of your history"),
        ("global-mean", ["y"], "the model gives every item the same score"),
        ("item-knn:min_common=1,shrinkage=0", ["y"], "nothing in your history says anything of it"),
    ],
)
def test_what_is_listed_for_its_popularity_says_so(spec, history, cause):
    model = make(spec).fit(popular_log())
    user = model.history(history)
    lists = explain_lists(model, user, k=5).filter("fallback")
    assert lists["score"].null_count() == len(lists) > 1
    numbers = {"v": "1", "w": "0", "x": "3", "y": "1", "z": "1"}
    for row in lists.iter_rows(named=True):
        assert row["because"] == f"popular: {numbers[row['item']]} of 4 users had it ({cause})"
        why = explain(model, user, row["item"])
        assert (why.sentence, why.method, why.score) == (row["because"], "popularity", None)
        assert why.fallback
        assert not why.exact
        assert not row["exact"]
        assert json.loads(json.dumps(why.to_dict(), allow_nan=False))["fallback"] is True
    recommended = model.recommend(user, k=5).filter("fallback")
    assert recommended["item"].equals(lists["item"])


def test_what_is_popular_among_likes_is_called_liked():
    log = popular_log()
    model = make("ease:l2=1").fit(
        Dataset.from_frame(log.frame(), item_table=log.item_table, positive=4.0)
    )
    sentence = explain(model, model.history([]), "x").sentence
    assert sentence == "popular: 3 of 4 users liked it (your history is empty)"


def reason(title, rating=None, *, liked=False):
    return Reason(title, title, 1.0, 0.5, rating, liked)


@pytest.mark.parametrize(
    ("reasons", "options", "sentence"),
    [
        ([reason("A", 5, liked=True)], {}, "because you liked A"),
        ([reason("A"), reason("B"), reason("C")], {}, "because you had A, B and C"),
        (
            [reason("A", 4), reason("B", 5, liked=True), reason("C", 4), reason("D", 3.5)],
            {},
            "because you liked B, and rated A and C with 4 and D with 3.5",
        ),
        ([reason("A")], {"had": "you have had it"}, "because you have had it; you also had A"),
        ([reason("A")], {"seen": True}, "it is already in your history; because you had A"),
        (
            [reason("A", 5, liked=True), reason("B", 4)],
            {"others": "had it, too"},
            "because people who had A and B, as you did, had it, too",
        ),
        ([], {"others": "had it, too"}, "nothing in your history speaks for it"),
    ],
)
def test_reasons_in_words(reasons, options, sentence):
    settings = {"seen": False, "rated": False} | options
    assert events_sentence(tuple(reasons), **settings) == sentence


def test_similar_users_are_named_as_the_reason():
    model = make("user-knn").fit(log_of())
    assert explain(model, model.history([0, 2]), 4).sentence in (
        "because people who had Film 0 and Film 2, as you did, had it, too",
        "because people who had Film 2 and Film 0, as you did, had it, too",
    )
    model = make("user-knn:similarity=pearson").fit(log_of())
    sentences = {
        explain(model, user, item).sentence for user in range(8) for item in range(0, 20, 3)
    }
    assert any(s.startswith("because people who had Film ") for s in sentences)
    assert any(s.endswith(", as you did, rated it well") for s in sentences)
