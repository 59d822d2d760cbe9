"""What is given in the place of a log or a split is refused by one sentence."""

from __future__ import annotations

import inspect

import pytest

import penchant as pn
from penchant.errors import DataError
from penchant.models import make
from penchant.testing import planted_pairs

LOGS = {
    "attribute_rows": lambda given: pn.attribute_rows(given, pn.item_attributes(planted_pairs())),
    "attribute_sets": lambda given: pn.attribute_sets(given, pn.item_attributes(planted_pairs())),
    "backtest": lambda given: pn.backtest([make("ease")], given),
    "between": lambda given: pn.between(given, "2020-01-01"),
    "check": pn.check,
    "claim": lambda given: pn.claim(0.9, on=given, metric="f1"),
    "cross_validate": lambda given: pn.cross_validate([make("ease")], given),
    "drop_duplicates": pn.drop_duplicates,
    "explore": pn.explore,
    "item_attributes": pn.item_attributes,
    "joined": lambda given: pn.joined(given, planted_pairs()),
    "k_core": pn.k_core,
    "k_fold": pn.k_fold,
    "rating_range": lambda given: pn.rating_range(given, 1),
    "similar": lambda given: pn.similar(given, [1]),
    "split": pn.split,
    "split_by_time": pn.split_by_time,
    "split_cold_items": pn.split_cold_items,
    "split_leave_last_out": pn.split_leave_last_out,
    "split_next_basket": pn.split_next_basket,
    "split_per_user": pn.split_per_user,
    "split_random": pn.split_random,
    "split_sessions": pn.split_sessions,
    "split_users": pn.split_users,
    "sql_tables": pn.sql_tables,
    "summary": pn.summary,
    "to_library": lambda given: pn.to_library(given, "pandas"),
    "together": pn.together,
    "where": lambda given: pn.where(given, "rating > 3"),
    "with_positive": lambda given: pn.with_positive(given, 4),
    "write_encoded": lambda given: pn.write_encoded(given, "columns"),
    "write_sql": lambda given: pn.write_sql(given, "attributes.db"),
}
SPLITS = {
    "evaluate": lambda given: pn.evaluate([make("ease")], given),
    "tune": lambda given: pn.tune(make("ease"), given, "ndcg@10"),
    "write_split": lambda given: pn.write_split(given, "parts"),
}


def functions_of(kind):
    """The public functions that need a value of this kind."""
    found = set()
    for name in pn.__all__:
        function = getattr(pn, name)
        if inspect.isfunction(function):
            types = (p.annotation for p in inspect.signature(function).parameters.values())
            kinds = [set(str(annotation).split(" | ")) for annotation in types]
            if any(kind in each and each <= {"Dataset", "Split"} for each in kinds):
                found.add(name)
    return found


@pytest.mark.parametrize("name", sorted(functions_of("Dataset")))
def test_functions_of_logs_refuse_frames(name):
    words = "This is for a log, and a DataFrame is none: read a file or frame with pn.read or"
    with pytest.raises(DataError, match=words):
        LOGS[name](planted_pairs().frame())
    with pytest.raises(DataError, match="a str is none"):
        LOGS[name]("ratings.csv")


@pytest.mark.parametrize("name", sorted(functions_of("Split") - functions_of("Dataset")))
def test_functions_of_splits_refuse_logs_and_frames(name):
    log = planted_pairs()
    for given in (log, log.frame()):
        words = f"This is for a split, and a {type(given).__name__} is none: make one of a log"
        with pytest.raises(DataError, match=words):
            SPLITS[name](given)


def test_models_refuse_frames_and_splits():
    log = planted_pairs()
    for given in (log.frame(), pn.split(log)):
        with pytest.raises(DataError, match=f"a {type(given).__name__} is none.*give its log"):
            make("ease").fit(given)
        with pytest.raises(DataError, match=f"a {type(given).__name__} is none"):
            make("popular").fit(log).update(given)
    with pytest.raises(DataError, match="a DataFrame is none"):
        pn.joined(log, log.frame())
