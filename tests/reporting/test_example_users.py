"""Example users of a report whose model explains by attributes."""

from __future__ import annotations

import pytest

from penchant.data.splitting import split_per_user
from penchant.evaluation import evaluate
from penchant.models import make
from penchant.reporting.example_users import example_users
from penchant.reporting.pages.comparison import write_comparison
from penchant.testing import planted_attributes


@pytest.fixture(scope="module")
def evaluation():
    split = split_per_user(planted_attributes(n_users=40), validation=0.1, test=0.2)
    models = {
        "network": make("attribute-network:epochs=20"),
        "ease": make("ease:l2=10"),
        "neighbours": make("user-knn"),
    }
    return evaluate(models, split, ["ndcg@10"], replicates=100)


def test_reasons_are_attributes_with_examples(evaluation):
    log, matched = evaluation.split.log, 0
    for example in example_users(evaluation, None, ("network", "ease")):
        network, ease = example.lists
        assert network.how.startswith("reasons are attributes")
        assert ease.how == "reasons are exact"
        for item in network.items:
            names, as_in, titles = item.reason.partition(", as ")
            if as_in:
                matched += 1
                genres = log.item_table["genres"][item.item].to_list()
                assert set(names.replace(" and ", ", ").split(", ")) <= set(genres)
                assert "Item number" in titles
    assert matched


def test_reasons_of_neighbours_are_called_so(evaluation):
    for example in example_users(evaluation, None, ("ease", "neighbours")):
        assert example.lists[1].how == (
            "reasons are what similar users add, divided among the items in common"
        )


def test_the_page_shows_them(evaluation, tmp_path):
    page = write_comparison(evaluation, tmp_path / "report.html", pair=("network", "ease"))
    text = page.read_text(encoding="utf-8")
    assert "reasons are attributes that raise the score" in text
    assert ", as Item number" in text
