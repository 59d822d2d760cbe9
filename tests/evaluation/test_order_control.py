"""What models of order lose where histories are shuffled."""

import json

import numpy as np
import polars as pl
import pytest

import penchant as pn
from penchant.evaluation import order_control
from penchant.models import make
from penchant.reporting import report
from penchant.testing import planted_sequences
from penchant.testing.planted_faults.orders import HalfBlind


@pytest.fixture(scope="module")
def result():
    models = {"seer": HalfBlind(), "blind": HalfBlind(blindness=1), "set": make("item-knn")}
    split = pn.split_leave_last_out(planted_sequences())
    return pn.evaluate(models, split, ["hr@10", "ndcg@10", "coverage@10"], replicates=300)


def test_a_model_of_order_loses_and_a_blind_one_does_not(result):
    table = result.table()
    seer, blind = table["seer"].order_loss, table["blind"].order_loss
    assert seer.uses_order
    assert 0 < seer.low < seer.loss < seer.high
    assert seer.metric == "hr@10"
    assert seer.value == pytest.approx(table["seer"].metrics["hr@10"].value)
    assert seer.users == 120
    assert seer.draws == order_control.DRAWS
    assert not blind.uses_order
    assert blind.loss == pytest.approx(0, abs=0.01)
    assert table["set"].order_loss is None
    assert table["popular"].order_loss is None
    assert table["markov"].order_loss.uses_order  # the trivial answer of order


def test_findings_name_who_uses_the_order_and_how_much(result):
    found = {f.about: f for f in result.findings if f.rule == "no-order-learned"}
    assert found["blind (ranking)"].level == "doubtful"
    assert "has learned no order" in found["blind (ranking)"].sentence
    assert found["seer (ranking)"].level == "note"
    assert "uses the order of histories" in found["seer (ranking)"].sentence
    assert found["markov (ranking)"].level == "note"
    assert "Do not say that it learns" in found["blind (ranking)"].advice
    assert not found["seer (ranking)"].advice
    assert found["seer (ranking)"].figure == result.table()["seer"].order_loss.loss
    assert pn.audit([result])["no-order-learned"].level == "doubtful"


def test_the_table_the_page_and_json_say_it(result, tmp_path):
    note = next(n for n in result.table().notes if "shuffled" in n)
    assert "seer loses" in note
    assert "blind loses nothing" in note
    assert note.split(":")[0] in " ".join(str(result).split())
    page = report(result, tmp_path / "page.html").read_text()
    assert "no-order-learned" in page
    assert "seer loses" in page
    entries = json.loads(json.dumps(result.to_dict()))["tables"]["ranking"]["entries"]
    loss = next(e for e in entries if e["model"] == "seer")["order_loss"]
    assert loss["loss"] == pytest.approx(loss["value"] - loss["shuffled"])
    assert loss["low"] > 0


def test_no_more_than_a_bounded_number_of_histories_is_shuffled(monkeypatch):
    monkeypatch.setattr(order_control, "HISTORIES", 50)
    split = pn.split_leave_last_out(planted_sequences())
    table = pn.evaluate({"seer": HalfBlind()}, split, ["ndcg@10"], replicates=100).table()
    loss = table["seer"].order_loss
    assert (loss.users, loss.draws) == (50, 1)


def test_histories_that_cannot_lose_do_not_count():
    events = [("a", i) for i in range(6)] + [("b", 1), ("b", 1), ("b", 2), ("c", 3), ("c", 4)]
    events += [(f"u{n}", i) for n in range(4) for i in range(n, n + 4)]
    log = pn.Dataset.from_frame(
        pl.DataFrame(events, schema=["user", "item"], orient="row").with_columns(
            time=pl.Series(np.arange(len(events))).cast(pl.Datetime("us"))
        )
    )
    split = pn.split_leave_last_out(log, validation=False)
    result = pn.evaluate({"seer": HalfBlind()}, split, ["ndcg@3"], replicates=100)
    loss = result.table()["seer"].order_loss
    assert loss.users == 5  # b had one item twice, c one item
    assert np.isnan(loss.low)  # too few users for an interval
    assert result.findings["no-order-learned"].level == "not checkable"


def test_lists_without_metrics_that_judge_have_no_control():
    split = pn.split_leave_last_out(planted_sequences())
    table = pn.evaluate({"seer": HalfBlind()}, split, ["coverage@10"], replicates=100).table()
    assert table["seer"].order_loss is None


def test_a_blend_of_a_model_of_order_is_asked_with_shuffled_histories():
    models = [
        "list-blend:base_models=sequential-rules;ease,weights=1;1",
        "list-blend:base_models=ease",
    ]
    split = pn.split_per_user(planted_sequences())
    table = pn.evaluate(models, split, ["hr@10"], replicates=200).table()
    assert table[models[0]].order_loss.uses_order
    assert table[models[1]].order_loss is None
    assert any(models[0] in note and "shuffled" in note for note in table.notes)
