"""The leaderboard: each log's table with its trivial answers on top, and published claims.

Made of the same rows as `quality_page`, and of what `claims.py` found of published figures.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from leaderboard import (
    METRICS,
    Board,
    boards_of,
    interval,
    name_of,
    number,
    setting,
    trivial_answers,
)
from quality_page import Row, table

_HEAD = """# Leaderboard

<!-- written by benchmarks/quality.py: change that, not this -->
Every model on every public log at hand, one table a log, the trivial answers on top. Made of
`benchmarks/quality.jsonl` by the program that writes [the page on quality](quality.md), which has
all logs beside one another, tuned settings beside defaults, other libraries, and the runs'
versions; what has not been run yet is empty or absent.

- **One split a table.** All models of a table learned from the same training events and were judged
  by the same test events; the split's fingerprint says so. Lists are of all items that a user has
  not had, never of drawn negatives.
- **Test figures choose nothing.** Settings are the defaults, which follow from the log's shape, or
  the best of `penchant tune` on validation events within the same minutes. Rows are sorted by the
  test figure to be read, and for nothing else: “best on validation” is the model one would
  have taken.
- **Figures** are over all test users, those without history too, with 95 % intervals of 2,000
  resamples of the users.
- **The verdict** is that of `penchant compare`: the model **beats** the best trivial answer on this
  log by a paired bootstrap, is *no better*, or is *worse*. Each model was compared on its own, so
  that verdicts are not corrected for the number of rows. † is a run of an earlier version, beside
  fewer trivial answers: its interval overlaps with that of the best one here.
- **Minutes and megabytes** are of one fit on the threads that the page on quality names."""


def page(rows: list[Row], settings: dict[str, Any], claims: list[Row]) -> str:
    """The page, in Markdown.

    Args:
        rows: what `quality.py` measured.
        settings: `quality.toml`.
        claims: of `claims.toml`, each with its `result` where there is one.
    """
    shown = [row for row in rows if row["kind"] in ("defaults", "tuned")]
    boards = {
        log: [
            board
            for task in METRICS
            for board in boards_of([row for row in shown if row["log"] == log], task, claims)
        ]
        for log in settings["log"]
    }
    titles = {log: about["title"] for log, about in settings["log"].items()}
    parts = [_HEAD]
    if any(boards.values()):
        parts += ["## At a glance", _glance(boards, titles)]
    if claims:
        parts += ["## Published figures", _claims(claims, rows, settings)]
    for log, own in boards.items():
        if own:
            parts += [f"## {titles[log]}", *(part for board in own for part in board.parts())]
            parts += _missing(log, shown)
    parts += list(_recipes(rows, settings, claims))
    return "\n\n".join(parts) + "\n"


def _glance(boards: dict[str, list[Board]], titles: dict[str, str]) -> str:
    """For each log: the best trivial answer, the best on validation, and how many beat it."""
    lines = []
    for log, board in ((log, b) for log, own in boards.items() for b in own if b.current):
        metric, chosen = board.metric, board.chosen
        verdicts = [v for row in board.models if (v := board.verdict(row)) not in (None, "†")]
        best = board.names[0] if board.names else None
        lines.append(
            [
                titles[log],
                name_of(metric),
                "" if best is None else f"`{best}` {number(board.trivial[best][metric][0])}",
                f"`{chosen['model']}`{', tuned' if setting(chosen) else ''}" if chosen else "",
                interval(chosen["figures"][metric]) if chosen else "",
                f"{verdicts.count('beats')} of {len(verdicts)}" if verdicts else "",
            ]
        )
    head = ["log", "metric", "best trivial answer", "best on validation", "its test figure", "beat"]
    text = "Settings of tuned models stand in the tables of the logs below."
    return f"{table(head, lines, left=len(head))}\n\n{text}"


def _missing(log: str, rows: list[Row]) -> list[str]:
    """What gave no figure on a log, and why."""
    failed = sorted(
        {
            f"`{row['model']}`{setting(row)} ({row['problem'].rstrip('.')})"
            for row in rows
            if row["log"] == log and row.get("problem", "").startswith("more than")
        }
    )
    return [f"Not finished: {', '.join(failed)}."] if failed else []


def _recipes(rows: list[Row], settings: dict[str, Any], claims: list[Row]) -> Iterator[str]:
    """A table for each record: its trivial answers, and its runs by seed."""
    recipes = {
        name: sorted(_of_record(rows, name, about["model"]), key=lambda row: row["seed"])
        for name, about in settings.get("record", {}).items()
    }
    if any(recipes.values()):
        yield "## Recipes"
        yield (
            "Settings that were chosen on validation events, by the protocols of well-known "
            "papers; trivial answers of the first seed's split on top."
        )
    for name, own in recipes.items():
        if own:
            about = settings["record"][name]
            metrics = tuple(about["metrics"])
            known = [f"{name_of(metric)} {value}" for metric, value in about["known"].items()]
            yield f"### {about['title']}"
            yield f"`{about['model']}`; published: {', '.join(known)}."
            board = Board("", metrics, own, trivial_answers(own[:1], metrics[0], claims))
            yield board.table([f"seed {row['seed']}" for row in own], own)


def _of_record(rows: list[Row], name: str, model: str) -> list[Row]:
    """The runs of a record that are of its present recipe."""
    key = ("records", name, model)
    return [r for r in rows if (r["kind"], r["log"], r["spec"]) == key and "figures" in r]


def _claims(claims: list[Row], rows: list[Row], settings: dict[str, Any]) -> str:
    """What `pn.claim` says of published figures."""
    lines = []
    for claim in claims:
        result = claim.get("result")
        metric = claim["metric"]
        said, best = "", ""
        if result is not None:
            verdict = result["verdict"]
            said = f"**{verdict}**" if verdict == "no better" else verdict
            name, figure = next(iter(result["baselines"].items()))
            best = f"`{name}` {interval(figure)}"
        elif "absent" in claim:
            said = "not judged"
        lines.append(
            [
                f"{claim['system']}: {claim['figure']}",
                claim["on"],
                name_of(metric),
                number(claim["published"]),
                best,
                said,
                _record(claim, rows, settings),
                claim.get("absent") or claim.get("note", ""),
            ]
        )
    text = (
        "`pn.claim` puts a published figure beside what anybody gets on the same data without "
        "learning. “Better” says only that it lies beyond the interval of the best trivial answer; "
        "“here” is a recipe of this package by the same protocol, mean of its seeds. Data that are "
        "not public or not at hand are named, and not judged. Written by "
        "`python benchmarks/claims.py` from `benchmarks/claims.toml`; see "
        "[the audit](audit.md#a-published-figure)."
    )
    head = [
        "figure of",
        "on",
        "metric",
        "published",
        "best trivial answer",
        "`pn.claim`",
        "here",
        "",
    ]
    return f"{text}\n\n{table(head, lines, left=len(head))}"


def _record(claim: Row, rows: list[Row], settings: dict[str, Any]) -> str:
    """What the recipe of a record reaches by the claim's metric."""
    name, metric = claim.get("record"), claim["metric"]
    if name is None:
        return ""
    own = _of_record(rows, name, settings["record"][name]["model"])
    values = [row["figures"][metric][0] for row in own if metric in row["figures"]]
    return number(statistics.fmean(values)) if values else ""
