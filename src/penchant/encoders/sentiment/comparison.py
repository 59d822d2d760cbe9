"""Results of a comparison of classifiers of sentiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from penchant.metrics import PairedComparison
from penchant.notebook import ShownAsTable
from penchant.typing import Float64


@dataclass(frozen=True, eq=False)
class SentimentResult:
    """Metric values of one classifier over all splits.

    Attributes:
        name: of the classifier in the comparison.
        auc: float64[n_splits].
        average_precision: of the negative reviews, which are the rare ones; float64[n_splits].
        low: the lower end of the interval of the mean AUC.
        high: its upper end.
        gains: of the mean AUC over the majority's and the references', by their names.
        confusion: float64[2, 2], of all splits together, at a decision threshold of 0.5; rows
            are the truth, negative first.
        seconds: of fitting, the mean of the splits.
        curve: epochs of the first split's network, empty for others.
        best_epoch: whose weights were kept; 0 for others.
    """

    name: str
    auc: Float64
    average_precision: Float64
    low: float
    high: float
    gains: Mapping[str, PairedComparison]
    confusion: Float64
    seconds: float
    curve: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0

    @property
    def accuracy(self) -> float:
        """The share of reviews that are classified correctly."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    def precision(self, label: int) -> float:
        """Of the reviews predicted as 1 (positive) or 0, the share that are; NaN if none."""
        predicted = self.confusion[:, label].sum()
        return float(self.confusion[label, label] / predicted) if predicted else float("nan")

    def recall(self, label: int) -> float:
        """Of the reviews that are 1 (positive) or 0, the share predicted so."""
        return float(self.confusion[label, label] / self.confusion[label].sum())

    def f1(self, label: int) -> float:
        """The harmonic mean of precision and recall of a class."""
        errors = self.confusion.sum() - np.trace(self.confusion)
        hits = 2 * self.confusion[label, label]
        return float(hits / (hits + errors))


@dataclass(frozen=True, eq=False)
class SentimentComparison(ShownAsTable):
    """Several classifiers on the same splits.

    Attributes:
        results: of each classifier, the majority first.
        rows: reviews, once per user and text.
        users: who wrote them.
        positive: the share of positive ones.
        splits: how many splits by user.
        test: the share of users in each test set.
        validation: the share of the other users, whose loss decides when a network stops.
        replicates: draws of the bootstrap.
        seed: decides splits and draws.
    """

    results: tuple[SentimentResult, ...]
    rows: int
    users: int
    positive: float
    splits: int
    test: float
    validation: float
    replicates: int
    seed: int

    def __getitem__(self, name: str) -> SentimentResult:
        """The result of a classifier by name."""
        return next(result for result in self.results if result.name == name)

    def sentence(self) -> str:
        """The main result in one sentence."""
        majority, *others = self.results
        if not others:
            return f"Calling every review positive is right in {majority.accuracy:.1%}."
        best = max(others, key=lambda result: float(result.auc.mean()))
        gain = best.gains["majority"]
        certain = "is" if gain.low > 0 else "is not certainly"
        return (
            f"Calling every review positive is right in {majority.accuracy:.1%} and tells nothing "
            f"(AUC 0.500); {best.name} orders reviews with an AUC of {best.auc.mean():.3f} "
            f"({best.low:.3f} to {best.high:.3f}), which {certain} better, and calls "
            f"{best.accuracy:.1%} rightly."
        )

    def to_dict(self) -> dict[str, object]:
        """Everything, ready for JSON; what is undefined is None."""
        classifiers = []
        for result, row in zip(self.results, self.frame().iter_rows(named=True), strict=True):
            plain = {
                name: None if isinstance(v, float) and not np.isfinite(v) else v
                for name, v in row.items()
            }
            classifiers.append(
                plain
                | {
                    "AUC of each split": result.auc.tolist(),
                    "confusion": result.confusion.astype(int).tolist(),
                    "curve": result.curve,
                }
            )
        return {
            "rows": self.rows,
            "users": self.users,
            "positive": self.positive,
            "splits": self.splits,
            "test": self.test,
            "validation": self.validation,
            "replicates": self.replicates,
            "seed": self.seed,
            "classifiers": classifiers,
        }

    def frame(self) -> pl.DataFrame:
        """A row for each classifier."""
        rows = []
        for result in self.results:
            row: dict[str, object] = {
                "classifier": result.name,
                "AUC": float(result.auc.mean()),
                "AUC low": result.low,
                "AUC high": result.high,
            }
            for name, gain in result.gains.items():
                row |= {
                    f"over {name}": gain.gain,
                    f"over {name} low": gain.low,
                    f"over {name} high": gain.high,
                }
            row |= {
                "AP of negatives": float(result.average_precision.mean()),
                "accuracy": result.accuracy,
                "F1": result.f1(1),
                "F1 of negatives": result.f1(0),
                "precision": result.precision(1),
                "recall": result.recall(1),
                "recall of negatives": result.recall(0),
                "seconds": result.seconds,
            }
            rows.append(row)
        return pl.DataFrame(rows, infer_schema_length=None)
