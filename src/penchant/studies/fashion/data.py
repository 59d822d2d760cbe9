"""What is in the reviews: counts, the same review again and again, and what an audit says of it."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from penchant.auditing import audit
from penchant.auditing.rules.same_text import normalised
from penchant.data.dataset import Dataset
from penchant.studies.fashion.setup import CATEGORY, Found, Setup, without_copies
from penchant.studies.study import Conclusion, DataTable, Section, bars

_WORDS = 18
_WORD = re.compile(r"[^\W\d_]{4,}")
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


def data(setup: Setup, others: dict[str, Dataset]) -> Found:
    """Counts of every log, the audit of the published split, and what words there are."""
    split = setup.published_split
    found = audit(split, claimed="random", seed=setup.seed)
    return {
        "logs": [_counts(log) for log in (setup.log, *others.values())],
        "objections": [
            {"level": f.level, "rule": f.rule, "what was found": f.sentence, "advice": f.advice}
            for f in found.at("wrong", "doubtful")
        ],
        "same text": found["same-text"].figure,
        "words": _words(without_copies(setup.log)),
    }


def _counts(log: Dataset) -> Found:
    plain = log.events.select("user", "rating", text=normalised(pl.col("text")).fill_null(""))
    pairs = log.events.select("user", "item")
    table = log.item_table
    return {
        "log": log.name,
        "reviews": len(log),
        "users": int((log.user_counts > 0).sum()),
        "products": int((log.item_counts > 0).sum()),
        "distinct user and product": pairs.n_unique(),
        "distinct user, text and rating": log.events.select("user", "text", "rating").n_unique(),
        "distinct user and text, but for case": plain.select("user", "text").n_unique(),
        "mean rating": float(log.ratings.mean()),
        "titles": "yes" if table is not None and "title" in table.columns else "no",
    }


def _words(log: Dataset) -> dict[str, int]:
    """Reviews that have a word, for the most frequent words of four letters or more."""
    counts: dict[str, int] = {}
    for text in log.events["text"].fill_null(""):
        for word in set(_WORD.findall(text.lower())) - _DULL:
            counts[word] = counts.get(word, 0) + 1
    order = sorted(counts, key=lambda word: (-counts[word], word))
    return {word: counts[word] for word in order[:_WORDS]}


def section(setup: Setup, found: Found) -> Section:
    """The counts and the objections of the audit."""
    own = found["logs"][0]
    return Section(
        title="The data, and how often each review is there",
        text=f"""
            The system was published on Amazon's category {CATEGORY} of 2018. Its document does not
            say whether that is the whole category or its 5-core; this page is on {setup.log.name}
            as the 5-core has it ({own["reviews"]:,} reviews). The shop shows a review at every
            variant of a product, each colour and size, and each of these is a row of its own.

            An audit of the published kind of split, a fifth of the rows at random, says what comes
            of it.
        """,
        conclusions=tuple(_conclusions(own, found)),
        charts=(
            bars(
                "Words of four letters or more, by how many distinct reviews have them.",
                {"": {w: float(n) for w, n in found["words"].items()}},
                x="distinct reviews with the word",
            ),
        )
        if found["words"]
        else (),
        tables=(
            DataTable(
                pl.DataFrame(found["logs"], infer_schema_length=None), "The logs of reviews."
            ),
            *(
                [
                    DataTable(
                        pl.DataFrame(found["objections"]), "What the audit of the split objects to."
                    )
                ]
                if found["objections"]
                else []
            ),
        ),
        steps=("data",),
    )


def _conclusions(own: Found, found: Found) -> list[Conclusion]:
    distinct = own["distinct user, text and rating"]
    same = found["same text"]
    said = [
        Conclusion(
            "trap" if distinct < 0.9 * own["reviews"] else "honest",
            f"Of {own['reviews']:,} reviews of {own['users']:,} users on {own['products']:,} "
            f"products {distinct:,} are distinct in user, text and rating.",
        )
    ]
    if same is not None and np.isfinite(same):
        said.append(
            Conclusion(
                "trap" if same > 0.05 else "honest",
                f"In a random split {same:.1%} of the test rows have their user's text, and with "
                "it the answer, among the training rows.",
            )
        )
    return said
