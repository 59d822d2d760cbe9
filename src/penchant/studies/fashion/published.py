"""Train the hybrid as published, on a random split with every copy in it, beside baselines."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from penchant.claims import claim
from penchant.data import Split
from penchant.models import HybridRecommender
from penchant.results import MetricValue
from penchant.studies.fashion.setup import CONVERGED, GAUSSIAN, PUBLISHED, FashionSetup
from penchant.studies.records import VERDICTS, TrainingCurve, predict, rounded
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, lines, points

HYBRID, BARE = "hybrid as published", "hybrid without texts"
METRICS = ("rmse", "mae", "pearson")
USER_MEAN = "user-mean"


@dataclass(frozen=True)
class CheckedClaim:
    """A published figure beside the best baseline.

    Attributes:
        verdict: whether it is better.
        sentence: in words.
    """

    verdict: str
    sentence: str


@dataclass(frozen=True)
class PublishedHybrid:
    """The network as published.

    Attributes:
        compared: with others, on a random split.
        claims: the published figures, by metric.
        parameters: how many the network has here.
        expected: how many it would have with texts and pictures.
        content: kinds that the log has.
        curve: losses by epoch.
        best_epoch: whose weights are used.
        ratings: of test rows.
        predictions: of the network.
        user_means: of these rows.
        sentence: on the split.
    """

    compared: EvaluationSummary
    claims: dict[str, CheckedClaim]
    parameters: int
    expected: int
    content: list[str]
    curve: TrainingCurve
    best_epoch: int
    ratings: list[float]
    predictions: list[float]
    user_means: list[float]
    sentence: str


def train_as_published(setup: FashionSetup) -> PublishedHybrid:
    """Train as published, for all epochs, and predict test rows."""
    split = setup.published_split
    models = {
        HYBRID: setup.network("reviews=true,patience=none"),
        BARE: setup.network("content=none,patience=none"),
    } | setup.gaussian_process()
    evaluation = setup.evaluate(
        models,
        split,
        list(METRICS),
    )
    network = evaluation.models[HYBRID]
    assert isinstance(network, HybridRecommender)
    assert split.test.ratings is not None  # reviews have ratings
    rows = split.test.rows
    return PublishedHybrid(
        compared=EvaluationSummary.of(evaluation),
        claims={name: _check(setup, split, name) for name in PUBLISHED},
        parameters=network.n_parameters(),
        expected=187_025 + 64 * (split.log.n_users + split.log.n_items),
        content=list(network.content_),
        curve=TrainingCurve(
            training=rounded([row["loss"] for row in network.curve_]),
            validation=[*rounded([row["validation_loss"] for row in network.curve_])],
        ),
        best_epoch=network.best_epoch_,
        ratings=rounded(split.test.ratings),
        predictions=rounded(predict(network, rows), 4),
        user_means=rounded(predict(evaluation.models[USER_MEAN], rows), 4),
        sentence=split.sentence,
    )


def _check(setup: FashionSetup, split: Split, metric: str) -> CheckedClaim:
    checked = claim(
        PUBLISHED[metric], on=split, metric=metric, replicates=setup.replicates, seed=setup.seed
    )
    return CheckedClaim(checked.verdict, checked.sentence)


def section(results: PublishedHybrid) -> Section:
    """Published figures beside ours and beside the user's own mean."""
    table = results.compared.tables["rating"]
    rows = [
        {"answer": "published", **{m: PUBLISHED[m] for m in METRICS}},
        *({"answer": e.name, **{m: e.metrics[m].value for m in METRICS}} for e in table.entries),
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None).fill_nan(None)
    content = " and ".join(results.content) or "no content"
    texts = (
        "the texts of training reviews stand for each product's text; "
        if "text" in results.content
        else "there is no text to read; "
    )
    pictures = (
        ""
        if "picture" in results.content
        else ("there are no pictures, so that branch D is absent and nothing stands in for it")
    )
    return Section(
        title="As published: a random split, copies and all",
        text=f"""
            The network has four branches: (A) the cosine of a user's and an item's vector of
            length 32; (B) a dense layer of 16 units over a second such pair; (C) 64 units over a
            vector of the item's text; (D) 256 units over one of its picture, with 128 units over C
            and D together; then 64 linear units and one. Adam starts at a rate of .01 divided by
            1 + .0001 for each step, and learns absolute errors. In this log {texts}{pictures}.
            It has {results.parameters:,} parameters with {content}; with texts and pictures it
            would be {results.expected:,}. {results.sentence} Validation rows say which epoch is
            kept; training goes on through all of them.
        """,
        conclusions=tuple(_conclusions(results)),
        charts=(
            lines(
                "Loss of the network by epoch.",
                {
                    "training rows": results.curve.training,
                    "validation rows": results.curve.validation,
                },
                y="mean absolute error",
                places={"kept": float(results.best_epoch), "published": float(CONVERGED)},
            ),
            points(
                "Predicted against actual ratings of test rows: the network.",
                results.ratings,
                results.predictions,
            ),
            points(
                "The same: the mean of the user's training ratings.",
                results.ratings,
                results.user_means,
            ),
        ),
        tables=(
            DataTable(
                frame,
                "Published figures beside ours; the published log may be another part of the "
                "category.",
                dict.fromkeys(METRICS, "fixed:4"),
            ),
            DataTable(
                pl.DataFrame(
                    {
                        "published": [c.sentence for c in results.claims.values()],
                        "verdict": [c.verdict for c in results.claims.values()],
                    }
                ),
                "The published figures as claims, beside the best answer without a network.",
            ),
        ),
        comparisons=(replace(results.compared, title="A random split of all rows"),),
        steps=("published",),
    )


