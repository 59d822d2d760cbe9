"""The page of what `quality.py` measured: defaults on all logs, tuned models, and records."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RANKING = ("ndcg@10", "recall@20", "hr@10")
RATING = ("rmse",)
Row = dict[str, Any]

_NONE = {"ndcg@10": 0.0, "rmse": 2.0}  # the share of the best that no figure counts as
_ENOUGH = 0.95  # of the tuned figure


def read(path: Path) -> dict[tuple[Any, ...], Row]:
    """The rows of a file of results by their keys, none where there is no file."""
    if not path.exists():
        return {}
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    keys = ("kind", "log", "model", "spec", "seed", "minutes")
    return {tuple(row[key] for key in keys): row for row in rows}


def page(rows: list[Row], settings: dict[str, Any]) -> str:
    """The page, in Markdown."""
    logs = {name: about["title"] for name, about in settings["log"].items()}
    parts = [_HEAD]
    for metric, title in (("ndcg@10", "Lists: nDCG@10"), ("rmse", "Ratings: RMSE")):
        own = [row for row in rows if row["kind"] == "defaults" and row["metric"] == metric]
        if own:
            parts += [f"## {title} at the defaults", _defaults(own, logs, metric)]
    plot = settings["plot"]
    if any(
        (row["kind"], row["log"], row["metric"]) == ("defaults", plot, RANKING[0])
        and "figures" in row
        for row in rows
    ):
        parts += ["## What they cost", _PLOTS.format(log=logs[plot])]
    tuned = [row for row in rows if row["kind"] == "tuned"]
    if tuned:
        parts += ["## Defaults beside tuned settings", _tuned(rows, tuned, settings, logs)]
    peers = [row for row in rows if row["kind"] == "peers"]
    if peers:
        parts += ["## Beside other libraries' defaults", _peers(rows, peers, settings, logs)]
    records = [row for row in rows if row["kind"] == "records"]
    if records:
        parts += ["## Recipes", _records(records, settings)]
    growth = [row for row in rows if row["kind"] == "growth"]
    if growth:
        parts += ["## Growth with the log", _growth(growth, settings)]
    parts += ["## What was run", _runs(rows, logs)]
    return "\n\n".join(parts) + "\n"


_HEAD = """# Quality of the models

<!-- written by benchmarks/quality.py: change that, not this -->
`make quality` runs every model at its defaults, and the main ones after `penchant tune` with an
equal budget of minutes, each in a process of its own, and writes this page from what it measured
(`benchmarks/quality.jsonl`). Settings come from the log's shape by the formulas in the models'
documentation, or from validation events; nothing was chosen by test events. Figures are over all
test users, those without history too: where a model knows nothing of a user, popularity answers."""


_PLOTS = """Each model's nDCG@10 on {log}, with its interval, against the time and the memory it
took to learn.

![nDCG@10 against time](quality-time.svg)

