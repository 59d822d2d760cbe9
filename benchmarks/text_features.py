"""Time our text features and linear algebra beside scikit-learn's, at equal results.

`python benchmarks/text_features.py` prints a table in Markdown: n-gram counts of words and of
characters, TF-IDF, logistic regression, latent semantic analysis and principal components, on real
reviews found through PENCHANT_MIRROR. Each is run three times in turns on one thread; the medians
are compared, and the results first: matrices up to the order of their columns, coefficients and
subspaces to a tolerance. Code of our own is worth keeping where it is twice as fast.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np
import polars as pl
from scipy import sparse
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import penchant as pn
from penchant.encoders.tabular.pca import PrincipalComponents
from penchant.encoders.text.logistic import fit_logistic
from penchant.encoders.text.lsa import TextVectors
from penchant.encoders.text.ngrams import NGrams
from penchant.encoders.text.tfidf import TfIdf
from penchant.encoders.text.tokens import WORDS

LOGS = ("amazon-2018/Gift_Cards", "amazon-2018/All_Beauty", "amazon-2014/Musical_Instruments")
ROUNDS = 3
DIM = 64


@dataclass(frozen=True)
class Pair:
    """One comparison.

    Attributes:
        name: what is computed.
        ours: computes it with penchant.
        theirs: computes it with scikit-learn.
        difference: how far apart both results are.
        tolerance: the largest difference that counts as equal.
    """

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    difference: Callable[[Any, Any], float]
    tolerance: float


def column_difference(ours: Any, theirs: Any) -> float:
    """The largest difference of sparse matrices whose columns are in any order."""
    if ours.shape != theirs.shape:
        return float("inf")
    # A random projection of the rows gives each column a number that it can be sorted by.
    keys = np.random.default_rng(0).normal(size=ours.shape[0])
    ordered = [sparse.csc_array(m)[:, np.argsort(m.T @ keys)] for m in (ours, theirs)]
    return float(abs(ordered[0] - ordered[1]).max())


def relative_difference(ours: Any, theirs: Any) -> float:
    """The length of the difference of two vectors, relative to the second."""
    return float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))


def subspace_difference(ours: Any, theirs: Any) -> float:
    """The largest angle between the spans of the columns of two matrices."""
    return float(subspace_angles(ours, theirs).max())


def pairs(log: str) -> list[Pair]:
    """The comparisons on the reviews of one log."""
    frame = pn.load(log).frame()
    text = frame["text"].fill_null("")
    texts = text.to_list()
    # For character n-grams words are what stands between spaces, as scikit-learn has it.
    spaced = text.str.to_lowercase().str.replace_all(r"\s+", " ")
    spaced_texts = spaced.to_list()
    labels = frame["rating"].to_numpy() > 3
    features = TfIdf(NGrams(longest=2, pattern=WORDS)).fit(text)
    single = TfIdf(NGrams(longest=1, min_df=2), count="log").fit(text)
    dense = np.random.default_rng(0).normal(size=(len(texts), 70)).astype(np.float32)
    dense[:, :30] += 3 * dense[:, 30:60]
    counts = {
        f"counts of words, 1 to {longest}, in {least} texts": (
            NGrams(longest=longest, min_df=least),
            CountVectorizer(ngram_range=(1, longest), min_df=least),
            text,
            texts,
        )
        for longest, least in ((1, 1), (2, 1), (3, 2))
    }
    counts["counts of characters, 3 to 5, in 2 texts"] = (
        NGrams(unit="character", shortest=3, longest=5, min_df=2, pattern=r"\S+"),
        CountVectorizer(analyzer="char_wb", ngram_range=(3, 5), min_df=2),
        spaced,
        spaced_texts,
    )
    found = [
        Pair(
            f"{name}: fit",
            lambda ngrams=ngrams, series=series: ngrams.learn(series),
            lambda peer=peer, strings=strings: peer.fit_transform(strings),
            column_difference,
            0.0,
        )
        for name, (ngrams, peer, series, strings) in counts.items()
    ]
    for name, (ngrams, peer, series, strings) in counts.items():
        ngrams.fit(series)
        peer.fit(strings)
        found.append(
            Pair(
                f"{name}: transform",
                lambda ngrams=ngrams, series=series: ngrams.counts(series),
                lambda peer=peer, strings=strings: peer.transform(strings),
                column_difference,
                0.0,
            )
        )
    found.append(
        Pair(
            "TF-IDF of words, 1 to 2: fit",
            lambda: TfIdf(NGrams(longest=2, pattern=WORDS)).fit(text),
            lambda: TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts),
            column_difference,
            1e-12,
        )
    )
    for solver in ("lbfgs", "newton-cg"):
        found.append(
            Pair(
                f"logistic regression, {features.shape[1]:,} features, {solver}",
                lambda: fit_logistic(features, labels[:, np.newaxis], c=1.0).weights[:, 0],
                lambda solver=solver: (
                    LogisticRegression(solver=solver, tol=1e-4, max_iter=1000)
                    .fit(features, labels)
                    .coef_[0]
                ),
                relative_difference,
                1e-2,
            )
        )
    for solver in ("lbfgs", "newton-cholesky"):
        found.append(
            Pair(
                f"logistic regression, 70 dense features, {solver}",
                lambda: fit_logistic(
                    dense.astype(np.float64), labels[:, np.newaxis], c=1.0
                ).weights[:, 0],
                lambda solver=solver: (
                    LogisticRegression(solver=solver, tol=1e-4, max_iter=1000)
                    .fit(dense.astype(np.float64), labels)
                    .coef_[0]
                ),
                relative_difference,
                1e-2,
            )
        )
    found.append(
        Pair(
            f"LSA, {DIM} dimensions of {single.shape[1]:,} (TF-IDF included)",
            lambda: TextVectors(dim=DIM).fit(text).directions_,
            lambda: TruncatedSVD(DIM, algorithm="arpack", random_state=0).fit(single).components_.T,
            subspace_difference,
            1e-3,
        )
    )
    for solver in ("full", "covariance_eigh"):
        found.append(
            Pair(
                f"PCA, 5 components of 70, {solver}",
                lambda: PrincipalComponents(dim=5).fit(dense).components_.T,
                lambda solver=solver: (
                    PCA(5, svd_solver=solver).fit(dense.astype(np.float64)).components_.T
                ),
                subspace_difference,
                1e-6,
            )
        )
    return found


def main() -> None:
    """Time all pairs on all logs and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("logs", nargs="*", default=LOGS)
    args = parser.parse_args()
    pl.Config.set_tbl_formatting("ASCII_MARKDOWN")
    for log in args.logs:
        print(f"\n{log}\n\n| | ours s | scikit-learn s | times as fast | difference |")
        print("|---|---|---|---|---|")
        for pair in pairs(log):
            seconds: tuple[list[float], list[float]] = ([], [])
            for _ in range(ROUNDS):
                results = []
                for spent, work in zip(seconds, (pair.ours, pair.theirs), strict=True):
                    started = time.perf_counter()
                    results.append(work())
                    spent.append(time.perf_counter() - started)
            ours, theirs = (float(np.median(spent)) for spent in seconds)
            apart = pair.difference(*results)
            mark = "" if apart <= pair.tolerance else " (not equal)"
            print(
                f"| {pair.name} | {ours:.3f} | {theirs:.3f} | {theirs / ours:.1f} "
                f"| {apart:.0e}{mark} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
