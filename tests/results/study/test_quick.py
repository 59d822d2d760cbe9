from __future__ import annotations

import math

import polars as pl

from penchant.evaluation import evaluate_predictions
from penchant.results import (
    Conclusion,
    DataTable,
    EvaluationSummary,
    Opening,
    Section,
    opening_without_verdict,
    section_without_verdicts,
)
from penchant.results.graph import bars, intervals


def judged():
    rows = pl.DataFrame({"user": [n // 4 for n in range(400)]}).with_columns(
        rating=pl.Series([1.0, 5.0, 4.0, 2.0] * 100),
        model=pl.Series([1.5, 4.5, 4.0, 2.5] * 100),
        mean=pl.lit(3.0),
    )
    return evaluate_predictions(rows, ["rmse"], trivial=["mean"], replicates=50)


def test_nothing_is_judged():
    table = judged()
    assert table["model"].verdict == "beats"
    frame = pl.DataFrame(
        {"network": ["a"], "here": [0.5], "against published": ["worse"], "none": [""]}
    )
    section = section_without_verdicts(
        Section(
            title="Networks",
            text="How it is done.",
            conclusions=(Conclusion("verdict", "It is better."), Conclusion("trap", "It is not.")),
            tables=(DataTable(frame, "All.", {"against published": "badge", "here": "fixed:2"}),),
            charts=(intervals("Gains.", {"a": 0.5}, marks=["beats"]),),
            comparisons=(EvaluationSummary.of(table),),
        )
    )
    assert section.text == "How it is done."
    assert section.conclusions == ()
    assert section.tables[0].columns == ["network", "here"]
    assert section.tables[0].written("here", 0) == "0.50"
    assert section.charts[0].marks == []
    (quick,) = section.comparisons[0].tables.values()
    assert {entry.verdict for entry in quick.entries} == {None}
    assert math.isnan(quick["model"].metrics["rmse"].gain)
    assert quick["model"].metrics["rmse"].value == table["model"].metrics["rmse"].value
    assert quick.notes == ()


def test_the_opening_says_what_was_claimed_and_that_nothing_is_known():
    graph = bars("F1.", {"": {"a": 0.5}})
    opening = Opening(claimed="It knows.", holds="It is better.", use="Use it.", graph=graph)
    quick = opening_without_verdict(opening)
    assert quick.claimed == "It knows."
    assert "quick look" in quick.holds
    assert "better" not in quick.holds + quick.use
    assert quick.graph is not None
    assert quick.faults == []
