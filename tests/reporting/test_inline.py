"""The charts of a result below a cell of a notebook, and as SVG files."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

import penchant as pn
from penchant.errors import ParameterError
from penchant.models import make
from penchant.results.graph import bars
from penchant.testing import planted_pairs

pytest.importorskip("matplotlib")


@pytest.fixture(scope="module")
def result():
    split = pn.split_per_user(planted_pairs(), validation=0.1, test=0.2)
    models = {"a < b": make("item-knn"), "net": make("dot:target=interaction,epochs=2")}
    return pn.evaluate(models, split, ["ndcg@10"], replicates=100)


def test_the_charts_of_a_comparison_stand_below_a_cell(result):
    shown = pn.charts(result)
    page = shown._repr_html_()
    assert page.count("<figure") == len(shown) == 3  # intervals, cost, the network's curve
    assert "Training of net" in page
    assert "a &lt; b" in page
    used, declared = (set(re.findall(p, page)) for p in (r"var\(--([\w-]+)\)", r"--([\w-]+): "))
    assert used <= declared
    assert pn.charts(result)._repr_html_() == page
    assert str(shown).count("\n") == 2


def test_names_are_unique_where_several_results_are_shown(result):
    page = pn.charts(result)._repr_html_() + pn.charts(pn.explore(result.split.log))._repr_html_()
    names = re.findall(r' id="([^"]+)"', page)
    assert len(names) == len(set(names))


def test_each_chart_is_a_file_that_stands_alone(result):
    for svg in pn.charts(result.table()):
        root = ElementTree.fromstring(svg)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        used, declared = (set(re.findall(p, svg)) for p in (r"var\(--([\w-]+)\)", r"--([\w-]+): "))
        assert used <= declared


def test_what_has_charts(result):
    split = result.split
    tuning = pn.tune(make("ease"), split, "ndcg@10", space={"l2": [1.0, 100.0]})
    assert len(pn.charts(tuning)) == 2
    assert len(pn.charts(bars("Bars.", {"": {"one": 1.0}}, x="n"))) == 1
    with pytest.raises(ParameterError, match=r"There are no charts of a Split: give a comparison"):
        pn.charts(split)
