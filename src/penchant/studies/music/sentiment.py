"""Sentiment of reviews: the published network as published, and all classifiers by user."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import polars as pl

from penchant.encoders.sentiment.base import SentimentClassifier, make
from penchant.encoders.sentiment.evaluation import judge
from penchant.metrics import AUC
from penchant.metrics.classification import confusion_matrix
from penchant.studies.music.reviews import Reviews
from penchant.studies.music.setup import TEST, Found, Setup, rounded
from penchant.studies.study import Steps

CNN = "cnn"
QUICKLY = ("tfidf", CNN, "ngrams", "bag")
"""Classifiers that are fitted on every split."""
SLOWLY = ("text-cnn", "cnn-rnn", "ensemble")
"""Classifiers that take minutes, and are fitted on the first split only."""
TOOLS: dict[str, dict[str, Any]] = {
    "class weights": {"balance": "weights"},
    "over-sampling": {"balance": "over"},
    "under-sampling": {"balance": "under"},
    "augmented texts": {"augment": 0.1},
    "dropout": {"dropout": 0.5},
    "batch normalisation": {"batch_norm": True},
    "weights, dropout, normalisation": {
        "balance": "weights",
        "dropout": 0.5,
        "batch_norm": True,
    },
}
"""What can be done to the published network where one class is rare."""
PLAIN = "as published"


def sentiment(steps: Steps, setup: Setup, told: Reviews) -> Found:
    """All comparisons, each a step that is kept."""
    end = told.digest
    published = steps.do(f"sentiment-{end}", lambda: published_network(setup, told))
    quickly = steps.do(
        f"sentiment-splits-{end}",
        lambda: compared(
            setup, told, {name: _classifier(setup, name) for name in QUICKLY}, setup.splits
        ),
    )
    slowly = steps.do(
        f"sentiment-strong-{end}",
        lambda: compared(
            setup,
            told,
            {name: _classifier(setup, name) for name in ("tfidf", *_slow(setup))},
            1,
        ),
    )
    tools = steps.do(f"sentiment-imbalance-{end}", lambda: _tools(setup, told))
    return {
        "published": published,
        "quickly": quickly,
        "slowly": slowly,
        "tools": tools,
        "steps": [f"sentiment{part}-{end}" for part in ("", "-splits", "-strong", "-imbalance")],
    }


def _slow(setup: Setup) -> tuple[str, ...]:
    """A quick look leaves out what consists of others."""
    return SLOWLY[:2] if setup.quick else SLOWLY


def _classifier(setup: Setup, name: str) -> SentimentClassifier:
    found = make(name, seed=setup.seed)
    if "epochs" not in found.params():
        return found
    if setup.quick:
        return found.clone(epochs=1)
    return found.clone(epochs=setup.epochs) if name == CNN else found


def published_network(setup: Setup, told: Reviews) -> Found:
    """The published network on 70 % of all rows at random, without validation rows."""
    n = len(told.ratings)
    test = np.zeros(n, bool)
    test[np.random.default_rng(setup.seed).permutation(n)[: round(TEST * n)]] = True
    network = _classifier(setup, CNN)
    started = time.perf_counter()
    network.fit(told.texts.filter(~test), told.ratings[~test], run=setup.run)
    seconds = time.perf_counter() - started
    odds = network.log_odds(told.texts.filter(test))
    truth = network.positive(told.ratings[test])
    rows = told.texts.select("text").with_columns(told.users)
    seen = rows.filter(test).join(rows.filter(~test).unique(), on=["user", "text"], how="semi")
    counts = confusion_matrix(odds >= 0, truth)
    return {
        "rows": [int((~test).sum()), int(test.sum())],
        "parameters": int(getattr(network, "n_parameters", 0)),
        "steps": -(-int((~test).sum()) // int(network.params()["batch_size"])),
        "seconds": seconds,
        "confusion": counts.astype(int).tolist(),
        "auc": float(AUC()(odds, truth)),
        "positive": float(truth.mean()),
        "seen": len(seen),
        "curve": network.curve_,
        "chances": rounded(1 / (1 + np.exp(-odds)), 4),
        "truth": truth.astype(int),
    }


def compared(
    setup: Setup,
    told: Reviews,
    classifiers: dict[str, SentimentClassifier],
    splits: int,
    references: tuple[str, ...] = ("tfidf",),
) -> Found:
    """Classifiers on splits by user, one row per user and text, as plain values."""
    found = judge(
        classifiers,
        told.texts,
        told.ratings,
        told.users.to_numpy(),
        splits=splits,
        test=TEST,
        references=references,
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )
    return found.to_dict()


def _tools(setup: Setup, told: Reviews) -> Found:
    plain = _classifier(setup, CNN)
    variants = {PLAIN: plain} | {name: plain.clone(**fields) for name, fields in TOOLS.items()}
    return compared(setup, told, variants, 1, references=(PLAIN,))


def table_of(found: Found) -> pl.DataFrame:
    """The classifiers of a comparison, a row each."""
    hidden = ("AUC of each split", "confusion", "curve")
    rows = [{k: v for k, v in row.items() if k not in hidden} for row in found["classifiers"]]
    return pl.DataFrame(rows, infer_schema_length=None)
