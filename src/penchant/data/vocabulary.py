"""Map the ids of a log to int32 indices, and back."""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.errors import DataError, ParameterError, UnknownIdError
from penchant.typing import Int32, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)

Id = int | str

_UUID_BYTES = 16
_TABLE_SLACK = 16  # a look-up table may be this many times longer than the vocabulary
_NAMED = 3  # unknown ids that a message names


class Vocabulary:
    """An immutable, sorted set of ids; the position of an id is its index.

    Ids are integers or strings, whichever the log has, and never both. They are sorted, so that
    an index does not depend on the order of the log's rows.
    """

    def __init__(self, ids: pl.Series | Iterable[Id], *, noun: str = "id") -> None:
        series = distinct_texts(ids) if isinstance(ids, pl.Series) else _to_series(list(ids))
        self.noun = noun
        self.ids: pl.Series = _distinct(canonical_ids(series, noun)).rename(noun)

    @property
    def kind(self) -> Literal["integer", "string"]:
        """Whether the ids are integers or strings."""
        return "string" if self.ids.dtype == pl.String else "integer"

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, id_: object) -> bool:
        id_type = str if self.kind == "string" else int
        if not isinstance(id_, id_type) or isinstance(id_, bool):
            return False
        try:
            return bool(self.indices([id_])[0] >= 0)
        except UnknownIdError:  # an integer that is too large for this vocabulary's
            return False

    def __getitem__(self, index: int) -> Id:
        value: Id = self.ids[int(index)]
        return value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.ids.equals(other.ids)

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} {self.kind} {self.noun}s)"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the ids, in hexadecimal."""
        digest = hashlib.sha256(self.kind.encode())
        if self.kind == "integer":
            digest.update(self.ids.to_numpy().tobytes())
        else:
            digest.update(b"\0".join(text.encode() for text in self.ids))
        return digest.hexdigest()

    def take(self, indices: npt.ArrayLike) -> pl.Series:
        """The ids at these indices; an index of -1 gives null."""
        index = np.asarray(indices, dtype=np.int64)
        if index.size and index.min() < 0:
            positions = pl.Series("position", index).to_frame()
            known = pl.when(pl.col("position") >= 0).then(pl.col("position"))
            return self.ids.gather(positions.select(known)["position"])
        if self.kind == "integer":  # for a few ids several times faster than `gather`
            return pl.Series(self.ids.name, self._values[index])
        return self.ids.gather(index)

    def indices(self, ids: pl.Series | Sequence[Id]) -> Int32:
        """The index of each id, int32[n]; -1 where the id is unknown.

        Raises:
            ParameterError: it is a single id, or no list of ids at all.
            UnknownIdError: the ids are of another type than this vocabulary's.
        """
        require_list(ids, self.noun)
        series = ids if isinstance(ids, pl.Series) else _to_series(ids)
        if series.is_empty():
            return np.empty(0, dtype=np.int32)
        if isinstance(series.dtype, pl.Categorical):
            return self._of_categories(series)
        if series.dtype.is_integer() and self.kind == "integer":
            series = series.cast(pl.Int64, strict=False)  # what does not fit is unknown
        series = canonical_ids(series, self.noun, nulls=True)
        if len(self) == 0:
            return np.full(len(series), -1, dtype=np.int32)
        if (series.dtype == pl.String) != (self.kind == "string"):
            types = "strings" if series.dtype == pl.String else "integers"
            raise UnknownIdError(
                f"The {self.noun} ids of this log are {self.kind}s such as {self.ids[0]!r}, "
                f"but {types} such as {series[0]!r} were given."
            )
        if self.kind == "string":
            # An enumeration's physical values are positions in its list of categories.
            codes = series.cast(self._enum, strict=False).to_physical().cast(pl.Int32)
            return codes.fill_null(-1).to_numpy().astype(np.int32, copy=False)
        return self._integer_indices(series)

    def known_indices(self, ids: pl.Series | Sequence[Id], purpose: str) -> Int32:
        """The index of each id that is known, int32[n]; a warning counts the others.

        Args:
            ids: the ids.
            purpose: what they are, such as "candidates".

        Raises:
            ParameterError: it is a single id, or no list of ids at all.
            UnknownIdError: none of them is known, or they are of another type.
        """
        require_list(ids, self.noun)
        series = ids if isinstance(ids, pl.Series) else _to_series(ids)
        index = self.indices(series)
        report_unknown(series.filter(pl.Series(index < 0)).to_list(), len(index), purpose)
        return index[index >= 0]

    def selection(
        self,
        candidates: pl.Series | Sequence[Id] | None = None,
        exclude: pl.Series | Sequence[Id] | None = None,
    ) -> Int32 | None:
        """The indices of some ids: the candidates, or all, without those to exclude.

        Ids that are not known are passed over; see `known_indices`.

        Returns:
            int32[n] without repetition, ascending; None where nothing is left out.

        Raises:
            ParameterError: one of both is no list of ids.
            UnknownIdError: none of the candidates, or of the ids to exclude, is known.
        """
        chosen = None
        if candidates is not None:
            chosen = np.unique(self.known_indices(candidates, "candidates"))
        if exclude is None:
            return chosen
        excluded = self.known_indices(exclude, f"{self.noun}s to exclude")
        every = np.arange(len(self), dtype=np.int32) if chosen is None else chosen
        left = np.setdiff1d(every, excluded)
        if len(every) and not len(left):
            logger.warning(f"No {self.noun} is left to choose from: all are excluded.")
        return left

    def index(self, id_: Id) -> int:
        """The index of one id.

        Raises:
            UnknownIdError: the id is not in the vocabulary.
        """
        index = int(self.indices([id_])[0])
        if index < 0:
            raise UnknownIdError(f"There is no {self.noun} {id_!r} among the {len(self)} known.")
        return index

    def cast(self, text: str) -> Id:
        """Turn a command line's text into an id of this vocabulary's type.

        Raises:
            UnknownIdError: ids are integers and the text is not one.
        """
        if self.kind == "string":
            return text
        try:
            return int(text)
        except ValueError:
            raise UnknownIdError(
                f"The {self.noun} ids of this log are integers, and {text!r} is none."
            ) from None

    def _of_categories(self, series: pl.Series) -> Int32:
        """The index of each id, by that of each category."""
        present = series.unique().drop_nulls()
        codes = present.to_physical().to_numpy()
        table = np.full(int(codes.max(initial=0)) + 2, -1, np.int32)  # the last cell is for nulls
        table[codes] = self.indices(present.cast(pl.String))
        index: Int32 = table[series.to_physical().fill_null(len(table) - 1).to_numpy()]
        return index

    @cached_property
    def _enum(self) -> pl.Enum:
        return pl.Enum(self.ids)

    @cached_property
    def _values(self) -> Int64:
        return self.ids.to_numpy()

    @cached_property
    def _table(self) -> Int32 | None:
        low, high = int(self._values[0]), int(self._values[-1])
        if high - low >= _TABLE_SLACK * len(self) + 1_000_000:
            return None
        table = np.full(high - low + 2, -1, dtype=np.int32)  # the last cell is for unknown ids
        table[self._values - low] = np.arange(len(self), dtype=np.int32)
        return table

    def _integer_indices(self, series: pl.Series) -> Int32:
        if series.null_count():
            series = series.fill_null(np.iinfo(np.int64).min)
        values = series.to_numpy()
        low, high = self._values[0], self._values[-1]
        if self._table is not None:
            inside = (values >= low) & (values <= high)
            if not inside.all():
                return np.asarray(self._table[np.where(inside, values - low, -1)])
            return np.asarray(self._table[values - low])
        nearest = np.searchsorted(self._values, values).clip(0, len(self) - 1)
        return np.where(self._values[nearest] == values, nearest, -1).astype(np.int32)


