"""Every model on logs of one or two events, one user, one item and ratings out of all measure."""

from __future__ import annotations

import polars as pl
import pytest

import penchant as pn
from penchant.errors import PenchantError
from penchant.models import TABLE, find

LOGS = {
    "one event": [("u", "i", 3.0)],
    "two events": [("u", "i", 3.0), ("v", "j", 4.0)],
    "one user": [("u", "i", 3.0), ("u", "j", 4.0), ("u", "k", 4.0)],
    "one item": [("u", "i", 3.0), ("v", "i", 4.0), ("w", "i", 5.0)],
    "large ratings": [("u", "i", 1e20), ("v", "j", 4.0), ("u", "j", -1e20), ("v", "i", 1e20)],
}
SHORT = {"epochs": 3, "samples": 5, "trees": 10}
"""At most, where ratings are no temptation to leave the range of numbers."""


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("case", LOGS)
def test_a_model_answers_or_says_why_not(name, case):
    events = pl.DataFrame(LOGS[case], schema=["user", "item", "rating"], orient="row")
    genres = pl.DataFrame({"item": ["i", "j", "k"], "genres": ["calm", "dark", "calm|dark"]})
    log = pn.read(events.with_columns(time=pl.lit(1_500_000_000)), item_table=genres, quiet=True)
    model = find(name)()
    if case != "large ratings":
        given = model.params()
        model = model.clone(**{n: min(most, given[n]) for n, most in SHORT.items() if n in given})
    try:
        model.fit(log)
    except PenchantError:
        return
    assert model.recommend(k=2, repeats="allowed").height
    model.similar_items(["i"], k=2)
