from __future__ import annotations

import html

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
