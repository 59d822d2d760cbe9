"""`penchant index` on the command line."""

from __future__ import annotations

import json

import pytest

import penchant as pn
from penchant.models import IALS
from penchant.retrieval import facts_of
from penchant.retrieval.state import IndexFacts


@pytest.fixture
def ials(tiny, tmp_path):
    return pn.save(IALS(dim=4, epochs=2).fit(tiny), tmp_path / "ials")


def test_an_index_comes_and_goes(call, ials, tiny):
    result = call("index", ials, "--recall", "0.9")
    assert result.exit_code == 0, result.stderr
    assert "recall@10" in result.stdout
    facts = facts_of(pn.restore(ials))
    assert facts is not None
    shown = call("recommend", ials, "--user", tiny.users[0])
    assert f"recall@10 {facts.recall:.3f} beside exact search" in shown.stderr
    assert "recall@10" not in call("recommend", ials, "--user", tiny.users[0], "--exact").stderr
    assert "removed" in call("index", ials, "--remove").stdout
    assert facts_of(pn.restore(ials)) is None
    again = call("index", ials, "--remove")
    assert (again.exit_code, "has no index" in again.stderr) == (1, True)


def test_json(call, ials):
    answer = json.loads(call("index", ials, "-k", 5, "--json").stdout)
    assert answer["index"]["k"] == 5
    assert answer["index"]["recall"] > 0.5
    assert json.loads(call("index", ials, "--remove", "--json").stdout)["index"] is None


def test_an_index_that_does_not_pay_is_said_to(call, ials, monkeypatch):
    monkeypatch.setattr(IndexFacts, "pays", lambda *_: False)
    assert "Exact search is faster here" in call("index", ials).stderr


def test_models_without_products(call, bundle):
    result = call("index", bundle)
    assert result.exit_code == 1
    assert "An index needs a model whose scores are products" in result.stderr
