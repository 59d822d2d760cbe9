"""The base class of classifiers of sentiment."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from scipy.special import expit

from penchant.errors import DataError, NotFittedError, ParameterError
from penchant.run import Run
from penchant.typing import AnyArray, Bool, Float32, Float64, Int64

Texts = pl.DataFrame | Mapping[str, Sequence[str]] | Sequence[str] | pl.Series
"""One text a row, or several under names such as summary and text."""
Arrays = dict[str, AnyArray]


def as_texts(texts: Texts) -> pl.DataFrame:
    """One column of strings for each kind of text; missing texts are empty.

    Raises:
        DataError: a column holds no texts, or there is none.
    """
    if isinstance(texts, pl.Series):
        texts = texts.alias("text").to_frame()
    elif not isinstance(texts, pl.DataFrame):
        if isinstance(texts, str):
            raise DataError("One text alone is given: give a list of texts.")
        columns = texts if isinstance(texts, Mapping) else {"text": texts}
        try:
            texts = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String), strict=True)
        except (TypeError, pl.exceptions.PolarsError) as error:
            raise DataError(f"Texts must be lists of strings of one length: {error}.") from None
    wrong = [name for name, kind in texts.schema.items() if kind != pl.String]
    if wrong or not texts.columns:
        raise DataError(f"These columns hold no texts: {', '.join(wrong) or '(none given)'}.")
    return texts.fill_null("")


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Reviews to learn from.

    Attributes:
        texts: a column of strings for each kind of text.
        ratings: float64[n], finite.
        users: int64[n], who wrote each review, from 0; row numbers where nobody knows.
    """

    texts: pl.DataFrame
    ratings: Float64
    users: Int64

    def __len__(self) -> int:
        """How many reviews there are."""
        return len(self.ratings)

    def subset(self, rows: Bool) -> LabelledTexts:
        """The reviews that bool[n] marks."""
        return LabelledTexts(self.texts.filter(rows), self.ratings[rows], self.users[rows])


