"""Which products are alike by their ratings: as published, and with the co-raters counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.evaluation import evaluate
from penchant.results.evaluation import Evaluation
from penchant.similar_items import similar
from penchant.studies.music.setup import Found, Setup, columns_of
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, lines

_SHOWN, _MANY = 10, 100
_COLUMNS = (
    "similar",
    "title",
    "correlation",
    "co_raters",
    "brand",
    "overall_mean",
    "overall_count",
)
MODELS = {
    "correlation of whole columns": "item-knn:similarity=correlation,shrinkage=0,min_common=1",
    "Pearson, shrunken": "item-knn:similarity=pearson,shrinkage=10,min_common=2",
    "cosine of who reviewed": "item-knn:similarity=cosine",
}
"""Ways to be alike, judged by what is put first."""


def alike(setup: Setup) -> Found:
    """The most reviewed product's list both ways, and the same of many products in figures."""
    log = setup.log
    order = np.argsort(-log.item_counts, kind="stable")
    ids = log.items.take(order[:_MANY]).to_list()
    plain = similar(log, ids, _SHOWN, similarity_of="correlation", shrinkage=0, min_common=1)
    shrunken = similar(log, ids, _SHOWN)
    return {
        "item": str(ids[0]),
        "title": log.titles(order[:1])[0],
        "ratings": int(log.item_counts[order[0]]),
        "many": len(ids),
        "plain": columns_of(_first(plain, ids[0])),
        "shrunken": columns_of(_first(shrunken, ids[0])),
        "fall": [_median(plain, n) for n in range(1, _SHOWN + 1)],
        "fall shrunken": [_median(shrunken, n) for n in range(1, _SHOWN + 1)],
        "places": len(plain),
        "places shrunken": len(shrunken),
        "at most one": int((plain["co_raters"] <= 1).sum()),
        "nobody": int((plain["co_raters"] == 0).sum()),
        "shared": len(plain.join(shrunken, on=["item", "similar"], how="semi")),
    }


def _first(lists: pl.DataFrame, item: object) -> pl.DataFrame:
    return lists.filter(pl.col("item") == item).select("rank", *_COLUMNS)


def _median(lists: pl.DataFrame, rank: int) -> float | None:
    found = lists.filter(pl.col("rank") == rank)["correlation"].median()
    return None if found is None else float(found)  # type: ignore[arg-type]


def judged(setup: Setup) -> Evaluation:
    """Do lists by these similarities put first what users review next?"""
    return evaluate(
        {name: setup.model(spec) for name, spec in MODELS.items()},
        setup.honest_split,
        ["ndcg@10", "hr@10", "coverage@10"],
        replicates=setup.replicates,
        seed=setup.seed,
        run=setup.run,
    )


def section(found: Found, compared: EvaluationSummary) -> Section:
    """Both lists, how fast they fall, and what they are worth."""
    table = compared.tables["ranking"]
    return Section(
        title="Products alike by their ratings",
        text=f"""
            The published recommender correlates whole columns of the matrix of users and products,
            in which whoever has not rated stands with 0. Its list falls from .0085 to 1e-14 at
            once and names the same product again and again. Here it is done the same way, each
            product named once, with the number of users who rated both beside it; and again over
            what both have rated, drawn towards nothing where these are few.

            Looked at in full: {found["title"]} ({found["item"]}), with {found["ratings"]:,} ratings
            the most reviewed product.
        """,
        conclusions=tuple(_conclusions(found, table.best_trivial.name, compared)),
        charts=(
            lines(
                f"Correlation by place in the list: median over the {found['many']} most reviewed "
                "products.",
                {"whole columns": found["fall"], "shrunken": found["fall shrunken"]},
                x="place",
                y="correlation",
            ),
        ),
        tables=(
            DataTable(
                pl.DataFrame(found["plain"]),
                "As published: correlation of whole columns.",
                {"correlation": "fixed:4", "overall_mean": "fixed:2"},
            ),
            DataTable(
                pl.DataFrame(found["shrunken"]),
                "Over what both have rated, at least two users, shrunken by 10.",
                {"correlation": "fixed:4", "overall_mean": "fixed:2"},
            ),
        ),
        comparisons=(replace(compared, title="What such lists put first, by what came next"),),
        steps=("similar", "similar-judged"),
    )


def _conclusions(found: Found, bar: str, compared: EvaluationSummary) -> list[Conclusion]:
    first, last = found["fall"][0], found["fall"][-1]
    places = max(found["places"], 1)
    table = compared.tables["ranking"]
    said = []
    for name in MODELS:
        figure = table[name].metrics[table.primary]
        words = {"beats": "better than", "worse": "worse than", "no better": "no better than"}
        verdict = words.get(figure.verdict or "", "not judged against")
        said.append(f"{name} {figure.value:.3f} ({verdict} {bar})")
    return [
        Conclusion(
            "as published",
            f"Over the {found['many']} most reviewed products the median correlation is "
            f"{_said(first)} in the first place and {_said(last)} in the tenth; "
            f"{found['at most one']:,} of {places:,} places ({found['at most one'] / places:.0%}) "
            f"rest on one user who rated both or on nobody.",
        ),
        Conclusion(
            "honest",
            f"With at least two users in common {found['places shrunken']:,} of these places can "
            f"be filled, {found['shared']:,} with the same product.",
        ),
        Conclusion(
            "verdict",
            f"Judged by what users reviewed later, nDCG@10 is {'; '.join(said)}, where {bar} has "
            f"{table.best_trivial.metrics[table.primary].value:.3f}.",
        ),
    ]


def _said(value: float | None) -> str:
    return "missing" if value is None else f"{value:.4f}"
