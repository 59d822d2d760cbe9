"""Tables keep their figures whole in narrow terminals."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from penchant.results.console import rich_table, segment_table
from penchant.results.tables import Cost, Entry, MetricValue, Table

LONG = "dot:target=interaction,dim=64,epochs=20,l2=0.001"
METRIC = "ndcg@10"


def table():
    judged = MetricValue(0.3166, 0.2718, 0.3637, 0.034, 0.0089, 0.0593, 0.01, "beats")
    bar = MetricValue(0.2826, 0.2431, 0.3267)
    whole = Table(
        "ranking",
        (METRIC,),
        (Entry(LONG, False, {METRIC: judged}), Entry("popular", True, {METRIC: bar})),
        users=166,
        rows=900,
    )
    bare = MetricValue(0.448)
    parts = {
        "with-history": ((Entry("popular", True, {METRIC: bar}), whole.entries[0]), 90),
        "without-history": (
            tuple(Entry(e.name, e.trivial, {METRIC: bare}) for e in whole.entries),
            76,
        ),
    }
    segments = {
        name: Table("ranking", (METRIC,), entries, users=users, rows=users, segment=name)
        for name, (entries, users) in parts.items()
    }
    return Table(**{**vars(whole), "segments": segments})


def text(grid, width):
    file = io.StringIO()
    Console(file=file, width=width, color_system=None).print(grid)
    return file.getvalue()


@pytest.mark.parametrize("width", [72, 80, 100, 200])
def test_figures_are_whole_and_names_fold(width):
    for grid in (rich_table(table(), width, 0.95), segment_table(table(), width, 0.95)):
        lines = text(grid, width).splitlines()
        assert max(map(len, lines)) <= width
        shown = "\n".join(lines)
        assert "0.3166 [0.2718, 0.3637]" in shown
        assert "+0.0340" in shown
        assert "beats" in shown
        assert "…" not in shown
        cells = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
        assert "".join(cells) == f"{LONG}popular"
        assert ("[+0.0089, +0.0593]" in shown) == (width >= 130)


def test_segments_say_how_many_users_they_are_of_in_the_order_of_all():
    shown = text(segment_table(table(), 120, 0.95), 120)
    assert "90 users [95 %]" in shown
    assert "76 users" in shown
    assert shown.index("dot:target") < shown.index("popular")
    assert shown.count("0.4480") == 2


def test_costs_that_are_not_known_are_dashes():
    known = Cost(fit_seconds=2, score_seconds=0.5, answers=1000, parameters=0)
    figure = {METRIC: MetricValue(0.3)}
    entries = (Entry("known", False, figure, cost=known), Entry("other", False, figure))
    costs = Table("ranking", (METRIC,), entries, users=9, rows=9)
    out = io.StringIO()
    Console(file=out, width=200).print(rich_table(costs, 200, 0.95))
    rows = [
        line.split() for line in out.getvalue().splitlines() if "known" in line or "other" in line
    ]
    cells = [[cell for cell in row if cell != "│"] for row in rows]
    assert cells[0][-5:] == ["2.0", "s", "2,000", "–", "0"]
    assert cells[1][-4:] == ["–", "–", "–", "–"]
    frame = costs.frame()
    assert frame["parameters"].to_list() == [0, None]
    assert frame["answers"].to_list() == [1000, None]
