"""List similar products by their ratings: as published, and with the co-raters counted."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from penchant import similar
from penchant.studies.music.setup import MusicSetup
from penchant.studies.records import VERDICTS, Columns, columns_of
from penchant.studies.study import Conclusion, DataTable, EvaluationSummary, Section, lines

_SHOWN, _MANY = 10, 100
_PUBLISHED = 0.0085, 1e-14
"""The first and the second correlation of the published list."""
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
"""Similarities, compared by what lists by them put first."""


@dataclass(frozen=True)
class SimilarProducts:
    """Lists of similar products by correlation of whole columns, and by shrunken correlation.

    Attributes:
        item: the most reviewed product.
        title: its title.
        ratings: how many it has.
        products: how many products lists are made for.
        plain: the first product's list by correlation of whole columns.
        shrunken: its list by shrunken correlation.
        medians: the median correlation by place, over all products.
        medians_shrunken: the same, shrunken.
        places: of all plain lists.
        places_shrunken: of all shrunken lists.
        at_most_one: places of plain lists with one co-rater or none.
        shared: places of plain lists that stand in the shrunken list, too.
    """

    item: str
    title: str
    ratings: int
    products: int
    plain: Columns
    shrunken: Columns
    medians: list[float | None]
    medians_shrunken: list[float | None]
    places: int
    places_shrunken: int
    at_most_one: int
    shared: int


def list_similar(setup: MusicSetup) -> SimilarProducts:
    """The most reviewed product's list both ways, and the same of many products in figures."""
    log = setup.log
    order = np.argsort(-log.item_counts, kind="stable")
    ids = log.items.take(order[:_MANY]).to_list()
    whole = similar(log, ids, _SHOWN, similarity_of="correlation", shrinkage=0, min_common=1)
    plain, shrunken = (
        table.rename({"similarity": "correlation"}) for table in (whole, similar(log, ids, _SHOWN))
    )
    return SimilarProducts(
        item=str(ids[0]),
        title=log.titles(order[:1])[0],
        ratings=int(log.item_counts[order[0]]),
        products=len(ids),
        plain=columns_of(_first(plain, ids[0])),
        shrunken=columns_of(_first(shrunken, ids[0])),
        medians=[_median(plain, n) for n in range(1, _SHOWN + 1)],
        medians_shrunken=[_median(shrunken, n) for n in range(1, _SHOWN + 1)],
        places=len(plain),
        places_shrunken=len(shrunken),
        at_most_one=int((plain["co_raters"] <= 1).sum()),
        shared=len(plain.join(shrunken, on=["item", "similar"], how="semi")),
    )


def _first(lists: pl.DataFrame, item: object) -> pl.DataFrame:
    return lists.filter(pl.col("item") == item).select(_COLUMNS).rename({"similar": "asin"})


def _median(lists: pl.DataFrame, rank: int) -> float | None:
    median = lists.filter(pl.col("rank") == rank)["correlation"].median()
    return None if median is None else float(median)  # type: ignore[arg-type]


def compare_similarities(setup: MusicSetup) -> EvaluationSummary:
    """Compare lists by these similarities by what users review next."""
    evaluation = setup.evaluate(
        {name: setup.model(spec) for name, spec in MODELS.items()},
        setup.honest_split,
        ["ndcg@10", "hr@10", "coverage@10"],
    )
    return EvaluationSummary.of(evaluation)


def section(products: SimilarProducts, compared: EvaluationSummary) -> Section:
    """Both lists, how fast they fall, and what they are worth."""
    return Section(
        title="Products alike by their ratings",
        text=f"""
            The published recommender correlates whole columns of the matrix of users and products,
            in which whoever has not rated stands with 0. Its list falls from .0085 to 1e‑14 at
            once and names the same product again and again. Here it is done the same way, each
            product named once, with the number of users who rated both beside it; and again over
            what both have rated, drawn towards nothing where these are few.

            Looked at in full: {products.title} ({products.item}), with {products.ratings:,} ratings
            the most reviewed product.
        """,
        conclusions=tuple(_conclusions(products, compared)),
        charts=(
            lines(
                f"Correlation by place in the list: median over the {products.products} most "
                "reviewed products.",
                {
                    "whole columns": products.medians,
                    "shrunken": products.medians_shrunken,
                    "published": {1.0: _PUBLISHED[0], 2.0: _PUBLISHED[1]},
                },
                x="place",
                y="correlation",
            ),
        ),
        tables=(
            DataTable(
                pl.DataFrame(products.plain),
                "As published: correlation of whole columns.",
                {"correlation": "fixed:4", "overall_mean": "fixed:2"},
            ),
            DataTable(
                pl.DataFrame(products.shrunken),
                "Over what both have rated, at least two users, shrunken by 10.",
                {"correlation": "fixed:4", "overall_mean": "fixed:2"},
            ),
        ),
        comparisons=(replace(compared, title="What such lists put first, by what came next"),),
        steps=("similar", "similar-evaluation"),
    )


def _conclusions(products: SimilarProducts, compared: EvaluationSummary) -> list[Conclusion]:
    places = max(products.places, 1)
    table = compared.tables["ranking"]
    baseline = table.best_trivial.name
    best = max(MODELS, key=lambda name: table[name].metrics[table.primary].value)
    verdict = VERDICTS[table[best].metrics[table.primary].verdict]
    return [
        Conclusion(
            "as published",
            f"{products.at_most_one / places:.0%} of the places in the lists of the "
            f"{products.products} most reviewed products rest on one user who rated both, or on "
            "nobody.",
        ),
        Conclusion(
            "honest",
            f"With at least two users in common {products.places_shrunken / places:.0%} of these "
            "places can be filled, and what fills them has been rated by the same people.",
        ),
        Conclusion(
            "verdict",
            f"Judged by what users reviewed later, “{best}” makes the best of these lists, and "
            f"they are {verdict} “{baseline}”.",
        ),
    ]
