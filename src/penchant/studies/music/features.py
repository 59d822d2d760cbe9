"""The features that the published network saw, and those that are known beforehand."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from penchant.features.reviews.features import ReviewFeatures
from penchant.features.reviews.settings import ReviewSettings
from penchant.studies.music.setup import Found, Setup
from penchant.studies.study import Conclusion, DataTable, Section
from penchant.typing import Float32

_FROM = {
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


def features(setup: Setup) -> Found:
    """Both sets of features, group by group, with the farthest values of each."""
    told, values = setup.published_features
    settings = ReviewSettings(seed=setup.seed)
    ours, known = ReviewFeatures.fit(setup.log, settings)
    return {
        "published": _groups(told, values),
        "ours": _groups(ours, known),
        "n published": len(told.names),
        "n ours": len(ours.names),
        "far": int((np.abs(values) > _FAR).any(1).sum()),
        "far ours": int((np.abs(known) > _FAR).any(1).sum()),
        "rows": len(values),
        "constant": int((values.std(0) < 1e-6).sum()),
    }


def _groups(told: ReviewFeatures, values: Float32) -> list[Found]:
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(told.names):
        groups.setdefault(re.sub(r" \d+$", "", name), []).append(place)
    found = []
    for name, places in groups.items():
        own = values[:, places]
        far = np.abs(own)
        found.append(
            {
                "feature": name,
                "how many": len(places),
                "from": _FROM.get(name, "the metadata"),
                "farthest (deviations)": float(far.max()),
                "rows beyond 10": int((far > _FAR).any(1).sum()),
                "say nothing": int((own.std(0) < 1e-6).sum()),
            }
        )
    return found


def section(found: Found) -> Section:
    """Both sets as tables."""
    formats = {"farthest (deviations)": "fixed:1"}
    return Section(
        title=f"The {found['n published']} features",
        text=f"""
            What the published network saw of a review, standardised: {found["n published"]}
            numbers, among them the words that the user wrote in this very review, and the mean of
            the product's ratings with the one to be predicted among them. Prices, ranks and
            counts are taken as they are.

            Our own set has {found["n ours"]} and nothing that is only known afterwards: not the
            text of this review but what others wrote of the product, statistics counted without
            the rows they are used for, and prices, ranks and counts by their logarithms. Whether
            the purchase is verified, its day and its style come with the purchase; where something
            is to be recommended, which has none yet, their training means stand in.
        """,
        conclusions=(
            Conclusion(
                "trap",
                f"{found['far']:,} of {found['rows']:,} rows ({found['far'] / found['rows']:.1%}) "
                f"have a published feature more than {_FAR:g} standard deviations from the mean; "
                f"of our own set {found['far ours']:,}. A network without bounds follows such "
                "inputs wherever they lead.",
            ),
            Conclusion(
                "honest",
                f"{found['constant']} of the {found['n published']} published features are the "
                "same in all rows of this log and say nothing."
                if found["constant"]
                else "Every published feature varies in this log.",
            ),
        ),
        tables=(
            DataTable(pl.DataFrame(found["published"]), "The published features.", formats),
            DataTable(pl.DataFrame(found["ours"]), "Features that are known beforehand.", formats),
        ),
        steps=("features",),
    )
