"""Each branch of the network with and without the others, on films that have plots and posters."""

from __future__ import annotations

import logging
from itertools import combinations

import numpy as np
import polars as pl

from penchant.data.splits import Split
from penchant.evaluation import evaluate_predictions
from penchant.metrics import RowMetric, interval, parse, replicates
from penchant.models.protocols import RatesRows
from penchant.results.tables import Table
from penchant.studies.fashion.films import Films, some_users
from penchant.studies.fashion.setup import Found, Gain, Setup, apart
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, bars
from penchant.typing import Bool, Float64

logger = logging.getLogger(__name__)

BRANCHES = {
    "A": ("matrix=cosine", "matrix=none"),
    "B": ("hidden=16", "hidden="),
    "C": ("text", ""),
    "D": ("picture", ""),
}
"""Each branch's setting with it and without; C and D are kinds of content."""
FOUR = "A B C D"
_SCHEDULE = "batch_size=512"
_EPOCHS = 12
_SQUARED = "hybrid:loss=mse,learning_rate=0.003,batch_size=512,epochs=12"
SQUARED, GAUSSIAN = "hybrid, squared error, all content", "Gaussian process, all content"
CONTENT = {SQUARED: _SQUARED, GAUSSIAN: "gaussian-process"}
WITHOUT = {
    SQUARED: "hybrid, squared error, no content",
    GAUSSIAN: "Gaussian process, no content",
}
"""Each model that is shown content, and the same without any."""
COLLABORATIVE = {
    "dot product": "dot:target=rating,loss=mse,batch_size=1024,epochs=12",
    "AutoRec": "autorec",
} | {
    WITHOUT[name]: f"{spec}{',' if ':' in spec else ':'}content=none"
    for name, spec in CONTENT.items()
}
"""Models that know nothing but the ratings."""
TRIVIAL = ("global-mean", "user-mean", "item-mean", "bias")
BINS = ((0, 0), (1, 4), (5, 19), (20, 49), (50, 99), (100, None))
"""Films by their training events."""


def subsets(films: Films) -> list[str]:
    """Names of all branches that take part, such as `A C`, those of the most branches first."""
    has = {"C": films.has_plots, "D": films.has_pictures}
    there = [branch for branch in BRANCHES if has.get(branch, True)]
    return [" ".join(some) for n in range(len(there), 0, -1) for some in combinations(there, n)]


def spec_of(branches: str) -> str:
    """The changes to the published network that leave these branches."""
    on = {name: name in branches.split() for name in BRANCHES}
    plain = [BRANCHES[n][not on[n]] for n in ("A", "B")]
    content = ";".join(BRANCHES[n][0] for n in ("C", "D") if on[n]) or "none"
    return ",".join([*plain, f"content={content}", _SCHEDULE])


def branches(setup: Setup, films: Films) -> Found:
    """Train every subset and what else predicts ratings; judge old and new films apart."""
    log = some_users(films.pictured, setup.users, setup.seed)
    split = films.mixed_split(log)
    # The same rows, of a log that also has vectors of sentences.
    told = films.mixed_split(some_users(films.told, setup.users, setup.seed))
    said: dict[str, Float64] = {}
    held: dict[str, float] = {}
    epochs = min(setup.epochs, _EPOCHS)
    chosen = {n: setup.network(spec_of(n), epochs=epochs) for n in subsets(films)}
    chosen |= {n: setup.model(spec) for n, spec in (CONTENT | COLLABORATIVE).items()}
    chosen |= {n: setup.model(n) for n in TRIVIAL}
    for name, model in chosen.items():
        logger.info(f"fashion: {name} on films.")
        shown = told if name in CONTENT else split
        model.fit(shown.train, shown.validation, run=setup.run)
        assert isinstance(model, RatesRows)
        said[name] = model.predict(split.test.rows).astype(np.float64)
        held[name] = _held(model, split)
    counts = split.train.item_counts[split.test.items]
    warm = counts > 0
    found: Found = {
        "users": len(np.flatnonzero(log.user_counts)),
        "events": len(log),
        "sentence": split.sentence,
        "subsets": {
            part: _table(setup, split, said, rows, subsets(films))
            for part, rows in (("old", warm), ("new", ~warm))
        },
        "others": {
            part: _table(setup, split, said, rows, [*CONTENT, *COLLABORATIVE])
            for part, rows in (("old", warm), ("new", ~warm))
        },
        "validation": held,
        "best": min(COLLABORATIVE, key=lambda n: held[n]),
        "best with content": min(CONTENT, key=lambda n: held[n]),
    }
    found["over best"] = {
        n: _apart(setup, split, said[n], said[found["best"]], warm) for n in CONTENT
    }
    found["bins"] = {}
    for low, high in BINS:
        rows = (counts >= low) & (counts <= (high if high is not None else counts.max(initial=0)))
        if len(np.unique(split.test.rows.history[rows])) > 1:
            found["bins"][bin_name(low, high)] = {
                "rows": int(rows.sum()),
                "gains": {
                    n: _apart(setup, split, said[WITHOUT[n]], said[n], rows) for n in CONTENT
                },
            }
    return found