def _conclusions(results: PublishedHybrid) -> list[Conclusion]:
    table = results.compared.tables["rating"]
    own, mean = table[HYBRID].metrics, table[USER_MEAN].metrics
    losses = [loss for loss in results.curve.validation if loss is not None]
    bare = table[BARE].metrics["rmse"].value
    near = next(n for n, loss in enumerate(losses, 1) if loss <= min(losses) * 1.02 + 1e-9)
    beaten = table.best_trivial
    verdict = _verdict(own["rmse"])
    return [
        Conclusion(
            "as published",
            f"The network has an RMSE of {own['rmse'].value:.3f}, an MAE of "
            f"{own['mae'].value:.3f} and a Pearson correlation of {own['pearson'].value:.3f} "
            f"(published: {PUBLISHED['rmse']:.3f}, {PUBLISHED['mae']:.3f}, "
            f"{PUBLISHED['pearson']:.3f}); it comes within 2 % of its best validation loss in "
            f"epoch {near} (published: about {CONVERGED}).",
        ),
        Conclusion(
            "trap",
            f"The mean of the user's own training ratings has an RMSE of "
            f"{mean['rmse'].value:.3f}, an MAE of {mean['mae'].value:.3f} and a "
            f"correlation of {mean['pearson'].value:.3f} "
            f"on the same rows: the network is {verdict} {beaten.name}.",
        ),
        Conclusion("trap", f"As a claim: {results.claims['rmse'].sentence}"),
        Conclusion(
            "honest",
            f"Without texts the network has an RMSE of {bare:.3f}: what it knows it owes to the "
            + ("user's vector." if bare <= 1.1 * own["rmse"].value else "texts, too."),
        ),
        *(
            Conclusion(
                "honest",
                f"A Gaussian process of ratings alone has {e.metrics['rmse'].value:.3f}: "
                f"{_verdict(e.metrics['rmse'])} {beaten.name}.",
            )
            for e in table.entries
            if e.name == GAUSSIAN
        ),
    ]


def _verdict(value: MetricValue) -> str:
    return "beside" if value.verdict is None else VERDICTS[value.verdict]
