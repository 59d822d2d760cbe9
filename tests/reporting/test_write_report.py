from __future__ import annotations

import re
import sys
from dataclasses import replace

import polars as pl
import pytest

from penchant.data.predefined import split_predefined
from penchant.data.splitting import split_per_user, split_random
from penchant.errors import ParameterError, UnknownIdError
from penchant.evaluation import evaluate
from penchant.exploration.log_exploration import explore
from penchant.models import make
from penchant.reporting.pages.comparison import write_comparison
from penchant.reporting.pages.exploration import write_exploration


@pytest.fixture(scope="module")
def page(comparison, checked, tmp_path_factory):
    path = write_comparison(comparison, tmp_path_factory.mktemp("report") / "deep" / "report.html")
    return checked(path)


def test_the_page_names_every_model_figure_and_term(page, comparison, hostile):
    for table in comparison.tables.values():
        for entry in table.entries:
            assert " ".join(entry.name.split()) in page.text.replace(" :", ":")
        for metric in table.metrics:
            assert metric in page.text
    assert comparison.split.fingerprint in page.text
    assert comparison.split.describe()["sentence"] in page.text
    assert page.tags["svg"] >= 4 + 2 * 6 + 1
    assert page.tags["title"] == 1 + page.tags["svg"]


def test_titles_names_and_ids_cannot_inject(page, hostile):
    assert "<script" not in page.source
    assert "<img" not in page.source
    assert hostile in page.text


def test_verdicts_are_the_tables_own(page, comparison):
    best = comparison.best_name("ranking")
    verdict = comparison.table("ranking")[best].verdict
    said = {
        "beats": f"{best} is best on validation events, and beats every trivial answer",
        "no better": f"{best} is best on validation events, but no better than a trivial answer",
    }[verdict]
    assert said in page.text
    shown = [e.verdict or "trivial" for t in comparison.tables.values() for e in t.entries]
    for word in ("beats", "no better", "worse", "trivial"):
        # One badge for each row, and one in the list of terms.
        assert page.source.count(f">{word}</span>") == shown.count(word) + 1


def test_same_evaluation_same_bytes(page, comparison, tmp_path):
    again = write_comparison(comparison, tmp_path / "b.html").read_text(encoding="utf-8")
    assert again == page.source
    assert len(again) < 1_500_000


def test_given_users_pair_and_title(comparison, checked, hostile, tmp_path):
    path = write_comparison(
        comparison, tmp_path / "r.html", users=[hostile], pair=["popular"], title="1 < 2"
    )
    page = checked(path)
    assert "1 < 2" in page.text
    assert f"User {hostile}" in page.text
    assert re.search(r"recommended to everyone: the (\d+.. )?most popular", page.text)
    assert "the history plays no part in this list" in page.text


def test_unknown_users_and_models_are_refused(comparison, tmp_path):
    with pytest.raises(UnknownIdError, match="nobody"):
        write_comparison(comparison, tmp_path / "r.html", users=["nobody"])
    with pytest.raises(ParameterError, match="nothing"):
        write_comparison(comparison, tmp_path / "r.html", pair=["nothing"])
    assert not list(tmp_path.iterdir())


def test_without_ratings_times_titles_and_validation(planted, checked, tmp_path):
    log = planted(ratings=False, times=False, titles=False)
    result = evaluate([make("item-knn")], split_random(log, validation=0), replicates=100)
    page = checked(write_comparison(result, tmp_path / "r.html"))
    assert "nothing is chosen" in page.text or "nothing beats" in page.text
    assert "Mean rating" not in page.text


def test_a_trivial_winner_and_models_no_better_are_named(planted, checked, tmp_path):
    split = split_per_user(planted(), validation=0.15, test=0.2)
    result = evaluate([make("random:seed=3")], split, ["ndcg@5"], replicates=100)
    result = replace(result, notes=("A note.",))
    page = checked(write_comparison(result, tmp_path / "r.html"))
    assert "A note." in page.text
    assert "trivial answers were compared" in page.text

    result = evaluate([make("bias")], split, ["ndcg@5"], replicates=100)
    page = checked(write_comparison(result, tmp_path / "r.html"))
    verdict = result.table()["bias"].verdict
    assert verdict in ("no better", "worse")
    named = "No better than trivial: bias" if verdict == "no better" else "Worse than trivial: bias"
    assert named in page.text or f"bias is best on validation events, but {verdict}" in page.text


def test_charts_leave_no_trace_in_matplotlib(page):
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


@pytest.mark.parametrize("full", [True, False])
def test_the_exploration_page(planted, checked, hostile, full, tmp_path):
    log = planted(ratings=full, times=full, titles=full)
    page = checked(write_exploration(explore(log), tmp_path / "explore.html"))
    assert hostile in page.text
    assert "<script" not in page.source
    assert ("Mean rating" in page.text) == full
    assert ("Over time" in page.text) == full
    assert ("Film 1" in page.text) == full
    assert "Long tail" in page.text


@pytest.fixture(scope="module")
def with_newcomers(planted):
    """A comparison of users with and without history."""
    log = planted(ratings=False, times=False).frame()
    is_test = (pl.col("row") % 5 == 0) | (pl.col("row") > 14 * 30)  # the last ten users are new
    is_validation = ~is_test & (pl.col("row") % 5 == 1)
    split = split_predefined(
        log.filter(~is_test & ~is_validation),
        log.filter(is_test),
        validation=log.filter(is_validation),
    )
    return evaluate([make("ease:l2=20")], split, ["ndcg@5", "recall@5"], replicates=100)


def test_users_with_and_without_history_stand_apart(with_newcomers, checked, tmp_path):
    page = checked(write_comparison(with_newcomers, tmp_path / "r.html"))
    known, new = with_newcomers.table().segments.values()
    assert "Users with and without history" in page.text
    assert f"{known.users} test users had events before the test" in page.text
    assert f"{new.users} had none" in page.text
    assert "knows nothing of" in page.text
    for part in (known, new):
        assert f"{part.segment.replace('-', ' ').capitalize()}, {part.users} users" in page.text
        value = part["ease:l2=20.0"].metrics["ndcg@5"].value
        assert f"{value:.2f}"[:4] in page.text
    verdict = known["ease:l2=20.0"].verdict
    verb = {"beats": "and beats", "no better": "and is no better than"}[verdict]
    assert re.search(
        rf"For the {known.users} test users with history ease:l2=20.0 reaches 0\.\d+ {verb} the "
        rf"best trivial answer there, \w+ \(0\.\d+\); for the {new.users} without, 0\.\d+\.",
        page.text,
    )


def test_a_page_says_why_there_is_no_verdict(with_newcomers, checked, tmp_path):
    result = evaluate([make("ease:l2=20")], with_newcomers.split, ["ndcg@5"], replicates=10)
    page = checked(write_comparison(result, tmp_path / "r.html"))
    assert "is best on validation events, and test events allow no verdict." in page.text
    assert page.text.count("No verdict and no intervals: 10 resamples of the users") >= 2
    assert "not judged" in page.text
    assert "– to –" not in page.text
    assert "interval of the gain is" not in page.text
    assert "contenders" not in page.text