def bin_name(low: int, high: int | None) -> str:
    """A range of numbers of events, as a person says it."""
    if high is None:
        return f"{low}+"
    return "none" if high == 0 else f"{low}–{high}"


def _held(model: RatesRows, split: Split) -> float:
    """RMSE on validation rows of films with training events."""
    validation = split.validation
    assert validation is not None  # a mixed split has some
    assert validation.ratings is not None
    known = split.train.item_counts[validation.items] > 0
    off = model.predict(validation.rows).astype(np.float64) - validation.ratings
    return float(np.sqrt((off[known] ** 2).mean()))


def _table(
    setup: Setup,
    split: Split,
    said: dict[str, Float64],
    rows: Bool,
    names: list[str],
) -> Table:
    test = split.test
    assert test.ratings is not None  # the films have ratings
    frame = pl.DataFrame(
        {"user": test.rows.history[rows], "rating": test.ratings[rows].astype(np.float64)}
        | {name: said[name][rows] for name in (*names, *TRIVIAL)}
    )
    return evaluate_predictions(
        frame, ["rmse", "mae"], trivial=TRIVIAL, replicates=setup.replicates, seed=setup.seed
    )


def _apart(setup: Setup, split: Split, first: Float64, second: Float64, rows: Bool) -> Gain:
    """RMSE of the first less that of the second, on the same draws of users."""
    rmse = parse("rmse")
    assert isinstance(rmse, RowMetric)
    truth, user = split.test.ratings, split.test.rows.history.astype(np.int64)
    assert truth is not None  # the films have ratings
    values, drawn = [], []
    for each in (first, second):
        values.append(rmse(each[rows], truth[rows]))
        drawn.append(
            replicates(rmse, each[rows], truth[rows], user[rows], setup.replicates, setup.seed)
        )
    low, high = interval(drawn[0] - drawn[1])
    return float(values[0] - values[1]), float(low), float(high)