![nDCG@10 against memory](quality-memory.svg)"""


def table(head: list[str], lines: Iterable[list[str]], left: int = 1) -> str:
    """A table in Markdown; all but the first columns are numbers, on the right."""
    text = [head, [*["---"] * left, *["---:"] * (len(head) - left)], *lines]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in text)


def _defaults(rows: list[Row], logs: dict[str, str], metric: str) -> str:
    """One row a model, one column a log; what is worse than the trivial answer in italics."""
    here = [name for name in logs if any(row["log"] == name for row in rows)]
    cells: dict[str, dict[str, Row]] = {}
    for row in rows:
        cells.setdefault(row["model"], {})[row["log"]] = row
    trivial = "popular" if metric == "ndcg@10" else "bias"
    values = {
        model: {log: row["figures"][metric][0] for log, row in own.items() if "figures" in row}
        for model, own in cells.items()
    }
    sign = -1 if metric == "ndcg@10" else 1
    first = max if sign < 0 else min
    best = {
        log: first((own[log] for own in values.values() if log in own), default=None)
        for log in here
    }

    def text(model: str, log: str) -> str:
        row = cells[model].get(log)
        if row is None:
            return ""
        if "problem" in row:
            return "–"
        value, limit = row["figures"][metric][0], row["trivial"].get(metric)
        shown = f"{value:.4f}".replace("0.", ".", 1)
        if limit is not None and sign * value > sign * limit and model != trivial:
            shown = f"*{shown}*"
        return f"**{shown}**" if value == best[log] else shown

    def rank(model: str) -> float:
        """The mean share of the best figure; a log without one counts as the worst."""
        shares = [
            (own / best[log] if best[log] else 1.0) if own is not None else _NONE[metric]
            for log, own in ((log, values[model].get(log)) for log in here)
        ]
        return sign * sum(shares)

    models = sorted(cells, key=lambda m: (rank(m), m))
    lines = [[f"`{model}`", *(text(model, log) for log in here)] for model in models]
    note = (
        f"In bold the best of a log, in italics what is worse than `{trivial}`; "
        "– did not finish within its minutes, or cannot learn from this log (see below); what is "
        "empty was not run."
    )
    return f"{note}\n\n{table(['model', *(logs[log] for log in here)], lines)}"


def _tuned(
    rows: list[Row], tuned: list[Row], settings: dict[str, Any], logs: dict[str, str]
) -> str:
    """The share of the tuned figure that the defaults reach, for each main model and log."""
    metric = RANKING[0]
    default = {
        (row["log"], row["model"]): row["figures"][metric][0]
        for row in rows
        if row["kind"] == "defaults" and metric in row.get("figures", {})
    }
    here = [name for name in logs if any(row["log"] == name for row in tuned)]
    own = {(row["log"], row["model"]): row for row in tuned}
    lines = []
    for model in settings["main"]:
        cells, enough, known = [], 0, 0
        for log in here:
            row, before = own.get((log, model)), default.get((log, model))
            if row is None or "figures" not in row:
                cells.append("–" if row is not None else "")
                continue
            after = row["figures"][metric][0]
            if before is None:
                cells.append(f"{after:.4f}".replace("0.", ".", 1))
                continue
            share = before / after if after else 1.0
            known, enough = known + 1, enough + (share >= _ENOUGH)
            cells.append(f"{after:.4f} ({share:.0%})".replace("0.", ".", 1))
        if known:
            lines.append([f"`{model}`", *cells, f"{enough} of {known}"])
    minutes = sorted({row["minutes"] for row in tuned})
    note = (
        "Test nDCG@10 after `penchant tune` on validation events, in an equal time "
        f"({minutes[-1]:g} min), and the share of it that the defaults reach (– where tuning came "
        f"to nothing). The last column counts the logs on which that is {_ENOUGH:.0%} or more."
    )
    head = ["model", *(logs[log] for log in here), f"{_ENOUGH:.0%} on"]
    return f"{note}\n\n{table(head, lines)}"


def _peers(
    rows: list[Row], peers: list[Row], settings: dict[str, Any], logs: dict[str, str]
) -> str:
    """Our figure for users with history, the best of the others', and whose that is."""
    metric = RANKING[0]
    mine = {
        (row["log"], row["model"]): (row["with_history"] or row["figures"])[metric][0]
        for row in rows
        if row["kind"] == "defaults" and metric in row.get("figures", {})
    }
    here = [name for name in logs if any(row["log"] == name for row in peers)]
    lines = []
    for model in settings["peers"]:
        cells = []
        for log in here:
            theirs = [r for r in peers if (r["log"], r["model"]) == (log, model) and "figures" in r]
            own = mine.get((log, model))
            if not theirs or own is None:
                cells.append("")
                continue
            best = max(theirs, key=lambda row: row["figures"][metric][0])
            value = best["figures"][metric][0]
            ratio = f"{own / value:.0%}" if value else ""
            text = f"{own:.4f} / {value:.4f}".replace("0.", ".")
            cells.append(f"{text} {best['spec'].partition(':')[0]} ({ratio})")
        lines.append([f"`{model}`", *cells])
    note = (
        "nDCG@10 of the test users with a history: ours at the defaults / the best of the same "
        "kind of model in "
        + ", ".join(sorted({row["spec"].partition(":")[0] for row in peers}))
        + ", at their defaults; all learn from the same training events and know the same "
        "histories."
    )
    return f"{note}\n\n{table(['model', *(logs[log] for log in here)], lines)}"


