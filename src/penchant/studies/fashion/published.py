"""Train the hybrid as published, on a random split with every copy in it, beside baselines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from penchant.models import HybridRecommender
from penchant.results import MetricValue
from penchant.studies.fashion.network_fit import NetworkFit
from penchant.studies.fashion.setup import (
    CONVERGED,
    GAUSSIAN,
    N_PARAMETERS,
    PUBLISHED,
    ROW_PARAMETERS,
    FashionSetup,
    plain_name,
)
from penchant.studies.records import VERDICTS, predict, published_verdict, rounded
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, points

HYBRID, BARE = "hybrid as published", "hybrid without content"
REVIEWS = "hybrid, training reviews as text"
METRICS = ("rmse", "mae", "pearson")
USER_MEAN = "user-mean"


@dataclass(frozen=True)
class PublishedHybrid:
    """The network as published.

    Attributes:
        compared: with others, on a random split.
        fit: of the network.
        content: kinds that the log has.
        user_means: of the test rows that `fit` shows.
        user_mean_ratings: of these rows.
        sentence: on the split.
    """

    compared: EvaluationSummary
    fit: NetworkFit
    content: list[str]
    user_means: list[float]
    user_mean_ratings: list[float]
    sentence: str


def train_as_published(setup: FashionSetup) -> PublishedHybrid:
    """Train as published, for all epochs, and predict test rows."""
    split = setup.pictured_split
    models = {
        HYBRID: setup.network("patience=none"),
        REVIEWS: setup.network("reviews=true,patience=none"),
        BARE: setup.network("content=none,patience=none"),
    } | setup.gaussian_process()
    evaluation = setup.evaluate(models, split, list(METRICS))
    network = evaluation.models[HYBRID]
    assert isinstance(network, HybridRecommender)
    assert split.test.ratings is not None  # reviews have ratings
    means = predict(evaluation.models[USER_MEAN], split.test.rows)
    return PublishedHybrid(
        compared=EvaluationSummary.of(evaluation),
        fit=NetworkFit.of(network, split),
        content=list(network.content_),
        user_means=rounded(means, 4),
        user_mean_ratings=rounded(split.test.ratings),
        sentence=split.sentence,
    )


def section(setup: FashionSetup, results: PublishedHybrid) -> Section:
    """Published figures beside ours and beside the user's own mean."""
    fit = results.fit
    return Section(
        title="As published: a random split, copies and all",
        text=f"""
            The network has four branches: (A) the cosine of a user's and an item's vector of
            length 32; (B) a dense layer of 16 units over a second such pair; (C) 64 units over a
            vector of the item's title; (D) 256 units over one of its picture, with 128 units over C
            and D together; then 64 linear units and one. Adam starts at a rate of .01 divided by
            1 + .0001 for each step, moves the vectors of all users and items in each, and learns
            absolute errors; the output starts at zero, and no row stands for unknown users or
            products. {_content(results)} {results.sentence} Validation rows say which epoch is
            kept; training goes on through all of them.
        """,
        conclusions=tuple(_conclusions(results)),
        charts=(
            fit.convergence("the network"),
            fit.scatter("test rows: the network"),
            points(
                "The same: the mean of the user's training ratings.",
                results.user_mean_ratings,
                results.user_means,
            ),
        ),
        tables=(
            DataTable(
                pl.DataFrame(_published_rows(setup, results), infer_schema_length=None),
                "Published figures beside ours. The document does not say whether it has the whole "
                "category or its 5-core, so that no figure is called better or worse.",
                {"published": "text", "ours": "text"},
            ),
        ),
        comparisons=(replace(results.compared, title="A random split of all rows"),),
        steps=("published",),
    )


def _content(results: PublishedHybrid) -> str:
    missing = {"text": "titles", "picture": "pictures"}
    absent = [noun for kind, noun in missing.items() if kind not in results.content]
    return f"This log has no {' and no '.join(absent)}." if absent else ""


def _published_rows(setup: FashionSetup, results: PublishedHybrid) -> list[dict[str, str]]:
    own, fit = results.compared.tables["rating"][HYBRID].metrics, results.fit
    rows = [
        {
            "figure": label,
            "published": f"{PUBLISHED[metric]:.3f}",
            "ours": f"{own[metric].value:.3f}",
            "comparison": published_verdict(
                PUBLISHED[metric],
                own[metric].value,
                setup.same_data,
                better="high" if metric == "pearson" else "low",
            ),
        }
        for metric, label in (("rmse", "RMSE"), ("mae", "MAE"), ("pearson", "Pearson correlation"))
    ]
    rows.append(
        {
            "figure": "converged in epoch",
            "published": f"about {CONVERGED}",
            "ours": f"{fit.converged}",
            "comparison": published_verdict(CONVERGED, fit.converged, setup.same_data, places=0),
        }
    )
    whole = fit.parameters == fit.published_parameters
    rows.append(
        {
            "figure": "parameters",
            "published": f"{N_PARAMETERS:,} + {ROW_PARAMETERS} · (users + items)",
            "ours": f"{fit.parameters:,}",
            "comparison": f"the formula gives {fit.published_parameters:,}"
            + ("" if whole else ": not all branches are here"),
        }
    )
    return rows


def _conclusions(results: PublishedHybrid) -> list[Conclusion]:
    table = results.compared.tables["rating"]
    own, bare = table[HYBRID].metrics["rmse"], table[BARE].metrics["rmse"]
    baseline, fit = plain_name(table.best_trivial.name), results.fit
    processes = [e.metrics["rmse"] for e in table.entries if e.name == GAUSSIAN]
    return [
        Conclusion(
            "trap", f"The network is {_verdict(own)} {baseline}, which needs no training at all."
        ),
        Conclusion(
            "as published",
            f"Nearly all that the network learns it has learned by epoch {fit.converged}.",
        ),
        Conclusion(
            "honest",
            "Without titles and pictures the network does "
            + (
                "as well: what it knows it owes to the user's vector."
                if bare.value <= 1.1 * own.value
                else "less well: it owes something to them."
            ),
        ),
        *(
            Conclusion(
                "honest", f"A Gaussian process of ratings alone is {_verdict(value)} {baseline}."
            )
            for value in processes
        ),
    ]


def _verdict(value: MetricValue) -> str:
    return "beside" if value.verdict is None else VERDICTS[value.verdict]