@dataclass(kw_only=True, eq=False)
class SentimentClassifier(ABC):
    """Predicts from a review's texts how likely its rating is a positive one.

    Hyper-parameters are fields. What is learned lies in attributes that `state` gives as arrays
    and JSON, so that a classifier is saved without pickle.

    Attributes:
        positive_above: a rating is positive if it is higher.
        seed: decides everything random.

    Fitted state: `columns_`, the names of the texts, and `curve_` with a row for each epoch of
    networks.
    """

    positive_above: float = 3.0
    seed: int = 0

    name: ClassVar[str]
    stops_by_validation: ClassVar[bool] = False
    columns_: tuple[str, ...] = dataclasses.field(default=(), init=False, repr=False)
    curve_: list[dict[str, float]] = dataclasses.field(default_factory=list, init=False, repr=False)

    def fit(
        self,
        texts: Texts,
        ratings: ArrayLike,
        *,
        users: ArrayLike | None = None,
        validation: tuple[Texts, ArrayLike] | None = None,
        run: Run | None = None,
    ) -> Self:
        """Learn from training texts.

        Args:
            texts: of the training reviews.
            ratings: float[n], their stars; or bool[n], whether they are positive.
            users: [n], who wrote them. What is chosen inside the training reviews is chosen on
                users who are held out; without users, on rows.
            validation: texts and ratings of other reviews, which decide when networks stop.
            run: threads and progress.

        Raises:
            DataError: texts and ratings do not fit together, or all are of one class.
        """
        frame = as_texts(texts)
        user = np.arange(len(frame))
        if users is not None:
            if len(np.asarray(users)) != len(frame):
                raise DataError(f"{len(frame)} texts need as many users.")
            user = np.unique(np.asarray(users), return_inverse=True)[1]
        train = LabelledTexts(frame, self._checked_ratings(ratings, len(frame)), user)
        self.columns_ = tuple(frame.columns)
        held_out = None
        if validation is not None:
            frame = self._columns(validation[0])
            held_out = LabelledTexts(
                frame, self._checked_ratings(validation[1], len(frame)), np.arange(len(frame))
            )
        self._fit(train, held_out, run or Run())
        return self

    def predict_proba(self, texts: Texts) -> Float32:
        """float32[n], the probability of each review to be positive.

        Raises:
            NotFittedError: nothing has been learned yet.
            DataError: a text that was there in training is missing.
        """
        return expit(self.log_odds(texts)).astype(np.float32)

    def log_odds(self, texts: Texts) -> Float64:
        """float64[n], the log-odds of each review to be positive.

        They order reviews without the ties that probabilities close to 1 have.

        Raises:
            NotFittedError: nothing has been learned yet.
            DataError: a text that was there in training is missing.
        """
        frame = self._columns(texts)
        return self._log_odds(frame) if len(frame) else np.zeros(0)

    def is_positive(self, ratings: ArrayLike) -> Bool:
        """bool[n], whether ratings are positive; those that say so already are returned."""
        values = np.asarray(ratings)
        return values if values.dtype == np.bool_ else np.asarray(values > self.positive_above)

    def params(self) -> dict[str, Any]:
        """The hyper-parameters by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}

    def clone(self, **changes: Any) -> Self:
        """The same classifier before it has learned anything, with some parameters changed."""
        return type(self)(**self.params() | changes)

    def restore_state(
        self, plain: Mapping[str, Any], arrays: Arrays, columns: Sequence[str]
    ) -> Self:
        """Take over what `state` returned; `columns` are the names of the texts."""
        self.columns_ = tuple(columns)
        self._set_state(plain, arrays)
        return self

    @abstractmethod
    def state(self) -> tuple[dict[str, Any], Arrays]:
        """What was learned: values ready for JSON, and arrays by name."""

    @abstractmethod
    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        """Take over what `state` returned."""

    @abstractmethod
    def _fit(self, train: LabelledTexts, validation: LabelledTexts | None, run: Run) -> None:
        """Learn; ratings are one above and at the threshold where only classes were given."""

    @abstractmethod
    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        """float64[n]; the columns are those of training."""

    def _columns(self, texts: Texts) -> pl.DataFrame:
        """The texts that were there in training, in their order."""
        if not self.columns_:
            raise NotFittedError(f"{type(self).__name__} has learned nothing yet: fit it first.")
        frame = as_texts(texts)
        missing = [name for name in self.columns_ if name not in frame.columns]
        if missing:
            raise DataError(
                f"{type(self).__name__} learned from {', '.join(self.columns_)}: give "
                f"{', '.join(missing)} as well."
            )
        return frame.select(self.columns_)

    def _checked_ratings(self, ratings: ArrayLike, n: int) -> Float64:
        """float64[n]; a class becomes a rating one above the threshold, or at it."""
        values = np.asarray(ratings)
        if values.shape != (n,):
            raise DataError(f"{n} texts need as many ratings, not {values.shape}.")
        is_class = values.dtype == np.bool_
        stars = self.positive_above + values if is_class else values.astype(np.float64)
        if not np.isfinite(stars).all():
            raise DataError("Ratings must be numbers: leave out reviews without one.")
        return stars


def ordinal_targets(ratings: Float64, positive_above: float, min_share: float) -> Bool:
    """Whether each rating exceeds each threshold between the levels of the scale.

    Args:
        ratings: float64[n].
        positive_above: the threshold between the classes.
        min_share: the share of rows that each side of any other threshold needs.

    Returns:
        bool[n, n_thresholds], the threshold between the classes first.
    """
    levels = np.unique(ratings)
    targets = [ratings > positive_above]
    for threshold in (levels[:-1] + levels[1:]) / 2:
        exceeds = ratings > threshold
        share = exceeds.mean()
        if min(share, 1 - share) >= min_share and (exceeds != targets[0]).any():
            targets.append(exceeds)
    return np.stack(targets, axis=1)


def check_parameter(condition: bool, name: str, value: object, allowed: str) -> None:
    """Refuse an impossible hyper-parameter.

    Raises:
        ParameterError: the condition does not hold.
    """
    if not condition:
        raise ParameterError(f"{name} is {allowed}, not {value!r}.")
