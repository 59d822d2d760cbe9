"""What the words and figures of a report mean, in two lines each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from penchant.results.tables import CustomMetric, Table

VERDICTS = {
    "beats": "Better than the best trivial answer: the interval of the gain lies above 0, and the "
    "p-value, corrected for the number of models compared (Holm), is significant.",
    "no better": "No better than the best trivial answer as far as these data can tell: interval "
    "or corrected p-value leave room for no gain at all.",
    "worse": "Worse than the best trivial answer, by the same two tests.",
    "not judged": "Without a verdict: there is no trivial answer beside it, or users or resamples "
    "are too few for any.",
    "trivial": "An answer that costs nothing and knows no personal taste, such as the most popular "
    "items or the mean rating: what any model must beat.",
}

_METRICS = {
    "hr": "Share of users with at least one test item among their first k.",
    "recall": "Share of a user's test items that are among the first k, averaged over users.",
    "recall-capped": "As recall, but divided by k where a user has more than k test items.",
    "precision": "Share of the first k items that are test items, averaged over users.",
    "ndcg": "How many test items are among the first k and how far up they stand, from 0 to 1 "
    "(all at the top).",
    "mrr": "1 divided by the place of the first test item among the first k, averaged over users.",
    "map": "Precision at the place of each test item found, averaged: early finds count more.",
    "revenue": "What a user paid in the test events for items among the first k, averaged over "
    "users, in the currency of the log.",
    "revenue-share": "Share of what a user paid in the test events that went to items among the "
    "first k.",
    "coverage": "Share of the items with training events that stand in at least one list.",
    "gini": "How unequally recommendations fall on items: 0 all alike, 1 all on one item.",
    "distinct-lists": "Share of users whose list differs from everyone else's.",
    "novelty": "How rare the recommended items are in training, in bits: higher is rarer.",
    "popularity-bias": "How popular the recommended items are on average: near 1, hardly anything "
    "but the most popular items.",
    "intra-list-diversity": "How unlike the items of one list are, by genre.",
    "rmse": "Root of the mean squared error of predicted ratings: large errors count more.",
    "mae": "Mean absolute error of predicted ratings, in units of the scale.",
    "pearson": "Correlation of predicted with true ratings, from -1 to 1.",
    "auc": "Chance that a liked row is scored above one that is not: 0.5 is a guess, 1 is perfect.",
    "average-precision": "Area under precision against recall, likes being what is looked for.",
    "precision-at-recall": "Share of likes among the best-scored rows that hold k per cent of all "
    "likes.",
    "f1": "Balance of precision and recall of the likes that the model calls.",
    "like-accuracy": "Share of rows where the call, liked or not, is right.",
    "like-precision": "Share of called likes that are likes.",
    "like-recall": "Share of likes that are called so.",
    "log-loss": "How surprised the predicted chances are by what happened: lower is better.",
    "brier": "Mean squared error of the predicted chances: lower is better.",
    "ece": "How far predicted chances lie from observed shares: lower is better calibrated.",
}


def plain_metric(name: str) -> str:
    """A metric's name without the note on sampled negatives that tables add."""
    return name.partition(" (")[0]


def direction(table: Table) -> str:
    """Which way the first metric of a table is better, in words."""
    return "higher is better" if table.higher_is_better else "lower is better"


def table_terms(tables: Iterable[Table]) -> dict[str, str]:
    """What each metric of some tables says."""
    terms: dict[str, str] = {}
    for table in tables:
        terms |= metric_terms(table.metrics, table.custom_metrics)
    return terms


def metric_terms(
    names: Iterable[str], custom: Mapping[str, CustomMetric] | None = None
) -> dict[str, str]:
    """What each metric says; for one of someone else, what it says of itself."""
    terms = {}
    for name in names:
        plain, own = plain_metric(name), (custom or {}).get(name)
        words = _METRICS.get(plain.partition("@")[0], "") if own is None else own.description
        terms[plain] = words or "A metric of this comparison's own."
    return terms
