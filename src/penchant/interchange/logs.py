"""Logs of other libraries, and what these take for a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.sources.releases import read
from penchant.errors import DataError, ParameterError, require

Library = Literal["pandas", "surprise", "lenskit", "rectools", "cornac"]

_COLUMNS: dict[str, dict[str, str]] = {
    "pandas": {
        "user": "user", "item": "item", "rating": "rating", "weight": "weight", "time": "time",
    },
    "surprise": {"user": "user", "item": "item", "rating": "rating"},
    "lenskit": {
        "user": "user_id", "item": "item_id", "rating": "rating", "weight": "weight",
        "time": "timestamp",
    },
    "rectools": {"user": "user_id", "item": "item_id", "weight": "weight", "time": "datetime"},
}  # fmt: skip


def to_library(log: Dataset, library: Library) -> Any:
    """A log as another library takes it.

    `pandas` is a data frame with the columns user, item and, where the log has them, rating, weight
    and time; `surprise` one for `surprise.Dataset.load_from_df`, `lenskit` one for
    `lenskit.data.from_interactions_df` and `rectools` one for `rectools.dataset.Dataset.construct`,
    each with that library's names. RecTools wants a weight and a time of every event: ratings are
    weights where the log has no others, and 1 where it has neither; without times the order of the
    log stands for them, a second an event. `cornac` is a list of (user, item, rating) for
    `cornac.data.Dataset.from_uir`, or of (user, item, rating, seconds) for `from_uirt`, where the
    log has times. Ids are those of the log. For RecBole's files see `pn.write_split`.

    Raises:
        ParameterError: the library is none of these.
        DataError: Surprise needs ratings, and the log has none.
        MissingExtraError: pandas is not installed.

    Example:
        >>> log = planted_pairs(n_users=50)
        >>> list(pn.to_library(log, "pandas").columns)
        ['user', 'item', 'rating', 'time']
    """
    require_log(log)
    if library not in get_args(Library):
        raise ParameterError(
            f"library is one of {', '.join(get_args(Library))}, and not {library!r}."
        )
    frame = log.frame()
    if library == "cornac":
        return _tuples(frame, log.has_times)
    if library == "surprise" and not log.has_ratings:
        raise DataError(f"Surprise predicts ratings, and the log {log.name!r} has none.")
    if library == "rectools":
        frame = _with_weights_and_times(frame)
    names = {ours: name for ours, name in _COLUMNS[library].items() if ours in frame.columns}
    return _data_frame(frame.select(pl.col(ours).alias(name) for ours, name in names.items()))


def from_library(data: Any, *, name: str | None = None) -> Dataset:
    """A log out of another library's object.

    These are Surprise's `Trainset` and `Dataset`, LensKit's, RecTools' and Cornac's `Dataset`,
    RecBole's `Dataset` and data frames of pandas and Polars. Ids are the original ones.

    Args:
        data: the object.
        name: what reports call the log; by default the library.

    Raises:
        DataError: the object is none of these, or its events are no log.

    Example:
        >>> log = planted_pairs(n_users=50)
        >>> len(pn.from_library(pn.to_library(log, "lenskit"))) == len(log)
        True
    """
    library = type(data).__module__.partition(".")[0]
    if library in ("pandas", "polars"):
        return read(data, name=name, quiet=True)
    if library not in _READERS:
        kinds = ", ".join(sorted(_READERS))
        raise DataError(
            f"A {type(data).__module__}.{type(data).__name__} is no log that is known: give a data "
            f"frame, or an object of {kinds}."
        )
    frame = _READERS[library](data)
    ids = {column: frame[column].to_list() for column in ("user", "item")}
    frame = frame.with_columns(pl.Series(column, _ids(values)) for column, values in ids.items())
    return Dataset.from_frame(frame, name=name or library)


def _ids(values: list[Any]) -> list[Any]:
    """Ids of one type: integers where all are, otherwise text."""
    if all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in values):
        return [int(v) for v in values]
    return [str(v) for v in values]


def _of_surprise(data: Any) -> pl.DataFrame:
    if hasattr(data, "raw_ratings"):  # Dataset
        rows = [(user, item, rating, time) for user, item, rating, time in data.raw_ratings]
        times = [row[3] for row in rows]
    else:  # Trainset
        rows = [
            (data.to_raw_uid(user), data.to_raw_iid(item), rating, None)
            for user, item, rating in data.all_ratings()
        ]
        times = []
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    frame = _objects(columns[0], columns[1], rating=np.asarray(columns[2], np.float32))
    if times and all(time is not None for time in times):
        frame = frame.with_columns(time=_moments(np.asarray(times, np.float64)))
    return frame


def _of_cornac(data: Any) -> pl.DataFrame:
    users, items, ratings = (np.asarray(part) for part in data.uir_tuple)
    of_user = {index: raw for raw, index in data.uid_map.items()}
    of_item = {index: raw for raw, index in data.iid_map.items()}
    frame = _objects(
        [of_user[u] for u in users.tolist()],
        [of_item[i] for i in items.tolist()],
        rating=ratings.astype(np.float32),
    )
    if getattr(data, "timestamps", None) is not None:
        frame = frame.with_columns(time=_moments(np.asarray(data.timestamps, np.float64)))
    return frame


def _of_rectools(data: Any) -> pl.DataFrame:
    found = data.get_raw_interactions()
    frame = _objects(found["user_id"].tolist(), found["item_id"].tolist())
    return frame.with_columns(
        weight=pl.Series(found["weight"].to_numpy(np.float32)),
        time=pl.Series(found["datetime"].to_numpy("datetime64[us]")),
    )


def _of_lenskit(data: Any) -> pl.DataFrame:
    found = data.interaction_table(format="pandas", original_ids=True)
    frame = _objects(found["user_id"].tolist(), found["item_id"].tolist())
    if "rating" in found.columns:
        frame = frame.with_columns(rating=pl.Series(found["rating"].to_numpy(np.float32)))
    if "timestamp" in found.columns:
        times = found["timestamp"].to_numpy()
        is_moment = np.issubdtype(times.dtype, np.datetime64)
        moments = pl.Series(times.astype("datetime64[us]")) if is_moment else _moments(times)
        frame = frame.with_columns(time=moments)
    return frame


def _of_recbole(data: Any) -> pl.DataFrame:
    events = data.inter_feat
    tokens = (data.id2token(f, np.asarray(events[f])) for f in (data.uid_field, data.iid_field))
    frame = _objects(*(_numbers(np.asarray(each).tolist()) for each in tokens))
    rating, time = data.config["RATING_FIELD"], data.time_field
    if rating is not None and rating in events:
        frame = frame.with_columns(rating=pl.Series(np.asarray(events[rating], np.float32)))
    if time is not None and time in events:
        frame = frame.with_columns(time=_moments(np.asarray(events[time])))
    return frame


def _numbers(tokens: list[str]) -> list[Any]:
    """Tokens as integers where all are such, without leading zeros."""
    are = all(token.isascii() and token.isdigit() and str(int(token)) == token for token in tokens)
    return [int(token) for token in tokens] if are else tokens


_READERS: dict[str, Callable[[Any], pl.DataFrame]] = {
    "surprise": _of_surprise,
    "cornac": _of_cornac,
    "rectools": _of_rectools,
    "lenskit": _of_lenskit,
    "recbole": _of_recbole,
}


def _objects(users: Any, items: Any, **columns: Any) -> pl.DataFrame:
    return pl.DataFrame({"user": _ids(list(users)), "item": _ids(list(items)), **columns})


def _moments(seconds: np.ndarray[Any, Any]) -> pl.Series:
    """Times out of seconds since 1970."""
    return pl.Series((np.asarray(seconds, np.float64) * 1e6).astype(np.int64)).cast(
        pl.Datetime("us")
    )


def _with_weights_and_times(frame: pl.DataFrame) -> pl.DataFrame:
    if "weight" not in frame.columns:
        rating = pl.col("rating") if "rating" in frame.columns else pl.lit(1.0, pl.Float32)
        frame = frame.with_columns(weight=rating)
    if "time" not in frame.columns:
        seconds = pl.int_range(pl.len(), dtype=pl.Int64)
        frame = frame.with_columns(time=pl.from_epoch(seconds, time_unit="s"))
    return frame


def _tuples(frame: pl.DataFrame, has_times: bool) -> list[tuple[Any, ...]]:
    rating = pl.col("rating") if "rating" in frame.columns else pl.lit(1.0, pl.Float32)
    columns = [pl.col("user"), pl.col("item"), rating.cast(pl.Float64).alias("rating")]
    if has_times:
        columns.append(pl.col("time").dt.epoch("s"))
    return frame.select(columns).rows()


def _data_frame(frame: pl.DataFrame) -> Any:
    pandas = require("pandas", "pandas")
    return pandas.DataFrame(
        {
            column.name: column.to_list() if column.dtype == pl.String else column.to_numpy()
            for column in frame
        }
    )
