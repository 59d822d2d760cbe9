"""Describe the reviews: counts, the same review again and again, and the audit's objections."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.auditing import audit, normalised
from penchant.data import Dataset
from penchant.studies.fashion.products import titles_of
from penchant.studies.fashion.setup import CATEGORY, FashionSetup, without_copies
from penchant.studies.records import table_of
from penchant.studies.study import Conclusion, DataTable, Section, words

_WORDS = 60
_WORD = re.compile(r"[^\W\d_]{4,}")
_COLUMNS = {
    "user_product": "distinct user and product",
    "user_text_rating": "distinct user, text and rating",
    "user_text": "distinct user and text, but for case",
    "mean": "mean rating",
}
_DULL = frozenset(  # what texts of any kind have
    [
        "that",
        "this",
        "with",
        "have",
        "they",
        "them",
        "very",
        "just",
        "these",
        "were",
        "from",
        "will",
        "when",
        "what",
        "would",
        "been",
        "their",
        "there",
        "than",
        "your",
        "only",
        "more",
        "because",
        "which",
        "even",
        "like",
        "also",
        "really",
        "some",
        "after",
        "into",
        "about",
        "could",
        "much",
        "other",
    ]
)


@dataclass(frozen=True)
class LogCounts:
    """How often things are there in a log of reviews.

    Attributes:
        log: its name.
        reviews: events.
        users: with a review.
        products: with a review.
        user_product: distinct pairs of them.
        user_text_rating: distinct triples of user, text and rating.
        user_text: distinct pairs of user and text, whatever the case.
        mean: of the ratings.
        titles: whether products have titles, `yes` or `no`.
    """

    log: str
    reviews: int
    users: int
    products: int
    user_product: int
    user_text_rating: int
    user_text: int
    mean: float
    titles: str


@dataclass(frozen=True)
class Objection:
    """What the audit objects to."""

    level: str
    rule: str
    sentence: str
    advice: str


@dataclass(frozen=True)
class FashionData:
    """Counts of all logs, and the audit of the published split.

    Attributes:
        logs: the study's own log first.
        objections: of the audit.
        same_text: the share of test rows with the user's text among the training rows.
        words: distinct reviews that have a word, for the most frequent words.
        title_words: products that have a word in their title, likewise.
    """

    logs: list[LogCounts]
    objections: list[Objection]
    same_text: float | None
    words: dict[str, int]
    title_words: dict[str, int]


def describe_data(setup: FashionSetup, others: Mapping[str, Dataset]) -> FashionData:
    """Counts of every log, the audit of the published split, and the most frequent words."""
    findings = audit(setup.published_split, claimed="random", seed=setup.seed)
    return FashionData(
        logs=[_counts(log) for log in (setup.log, *others.values())],
        objections=[
            Objection(f.level, f.rule, f.sentence, f.advice)
            for f in findings.at("wrong", "doubtful")
        ],
        same_text=findings["same-text"].figure,
        words=_words(without_copies(setup.log).events["text"].fill_null("").to_list()),
        title_words=_words(titles_of(setup.log)),
    )


def _counts(log: Dataset) -> LogCounts:
    texts = log.events.select("user", text=normalised(pl.col("text")).fill_null(""))
    table = log.item_table
    return LogCounts(
        log=log.name,
        reviews=len(log),
        users=int((log.user_counts > 0).sum()),
        products=int((log.item_counts > 0).sum()),
        user_product=log.events.select("user", "item").n_unique(),
        user_text_rating=log.events.select("user", "text", "rating").n_unique(),
        user_text=texts.n_unique(),
        mean=float(log.ratings.mean()),
        titles="yes" if table is not None and "title" in table.columns else "no",
    )


def _words(texts: Iterable[str]) -> dict[str, int]:
    """How many texts have a word, for the most frequent words of four letters or more."""
    counts: dict[str, int] = {}
    for text in texts:
        for word in set(_WORD.findall(text.lower())) - _DULL:
            counts[word] = counts.get(word, 0) + 1
    order = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: counts[word] for word in order[:_WORDS]}


def section(setup: FashionSetup, data: FashionData) -> Section:
    """The counts and the objections of the audit."""
    own = data.logs[0]
    return Section(
        title="The data, and how often each review is there",
        text=f"""
            The system was published on Amazon's category {CATEGORY} of 2018. Its document does not
            say whether that is the whole category or its 5-core; this page is on {setup.log.name}
            as the 5-core has it ({own.reviews:,} reviews). The shop shows a review at every
            variant of a product, each colour and size, and each of these is a row of its own.

            An audit of the published kind of split, a fifth of the rows at random, says what comes
            of it.
        """,
        conclusions=tuple(_conclusions(data)),
        charts=tuple(
            words(f"Words of four letters or more, the larger the more {noun} have them.", counts)
            for noun, counts in (("distinct reviews", data.words), ("titles", data.title_words))
            if counts
        ),
        tables=(
            DataTable(table_of(data.logs, **_COLUMNS), "The logs of reviews."),
            *(
                [
                    DataTable(
                        table_of(data.objections, sentence="what was found"),
                        "What the audit of the split objects to.",
                    )
                ]
                if data.objections
                else []
            ),
        ),
        steps=("data",),
    )


def _conclusions(data: FashionData) -> list[Conclusion]:
    own = data.logs[0]
    distinct, same = own.user_text_rating, data.same_text
    conclusions = [
        Conclusion(
            "trap" if distinct < 0.9 * own.reviews else "honest",
            f"Of {own.reviews:,} reviews of {own.users:,} users on {own.products:,} "
            f"products {distinct:,} are distinct in user, text and rating.",
        )
    ]
    if same is not None and np.isfinite(same):
        conclusions.append(
            Conclusion(
                "trap" if same > 0.05 else "honest",
                f"In a random split {same:.1%} of the test rows have their user's text, and with "
                "it the answer, among the training rows.",
            )
        )
    return conclusions