def section(found: Found, step: str) -> Section:
    """Every subset of the branches, on old films and new ones, and what content adds by films."""
    old, new = (
        EvaluationSummary.load(found["subsets"][part]).tables["rating"] for part in ("old", "new")
    )
    others = {part: EvaluationSummary.load(found["others"][part]) for part in ("old", "new")}
    names = list(found["validation"])
    names = [n for n in names if set(n.split()) <= set(BRANCHES)]
    rows = [
        {
            "branches": name,
            "validation": found["validation"][name],
            **_figures("old films", old[name].metrics["rmse"]),
            **_figures("new films", new[name].metrics["rmse"]),
        }
        for name in names
    ]
    gains = {
        name: {each: tuple(told["gains"][name]) for each, told in found["bins"].items()}
        for name in CONTENT
    }
    return Section(
        title="Every branch with and without the others",
        text=f"""
            AMAZON_FASHION_5 comes without pictures, so that the branches are compared where there
            are both: films with plots and posters, the ratings of {found["users"]:,} users.
            A is the cosine of a user's and an item's vector, B a dense layer over a second pair, C
            one over the text's vector, D one over the picture's. {found["sentence"]} “Old” films
            have training events, “new” ones have none. All are trained as published, but
            with larger batches and stopping by the validation loss.

            Beside them stand models that know ratings alone, and two that are also shown genre,
            year, plots, posters and, where they are at hand, sentence vectors: the network with a
            squared error, and a Gaussian process, in which content says how films go together
            before there are ratings.
        """,
        conclusions=tuple(_conclusions(found, old, new, others, rows)),
        charts=(
            bars(
                "RMSE of every subset of the branches, with intervals.",
                {
                    "old films": {n: old[n].metrics["rmse"] for n in names},
                    "new films": {n: new[n].metrics["rmse"] for n in names},
                },
                x="RMSE",
                levels={"bias, old films": old["bias"].metrics["rmse"].value},
            ),
            bars(
                "What plot, poster, genre and year take off the RMSE of the same model without "
                "them, by how many ratings a film has in training; with intervals.",
                {name.split(",")[0]: gain for name, gain in gains.items()},
                x="training ratings of the film",
                y="RMSE taken off",
                upright=True,
            ),
        ),
        tables=(
            DataTable(
                pl.DataFrame(rows),
                "RMSE of every subset of the branches, and on validation rows of old films.",
                dict.fromkeys(("validation", "old films", "new films"), "fixed:4"),
            ),
        ),
        comparisons=(
            EvaluationSummary(others["old"].tables, "Old films: models with content beside others"),
            EvaluationSummary(others["new"].tables, "New films: the same"),
        ),
        steps=(step,),
    )


def _figures(name: str, figure: object) -> Found:
    return {name: figure.value, f"{name} low": figure.low, f"{name} high": figure.high}  # type: ignore[attr-defined]


def _conclusions(
    found: Found, old: Table, new: Table, others: dict[str, EvaluationSummary], rows: list[Found]
) -> list[Conclusion]:
    best = min(rows, key=lambda row: row["validation"])["branches"]
    low = old[best].metrics["rmse"]
    four = rows[0]
    warm = others["old"].tables["rating"]
    bar, mixed = found["best"], found["best with content"]
    over = {name: tuple(value) for name, value in found["over best"].items()}
    said = [
        Conclusion(
            "honest",
            f"Of {len(rows)} subsets of the branches {best} has the lowest RMSE on validation "
            f"rows; on test rows of old films it has {low.value:.4f} ({low.low:.4f} to "
            f"{low.high:.4f}), "
            f"{four['branches']} has {four['old films']:.4f}, and user and item biases have "
            f"{old['bias'].metrics['rmse'].value:.4f}.",
        ),
        Conclusion(
            "honest",
            f"On new films {four['branches']} has {four['new films']:.4f}, biases have "
            f"{new['bias'].metrics['rmse'].value:.4f}, {mixed} has "
            f"{others['new'].tables['rating'][mixed].metrics['rmse'].value:.4f}.",
        ),
        *(
            Conclusion(
                "verdict" if name == mixed else "honest",
                f"On old films {name} has an RMSE of {warm[name].metrics['rmse'].value:.4f}, the "
                f"best collaborative model ({bar}, by validation rows) "
                f"{warm[bar].metrics['rmse'].value:.4f}: a difference of {apart(over[name])}, so "
                f"that it is {_word(over[name])}.",
            )
            for name in CONTENT
        ),
    ]
    if "none" in found["bins"]:
        often = list(found["bins"])[-1]
        value = {b: tuple(found["bins"][b]["gains"][mixed]) for b in ("none", often)}
        said.append(
            Conclusion(
                "honest",
                f"Content takes {apart(value['none'])} off the RMSE of {mixed.split(',')[0]} where "
                f"a film has no training rating, and {apart(value[often])} where it has {often}.",
            )
        )
    return said


def _word(over: tuple[float, ...]) -> str:
    if over[2] < 0:
        return "better"
    return "no worse" if over[1] <= 0 else "worse"
