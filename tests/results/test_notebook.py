from __future__ import annotations

import html
import importlib
import inspect

import pytest

import penchant as pn
from penchant.models import EASE
from penchant.notebook import ShownAsText
from penchant.testing import planted_pairs


@pytest.fixture(scope="module")
def split():
    return pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)


def test_a_comparison_shows_its_tables_in_colours(split):
    result = pn.evaluate([EASE(l2=10)], split, ["ndcg@10"], replicates=100)
    shown = result._repr_html_()
    assert shown.startswith("<pre style=")
    for words in ("Which items?", "ease:l2=10", "popular", "beats"):
        assert words in shown
    assert "color: #" in shown
    assert "ndcg@10" in result.table()._repr_html_()
    assert "<pre" in result.findings._repr_html_()


# Data, whose `repr` is a line, and what is no result.
PLAIN = {"AttributeSets", "Attributes", "Dataset", "LocalCopy", "Recommender"}
PLAIN |= {"SampledList", "Split"}


def test_every_result_of_a_public_function_has_a_form_for_notebooks():
    seen = set()
    for name in pn.__all__:
        function = getattr(pn, name)
        if not inspect.isfunction(function):
            continue
        words = str(inspect.signature(function).return_annotation).replace("|", " ").split()
        module = importlib.import_module(function.__module__)
        for cls in (getattr(module, word, None) for word in words):
            if inspect.isclass(cls) and cls.__module__.startswith("penchant."):
                seen.add(cls.__name__)
                assert hasattr(cls, "_repr_html_") != (cls.__name__ in PLAIN), cls
    assert seen > {"Claim", "Evaluation", "IndexFacts", "OnnxExport", "Table", "VectorExport"}


@pytest.mark.parametrize(
    "place",
    [
        "batch.summary:ListSummary",
        "data.images.report:FetchReport",
        "data.sources.book_crossing.isbn:IsbnReport",
        "encoders.sentiment.comparison:SentimentComparison",
        "experiments.attribution:Attribution",
        "results.rule_costs:RuleCosts",
    ],
)
def test_other_results_have_one_too(place):
    module, _, name = place.partition(":")
    assert hasattr(getattr(importlib.import_module(f"penchant.{module}"), name), "_repr_html_")


def test_texts_are_escaped(split):
    log = split.log
    model = EASE(l2=10).fit(log)
    reasons = pn.explain(model, 1, model.recommend([1], k=1)["item"][0])
    for result in (pn.check(log), pn.summary(log), reasons):
        shown = result._repr_html_()
        assert shown.startswith("<pre")
        assert html.unescape(shown.partition(">")[2]).startswith(str(result))

    class Named(ShownAsText):
        def __str__(self) -> str:
            return "a < b & c"

    assert "a &lt; b &amp; c" in Named()._repr_html_()
