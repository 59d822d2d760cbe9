"""Records that several studies store, and the figures and phrases that they share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.data import Dataset, Rows
from penchant.metrics import Verdict
from penchant.models import RatesRows
from penchant.results import MetricValue
from penchant.typing import Float64

Columns = dict[str, list[Any]]
"""A table by columns, as a file can hold it."""
VERDICTS: Mapping[Verdict | None, str] = MappingProxyType(
    {
        "beats": "better than",
        "no better": "no better than",
        "worse": "worse than",
        None: "not judged against",
    }
)
"""Verdicts on a model as parts of a sentence that goes on with the baseline's name."""
Better = Literal["high", "low"]
"""Which end of a metric is the better one."""
OTHER_DATA = "other data"
"""What stands in the place of a verdict where our log is not the published one."""

_NUMBER_WORDS = [
    *("none", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
]


@dataclass(frozen=True)
class Gain:
    """The difference of a metric between two models.

    Attributes:
        value: the difference.
        low: lower end of its interval over resampled users.
        high: upper end.
        verdict: `beats`, `no better` or `worse`; None where none was given.
    """

    value: float
    low: float = math.nan
    high: float = math.nan
    verdict: Verdict | None = None

    @classmethod
    def of(cls, figure: MetricValue) -> Gain:
        """The gain over the best trivial model that a figure has."""
        return cls(figure.gain, figure.gain_low, figure.gain_high, figure.verdict)

    @property
    def interval(self) -> tuple[float, float, float]:
        """The difference and the ends of its interval, as charts take them."""
        return self.value, self.low, self.high

    def columns(self, name: str) -> dict[str, float]:
        """Three columns of a table, which shows them in one cell."""
        return {name: self.value, f"{name} low": self.low, f"{name} high": self.high}


@dataclass(frozen=True)
class TrainingCurve:
    """Losses by epoch.

    Attributes:
        training: on training rows.
        validation: on validation rows, None in epochs without any.
    """

    training: list[float]
    validation: list[float | None]


def predict(model: object, rows: Rows) -> Float64:
    """float64[n_rows], the predictions of a model that rates rows."""
    assert isinstance(model, RatesRows)
    return model.predict(rows).astype(np.float64)


def rounded(values: npt.ArrayLike, places: int = 6) -> list[float]:
    """Values as a list that is short in a file."""
    return [float(x) for x in np.round(np.asarray(values, np.float64), places)]


def columns_of(frame: pl.DataFrame) -> Columns:
    """A frame by columns."""
    return {name: values.to_list() for name, values in frame.to_dict().items()}


def table_of(records: Sequence[Any], **names: str) -> pl.DataFrame:
    """A row for each record; columns are called by its fields, or by `names`."""
    frame = pl.DataFrame([asdict(record) for record in records], infer_schema_length=None)
    return frame.rename({c: names.get(c, c.replace("_", " ")) for c in frame.columns})


def per_cent(value: float, places: int = 2) -> str:
    """A share as a text has it."""
    return f"{100 * value:.{places}f}\N{NO-BREAK SPACE}%"


def number_word(count: int) -> str:
    """A small number as a sentence has it: none, one, … twelve, and digits beyond."""
    return _NUMBER_WORDS[count] if count < len(_NUMBER_WORDS) else f"{count:,}"


def is_published_log(
    log: Dataset, name: str, events: int, users: int | None = None, items: int | None = None
) -> bool:
    """Whether a log is the published one: of its name, and as large to the last event.

    A cut of it, another category, fewer users or a generated log are not.

    Args:
        log: what the study runs on.
        name: of the published data set.
        events: that it has.
        users: that it has; None where nobody said.
        items: likewise.
    """
    counts = ((events, len(log)), (users, log.n_users), (items, log.n_items))
    return log.name == name and all(want in (None, here) for want, here in counts)


def published_verdict(
    published: float | None,
    ours: float | None,
    same_data: bool,
    *,
    better: Better | None = None,
    places: int = 3,
) -> str:
    """What may be said of our figure beside a published one, for a cell of a table.

    Args:
        published: the published figure.
        ours: the same by our own run.
        same_data: whether both are of the same data; otherwise nothing is compared.
        better: which end is the better one; None where there is none, as with a count.
        places: decimals to which both are rounded before they are compared.

    Returns:
        `same`, `better`, `worse`, `higher` or `lower`; `other data` where figures of different
        data stand side by side; empty where one of them is missing.
    """
    figures = [value for value in (published, ours) if value is not None and math.isfinite(value)]
    if len(figures) < 2:
        return ""
    if not same_data:
        return OTHER_DATA
    theirs, own = (round(value, places) for value in figures)
    if theirs == own:
        return "same"
    if better is None:
        return "higher" if own > theirs else "lower"
    return "better" if (own > theirs) == (better == "high") else "worse"
