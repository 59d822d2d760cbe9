"""Compare the network's branches with and without each other, on films with plots and posters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from penchant.data import Split
from penchant.evaluation import evaluate_predictions
from penchant.metrics import RMSE, interval, replicates
from penchant.models import Recommender
from penchant.results import MetricValue
from penchant.studies.fashion.film_log import FilmLog, sample_users
from penchant.studies.fashion.network_fit import NetworkFit
from penchant.studies.fashion.rating_counts import range_name, training_ratings
from penchant.studies.fashion.setup import QUICK_START, FashionSetup
from penchant.studies.fashion.subsets import BRANCHES, spec_of, subsets
from penchant.studies.records import VERDICTS, Gain, predict
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, bars
from penchant.typing import Bool, Float64

Age = Literal["old", "new"]
"""Whether films have training events."""
_SCHEDULE = f"batch_size=512,id_dropout=0.1,{QUICK_START}"
"""Larger batches, a tenth of events shown as of an unknown film, since new films are asked, and a
start and steps that are faster."""
_EPOCHS = 12
_SQUARED = "hybrid:loss=mse,learning_rate=0.003,batch_size=512,epochs=12"
SQUARED, GAUSSIAN = "hybrid, squared error, all content", "Gaussian process, all content"
CONTENT = {SQUARED: _SQUARED, GAUSSIAN: "gaussian-process"}
WITHOUT = {
    SQUARED: "hybrid, squared error, no content",
    GAUSSIAN: "Gaussian process, no content",
}
"""Each model with content, and the same without any."""
COLLABORATIVE = {
    "dot product": "dot:target=rating,loss=mse,batch_size=1024,epochs=12",
    "AutoRec": "autorec",
} | {
    WITHOUT[name]: f"{spec}{',' if ':' in spec else ':'}content=none"
    for name, spec in CONTENT.items()
}
"""Models that know nothing but the ratings."""
TRIVIAL = ("global-mean", "user-mean", "item-mean", "bias")
_PIECES = 16 + len(CONTENT) + len(COLLABORATIVE) + len(TRIVIAL)
"""Pieces of work of the comparison: encoding, up to 15 subsets and all other models."""
BINS = ((0, 0), (1, 4), (5, 19), (20, 49), (50, 99), (100, None))
"""Films by their training events."""


@dataclass(frozen=True)
class ContentBin:
    """What content takes off the RMSE for films with as many training ratings.

    Attributes:
        rows: test rows.
        gains: by model.
    """

    rows: int
    gains: dict[str, Gain]


@dataclass(frozen=True)
class BranchResults:
    """Every subset of the branches and other models of ratings, on films.

    Attributes:
        users: with ratings.
        sentence: on the split.
        subsets: of the branches, on `old` and on `new` films.
        others: models with content and collaborative ones, on both.
        validation: RMSE on validation rows of old films, by model.
        best: the best collaborative model on these rows.
        best_with_content: the best model with content on these rows.
        over_best: the RMSE of each model with content less that of `best`, on old films.
        bins: by number of training ratings.
        fit: of the network with all branches, on old films.
    """

    users: int
    sentence: str
    subsets: dict[Age, EvaluationSummary]
    others: dict[Age, EvaluationSummary]
    validation: dict[str, float]
    best: str
    best_with_content: str
    over_best: dict[str, Gain]
    bins: dict[str, ContentBin]
    fit: NetworkFit


def compare_branches(setup: FashionSetup, films: FilmLog) -> BranchResults:
    """Train every subset and other models of ratings, and evaluate old and new films apart."""
    predictions: dict[str, Float64] = {}
    validation: dict[str, float] = {}
    with setup.run.progress.task("ratings of films", _PIECES) as task:
        log = sample_users(films.log_with_pictures, setup.users, setup.seed)
        split = films.mixed_split(log)
        # The same rows, of a log that also has vectors of sentences.
        full_split = films.mixed_split(sample_users(films.full_log, setup.users, setup.seed))
        names = subsets(text=films.has_plots, picture=films.has_pictures)
        models = _models(setup, names)
        task.advance(_PIECES - len(models), "pictures and texts are encoded")
        for name, model in models.items():
            part = full_split if name in CONTENT else split
            model.fit(part.train, part.validation, run=setup.run)
            predictions[name] = predict(model, split.test.rows)
            validation[name] = _validation_rmse(model, split)
            task.advance(note=name)
    counts = split.train.item_counts[split.test.items]
    is_old = counts > 0
    ages: dict[Age, Bool] = {"old": is_old, "new": ~is_old}
    others = [*CONTENT, *COLLABORATIVE]
    best = min(COLLABORATIVE, key=lambda n: validation[n])
    bins = {}
    for low, high in BINS:
        rows = (counts >= low) & (counts <= (high if high is not None else counts.max(initial=0)))
        if len(np.unique(split.test.rows.history[rows])) > 1:
            gains = {
                n: _rmse_gain(setup, split, predictions[WITHOUT[n]], predictions[n], rows)
                for n in CONTENT
            }
            bins[range_name(low, high)] = ContentBin(int(rows.sum()), gains)
    return BranchResults(
        users=len(np.flatnonzero(log.user_counts)),
        sentence=split.sentence,
        subsets={
            age: _compare(setup, split, predictions, rows, names) for age, rows in ages.items()
        },
        others={
            age: _compare(setup, split, predictions, rows, others) for age, rows in ages.items()
        },
        validation=validation,
        best=best,
        best_with_content=min(CONTENT, key=lambda n: validation[n]),
        over_best={
            n: _rmse_gain(setup, split, predictions[n], predictions[best], is_old) for n in CONTENT
        },
        bins=bins,
        fit=NetworkFit.of(models[names[0]], split, is_old, setup.seed),
    )


def _models(setup: FashionSetup, names: Sequence[str]) -> dict[str, Recommender]:
    """All models of ratings, unfitted: the subsets of branches, others and trivial answers."""
    epochs = min(setup.epochs, _EPOCHS)
    specs = {name: f"{spec_of(name)},{_SCHEDULE}" for name in names}
    others = CONTENT | COLLABORATIVE | dict(zip(TRIVIAL, TRIVIAL, strict=True))
    return {name: setup.network(spec, epochs=epochs) for name, spec in specs.items()} | {
        name: setup.model(spec) for name, spec in others.items()
    }


def _validation_rmse(model: Recommender, split: Split) -> float:
    """RMSE on validation rows of films with training events."""
    validation = split.validation
    assert validation is not None  # a mixed split has some
    assert validation.ratings is not None
    known = split.train.item_counts[validation.items] > 0
    off = predict(model, validation.rows) - validation.ratings
    return float(np.sqrt((off[known] ** 2).mean()))


def _compare(
    setup: FashionSetup,
    split: Split,
    predictions: Mapping[str, Float64],
    rows: Bool,
    names: Sequence[str],
) -> EvaluationSummary:
    """Some models and the baselines on some test rows."""
    test = split.test
    assert test.ratings is not None  # the films have ratings
    frame = pl.DataFrame(
        {"user": test.rows.history[rows], "rating": test.ratings[rows].astype(np.float64)}
        | {name: predictions[name][rows] for name in (*names, *TRIVIAL)}
    )
    table = evaluate_predictions(
        frame, ["rmse", "mae"], trivial=TRIVIAL, replicates=setup.replicates, seed=setup.seed
    )
    return EvaluationSummary.of(table)


def _rmse_gain(
    setup: FashionSetup, split: Split, first: Float64, second: Float64, rows: Bool
) -> Gain:
    """RMSE of the first less that of the second, on the same draws of users."""
    rmse = RMSE()
    truth, user = split.test.ratings, split.test.rows.history.astype(np.int64)
    assert truth is not None  # the films have ratings
    values, drawn = [], []
    for each in (first, second):
        values.append(rmse(each[rows], truth[rows]))
        drawn.append(
            replicates(rmse, each[rows], truth[rows], user[rows], setup.replicates, setup.seed)
        )
    low, high = interval(drawn[0] - drawn[1])
    return Gain(float(values[0] - values[1]), float(low), float(high))


def section(results: BranchResults) -> Section:
    """Every subset of the branches, on old films and new ones, and what content adds by films."""
    names = [n for n in results.validation if set(n.split()) <= set(BRANCHES)]
    rmse = {
        age: {n: compared.tables["rating"][n].metrics["rmse"] for n in (*names, "bias")}
        for age, compared in results.subsets.items()
    }
    rows = [
        {
            "branches": name,
            "validation": results.validation[name],
            **_columns("old films", rmse["old"][name]),
            **_columns("new films", rmse["new"][name]),
        }
        for name in names
    ]
    gains = {
        name: {each: part.gains[name].interval for each, part in results.bins.items()}
        for name in CONTENT
    }
    return Section(
        title="Every branch with and without the others, on films",
        text=f"""
            Real pictures of the fashion products are not at hand, so that the branches are also
            compared where there are some: films with plots and posters, the ratings of
            {results.users:,} users. A is the cosine of a user's and an item's vector, B a dense
            layer over a second pair, C one over the vector of title and plot, D one over the
            poster's. {results.sentence} “Old” films have training events, “new” ones have none.
            All are trained as published, but with larger batches, stopping by the validation loss,
            and a tenth of the events shown as of an unknown film, since new films are asked for.
            The network of all branches has {results.fit.parameters:,} parameters; the published
            formula gives {results.fit.published_parameters:,}.

            Beside them stand models that know ratings alone, and two that are also shown genre,
            year, plots, posters and, where they are at hand, sentence vectors: the network with a
            squared error, and a Gaussian process, in which content says how films go together
            before there are ratings.
        """,
        conclusions=tuple(_conclusions(results, rmse, names)),
        charts=(
            bars(
                "RMSE of every subset of the branches, with intervals.",
                {
                    "old films": {n: rmse["old"][n] for n in names},
                    "new films": {n: rmse["new"][n] for n in names},
                },
                x="RMSE",
                levels={"bias, old films": rmse["old"]["bias"].value},
            ),
            bars(
                "What plot, poster, genre and year take off the RMSE of the same model without "
                "them, by how many ratings a film has in training; with intervals.",
                {name.split(",")[0]: gain for name, gain in gains.items()},
                x="training ratings of the film",
                y="RMSE taken off",
                upright=True,
            ),
            results.fit.convergence(f"{names[0]} on films"),
            results.fit.scatter(f"test rows of old films, {names[0]}"),
        ),
        tables=(
            DataTable(
                pl.DataFrame(rows),
                "RMSE of every subset of the branches, and on validation rows of old films.",
                dict.fromkeys(("validation", "old films", "new films"), "fixed:4"),
            ),
        ),
        comparisons=(
            replace(results.others["old"], title="Old films: models with content beside others"),
            replace(results.others["new"], title="New films: the same"),
        ),
        steps=("branches",),
    )


def _columns(name: str, value: MetricValue) -> dict[str, float]:
    return Gain(value.value, value.low, value.high).columns(name)


def _conclusions(
    results: BranchResults, rmse: dict[Age, dict[str, MetricValue]], names: list[str]
) -> list[Conclusion]:
    best, every = min(names, key=lambda name: results.validation[name]), names[0]
    mixed = results.best_with_content
    old, new = (VERDICTS[value.verdict] for value in (rmse["old"][best], rmse["new"][every]))
    conclusions = [
        Conclusion(
            "honest",
            f"Of {len(names)} subsets of the branches {best} does best on validation rows; on old "
            f"films it is {old} the best average.",
        ),
        Conclusion(
            "honest",
            f"On films that nobody has rated, the network of all branches is {new} the best "
            "average.",
        ),
        *(
            Conclusion(
                "verdict" if name == mixed else "honest",
                f"On old films the model with content ({name.split(',')[0]}) is {_describe(gain)} "
                f"than the best model of ratings alone ({results.best}).",
            )
            for name, gain in results.over_best.items()
        ),
    ]
    if "none" in results.bins:
        gains = {name: part.gains[mixed] for name, part in results.bins.items()}
        helped = [name for name, gain in gains.items() if gain.low > 0]
        conclusions.append(
            Conclusion(
                "honest",
                "Content takes errors off for sure where films have "
                f"{training_ratings(helped, BINS)}."
                if helped
                else "Content takes errors off for sure nowhere, however few ratings films have.",
            )
        )
    return conclusions


def _describe(gain: Gain) -> str:
    if gain.high < 0:
        return "better"
    return "no worse" if gain.low <= 0 else "worse"
