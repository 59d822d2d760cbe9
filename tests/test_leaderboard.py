"""The leaderboard of the documentation: its tables, its verdicts, and the published figures."""

from __future__ import annotations

import json
import sys
import tomllib

import pytest

import penchant as pn
from support.scripts import BENCHMARKS, loaded_script

SETTINGS = tomllib.loads((BENCHMARKS / "quality.toml").read_text(encoding="utf-8"))
LITTLE = {
    "log": {"a": {"title": "Log A"}, "b": {"title": "Log B"}},
    "record": {
        "best": {
            "title": "A record", "model": "ease:l2=3", "metrics": ["hr@10", "ndcg@10"],
            "known": {"hr@10": ".3"},
        }
    },
}  # fmt: skip


@pytest.fixture
def board(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    with loaded_script("leaderboard_page") as script:
        yield script
    for name in ("leaderboard", "quality_page"):
        sys.modules.pop(name, None)


@pytest.fixture
def claims():
    with loaded_script("claims") as script:
        yield script


def row(model, value, **more):
    return {
        "kind": "defaults", "log": "a", "model": model, "spec": model, "metric": "ndcg@10",
        "seed": 0, "date": "2026-01-02", "trivial": {"ndcg@10": 0.2}, "split": "f0",
        "figures": {"ndcg@10": [value, value - 0.01, value + 0.01], "recall@20": [0.5, 0.4, 0.6]},
        "fit_seconds": 90.0, "peak_mb": 1200, "command": "penchant compare a", "verdict": "beats",
        "validation": value,
    } | more  # fmt: skip


def claimed(value, *, split="f0", metric="ndcg@10", markov=(0.35, 0.34, 0.36), **more):
    result = {"verdict": "better", "baselines": {"markov": list(markov)}, "split": split}
    return {
        "system": "S", "figure": "F", "on": "D", "metric": metric, "published": value,
        "result": result,
    } | more  # fmt: skip


def test_trivial_answers_stand_on_top_and_models_by_their_figure(board):
    rows = [
        row("ease", 0.3, verdict="no better"),
        row("popular", 0.2, verdict=None, validation=0.9),
        row("slim", 0.4, kind="tuned", tuned="slim:l2=3", peak_mb=0, validation=0.1),
        row("bpr", 0.1, verdict="worse"),
        {**row("rbm", 0), "figures": {}, "problem": "more than 2 minutes"},
    ]
    page = board.page(rows, LITTLE, [])
    assert "Log B" not in page
    lines = page[page.index("## Log A") :].splitlines()
    table = [line for line in lines if line.startswith("| `")]
    assert table == [
        "| `popular` | .2000 [.1900, .2100] | .5000 |  | *trivial* |  |  |",
        "| `slim` tuned: `l2=3` | .4000 [.3900, .4100] | .5000 |  | **beats** | 1.5 | < 1 |",
        "| `ease` | .3000 [.2900, .3100] | .5000 |  | *no better* | 1.5 | 1,200 |",
        "| `bpr` | .1000 [.0900, .1100] | .5000 |  | *worse* | 1.5 | 1,200 |",
    ]
    assert "Not finished: `rbm` (more than 2 minutes)." in lines
    # The model that one would have taken is the best on validation, not that of the test figure.
    glance = "| Log A | nDCG@10 | `popular` .2000 | `{}` | {} | 1 of 3 |"
    assert glance.format("ease", ".3000 [.2900, .3100]") in page
    # Its settings, which may be long, stand in the table of the log alone.
    rows[2]["validation"] = 0.9
    page = board.page(rows, LITTLE, [])
    assert glance.replace("`{}`", "{}").format("`slim`, tuned", ".4000 [.3900, .4100]") in page
    assert page.count("l2=3") == 1


def test_splits_are_never_mixed(board):
    rows = [row("ease", 0.3), row("slim", 0.4), row("bpr", 0.35, split="f1")]
    page = board.page(rows, LITTLE, [])
    assert page.count("Lists, split `f0`; one") == 1
    assert page.count("Lists, split `f1`, an earlier reading of the log; one") == 1
    assert page.index("`slim`") < page.index("`f1`") < page.index("`bpr`")


@pytest.mark.parametrize(
    ("value", "shown"), [(0.5, "**beats**"), (0.355, "†"), (0.34, "†"), (0.3, "*worse*")]
)
def test_a_verdict_beside_fewer_trivial_answers(board, value, shown):
    page = board.page([row("ease", value)], LITTLE, [claimed(0.3)])
    assert "| `markov` | .3500 [.3400, .3600] |  |  | *trivial* |" in page
    line = next(line for line in page.splitlines() if line.startswith("| `ease`"))
    assert line.split(" | ")[4] == shown
    # A newer run had that answer beside it, and its own verdict stands.
    new = row("ease", value, baselines={"markov": {"ndcg@10": [0.35, 0.34, 0.36]}})
    line = next(x for x in board.page([new], LITTLE, []).splitlines() if x.startswith("| `ease`"))
    assert line.split(" | ")[4] == "**beats**"
    elsewhere = board.page([row("ease", value)], LITTLE, [claimed(0.3, split="f1")])
    assert "markov` | .3500 [.3400, .3600] |  |  |" not in elsewhere


def test_ratings_have_a_table_of_their_own(board):
    figures = {"rmse": [0.9, 0.89, 0.91]}
    rows = [
        row("svdpp", 0, metric="rmse", figures=figures, trivial={"rmse": 0.95}),
        row("ease", 0.3, figures=row("ease", 0.3)["figures"] | {"rmse": [0.93, 0.92, 0.94]},
            trivial={"rmse": 0.95, "ndcg@10": 0.2}, verdicts={"rmse": "no better"}),
    ]  # fmt: skip
    page = board.page(rows, LITTLE, [])
    ratings = page[page.index("Ratings, split") :].splitlines()
    assert ratings[4:7] == [
        "| `bias` | .9500 | *trivial* |  |  |",
        "| `svdpp` | .9000 [.8900, .9100] | **beats** | 1.5 | 1,200 |",
        "| `ease` | .9300 [.9200, .9400] | *no better* | 1.5 | 1,200 |",
    ]


def test_records_stand_beside_the_published_figures(board):
    figures = {"hr@10": [0.4, 0.39, 0.41], "ndcg@10": [0.2, 0.19, 0.21]}
    of_record = {"kind": "records", "log": "best", "metric": "hr@10", "trivial": {"hr@10": 0.1}}
    rows = [
        row("best", 0, spec="ease:l2=3", figures=figures, **of_record),
        row("best", 0, spec="ease:l2=3", figures=figures, seed=1, **of_record),
        row("best", 0, spec="ease:l2=1", figures={"hr@10": [0.9, 0.8, 1]}, **of_record),
    ]
    claims = [
        claimed(0.3, metric="hr@10", record="best", note="N"),
        {"system": "S", "figure": "F", "on": "D", "metric": "mse", "published": 3, "absent": "why"},
        {"system": "S", "figure": "F", "on": "D", "metric": "f1", "published": 0.3, "data": "a"},
    ]
    page = board.page(rows, LITTLE, claims)
    judged = "| S: F | D | HR@10 | .3000 | `markov` .3500 [.3400, .3600] | better | .4000 | N |"
    assert judged in page
    assert "| S: F | D | MSE | 3.0000 |  | not judged |  | why |" in page
    assert "| S: F | D | F1 | .3000 |  |  |  |  |" in page
    assert "| seed 1 | .4000 [.3900, .4100] | .2000 | **beats** | 1.5 | 1,200 |" in page
    assert "`ease:l2=1`" not in page


def test_nothing_yet(board):
    assert board.page([], LITTLE, []).startswith("# Leaderboard")


def test_the_published_figures_are_judged(claims):
    rows = claims.read()
    assert {row["system"] for row in rows} >= {"Movies", "Books", "Fashion", "Music"}
    for each in rows:
        assert ("data" in each) != ("absent" in each)
        assert each.get("data", "user_1") in claims.DATA
        assert "data" not in each or each["result"]["baselines"]
        assert each.get("record", "gowalla") in SETTINGS["record"]


def test_a_figure_is_judged_on_the_published_numbers_of_ratings(claims, tmp_path):
    log = claims.book_crossing_counts(tmp_path)
    assert len(log) == 43_363
    claim = {"data": "book_crossing_counts", "metric": "f1", "published": 0.7329}
    found = claims.result_of(claims.judge(claim, log), log)
    assert (found["verdict"], next(iter(found["baselines"]))) == ("no better", "always-yes")
    assert found["version"] == pn.__version__
    kept = claims.lines_of([claim | {"result": found}, {**claim, "published": 0.5}])
    assert [json.loads(line) for line in kept.splitlines()] == [claim | {"result": found}]


def test_the_page_of_the_documentation_is_that_of_the_results(board, claims):
    rows = list(sys.modules["quality_page"].read(BENCHMARKS / "quality.jsonl").values())
    page = board.page(rows, SETTINGS, claims.read())
    assert (BENCHMARKS.parent / "docs" / "leaderboard.md").read_text(encoding="utf-8") == page
