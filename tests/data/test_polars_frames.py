"""Public functions take frames of pandas and Arrow where they take those of Polars."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import polars as pl
import pytest

import penchant as pn
from penchant.data.polars_frames import as_polars
from penchant.errors import DataError
from penchant.models import make
from penchant.testing import planted_ratings

FRAME = pl.DataFrame({"user": ["a", "b", None], "items": [[1, 2], [3], []], "x": [1.5, None, 2.0]})
CASTS = {
    "pandas": lambda frame: frame.to_pandas(),
    "arrow": lambda frame: frame.to_arrow(),
    "lazy": lambda frame: frame.lazy(),
}


@pytest.fixture(params=CASTS.values(), ids=CASTS)
def cast(request):
    return request.param


@pytest.fixture(scope="module")
def log():
    return planted_ratings(n_users=60)


def test_values_are_the_same(cast):
    frame = as_polars(cast(FRAME), "the table")
    assert frame.equals(FRAME)
    assert as_polars(FRAME, "the table") is FRAME


def test_what_is_no_frame_and_an_index_are_refused():
    with pytest.raises(DataError, match=r"^The table of x must be a Polars, .* and not list"):
        as_polars([1], "the table of x")
    by_user = pd.DataFrame({"user": [1], "item": [2]}).set_index("user")
    with pytest.raises(DataError, match=r"index of the log has 'user', .* frame\.reset_index"):
        pn.Dataset.from_frame(by_user)
    several = by_user.set_index("item", append=True)
    with pytest.raises(DataError, match="'user', 'item'"):
        as_polars(several, "the log")


def test_logs_and_published_splits(cast, log):
    events = log.frame()
    titles = pl.DataFrame({"item": log.items.ids, "title": "t"})
    again = pn.Dataset.from_frame(cast(events), item_table=cast(titles))
    assert again.frame().select(events.columns).equals(events)
    assert again.titles([0]) == ["t"]
    split = pn.split_random(log, validation=0)
    parts = split.train.frame(), events.head(40)
    lists = parts[1].select("user").unique().with_columns(items=pl.lit([1, 2]))
    first, second = (
        pn.split_predefined(*map(of, parts), candidates=of(lists), item_table=of(titles))
        for of in (cast, lambda frame: frame)
    )
    assert first.fingerprint == second.fingerprint
    assert (first.test.candidates == second.test.candidates).all()
    with pytest.raises(DataError, match="needs the columns 'user' and 'items'"):
        pn.split_predefined(*map(cast, parts), candidates=cast(parts[1]))


def test_predictions_and_rules(cast, log):
    table = log.frame().select("user", "rating", mine=3.2, mean=3.0)
    judged, known = (
        pn.evaluate_predictions(t, ["mae"], replicates=20) for t in (cast(table), table)
    )
    assert repr(judged["mine"].metrics["mae"]) == repr(known["mine"].metrics["mae"])
    model = make("ease").fit(log)
    stock = pl.DataFrame({"item": log.items.ids}).with_columns(stock=pl.col("item") % 2)
    lists = pn.recommend(
        model, [1], rules=pn.Rules(items=cast(stock), exclude={"where": ["stock == 0"]})
    )
    assert len(lists)
    assert (lists["item"] % 2 == 1).all()
    first = int(lists["item"][0])
    pairs = pl.DataFrame({"user": [1], "item": [first]})
    assert (
        first
        not in pn.recommend(model, [1], rules=pn.Rules(exclude={"users": cast(pairs)}))["item"]
    )


def test_lists_that_were_shown(cast):
    start = datetime(2024, 1, 1)
    shown = pl.DataFrame(
        {"list": f"l{u}", "user": u, "time": start, "arm": "ab"[u % 2], "position": p, "item": p}
        for u in range(200)
        for p in (1, 2)
    ).with_columns(propensity=0.5)
    outcomes = pl.DataFrame(
        {"user": u, "item": 1, "kind": "like", "time": start + timedelta(hours=1)}
        for u in range(0, 200, 3)
    )
    target = pl.DataFrame({"user": range(200), "position": 1, "item": 1})
    tables = shown, outcomes, target
    for function, n in ((pn.compare_arms, 2), (pn.estimate_off_policy, 3)):
        result, known = (function(*map(of, tables[:n])) for of in (cast, lambda frame: frame))
        assert result.to_dict() == known.to_dict()
