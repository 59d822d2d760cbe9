"""Time our n-gram counts and TF-IDF beside scikit-learn's, at equal results.

`POLARS_MAX_THREADS=1 python benchmarks/text_features.py [LOG …]` prints a table in Markdown for
each review log, found through PENCHANT_MIRROR. Both run three times in turns on one thread; the
medians are compared, and the matrices up to the order of their columns. Code of our own is worth
keeping where it is twice as fast.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

import penchant as pn
from penchant.encoders.text.ngrams import NGrams
from penchant.encoders.text.tfidf import TfIdf

LOGS = ("amazon-2018/Gift_Cards", "amazon-2018/All_Beauty", "amazon-2014/Musical_Instruments")
ROUNDS = 3
TOLERANCE = 1e-12


@dataclass(frozen=True)
class Pair:
    """One comparison.

    Attributes:
        name: what is computed.
        ours: computes it with penchant.
        theirs: computes it with scikit-learn.
    """

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]


def column_difference(ours: Any, theirs: Any) -> float:
    """The largest difference of sparse matrices whose columns are in any order."""
    if ours.shape != theirs.shape:
        return float("inf")
    # A random projection of the rows gives each column a number that it can be sorted by.
    keys = np.random.default_rng(0).normal(size=ours.shape[0])
    ordered = [sparse.csc_array(m)[:, np.argsort(m.T @ keys)] for m in (ours, theirs)]
    return float(abs(ordered[0] - ordered[1]).max())


def pairs(log: str) -> list[Pair]:
    """The comparisons on the reviews of one log."""
    frame = pn.load(log).frame()
    text = frame["text"].fill_null("")
    texts = text.to_list()
    # For character n-grams words are what stands between spaces, as scikit-learn has it.
    spaced = text.str.to_lowercase().str.replace_all(r"\s+", " ")
    spaced_texts = spaced.to_list()
    counts = {
        f"counts of words, 1 to {longest}, in {least} texts": (
            NGrams(ngram_range=(1, longest), min_df=least),
            CountVectorizer(ngram_range=(1, longest), min_df=least),
            text,
            texts,
        )
        for longest, least in ((1, 1), (2, 1), (3, 2))
    }
    counts["counts of characters, 3 to 5, in 2 texts"] = (
        NGrams(unit="character", ngram_range=(3, 5), min_df=2, pattern=r"\S+"),
        CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2),
        spaced,
        spaced_texts,
    )
    found = [
        Pair(
            f"{name}: fit",
            lambda ngrams=ngrams, series=series: ngrams.fit_transform(series),
            lambda peer=peer, strings=strings: peer.fit_transform(strings),
        )
        for name, (ngrams, peer, series, strings) in counts.items()
    ]
    for name, (ngrams, peer, series, strings) in counts.items():
        ngrams.fit(series)
        peer.fit(strings)
        found.append(
            Pair(
                f"{name}: transform",
                lambda ngrams=ngrams, series=series: ngrams.transform(series),
                lambda peer=peer, strings=strings: peer.transform(strings),
            )
        )
    found.append(
        Pair(
            "TF-IDF of words, 1 to 2: fit",
            lambda: TfIdf(NGrams()).fit_transform(text),
            lambda: TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts),
        )
    )
    return found


def main() -> None:
    """Time all pairs on all logs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="*", default=LOGS)
    args = parser.parse_args()
    if pl.thread_pool_size() != 1:
        parser.error("set POLARS_MAX_THREADS=1: scikit-learn has one thread as well")
    for log in args.logs:
        print(f"\n{log}\n\n| | ours s | scikit-learn s | times as fast |")
        print("|---|---|---|---|")
        for pair in pairs(log):
            seconds: tuple[list[float], list[float]] = ([], [])
            for _ in range(ROUNDS):
                results = []
                for spent, work in zip(seconds, (pair.ours, pair.theirs), strict=True):
                    started = time.perf_counter()
                    results.append(work())
                    spent.append(time.perf_counter() - started)
            ours, theirs = (float(np.median(spent)) for spent in seconds)
            difference = column_difference(*results)
            if difference > TOLERANCE:
                raise SystemExit(f"{pair.name} of {log}: results differ by {difference:g}.")
            print(
                f"| {pair.name} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
