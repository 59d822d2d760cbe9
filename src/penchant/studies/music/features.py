"""Describe the features that the published network saw, and those that are known beforehand."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from penchant.features.reviews import ReviewFeatures, ReviewSettings
from penchant.studies.music.setup import MusicSetup
from penchant.studies.records import table_of
from penchant.studies.study import Conclusion, DataTable, Section
from penchant.typing import Float32

_SOURCES = {
    "summary's word": "this review's summary: the numbers of its words, 0 where there is none",
    "text": "this review's summary and text: a vector of its words",
    "text's words": "this review's text: the logarithm of its length",
    "item's text": "other reviews of the product: their mean vector",
    "verified": "this review",
    "weekday (sine)": "this review's day",
    "weekday (cosine)": "this review's day",
    "year": "this review's day",
    "style's deviation": "ratings of other reviews of the same style, such as a format",
    "style's share": "how frequent the style is",
    "brand's items": "the metadata: products of the brand",
    "item's mean": "ratings of the product",
    "item's median": "ratings of the product",
    "item's ratings": "ratings of the product",
    "brand's deviation": "ratings of the brand's products",
    "user's mean": "earlier known ratings of the user",
    "user's ratings": "earlier known ratings of the user",
}
_FAR = 10.0


@dataclass(frozen=True)
class FeatureGroup:
    """Features of one name.

    Attributes:
        feature: its name.
        how_many: numbers that it has.
        source: what they are counted from.
        farthest: the largest absolute value, in standard deviations.
        far_rows: rows with a value beyond 10.
        constant: numbers that are the same in all rows.
    """

    feature: str
    how_many: int
    source: str
    farthest: float
    far_rows: int
    constant: int


@dataclass(frozen=True)
class FeatureSets:
    """The published features and those that are known beforehand.

    Attributes:
        published: by group.
        honest: by group.
        n_published: numbers of a row.
        n_honest: numbers of a row.
        far_published: rows with a value beyond 10 standard deviations.
        far_honest: rows with such a value.
        rows: of the log.
        constant: published numbers that are the same in all rows.
    """

    published: list[FeatureGroup]
    honest: list[FeatureGroup]
    n_published: int
    n_honest: int
    far_published: int
    far_honest: int
    rows: int
    constant: int


def describe_features(setup: MusicSetup) -> FeatureSets:
    """Both sets of features, group by group, with the farthest values of each."""
    published, published_values = setup.published_features
    honest, honest_values = ReviewFeatures.fit(setup.log, ReviewSettings(seed=setup.seed))
    return FeatureSets(
        published=_groups(published, published_values),
        honest=_groups(honest, honest_values),
        n_published=len(published.names),
        n_honest=len(honest.names),
        far_published=_far_rows(published_values),
        far_honest=_far_rows(honest_values),
        rows=len(published_values),
        constant=_n_constant(published_values),
    )


def _groups(features: ReviewFeatures, values: Float32) -> list[FeatureGroup]:
    places: dict[str, list[int]] = {}
    for place, name in enumerate(features.names):
        places.setdefault(re.sub(r" \d+$", "", name), []).append(place)
    parts = {name: values[:, columns] for name, columns in places.items()}
    return [
        FeatureGroup(
            feature=name,
            how_many=part.shape[1],
            source=_SOURCES.get(name, "the metadata"),
            farthest=float(np.abs(part).max()),
            far_rows=_far_rows(part),
            constant=_n_constant(part),
        )
        for name, part in parts.items()
    ]


def _far_rows(values: Float32) -> int:
    return int((np.abs(values) > _FAR).any(1).sum())


def _n_constant(values: Float32) -> int:
    return int((values.std(0) < 1e-6).sum())


def _table(groups: list[FeatureGroup], caption: str) -> DataTable:
    names = {
        "source": "from",
        "farthest": "farthest (deviations)",
        "far_rows": "rows beyond 10",
        "constant": "say nothing",
    }
    return DataTable(table_of(groups, **names), caption, {"farthest (deviations)": "fixed:1"})


def section(features: FeatureSets) -> Section:
    """Both sets as tables."""
    return Section(
        title=f"The {features.n_published} features",
        text=f"""
            What the published network saw of a review, standardised: {features.n_published}
            numbers, among them the words that the user wrote in this very review, and the mean of
            the product's ratings with the one to be predicted among them. Prices, ranks and
            counts are taken as they are.

            Our own set has {features.n_honest} and nothing that is only known afterwards: not the
            text of this review but what others wrote of the product, statistics counted without
            the rows they are used for, and prices, ranks and counts by their logarithms. Whether
            the purchase is verified, its day and its style come with the purchase; where something
            is to be recommended, which has none yet, their training means stand in.
        """,
        conclusions=(
            Conclusion(
                "trap",
                f"{features.far_published / features.rows:.1%} of the reviews have a published "
                f"feature more than {_FAR:g} standard deviations from the mean, and a network "
                "without bounds follows it wherever it leads.",
            ),
            Conclusion(
                "honest",
                f"{features.constant} of the published features are the same in all reviews here "
                "and say nothing."
                if features.constant
                else "Every published feature varies in this log.",
            ),
        ),
        tables=(
            _table(features.published, "The published features."),
            _table(features.honest, "Features that are known beforehand."),
        ),
        steps=("features",),
    )