def _distinct(ids: pl.Series) -> pl.Series:
    """The ids without repetition, sorted."""
    if ids.dtype == pl.Int64 and len(ids):
        values = ids.to_numpy()
        low, high = int(values.min()), int(values.max())
        if high - low < 2 * len(ids):  # marking what is there is faster than sorting
            seen = np.zeros(high - low + 1, dtype=bool)
            seen[values - low] = True
            return pl.Series(np.flatnonzero(seen) + low)
    return ids.unique().sort()


def distinct_texts(ids: pl.Series) -> pl.Series:
    """The categories of a column of these, each once; other ids as they are."""
    return ids.unique() if isinstance(ids.dtype, pl.Categorical) else ids


def canonical_ids(series: pl.Series, noun: str = "id", *, nulls: bool = False) -> pl.Series:
    """Ids as Int64 or String.

    Raises:
        DataError: there are nulls (unless allowed) or the type cannot be an id.
    """
    if not nulls and series.null_count():
        missing = counted(series.null_count(), f"{noun} id is", f"{noun} ids are")
        raise DataError(f"{missing} missing.")
    dtype = series.dtype
    if dtype.is_integer():
        integers = series.cast(pl.Int64, strict=False)
        return integers if integers.null_count() == series.null_count() else series.cast(pl.String)
    if dtype == pl.Null:
        return series.cast(pl.Int64)
    if dtype == pl.String or isinstance(dtype, pl.Categorical | pl.Enum):
        return series.cast(pl.String)
    if dtype.is_float():
        whole = series.cast(pl.Int64, strict=False)
        if whole.null_count() == series.null_count() and (whole.cast(dtype) == series).all():
            return whole
    if dtype == pl.Binary:
        return text_of_binary(series)
    if dtype == pl.Object and all(isinstance(i, uuid.UUID) for i in series if i is not None):
        texts = [None if i is None else str(i) for i in series]
        return pl.Series(series.name, texts, dtype=pl.String)
    name = series.name or noun
    remedy = f"make them texts first, as in frame.with_columns(pl.col({name!r}).cast(pl.String))"
    if isinstance(dtype, pl.Struct):
        remedy = f"take a field of theirs first, as in pl.col({name!r}).struct.field(…)"
    raise DataError(f"{noun.capitalize()} ids must be integers or strings, not {dtype}: {remedy}.")


