"""Run every model on many logs at its defaults, and the main ones tuned, and write the table.

`PENCHANT_MIRROR=… python benchmarks/quality.py` runs what `quality.toml` says, each model on each
log in a process of its own within its minutes, and adds what came out to `quality.jsonl`, so that a
run that was stopped goes on where it was. Then it writes `docs/quality.md` from that file, and
`docs/leaderboard.md` from it and from what `claims.py` found of published figures.
`--short` takes minutes, on the smallest logs, and writes to `out/quality`. Nothing is chosen by
test events: settings are defaults, or the best of `penchant tune` on validation events.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import claims
import leaderboard_page
import quality_page
import quality_peers
import quality_plots
from penchant.atomic_write import write_text_atomically
from penchant.models import BASELINES, TABLE, find

HERE = Path(__file__).parent
KINDS = ("defaults", "tuned", "records", "peers", "growth")
_START = 120.0  # seconds beyond the minutes, for reading the log and judging


@dataclass(frozen=True)
class Cell:
    """One model on one log.

    Attributes:
        kind: `defaults`, `tuned`, `records`, `peers` or `growth`.
        log: the log's name in `quality.toml`, or that of a record.
        model: the model's name there.
        spec: the model as `penchant compare -m` takes it, or a peer's, such as `implicit:als`.
        words: the log as `penchant compare` takes it.
        metrics: the first one is the model's figure.
        minutes: the budget.
        seed: of split and model.
    """

    kind: str
    log: str
    model: str
    spec: str
    words: tuple[str, ...]
    metrics: tuple[str, ...]
    minutes: float
    seed: int = 0

    @property
    def key(self) -> tuple[Any, ...]:
        """What tells it from other cells."""
        return self.kind, self.log, self.model, self.spec, self.seed, self.minutes


def cells(settings: dict[str, Any], budget: dict[str, float], logs: list[str]) -> Iterator[Cell]:
    """All that is to be run, the defaults of a log first, and cheap models before dear ones."""
    main = settings["main"]
    shared = {name for names in BASELINES.values() for name in names} - {"popular", "bias"}
    for log in logs:
        about = settings["log"][log]
        words = tuple(about["words"])
        others = [name for name in TABLE if name not in shared and name not in main]
        for name, spec in [*main.items(), *((name, name) for name in others)]:
            has_ratings = about.get("ratings", False)
            metrics = metrics_of(spec, ratings=has_ratings, lists=name in main)
            if metrics:
                yield Cell("defaults", log, name, spec, words, metrics, budget["fit_minutes"])
    for log in logs:
        words = tuple(settings["log"][log]["words"])
        for name, spec in main.items():
            yield Cell(
                "tuned", log, name, spec, words, quality_page.RANKING, budget["tune_minutes"]
            )
    for log in logs:
        words, minutes = tuple(settings["log"][log]["words"]), budget["fit_minutes"]
        for name, specs in settings["peers"].items():
            for spec in specs:
                yield Cell("peers", log, name, spec, words, quality_page.RANKING[:1], minutes)
    growth = settings["growth"]
    for events in growth["events"]:
        for name in growth["models"]:
            yield Cell("growth", f"{events}", name, name, (), ("fit_seconds",), growth["minutes"])
    for name, about in settings.get("record", {}).items():
        for seed in about.get("seeds", [0]):
            yield Cell(
                "records", name, name, about["model"], tuple(about["words"]),
                tuple(about["metrics"]), about["minutes"], seed,
            )  # fmt: skip


def metrics_of(spec: str, *, ratings: bool, lists: bool = False) -> tuple[str, ...]:
    """What a model is judged by.

    Models that need ratings are judged by the error of their predictions, and by their lists only
    where that is asked for, or where they predict likes.
    """
    rating, model = quality_page.RATING if ratings else (), find(spec.partition(":")[0])
    if model.signal == "attributes":
        return quality_page.RANKING if ratings else ()
    if model.needs_ratings and not lists:
        return rating
    return (*quality_page.RANKING, *rating)


def run(
    cell: Cell, mirror: str, threads: int, out: Path, peers: Path = HERE / ".peers"
) -> dict[str, Any]:
    """What came of a cell: figures and costs, or why there are none."""
    row: dict[str, Any] = {
        "kind": cell.kind,
        "log": cell.log,
        "model": cell.model,
        "spec": cell.spec,
        "metric": cell.metrics[0],
        "seed": cell.seed,
        "minutes": cell.minutes,
        "threads": threads,
        "date": datetime.date.today().isoformat(),
    }
    words = [word.format(mirror=mirror) for word in cell.words]
    started = time.perf_counter()
    try:
        row |= measured(cell, words, threads, out, peers)
    except subprocess.TimeoutExpired:
        row["problem"] = f"more than {cell.minutes:g} minutes"
    except RuntimeError as error:
        row["problem"] = str(error)
    return row | {"seconds": round(time.perf_counter() - started, 1)}


def measured(cell: Cell, words: list[str], threads: int, out: Path, peers: Path) -> dict[str, Any]:
    """Figures and costs of a cell.

    Raises:
        RuntimeError: a program failed; the text is its last sentence.
        subprocess.TimeoutExpired: it took too long.
    """
    seconds, of_seed = 60 * cell.minutes + _START, ["--seed", str(cell.seed)]
    if cell.kind == "growth":
        script = [sys.executable, str(HERE / "growth.py"), cell.log, cell.spec]
        grown = answer_of([*script, "--threads", str(threads)], seconds)
        return grown | {"figures": {"fit_seconds": [grown["fit_seconds"], None, None]}}
    if cell.kind == "peers":
        likes = words[words.index("--positive") + 1] if "--positive" in words else None
        lowest = None if likes is None else float(likes.removeprefix(">="))
        folder = out / "peers" / cell.log
        return quality_peers.figures([*words, *of_seed], cell.spec, lowest, folder, peers, seconds)
    common = [*of_seed, "--threads", str(threads), "--json", "-q"]
    row: dict[str, Any] = {}
    if cell.kind == "tuned":
        study = out / "studies" / f"{cell.log}-{cell.model}-{cell.minutes:g}.jsonl"
        study.parent.mkdir(parents=True, exist_ok=True)
        command = ["tune", *words, "-m", cell.spec, "--metric", cell.metrics[0]]
        command += ["--minutes", f"{cell.minutes:g}", "--trials", "1000", "--study", str(study)]
        tuning = penchant([*command, *common], 3 * seconds)
        row = {
            "tuned": tuning["best"]["model"],
            "trials": len(tuning["trials"]),
            "validation": tuning["best"]["score"],
            "edges": tuning["edges"],
        }
    # A metric among given negatives says so behind its name.
    metrics = [w for metric in cell.metrics for w in ("--metric", metric.partition(" (")[0])]
    command = ["compare", *words, "-m", row.get("tuned", cell.spec), *metrics, *common]
    return figures(penchant(command, seconds), cell) | row


def penchant(words: list[str], seconds: float) -> dict[str, Any]:
    """The answer of a command; see `answer_of`."""
    return answer_of([sys.executable, "-P", "-m", "penchant", *words], seconds)


def answer_of(command: list[str], seconds: float) -> dict[str, Any]:
    """The JSON that a program prints.

    Raises:
        RuntimeError: it failed; the text is its last sentence.
        subprocess.TimeoutExpired: it took too long.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(lines[-1])
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def figures(answer: dict[str, Any], cell: Cell) -> dict[str, Any]:
    """What `penchant compare --json` says of the one model that was asked for."""
    mirror = os.environ["PENCHANT_MIRROR"]
    name = next(iter(answer["settings"]["models"]))
    row: dict[str, Any] = {
        "split": answer["split"]["fingerprint"],
        "versions": answer["settings"]["versions"],
        "command": answer["reproduce"].replace(mirror, "$PENCHANT_MIRROR"),
        "figures": {},
        "with_history": {},
        "trivial": {},
        "verdicts": {},
        "baselines": {},
    }
    for table in answer["tables"].values():
        for entry in table["entries"]:
            if entry["trivial"]:
                known = row["baselines"].setdefault(entry["model"], {})
                known |= values_of(entry)
            if entry["model"] == name:
                row["figures"] |= values_of(entry)
                row["verdicts"][next(iter(entry["figures"]))] = entry["verdict"]
                row.setdefault("validation", entry["validation"])
                row.setdefault("verdict", entry["verdict"])
                row["fit_seconds"] = round(entry["cost"]["fit_seconds"], 3)
                row["peak_mb"] = round((entry["cost"]["peak_bytes"] or 0) / 1e6)
            if entry["model"] in ("popular", "bias"):
                metric, (value, *_) = next(iter(values_of(entry).items()))
                row["trivial"][metric] = max(value, row["trivial"].get(metric, value))
        segments = table["segments"].get("with-history", {"entries": []})
        for entry in segments["entries"]:
            if entry["model"] == name:
                row["with_history"] |= values_of(entry)
    if cell.metrics[0] not in row["figures"]:
        raise RuntimeError(f"{name} gave no {cell.metrics[0]}.")
    return row


