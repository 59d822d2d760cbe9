from __future__ import annotations

import math
from datetime import datetime

import pytest

from penchant.evaluation import MetricValue
from penchant.metrics import NAMES
from penchant.reporting.charts.style import wrapped
from penchant.reporting.glossary import _METRICS, metric_terms
from penchant.results import formatting
from penchant.results.formatting import join_names


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("short", 950, "950"),
        ("short", 12_345, "12 k"),
        ("short", 999_600, "1.0 M"),
        ("short", 2_829_000, "2.8 M"),
        ("short", math.nan, "–"),
        ("percent", 0.0631, "6.3 %"),
        ("percent", 0.000012, "under 0.01 %"),
        ("percent", 0.0, "0 %"),
        ("percent", 1.0, "100 %"),
        ("duration", 0.0004, "under 1 ms"),
        ("duration", 0.016, "16 ms"),
        ("duration", 8.71, "8.7 s"),
        ("duration", 125.0, "2 min 5 s"),
        ("duration", 7260.0, "2 h 1 min"),
        ("memory", 300, "under 1 MB"),
        ("memory", None, "–"),
        ("memory", 3 * 2**30, "3.0 GB"),
        ("signed", -0.0416, "−0.042"),
        ("signed", 0.0416, "+0.042"),
        ("fixed", math.nan, "–"),
        ("day", datetime(1997, 9, 20), "20 Sep 1997"),
    ],
)
def test_numbers_as_people_read_them(name, value, expected):
    assert getattr(formatting, name)(value).replace("\xa0", " ") == expected


def test_names_are_listed_as_in_a_sentence():
    found = [join_names(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])]
    assert found == ["", "a", "a and b", "a, b and c"]
    assert join_names(["a", "b"], "or") == "a or b"


def test_decimals_follow_the_intervals():
    assert formatting.decimals([MetricValue(0.144, 0.133, 0.155)]) == 3
    assert formatting.decimals([MetricValue(0.5)]) == 3
    assert formatting.decimals([MetricValue(12.0, 9.0, 15.0)]) == 2


def test_every_metric_has_its_words():
    labels = {name.removesuffix("@k") for name in NAMES}
    assert labels == set(_METRICS)
    assert metric_terms(["ndcg@10 (99 negatives)"]) == {"ndcg@10": _METRICS["ndcg"]}


def test_long_names_break_after_signs():
    name = "item-knn:similarity=adjusted-cosine,neighbours=50"
    assert wrapped(name, 30).replace("\n", "") == name
    assert max(map(len, wrapped(name, 30).split("\n"))) <= 30
    assert wrapped("ease", 30) == "ease"
    assert wrapped("x" * 200, 30).replace("\n", "") == "x" * 200
