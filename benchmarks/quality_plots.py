"""Pictures for the page of `quality.py`: figures against the time and the memory of learning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from penchant.atomic_write import write_text_atomically
from penchant.reporting.charts.draw import draw
from penchant.reporting.inline import standalone
from penchant.results.graph import Graph, scatter

Row = dict[str, Any]

METRIC = "ndcg@10"


def write(rows: list[Row], log: str, title: str, folder: Path) -> list[Path]:
    """`quality-time.svg` and `quality-memory.svg` of the models on a log, where there are some."""
    known = [
        row
        for row in rows
        if row["kind"] == "defaults" and row["log"] == log and METRIC in row.get("figures", {})
    ]
    if not known:
        return []
    known.sort(key=lambda row: row["model"])
    graphs = {
        "quality-time.svg": against(
            known, title, "fit_seconds", 0.001, "time to learn, on a logarithmic scale", "duration"
        ),
        "quality-memory.svg": against(
            known, title, "peak_mb", 1.0, "MB of memory while learning, on a logarithmic scale",
            "number",
        ),
    }  # fmt: skip
    return [
        write_text_atomically(standalone(draw(name[:-4], graph).wide), folder / name)
        for name, graph in graphs.items()
    ]


def against(rows: list[Row], title: str, cost: str, least: float, x: str, x_format: Any) -> Graph:
    """The models' figures with intervals against what they cost."""
    return scatter(
        f"{METRIC} against the {x}: {title}. Up and to the left is best.",
        [max(float(row[cost]), least) for row in rows],
        [tuple(row["figures"][METRIC]) for row in rows],
        x=x,
        y=f"{METRIC} (better upwards)",
        labels=[row["model"] for row in rows],
        log_x=True,
        x_format=x_format,
        half=False,
    )
