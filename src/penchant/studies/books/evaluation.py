"""All contenders on the same test rows, against answers that need no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from penchant.evaluation import evaluate_predictions
from penchant.results.tables import Entry, MetricValue, Table
from penchant.studies.books.networks import JACCARD, NETWORKS, RATES
from penchant.studies.books.published import contenders
from penchant.studies.books.setup import EVERYTHING, Found, Setup, own_cut, scores
from penchant.typing import Bool, Float64

ORDER = ("auc", "average-precision", "precision-at-recall@50", "precision-at-recall@80")
_DECIDING = 2000  # resamples where a verdict is wanted, for so many contenders
_SHOWN = 400  # where only an interval is


def judged(setup: Setup, published: Mapping[str, Found], strong: Found) -> Found:
    """Order, decisions and chances of all, on all test rows and on those of known users."""
    said = {name: published[name] for name in compared_networks()} | strong["said"]
    trivial = strong["trivial"]
    warm = setup.warm(setup.split)
    return {
        "all": _table(setup, said, trivial, np.ones(len(warm), bool)),
        "warm": _table(setup, said, trivial, warm),
        "rows": len(warm),
        "warm rows": int(warm.sum()),
        "warm likes": float(setup.liked(setup.test)[warm].mean()),
        "likes": float(setup.liked(setup.test).mean()),
        "f1": _against_everything(setup, published),
    }


def compared_networks() -> list[str]:
    """What was published, of the networks with dropout those of the first rate."""
    kept = [e.name for e in NETWORKS if e.settings.get("dropout", RATES[0]) == RATES[0]]
    return [*JACCARD, *kept]


def _table(setup: Setup, said: Mapping[str, Found], trivial: Sequence[str], keep: Bool) -> Table:
    """One table of everything, verdicts by AUC."""
    users = setup.test.rows.users[keep]
    truth = setup.liked(setup.test)[keep]
    values = {name: scores(found, "test")[keep] for name, found in said.items()}
    decided = {
        name: (scores(found, "test")[keep] >= own_cut(found, setup)).astype(float)
        for name, found in said.items()
    }
    chances = {name: values[name] for name, found in said.items() if found["chances"]}

    def judge(columns: Mapping[str, Float64], metrics: Sequence[str], replicates: int) -> Table:
        table = pl.DataFrame({"user": users, "like": truth, **columns})
        return evaluate_predictions(
            table,
            metrics,
            truth="like",
            predictions=list(columns),
            trivial=[name for name in trivial if name in columns],
            replicates=replicates,
            seed=setup.seed,
        )

    deciding = judge(values, ORDER[:1], _DECIDING)
    further = [
        _plain(judge(values, ORDER[1:], _SHOWN)),
        _plain(judge(decided, ["f1"], _SHOWN)),
        _plain(judge(chances, ["log-loss"], _SHOWN)),
    ]
    names = [name for table in further for name in table.metrics]
    entries = tuple(_merged(entry, further, names) for entry in deciding.entries)
    return replace(deciding, metrics=(*deciding.metrics, *names), entries=entries)


def _plain(table: Table) -> Table:
    """Figures with their intervals and without verdicts."""
    entries = tuple(
        replace(
            entry,
            metrics={m: MetricValue(f.value, f.low, f.high) for m, f in entry.metrics.items()},
        )
        for entry in table.entries
    )
    return replace(table, entries=entries)


def _merged(entry: Entry, further: Sequence[Table], names: Sequence[str]) -> Entry:
    figures = dict(entry.metrics) | dict.fromkeys(names, MetricValue(float("nan")))
    for table in further:
        for other in table.entries:
            if other.name == entry.name:
                figures |= other.metrics
    return replace(entry, metrics=figures)


def _against_everything(setup: Setup, published: Mapping[str, Found]) -> Found:
    """F1 at the published cut against recommending everything, each alone."""
    truth = setup.liked(setup.test)
    columns = {
        name: (scores(published[name]) >= cut).astype(float)
        for name, (cut, _) in contenders(setup).items()
    }
    table = pl.DataFrame(
        {
            "user": setup.test.rows.users,
            "like": truth,
            EVERYTHING: np.ones(len(truth)),
            **columns,
        }
    )
    found = evaluate_predictions(
        table,
        ["f1"],
        truth="like",
        trivial=[EVERYTHING],
        replicates=_DECIDING,
        seed=setup.seed,
    )
    figures = {entry.name: entry.metrics["f1"] for entry in found.entries}
    return {
        name: {
            "f1": f.value,
            "gain": f.gain,
            "low": f.gain_low,
            "high": f.gain_high,
            "verdict": f.verdict,
        }
        for name, f in figures.items()
        if name != EVERYTHING
    }