def text_of_binary(values: pl.Series) -> pl.Series:
    """Binary values as text: UTF-8, otherwise UUIDs of 16 bytes, otherwise hexadecimal."""
    try:
        texts = values.cast(pl.String)
        if not texts.str.contains(r"[\x00-\x08\x0e-\x1f]").any():
            return texts
    except pl.exceptions.PolarsError:
        pass
    if (values.bin.size() == _UUID_BYTES).all():
        uuids = [None if value is None else str(uuid.UUID(bytes=value)) for value in values]
        return pl.Series(values.name, uuids, dtype=pl.String)
    return values.bin.encode("hex")


def report_unknown(unknown: Sequence[Id], n: int, purpose: str) -> None:
    """Warn of ids that are not known, with their number and the first of them.

    Args:
        unknown: these ids.
        n: how many ids were given in all.
        purpose: what they are, such as "candidates".

    Raises:
        UnknownIdError: none of the ids is known.
    """
    if not unknown:
        return
    named = ", ".join(map(repr, unknown[:_NAMED]))
    if len(unknown) > _NAMED:
        named += f" and {len(unknown) - _NAMED:,} more"
    if len(unknown) == n:
        raise UnknownIdError(f"None of the {purpose} is known: {named}.")
    verb = "is" if len(unknown) == 1 else "are"
    logger.warning(
        f"{len(unknown):,} of the {n:,} {purpose} {verb} not known and passed over: {named}."
    )


def require_list(ids: object, noun: str) -> None:
    """Refuse what is no list of ids, above all a single id.

    Raises:
        ParameterError: it is none.
    """
    if isinstance(ids, Iterable) and not isinstance(ids, str | bytes | pl.DataFrame):
        return
    if isinstance(ids, str | int | np.integer) and not isinstance(ids, bool):
        one = repr(ids if isinstance(ids, str) else int(ids))
        raise ParameterError(f"Give a list of {noun} ids: [{one}] instead of {one}.")
    raise ParameterError(f"Give a list of {noun} ids, and not a value of {type(ids).__name__}.")


def _to_series(ids: Iterable[Id]) -> pl.Series:
    values = list(ids)
    if len({isinstance(i, str) for i in values}) > 1:
        raise DataError("Ids must be all integers or all strings, and these are mixed.")
    try:
        return pl.Series("id", values)
    except (OverflowError, TypeError):  # integers that no type of Polars holds together
        if not all(isinstance(i, int) for i in values):
            raise
        return pl.Series("id", [str(i) for i in values], dtype=pl.String)


def difference_in_writing(ids: pl.Series, known: pl.Series) -> str | None:
    """How unknown ids differ in writing from known ones, a clause; None where they are others."""
    found = written_otherwise(ids, known)
    return None if found is None else found[0]


def written_otherwise(ids: pl.Series, known: pl.Series) -> tuple[str, pl.Series] | None:
    """How unknown ids differ in writing from known ones, a clause, and those that do.

    None where they are others.
    """
    for pattern, difference in (
        (r"\.0+$", "written with decimals"),
        (r"^0+", "written with zeros in front"),
        (r"^\s+|\s+$", "written with blanks around them"),
        (r"^[\"']|[\"']$", "written in quotes"),
    ):
        plain, known_plain = (
            texts.cast(pl.String).str.replace_all(pattern, "") for texts in (ids, known)
        )
        alike = plain.is_in(known_plain.implode())
        if alike.any():
            return f"on one side they are {difference}: write them alike", ids.filter(alike)
    return None