def values_of(entry: dict[str, Any]) -> dict[str, list[float | None]]:
    """Each metric's value and the ends of its interval."""
    return {
        metric: [
            None if figure[key] is None else round(figure[key], 5)
            for key in ("value", "low", "high")
        ]
        for metric, figure in entry["figures"].items()
    }


def main() -> None:
    """Run what is missing, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="Small logs, half a minute a model.")
    parser.add_argument("--kind", action="append", choices=KINDS, help="Again for more.")
    parser.add_argument("--log", action="append", default=[], metavar="NAME", help="Or record.")
    parser.add_argument("--model", action="append", metavar="NAME", help="Again for more.")
    parser.add_argument("--again", action="store_true", help="Run what there is, too.")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--peers", type=Path, default=HERE / ".peers", help="Environments.")
    parser.add_argument("--page-only", action="store_true", help="Run nothing.")
    args = parser.parse_args()
    mirror = os.environ.get("PENCHANT_MIRROR")
    if not mirror and not args.page_only:
        parser.error("PENCHANT_MIRROR must name the folder with copies of data sets")
    settings = tomllib.loads((HERE / "quality.toml").read_text(encoding="utf-8"))
    out = HERE.parent / "out" / "quality"
    results = out / "short.jsonl" if args.short else HERE / "quality.jsonl"
    page = out / "short.md" if args.short else HERE.parent / "docs" / "quality.md"
    budget = settings["budget"] | (settings["short"] if args.short else {})
    known = {*settings["log"], *settings["record"], *map(str, settings["growth"]["events"])}
    if unknown := sorted({*args.log} - known):
        parser.error(f"quality.toml has no log {unknown[0]!r}: it has {', '.join(sorted(known))}")
    logs = settings["short"]["logs"] if args.short else list(settings["log"])
    logs = [log for log in args.log or logs if log in settings["log"]]
    rows = quality_page.read(results)
    todo = [
        cell
        for cell in cells(settings, budget, logs)
        if (not args.kind or cell.kind in args.kind)
        and (not args.log or cell.log in args.log)
        and (not args.model or cell.model in args.model)
        and not (args.short and cell.kind in ("records", "peers", "growth"))
        and (args.again or cell.key not in rows)
    ]
    for n, cell in enumerate([] if args.page_only else todo, 1):
        print(f"{n}/{len(todo)} {cell.kind} {cell.log} {cell.spec}", file=sys.stderr, end=" ")
        row = run(cell, mirror or "", args.threads or int(budget["threads"]), out, args.peers)
        said = row.get("problem") or f"{row['figures'][cell.metrics[0]][0]:.4f}"
        print(f"{said} in {row['seconds']} s", file=sys.stderr, flush=True)
        rows = quality_page.read(results) | {cell.key: row}  # others may have written, too
        text = "".join(f"{json.dumps(rows[key])}\n" for key in sorted(rows, key=str))
        write_text_atomically(text, results)
    plot = settings["plot"]
    title = settings["log"][plot]["title"]
    for path in quality_plots.write(list(rows.values()), plot, title, page.parent):
        print(path)
    measured = list(rows.values())
    print(write_text_atomically(quality_page.page(measured, settings), page))
    board = leaderboard_page.page(measured, settings, [] if args.short else claims.read())
    print(write_text_atomically(board, page.with_name("leaderboard.md")))


if __name__ == "__main__":
    main()