def _records(records: list[Row], settings: dict[str, Any]) -> str:
    """What recipes reached, over their seeds, beside the figure to know and the mark."""
    lines: list[list[str]] = []
    missed: dict[str, str] = {}
    for name, about in settings.get("record", {}).items():
        # Figures of another recipe, which stood here before, are none of this one.
        recipe = [row for row in records if row["log"] == name and row["spec"] == about["model"]]
        own = [row for row in recipe if "figures" in row]
        for metric, mark in about["marks"].items():
            values = [row["figures"][metric][0] for row in own]
            if not values:
                continue
            mean = statistics.fmean(values)
            spread = f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else ""
            minutes = statistics.fmean(row["fit_seconds"] for row in own) / 60
            is_reached = mean <= mark if metric in RATING else mean >= mark
            if not is_reached and "missed" in about:
                missed[about["title"]] = about["missed"]
            lines.append(
                [
                    about["title"],
                    metric,
                    f"{mean:.4f}{spread} ({len(values)})",
                    str(about["known"].get(metric, "")),
                    f"{mark:g}" if is_reached else f"*{mark:g}*",
                    f"{minutes:.1f}",
                    f"`{about['model']}`",
                ]
            )
    head = [
        "data",
        "metric",
        "mean ± spread (seeds)",
        "to know",
        "mark",
        "minutes to learn",
        "model",
    ]
    notes = [f"- {title}: {' '.join(reason.split())}" for title, reason in missed.items()]
    return "\n".join(
        [table(head, lines), *(["\nMarks in italics are not reached.\n", *notes] if notes else [])]
    )


def _growth(growth: list[Row], settings: dict[str, Any]) -> str:
    """Seconds and memory of learning, and milliseconds a list, by the number of events."""
    cells = {(row["log"], row["model"]): row for row in growth}
    events = [n for n in settings["growth"]["events"] if any(r["log"] == str(n) for r in growth)]

    def text(row: Row | None) -> str:
        if row is None:
            return ""
        if "problem" in row:
            return "–"
        memory = "" if row["peak_mb"] is None else f", {row['peak_mb']:,} MB"
        return f"{_short(row['fit_seconds'])} s{memory}, {_short(row['list_ms'])} ms"

    lines = [
        [f"`{model}`", *(text(cells.get((str(n), model))) for n in events)]
        for model in settings["growth"]["models"]
    ]
    note = (
        "Time and memory to learn from a made-up log with as unequal users and items as public "
        "ones, and the time of one list among a thousand users' together."
    )
    return f"{note}\n\n{table(['model', *(f'{n:,} events' for n in events)], lines)}"


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"


def _runs(rows: list[Row], logs: dict[str, str]) -> str:
    """Dates, versions, splits, minutes, and what gave no figure."""
    dates = sorted(row["date"] for row in rows)
    versions = sorted(
        {f"{n} {v}" for row in rows for n, v in row.get("versions", {}).items() if v is not None}
    )
    hours = sum(row["seconds"] for row in rows) / 3600
    threads = sorted({row["threads"] for row in rows})
    text = (
        f"{len(rows)} runs from {dates[0]} to {dates[-1]}, {hours:.1f} hours on "
        f"{' or '.join(map(str, threads))} threads; {', '.join(versions)}."
        if rows
        else "Nothing yet."
    )
    commands = []
    for log, title in logs.items():
        row = next((r for r in rows if r["log"] == log and "command" in r), None)
        if row is not None:
            commands.append([title, row["split"], f"`{row['command']}`".replace("|", "\\|")])
    problems = [
        [f"`{row['spec']}`", logs.get(row["log"], row["log"]), row["problem"].replace("|", "\\|")]
        for row in rows
        if "problem" in row
    ]
    parts = [text, table(["log", "split", "command of one model"], commands)]
    if problems:
        parts += ["No figure:", table(["model", "log", "why"], problems)]
    return "\n\n".join(parts)
