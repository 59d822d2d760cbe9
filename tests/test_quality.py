"""The benchmark of quality: what it plans, what it keeps of a run, and its page."""

from __future__ import annotations

import re
import sys
import tomllib
from xml.etree import ElementTree

import numpy as np
import polars as pl
import pytest

from penchant.models import BASELINES, TABLE
from support.scripts import BENCHMARKS, loaded_script

SETTINGS = tomllib.loads((BENCHMARKS / "quality.toml").read_text(encoding="utf-8"))


@pytest.fixture
def quality(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    with loaded_script("quality") as script:
        yield script
    for name in (
        "quality_page",
        "quality_peers",
        "quality_plots",
        "claims",
        "leaderboard",
        "leaderboard_page",
        "run",
        "amazon_log",
        "audit_speed",
    ):
        sys.modules.pop(name, None)


def row(model, log, value, *, kind="defaults", metric="ndcg@10", **more):
    return {
        "kind": kind, "log": log, "model": model, "spec": model, "metric": metric, "seed": 0,
        "minutes": 5, "threads": 2, "date": "2026-01-02", "seconds": 36.0, "trivial": {metric: 0.2},
        "figures": {metric: [value, value - 0.1, value + 0.1]}, "fit_seconds": 90.0,
        "versions": {"penchant": "0.1.0"}, "split": "f0", "command": f"penchant compare {log}",
        "with_history": {},
    } | more  # fmt: skip


def test_every_model_is_planned(quality):
    cells = list(quality.cells(SETTINGS, SETTINGS["budget"], list(SETTINGS["log"])))
    trivial = {name for names in BASELINES.values() for name in names} - {"popular", "bias"}
    planned = {cell.model for cell in cells if cell.kind == "defaults"}
    assert planned == set(TABLE) - trivial
    tuned = {(cell.log, cell.model) for cell in cells if cell.kind == "tuned"}
    assert len(tuned) == len(SETTINGS["log"]) * len(SETTINGS["main"]) == 11 * 10
    assert len({cell.key for cell in cells}) == len(cells)
    peers = {cell.spec for cell in cells if cell.kind == "peers"}
    assert {spec.partition(":")[0] for spec in peers} == {"implicit", "lenskit", "rectools"}


def test_what_a_model_is_judged_by(quality):
    lists = ("ndcg@10", "recall@20", "hr@10")
    assert quality.metrics_of("ease", ratings=True) == (*lists, "rmse")
    assert quality.metrics_of("ease", ratings=False) == lists
    assert quality.metrics_of("svdpp", ratings=True) == ("rmse",)
    assert quality.metrics_of("attribute-network", ratings=True) == lists
    assert quality.metrics_of("attribute-network", ratings=False) == ()
    assert quality.metrics_of("svdpp", ratings=False) == ()
    assert quality.metrics_of("boosted-trees", ratings=True, lists=True) == (*lists, "rmse")


def test_a_run_is_kept(quality, tiny_csv, monkeypatch, tmp_path):
    monkeypatch.setenv("PENCHANT_MIRROR", str(tiny_csv.parent))
    words = ("{mirror}/" + tiny_csv.name, "--split", "random")
    metrics = ("ndcg@10", "rmse")
    cell = quality.Cell("defaults", "tiny", "item-mean", "item-mean", words, metrics, 1)
    kept = quality.run(cell, str(tiny_csv.parent), 1, tmp_path)
    assert set(kept["figures"]) == set(kept["trivial"]) == set(kept["verdicts"]) == set(metrics)
    assert {"random", "popular", "bias"} <= set(kept["baselines"])
    assert kept["baselines"]["popular"]["ndcg@10"][0] == kept["trivial"]["ndcg@10"]
    assert kept["verdicts"] == {"ndcg@10": kept["verdict"], "rmse": None}  # a trivial answer there
    value, low, high = kept["figures"]["ndcg@10"]
    assert 0 <= low <= value <= high <= 1
    assert kept["command"].startswith(f"penchant compare $PENCHANT_MIRROR/{tiny_csv.name} ")
    assert "problem" not in kept
    unreadable = quality.Cell("defaults", "none", "ease", "ease", ("nowhere.csv",), metrics, 1)
    assert "nowhere.csv" in quality.run(unreadable, "", 1, tmp_path)["problem"]


def test_a_peer_is_judged_by_the_same_metric(quality):
    lists = pl.DataFrame({"user": [*"aab", "c"], "item": [*"xyx", "z"], "rank": [1, 3, 2, 1]})
    test = pl.DataFrame({"user": [*"aabbcd", "a"], "item": [*"yuxvux", "y"]})
    at = 1 / np.log2(np.arange(2, 5))  # ranks 1 to 3
    wanted = [at[2] / (at[0] + at[1]), at[1] / (at[0] + at[1]), 0]
    assert quality.quality_peers.ndcg(lists, test) == pytest.approx(np.mean(wanted))


def test_the_page(quality):
    settings = {
        "plot": "a",
        "growth": {"events": [100_000], "models": ["ease"]},
        "peers": {"ease": ["lenskit:ease", "rectools:ease"]},
        "log": {"a": {"title": "Log A"}, "b": {"title": "Log B"}},
        "main": {"ease": "ease", "slim": "slim"},
        "record": {
            "best": {
                "title": "A record", "model": "ease:l2=3", "words": [], "minutes": 9,
                "known": {"ndcg@10": 0.33}, "marks": {"ndcg@10": 0.35},
                "missed": "Nothing else was tried.",
            },
            "met": {
                "title": "Another", "model": "bias", "words": [], "minutes": 9,
                "known": {}, "marks": {"rmse": 0.9}, "missed": "It was.",
            },
        },
    }  # fmt: skip
    rows = [
        row("popular", "a", 0.2),
        row("ease", "a", 0.36),
        row("ease", "b", 0.1, with_history={"ndcg@10": [0.09, 0, 1]}),
        row("ease", "b", 0.05, kind="peers", spec="rectools:ease"),
        row("ease", "b", 0.1, kind="peers", spec="lenskit:ease"),
        row("slim", "a", 0.15),
        row("slim", "b", 0, figures={}, problem="more than 5 minutes"),
        row("ease", "a", 0.4, kind="tuned"),
        row("ease", "b", 0.1, kind="tuned"),
        row("slim", "a", 0.15, kind="tuned"),
        row("slim", "b", 0.3, kind="tuned"),
        row("ease", "100000", 0, kind="growth", peak_mb=1200, list_ms=0.251),
        row("bias", "a", 0.95, metric="rmse", trivial={"rmse": 0.95}),
        row("svdpp", "a", 0.9, metric="rmse", trivial={"rmse": 0.95}),
        *(
            row("best", "best", 0.34 + 0.01 * seed, kind="records", seed=seed, spec="ease:l2=3")
            for seed in (0, 1)
        ),
        row("met", "met", 0.89, kind="records", spec="bias", metric="rmse"),
        # Of another recipe, which stood there before.
        row("best", "best", 0.9, kind="records", seed=2, spec="ease:l2=1"),
    ]
    rows[6].pop("figures")
    lines = quality.quality_page.page(rows, settings).splitlines()
    assert "| `ease` | **.3600** | **.1000** |" not in lines  # .1 is worse than popular's .2
    assert "| `ease` | **.3600** | ***.1000*** |" in lines
    assert "| `slim` | *.1500* | – |" in lines
    assert "| `popular` | .2000 |  |" in lines
    assert "| `svdpp` | **.9000** |" in lines
    assert "| `ease` | .4000 (90%) | .1000 (100%) | 1 of 2 |" in lines
    assert "| `slim` | .1500 (100%) | .3000 | 1 of 1 |" in lines
    assert "| `ease` | .0900 / .1000 lenskit (90%) |" in lines
    assert "![nDCG@10 against time](quality-time.svg)" in lines
    assert "| `ease` | 90 s, 1,200 MB, 0.25 ms |" in lines
    record = "| A record | ndcg@10 | 0.3450 ± 0.0071 (2) | 0.33 | *0.35* | 1.5 | `ease:l2=3` |"
    assert record in lines
    assert "| Another | rmse | 0.8900 (1) |  | 0.9 | 1.5 | `bias` |" in lines
    assert "- A record: Nothing else was tried." in lines
    assert not any("It was." in line for line in lines)
    assert "| `slim` | Log B | more than 5 minutes |" in lines
    assert any(
        line.startswith("18 runs from 2026-01-02 to 2026-01-02, 0.2 hours") for line in lines
    )


def test_pictures_stand_alone(quality, tmp_path):
    rows = [row("ease", "a", 0.3, peak_mb=20), row("popular", "a", 0.2, peak_mb=0)]
    paths = quality.quality_plots.write(rows, "a", "Log A", tmp_path)
    assert [path.name for path in paths] == ["quality-time.svg", "quality-memory.svg"]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert {"ease", "popular"} <= {str(e.text).strip() for e in root.iter() if e.text}
        used, declared = (set(re.findall(p, text)) for p in (r"var\(--(\w+)\)", r"--(\w+): "))
        assert used <= declared
    assert quality.quality_plots.write(rows, "b", "Log B", tmp_path) == []


def test_the_models_of_a_log_are_judged_on_one_split(quality):
    splits = {}
    for row in quality.quality_page.read(BENCHMARKS / "quality.jsonl").values():
        if row["kind"] in ("defaults", "tuned") and "split" in row:
            splits.setdefault(row["log"], set()).add(row["split"])
    assert {log for log, found in splits.items() if len(found) > 1} == set()


def test_the_page_of_the_documentation_is_that_of_the_results(quality):
    rows = quality.quality_page.read(BENCHMARKS / "quality.jsonl")
    page = quality.quality_page.page(list(rows.values()), SETTINGS)
    assert (BENCHMARKS.parent / "docs" / "quality.md").read_text(encoding="utf-8") == page
