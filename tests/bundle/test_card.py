from __future__ import annotations

import polars as pl
import pytest

from penchant.bundle import save
from penchant.data.predefined import split_predefined
from penchant.data.splitting import split_random
from penchant.evaluation import evaluate
from penchant.models import EASE, DotProduct, Popular


def test_a_card_says_what_a_reader_must_know(folder, log):
    card = (folder / "card.md").read_text()
    assert card.startswith("# EASE, learned from planted \\| log")
    assert "| l2 | 10.0 | None | float \\| None |" in card
    for text in (
        log.fingerprint,
        f"{len(log)} with ratings",
        "30 with events of 30 known",
        "22 with events of 24 known",
        "2021-03-01T00:00:00 to 2021-03-01T",
        "time to learn",
        "learned numbers | 576",
        "pn.restore('ease')",
        "penchant recommend ease",
        "measure it before trusting it",
        "which events of a history",
        "## Use and limits",
    ):
        assert text in card, text
    assert "predicts what" not in card
    assert all(
        line.replace("\\|", "").count("|") == 2 * 4 - 3
        for line in card.splitlines()
        if line.startswith("| l2")
    )


def test_a_card_with_figures(log, tmp_path):
    split = split_random(log, seed=2)
    result = evaluate([EASE(l2=10)], split, metrics=["ndcg@10", "recall@5", "rmse"], replicates=50)
    model = result.models["ease:l2=10.0"]
    card = (save(model, tmp_path / "it", evaluation=result) / "card.md").read_text()
    assert split.fingerprint in card
    assert split.sentence.rstrip(".") in card
    assert "| model | ndcg@10 | recall@5 | against trivial answers |" in card
    assert "**ease:l2=10.0**" in card
    assert "| popular |" in card
    assert "### Rating" in card
    assert "intervals of 95%" in card
    assert "since learned" not in card

    model = model.refit(log)
    card = (save(model, tmp_path / "all", evaluation=result) / "card.md").read_text()
    assert "has since learned from the whole log" in card


def test_figures_of_users_with_and_without_history_stand_on_the_card(log, tmp_path):
    frame = log.frame()
    is_test = (pl.col("row") % 5 == 0) | (pl.col("user") % 4 == 0)
    split = split_predefined(frame.filter(~is_test), frame.filter(is_test))
    result = evaluate([EASE(l2=10)], split, metrics=["ndcg@10"], replicates=50)
    card = (
        save(result.models["ease:l2=10.0"], tmp_path / "it", evaluation=result) / "card.md"
    ).read_text()
    for segment, part in result.table().segments.items():
        heading = f"Ranking {segment.replace('-', ' ')}"
        assert f"### {heading}, {part.users} users, {part.rows:,} events" in card
    assert card.count("**ease:l2=10.0**") == 3
    assert "ease:l2=10.0 knows nothing of" in card


def test_a_name_cannot_break_out_of_its_cell(log, tmp_path):
    model = Popular().fit(log)
    model.log_name_ = "x\n# Trust me | <script>"
    card = (save(model, tmp_path / "it") / "card.md").read_text()
    assert "\n# Trust" not in card
    assert "<script>" not in card


@pytest.mark.parametrize("model", [DotProduct(epochs=1), Popular(half_life=3)])
def test_every_parameter_has_a_row(model, log, tmp_path):
    card = (save(model.fit(log), tmp_path / "it") / "card.md").read_text()
    for name, value in model.params().items():
        assert f"| {name} | {value} |" in card
