"""What classifiers of sentiment have in common, and the table of their names."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
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

TABLE: dict[str, str] = {
    "majority": "linear:Majority",
    "tfidf": "linear:TfIdfLogistic",
    "ngrams": "linear:OrdinalNGrams",
    "bag": "bag:HashedBag",
    "cnn": "cnn:SentimentCNN",
    "text-cnn": "text_cnn:TextCNN",
    "cnn-rnn": "text_cnn:TextCNNRNN",
    "vectors": "vectors:VectorLogistic",
    "ensemble": "ensemble:SentimentEnsemble",
    "ensemble-vectors": "ensemble:VectorEnsemble",
}
"""Classifiers by name."""


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


@dataclass(kw_only=True, eq=False)
class SentimentClassifier(ABC):
    """Says from a review's texts how likely its rating is a positive one.

    Hyper-parameters are fields. What is learned lies in attributes that `state` gives as arrays
    and JSON, so that a classifier is kept without pickle.

    Attributes:
        above: a rating is positive if it is higher.
        seed: decides everything random.
    """

    above: float = 3.0
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
        stars = self._stars(ratings, len(frame))
        self.columns_ = tuple(frame.columns)
        groups = np.arange(len(frame))
        if users is not None:
            if len(np.asarray(users)) != len(frame):
                raise DataError(f"{len(frame)} texts need as many users.")
            groups = np.unique(np.asarray(users), return_inverse=True)[1]
        held = None
        if validation is not None:
            held_texts = self._columns(validation[0])
            held = held_texts, self._stars(validation[1], len(held_texts))
        self._fit(frame, stars, groups, held, run or Run())
        return self

    def predict(self, texts: Texts) -> Float32:
        """float32[n], the chance that each review is positive.

        Raises:
            NotFittedError: nothing has been learned yet.
            DataError: a text that was there in training is missing.
        """
        return expit(self.log_odds(texts)).astype(np.float32)

    def log_odds(self, texts: Texts) -> Float64:
        """float64[n], what orders the reviews without the ties that chances close to 1 have.

        Raises:
            NotFittedError: nothing has been learned yet.
            DataError: a text that was there in training is missing.
        """
        frame = self._columns(texts)
        return self._log_odds(frame) if len(frame) else np.zeros(0)

    def positive(self, ratings: ArrayLike) -> Bool:
        """bool[n], whether ratings are positive."""
        stars = np.asarray(ratings)
        return stars if stars.dtype == np.bool_ else np.asarray(stars > self.above)

    def params(self) -> dict[str, Any]:
        """The hyper-parameters by name."""
        return {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}

    def clone(self, **changes: Any) -> Self:
        """The same classifier before it has learned anything, with some fields changed."""
        return type(self)(**self.params() | changes)

    @abstractmethod
    def _fit(
        self,
        texts: pl.DataFrame,
        stars: Float64,
        groups: Int64,
        validation: tuple[pl.DataFrame, Float64] | None,
        run: Run,
    ) -> None:
        """Learn; `stars` are 0 and 1 where only classes were given."""

    @abstractmethod
    def _log_odds(self, texts: pl.DataFrame) -> Float64:
        """float64[n]; the columns are those of training."""

    @abstractmethod
    def state(self) -> tuple[dict[str, Any], Arrays]:
        """What was learned: JSON, and arrays by name."""

    def take(self, plain: Mapping[str, Any], arrays: Arrays, columns: Sequence[str]) -> Self:
        """Become what `state` was taken of; `columns` are the names of its texts."""
        self.columns_ = tuple(columns)
        self._set_state(plain, arrays)
        return self

    @abstractmethod
    def _set_state(self, plain: Mapping[str, Any], arrays: Arrays) -> None:
        """Take what `state` gave."""

    def _columns(self, texts: Texts) -> pl.DataFrame:
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

    def _stars(self, ratings: ArrayLike, n: int) -> Float64:
        stars = np.asarray(ratings)
        if stars.shape != (n,):
            raise DataError(f"{n} texts need as many ratings, not {stars.shape}.")
        # A class alone is a star above the threshold, or at it.
        found = self.above + stars if stars.dtype == np.bool_ else stars.astype(np.float64)
        if not np.isfinite(found).all():
            raise DataError("Ratings must be numbers: leave out reviews without one.")
        return found


def steps(stars: Float64, above: float, least: float) -> Bool:
    """Which steps of the scale each rating has taken.

    Args:
        stars: float[n].
        above: the threshold between the classes.
        least: the share of rows that each side of any other threshold needs.

    Returns:
        bool[n, n_thresholds], the threshold between the classes first.
    """
    levels = np.unique(stars)
    found = [stars > above]
    for middle in (levels[:-1] + levels[1:]) / 2:
        step = stars > middle
        share = step.mean()
        if min(share, 1 - share) >= least and (step != found[0]).any():
            found.append(step)
    return np.stack(found, axis=1)


def find(name: str) -> type[SentimentClassifier]:
    """The class of a classifier.

    Raises:
        ParameterError: there is no such classifier.
    """
    if name not in TABLE:
        raise ParameterError(
            f"There is no classifier of sentiment {name!r}; known are {', '.join(TABLE)}."
        )
    module, _, attribute = TABLE[name].partition(":")
    found: type[SentimentClassifier] = getattr(
        import_module(f"penchant.encoders.sentiment.{module}"), attribute
    )
    return found


def make(name: str, **fields: Any) -> SentimentClassifier:
    """A classifier of that name, with some fields changed.

    Raises:
        ParameterError: there is no such classifier or field.
    """
    cls = find(name)
    known = [f.name for f in dataclasses.fields(cls) if f.init]
    for field in fields:
        if field not in known:
            raise ParameterError(
                f"{cls.__name__} has no field {field!r}; it has {', '.join(known)}."
            )
    return cls(**fields)


def must(condition: bool, name: str, value: object, range_: str) -> None:
    """Refuse an impossible hyper-parameter.

    Raises:
        ParameterError: the condition does not hold.
    """
    if not condition:
        raise ParameterError(f"{name} is {range_}, not {value!r}.")
