"""The hybrid as published: a random split, every copy in it, beside answers without a network."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from penchant.claims import claim
from penchant.data.splits import Split
from penchant.evaluation import evaluate
from penchant.models.hybrid.model import HybridRecommender
from penchant.models.protocols import RatesRows
from penchant.studies.fashion.setup import CONVERGED, GAUSSIAN, PUBLISHED, Found, Setup
from penchant.studies.music.setup import rounded
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, lines, points

HYBRID, BARE = "hybrid as published", "hybrid without texts"
METRICS = ("rmse", "mae", "pearson")
USER_MEAN = "user-mean"


def published(setup: Setup) -> Found:
    """Train as published, for all epochs, and keep its curve and what it says of test rows."""
    split = setup.published_split
    models = {
        HYBRID: setup.network("reviews=true,patience=none"),
        BARE: setup.network("content=none,patience=none"),
    } | setup.process()
    compared = evaluate(
        models,
        split,
        list(METRICS),
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    network = compared.models[HYBRID]
    mean = compared.models[USER_MEAN]
    assert isinstance(network, HybridRecommender)
    assert isinstance(mean, RatesRows)
    return {
        "compared": compared,
        "claims": {name: _claim(setup, split, name) for name in PUBLISHED},
        "parameters": network.n_parameters(),
        "expected": 187_025 + 64 * (split.log.n_users + split.log.n_items),
        "content": network.content_,
        "curve": {
            name: rounded([row[name] for row in network.curve_])
            for name in ("loss", "validation_loss")
        },
        "kept": network.best_epoch_,
        "truth": rounded(split.test.ratings if split.test.ratings is not None else []),
        "said": rounded(network.predict(split.test.rows), 4),
        "said by mean": rounded(mean.predict(split.test.rows), 4),
        "sentence": split.sentence,
    }


def _claim(setup: Setup, split: Split, metric: str) -> Found:
    found = claim(
        PUBLISHED[metric], on=split, metric=metric, replicates=setup.replicates, seed=setup.seed
    )
    return {
        "metric": found.metric,
        "verdict": found.verdict,
        "best": found.best.name,
        "value": found.best.value,
        "sentence": found.sentence,
    }


def section(found: Found) -> Section:
    """Published figures beside ours and beside the user's own mean."""
    compared = EvaluationSummary.load(found["compared"])
    table = compared.tables["rating"]
    rows = [
        {"answer": "published", **{m: PUBLISHED[m] for m in METRICS}},
        *({"answer": e.name, **{m: e.metrics[m].value for m in METRICS}} for e in table.entries),
    ]
    frame = pl.DataFrame(rows, infer_schema_length=None).fill_nan(None)
    there = " and ".join(found["content"]) or "no content"
    texts = (
        "the texts of training reviews stand for each product's text; "
        if ("text" in found["content"])
        else "there is no text to read; "
    )
    pictures = (
        ""
        if "picture" in found["content"]
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
            It has {found["parameters"]:,} parameters with {there}; with texts and pictures it
            would be {found["expected"]:,}. {found["sentence"]} Validation rows say which epoch is
            kept; training goes on through all of them.
        """,
        conclusions=tuple(_conclusions(found, compared)),
        charts=(
            lines(
                "Loss of the network by epoch.",
                {
                    "training rows": found["curve"]["loss"],
                    "validation rows": found["curve"]["validation_loss"],
                },
                y="mean absolute error",
                places={"kept": float(found["kept"]), "published": float(CONVERGED)},
            ),
            points(
                "Predicted against actual ratings of test rows: the network.",
                found["truth"],
                found["said"],
            ),
            points(
                "The same: the mean of the user's training ratings.",
                found["truth"],
                found["said by mean"],
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
                        "published": [c["sentence"] for c in found["claims"].values()],
                        "verdict": [c["verdict"] for c in found["claims"].values()],
                    }
                ),
                "The published figures as claims, beside the best answer without a network.",
            ),
        ),
        comparisons=(replace(compared, title="A random split of all rows"),),
        steps=("published",),
    )


def _conclusions(found: Found, compared: EvaluationSummary) -> list[Conclusion]:
    table = compared.tables["rating"]
    own, mean = table[HYBRID].metrics, table[USER_MEAN].metrics
    curve = found["curve"]["validation_loss"]
    bare = table[BARE].metrics["rmse"].value
    near = next(n for n, loss in enumerate(curve, 1) if loss <= min(curve) * 1.02 + 1e-9)
    beaten = table.best_trivial
    words = {"beats": "better than", "worse": "worse than", "no better": "no better than"}
    verdict = words.get(own["rmse"].verdict or "", "beside")
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
        Conclusion("trap", f"As a claim: {found['claims']['rmse']['sentence']}"),
        Conclusion(
            "honest",
            f"Without texts the network has an RMSE of {bare:.3f}: what it knows it owes to the "
            + ("user's vector." if bare <= 1.1 * own["rmse"].value else "texts, too."),
        ),
        *(
            Conclusion(
                "honest",
                f"A Gaussian process of ratings alone has {e.metrics['rmse'].value:.3f}: "
                f"{words.get(e.metrics['rmse'].verdict or '', 'beside')} {beaten.name}.",
            )
            for e in table.entries
            if e.name == GAUSSIAN
        ),
    ]
