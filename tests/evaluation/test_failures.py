"""A model that fails is named, and the others are compared all the same."""

from __future__ import annotations

import json
import math

import pytest

import penchant as pn
from penchant.errors import DataError, ParameterError
from penchant.evaluation import judging
from penchant.models import EASE, Popular
from penchant.testing import planted_pairs, planted_ratings
from support.side_by_side import SideBySide


class Failing(EASE):
    """Fails as it is told, in logs of fewer than `below` events."""

    how: str = "data"
    below: int = 10**9

    def _fit(self, train, validation, run):
        if len(train) < self.below:
            raise {
                "data": DataError("There is too little of it."),
                "memory": MemoryError(),
                "bug": KeyError("bug"),
                "stop": KeyboardInterrupt(),
            }[self.how]
        super()._fit(train, validation, run)


class Trivial(Popular):
    def _fit(self, train, validation, run):
        raise DataError("Nothing is popular.")


@pytest.fixture(scope="module")
def split():
    return pn.split_random(planted_ratings(), validation=0.2, test=0.2)


def models(*how):
    return {name: Failing(how=name) for name in how} | {"ease": EASE(l2=10)}


@pytest.mark.parametrize("divided", [False, True])
def test_the_others_are_compared(split, divided, monkeypatch, caplog):
    if divided:
        monkeypatch.setattr(judging, "executor", lambda run: SideBySide())
    alone = pn.evaluate({"ease": EASE(l2=10)}, split, ["ndcg@5", "rmse"], replicates=100)
    caplog.clear()
    named = models("data", "memory", "bug")
    found = pn.evaluate(named, split, ["ndcg@5", "rmse"], replicates=100)
    assert {name: failure.reason for name, failure in found.failed.items()} == {
        "data": "There is too little of it.",
        "memory": "There was not enough memory.",
        "bug": "KeyError: 'bug'",
    }
    assert "KeyError" in found.failed["bug"].traceback
    assert list(found.models) == list(alone.models)
    assert found.table().values("ndcg@5") == alone.table().values("ndcg@5")
    assert found.table()["ease"].verdict == alone.table()["ease"].verdict
    told = [m for m in caplog.messages if "the comparison goes on without it" in m]
    assert len(told) == 3
    assert "data failed: There is too little of it." in found.notes
    assert found.table("rating").notes[-1] == "Absent, because they predict no ratings: ease."


def test_text_json_and_page_have_it(split, tmp_path):
    found = pn.evaluate(models("data"), split, ["ndcg@5"], replicates=100)
    line = next(line for line in str(found).splitlines() if line.startswith("│ data"))
    assert "failed" in line
    assert json.loads(found.to_json())["failed"] == {"data": "There is too little of it."}
    page = pn.report(found, tmp_path / "page.html").read_text()
    assert '<span class="badge">failed</span> There is too little of it.' in page


def test_where_all_fail_it_is_an_error(split):
    with pytest.raises(DataError, match=r"^There is too little of it\.$"):
        pn.evaluate([Failing()], split, ["ndcg@5"])
    with pytest.raises(KeyError) as raised:
        pn.evaluate([Failing(how="bug")], split, ["ndcg@5"])
    assert raised.value.__notes__ == ["The model was Failing:how=bug."]
    with pytest.raises(DataError, match="too little"):
        pn.evaluate([Failing(), Failing(how="bug")], split, ["ndcg@5"])
    with pytest.raises(KeyboardInterrupt):
        pn.evaluate([Failing(how="stop"), EASE()], split, ["ndcg@5"])


def test_no_trivial_answer_may_fail(split):
    with pytest.raises(DataError, match="Nothing is popular"):
        pn.evaluate({"ease": EASE(), "bad": Trivial()}, split, ["ndcg@5"])


def test_rounds_without_the_model_have_no_figures_of_it(tmp_path):
    log = planted_pairs()
    sizes = [len(part.train) for part in pn.k_fold(log, 3)]
    assert min(sizes) < max(sizes)
    models = {"some": Failing(below=max(sizes)), "ease": EASE()}
    result = pn.cross_validate(models, log, ["ndcg@5"], folds=3, replicates=50)
    failed = [bool(each.failed) for each in result.rounds]
    assert failed == [size < max(sizes) for size in sizes]
    assert [math.isnan(value) for value in result.values("some")] == failed
    assert math.isfinite(result.mean("some"))
    assert "some" in result.models()
    assert not result.is_trivial("some")
    assert any(s.startswith("some failed in fold") for s in result.sentences())
    assert "some" in pn.report(result, tmp_path / "folds.html").read_text()
    assert "–" in str(result)
    assert json.loads(result.to_json())["rounds"][failed.index(True)]["failed"] == {
        "some": "There is too little of it."
    }
    with pytest.raises(ParameterError, match="has no 'nobody'"):
        result.values("nobody")
