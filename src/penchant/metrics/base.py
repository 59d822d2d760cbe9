"""What every metric shares: a name, a direction, a task, and the checks of its inputs."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from penchant.errors import ParameterError
from penchant.typing import AnyArray, Bool, Float64, Int64
from penchant.wording import counted

Task: TypeAlias = Literal["ranking", "rating", "like"]
Takes: TypeAlias = Literal["rating", "score", "probability", "decision"]

SHARE = (0.0, 1.0)
"""The bounds of shares, and of metrics that are a mean of such."""
POSITIVE = (0.0, math.inf)
"""The bounds of metrics that are never negative."""

_Array = TypeVar("_Array", bound=AnyArray)


class Metric(ABC):
    """A frozen value that turns predictions and truth into numbers.

    Attributes:
        label: the name without its parameter, such as "ndcg".
        task: the question whose answers it judges; lists of items are "ranking".
        higher_is_better: the direction of improvement.
        bounds: the lowest and the highest value that are possible, both of which it may have.
    """

    label: ClassVar[str]
    task: ClassVar[Task]
    higher_is_better: ClassVar[bool] = True
    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)

    @property
    def name(self) -> str:
        """The name used in tables, and understood by `parse` where the metric is none of yours."""
        return self.label


@dataclass(frozen=True)
class AtK(Metric):
    """A metric of the first k places of lists.

    Attributes:
        k: how many places count.

    Raises:
        ParameterError: k is not a whole number of at least 1.
    """

    k: int

    def __post_init__(self) -> None:
        """Refuse a k that is no list length."""
        if not isinstance(self.k, int | np.integer) or isinstance(self.k, bool) or self.k < 1:
            label = getattr(self, "label", type(self).__name__)
            raise ParameterError(f"{label}@k needs a whole k of at least 1, not {self.k!r}.")

    @property
    def name(self) -> str:
        """The label with k, such as "ndcg@10"."""
        return f"{self.label}@{self.k}"

    def head(self, lists: _Array) -> _Array:
        """The first k columns; a ParameterError if there are fewer."""
        if lists.ndim != 2 or lists.shape[1] < self.k:
            raise ParameterError(
                f"{self.name} needs lists of {counted(self.k, 'place')} or more, got shape "
                f"{lists.shape}."
            )
        return lists[:, : self.k]  # type: ignore[return-value]


class RowMetric(Metric):
    """A metric of predictions and truth per row (one row is one user with one item).

    Attributes:
        takes: what the prediction must be: a rating, any score, a probability or a decision.
    """

    takes: ClassVar[Takes]

    @abstractmethod
    def grouped(
        self, prediction: ArrayLike, truth: ArrayLike, group: Int64, n_groups: int
    ) -> Callable[[Float64], Float64]:
        """Prepare the metric for many weightings of the groups that rows belong to.

        All work that does not depend on the weights (sorting, summing per group) is done once.

        Args:
            prediction: [n_rows].
            truth: [n_rows].
            group: int[n_rows], the group of each row, for instance its user.
            n_groups: how many groups there are.

        Returns:
            A function from weights float64[n_replicates, n_groups] to values
            float64[n_replicates]; NaN where the metric is undefined.

        Raises:
            ParameterError: the rows are not what the metric takes, or not finite.
        """

    def by_group(
        self, prediction: ArrayLike, truth: ArrayLike, group: Int64, n_groups: int
    ) -> Float64:
        """The value for each group of rows alone, float64[n_groups]; NaN where it is undefined.

        Args:
            prediction: [n_rows].
            truth: [n_rows].
            group: int[n_rows], from 0, the group of each row, for instance its user.
            n_groups: how many groups there are.

        Raises:
            ParameterError: the rows are not what the metric takes, or not finite.
        """
        order = np.argsort(group, kind="stable")
        ends = np.cumsum(np.bincount(group, minlength=n_groups))[:-1]
        columns = np.asarray(prediction)[order], np.asarray(truth)[order]
        parts = zip(*(np.split(column, ends) for column in columns), strict=True)
        return np.array([self(*part) for part in parts], np.float64)

    def __call__(
        self, prediction: ArrayLike, truth: ArrayLike, weight: ArrayLike | None = None
    ) -> float:
        """The value over all rows, each counted with its weight (1 without weights).

        NaN where the metric is undefined, for instance without rows.

        Raises:
            ParameterError: the rows are not what the metric takes, or not finite.
        """
        n_rows = np.size(prediction)
        weights = np.ones(n_rows) if weight is None else weights_of(weight, n_rows)
        # One code path with the bootstrap: here every row is a group of its own.
        return float(
            self.grouped(prediction, truth, np.arange(n_rows), n_rows)(weights[np.newaxis])[0]
        )


class SumMetric(RowMetric):
    """A row metric that depends on the rows only through sums over them."""

    @abstractmethod
    def terms(self, prediction: ArrayLike, truth: ArrayLike) -> Float64:
        """What each row adds to the sums, float64[n_rows, n_terms]."""

    @abstractmethod
    def value(self, sums: Float64) -> Float64:
        """The metric from (weighted) sums of terms, float64[..., n_terms] to float64[...]."""

    def grouped(
        self, prediction: ArrayLike, truth: ArrayLike, group: Int64, n_groups: int
    ) -> Callable[[Float64], Float64]:
        """See `RowMetric.grouped`: the terms are summed per group once."""
        sums = self._sums(prediction, truth, group, n_groups)
        return lambda weights: self.value(weights @ sums)

    def by_group(
        self, prediction: ArrayLike, truth: ArrayLike, group: Int64, n_groups: int
    ) -> Float64:
        """See `RowMetric.by_group`: of the sums of each group, all at once."""
        return self.value(self._sums(prediction, truth, group, n_groups))

    def _sums(
        self, prediction: ArrayLike, truth: ArrayLike, group: Int64, n_groups: int
    ) -> Float64:
        """float64[n_groups, n_terms], the sums of the terms of each group."""
        columns = self.terms(prediction, truth).T
        return np.stack([np.bincount(group, column, minlength=n_groups) for column in columns], 1)


def ratio(numerator: AnyArray, denominator: AnyArray) -> Float64:
    """The quotient, NaN where the denominator is not positive."""
    shape = np.broadcast_shapes(np.shape(numerator), np.shape(denominator))
    out: Float64 = np.full(shape, np.nan)
    np.divide(numerator, denominator, out=out, where=np.greater(denominator, 0))
    return out


def numbers(values: ArrayLike, what: str, n_rows: int | None = None) -> Float64:
    """Values as finite float64[n_rows], or a ParameterError that says what is wrong."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ParameterError(f"The {what} must be one column, not of shape {array.shape}.")
    if n_rows is not None and len(array) != n_rows:
        raise ParameterError(f"The {what} has {counted(len(array), 'row')} instead of {n_rows:,}.")
    if array.dtype.kind not in "buif" and array.size:
        raise ParameterError(f"The {what} must be numbers, not {array.dtype}.")
    floats = array.astype(np.float64)
    n_bad = len(floats) - int(np.isfinite(floats).sum())
    if n_bad:
        raise ParameterError(f"The {what} is NaN or infinite in {counted(n_bad, 'row')}.")
    return floats


def weights_of(weight: ArrayLike, n_rows: int) -> Float64:
    """Row weights as non-negative float64[n_rows], or a ParameterError."""
    weights = numbers(weight, "weight", n_rows)
    if (weights < 0).any():
        raise ParameterError("The weight has negative rows.")
    return weights


def flags(values: ArrayLike, what: str, n_rows: int | None = None) -> Bool:
    """Values as bool[n_rows] from booleans or 0 and 1, or a ParameterError."""
    array = numbers(values, what, n_rows)
    if not np.isin(array, (0, 1)).all():
        raise ParameterError(f"The {what} must be true or false (or 1 and 0) in every row.")
    return array.astype(np.bool_)
