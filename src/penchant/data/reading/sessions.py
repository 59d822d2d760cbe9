"""Sessions of a log: by a column that names them, or by gaps between a user's events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import polars as pl

from penchant.data.baskets import BASKET
from penchant.data.categories import with_texts
from penchant.data.event_order import event_order
from penchant.data.missing_texts import without_missing
from penchant.data.reading.column_guessing import ColumnChoice, requested_column
from penchant.data.reading.column_names import plain_name
from penchant.data.reading.records import RawRecords
from penchant.data.reading.shop_columns import SESSION_NAMES
from penchant.errors import DataError, ParameterError
from penchant.wording import counted

MOST_WITHOUT_USER = 0.5
"""The share of records up to which those without a user leave sessions to be parts of users'."""

_OFFSETS = frozenset(("timeframe",))  # ms since the session began, as in Diginetica's files
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_GAP = re.compile(
    r"(\d+(?:\.\d+)?)\s*"
    r"(s|sec|seconds?|m|min|mins|minutes?|h|hours?|d|days?)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SessionWish:
    """What was asked for: a column of sessions, a gap between two of them, or neither.

    Attributes:
        column: the choice of a column; False where there are to be none.
        gap: the longest time between two events of a session, or None.
    """

    column: ColumnChoice = None
    gap: timedelta | None = None

    @classmethod
    def of(
        cls, column: ColumnChoice, gap: str | timedelta | None, basket: ColumnChoice
    ) -> SessionWish:
        """Check what was asked for.

        Raises:
            ParameterError: the gap is none, or options do not go together.
        """
        asked = [
            option
            for option, choice in (("session", column), ("session_gap", gap), ("basket", basket))
            if choice is not None and choice is not False
        ]
        if len(asked) > 1:
            raise ParameterError(
                f"Events belong together by one thing: give only one of {' and '.join(asked)}."
            )
        return cls(column, None if gap is None else parse_gap(gap))

    @property
    def is_named(self) -> bool:
        """Whether somebody has named the column of sessions."""
        return self.column is not None and not isinstance(self.column, bool)

    def choices(
        self, choices: Mapping[str, ColumnChoice], records: RawRecords
    ) -> dict[str, ColumnChoice]:
        """The choices of columns, with that by which events belong together.

        Where columns have no names, users are not looked for beside named sessions.

        Raises:
            DataError: there is no such column.
        """
        if self.gap is not None:
            return {**choices, BASKET: False}
        if self.column is None or isinstance(self.column, bool):
            return dict(choices)
        column = requested_column(self.column, "session", records.frame.columns, records.source)
        if not records.has_header and choices["user"] is None:
            return {**choices, BASKET: False, "user": column}
        return {**choices, BASKET: column}


@dataclass(frozen=True)
class SessionColumns:
    """The columns of a log's roles, where some may be sessions.

    Attributes:
        columns: the source's column of each role.
        guessed: the roles whose columns were guessed.
        in_sessions: whether the baskets are sessions.
        users_are: the column of sessions that stand for users, or None.
        remark: what was decided, or None.
    """

    columns: dict[str, str]
    guessed: tuple[str, ...]
    in_sessions: bool = False
    users_are: str | None = None
    remark: str | None = None

    def name_of(self, role: str) -> str:
        """What a role is called: baskets that are sessions are called so."""
        return "session" if role == BASKET and self.in_sessions else role

    def named_as(self, columns: Mapping[str, str]) -> dict[str, str]:
        """The column of each role, with that of sessions called so."""
        renamed = {self.name_of(role): column for role, column in columns.items()}
        return renamed if self.users_are is None else renamed | {"session": self.users_are}


def parse_gap(gap: str | timedelta) -> timedelta:
    """A time such as `30min`, `2h` or `1d`.

    Raises:
        ParameterError: it is none, or not above 0.
    """
    if isinstance(gap, str) and (match := _GAP.fullmatch(gap.strip())):
        gap = timedelta(**{_UNITS[match[2][0].lower()]: float(match[1])})
    if not isinstance(gap, timedelta) or gap <= timedelta(0):
        raise ParameterError(
            f"A gap between sessions is a time such as 30min, 2h or 1d, not {gap!r}."
        )
    return gap


def session_columns(
    records: RawRecords,
    columns: Mapping[str, str],
    guessed: tuple[str, ...],
    wish: SessionWish,
) -> SessionColumns:
    """See which of the columns are sessions, and take sessions for users where there are none.

    A column of baskets with a name of sessions has sessions. Where most records have no user, each
    session is one.

    Args:
        records: of the source.
        columns: the column of each role.
        guessed: the roles whose columns were guessed.
        wish: what was asked for.
    """
    found, n_records = SessionColumns(dict(columns), guessed), len(records.frame)
    basket, user = columns.get(BASKET), columns.get("user")
    if basket is not None and (wish.is_named or (BASKET in guessed and _is_session(basket))):
        if wish.column is False:
            others = {role: column for role, column in columns.items() if role != BASKET}
            return replace(found, columns=others, guessed=tuple(r for r in guessed if r in others))
        missing = 1.0 if user is None else n_missing(records.frame[user]) / max(n_records, 1)
        if missing <= MOST_WITHOUT_USER:
            return replace(found, in_sessions=True)
        roles = {role: c for role, c in columns.items() if role not in ("user", BASKET)}
        why = "there are no users" if user is None else f"{missing:.0%} of {user!r} is missing"
        return SessionColumns(
            {"user": basket, **roles},
            tuple(role for role in guessed if role not in ("user", BASKET)),
            users_are=basket,
            remark=f"{why}, so that each session ({basket}) is a user",
        )
    are_users = "user" in guessed and user is not None and _is_session(user)
    if user is not None and basket is None and (are_users or wish.is_named):
        remark = f"there are no users, so that each session ({user}) is a user"
        return replace(found, users_are=user, remark=remark)
    return found


def with_sessions(
    frame: pl.DataFrame, found: SessionColumns, wish: SessionWish, source: str
) -> tuple[pl.DataFrame, list[str]]:
    """Events with their sessions and their times within these, and what is to be said of it.

    Raises:
        DataError: there are to be sessions by gaps, and not every event has a user and a time.
    """
    remarks = [] if found.remark is None else [found.remark]
    if found.in_sessions or found.users_are is not None:
        frame, remark = _with_times_in_sessions(frame)
        remarks += [] if remark is None else [remark]
    if wish.gap is not None:
        frame, remark = _with_sessions_by_gap(frame, wish.gap, source)
        remarks.append(remark)
    return frame, remarks


def _with_times_in_sessions(frame: pl.DataFrame) -> tuple[pl.DataFrame, str | None]:
    """Events at the time within a session where times are days alone, and a remark on it."""
    names = [name for name in frame.columns if plain_name(name) in _OFFSETS]
    if not names or "time" not in frame.columns or not frame.schema[names[0]].is_integer():
        return frame, None
    times = frame["time"].drop_nulls()
    if not len(times) or (times.dt.truncate("1d") != times).any():
        return frame, None
    offset = pl.duration(milliseconds=pl.col(names[0]).fill_null(0))
    remark = f"{names[0]} is the time within a session in ms, and is added to its day"
    return frame.with_columns(pl.col("time") + offset), remark


def _with_sessions_by_gap(
    frame: pl.DataFrame, gap: timedelta, source: str
) -> tuple[pl.DataFrame, str]:
    """Events with the session that each is in, which a longer gap than this ends.

    A session is called by its user and the time of its first event, so that a later part of the
    log gives other names to other sessions.

    Args:
        frame: with `user` and `time`.
        gap: the longest time between two events of a session.
        source: its name in messages.

    Raises:
        DataError: not every event has a user and a time.
    """
    for column, option in (("time", "--time"), ("user", "--user")):
        missing = len(frame) if column not in frame.columns else frame[column].null_count()
        if missing:
            raise DataError(
                f"{source}: sessions by gaps need a {column} on every event, and "
                f"{counted(missing, 'event has', 'events have')} none; name the column with "
                f"{option}, or name a column of sessions with --session (session=…)."
            )
    ids = frame["user"].to_physical().rank("dense").cast(pl.Int32) - 1
    places = event_order(frame.select("time").with_columns(ids.alias("user")), len(frame))
    ordered = frame.select("user", pl.col("time").cast(pl.Datetime("us")))[places]
    is_new = ordered.select(
        ((pl.col("user") != pl.col("user").shift()) | (pl.col("time").diff() > gap)).fill_null(True)
    ).to_series()
    names = with_texts(ordered.filter(is_new), "user").select(
        pl.format("{} {}", "user", pl.col("time").dt.to_string("%Y-%m-%dT%H:%M:%S%.f"))
    )
    number = np.empty(len(frame), np.uint32)
    number[places] = np.cumsum(is_new.to_numpy()) - 1
    sessions = names.to_series().gather(number).alias(BASKET)
    n = len(names)
    return frame.with_columns(sessions), (
        f"{counted(n, 'session')}, which end where more than {_words(gap)} lies between two events "
        "of a user"
    )


def _is_session(column: str) -> bool:
    return plain_name(column) in SESSION_NAMES


def n_missing(users: pl.Series) -> int:
    """How many records have no user."""
    return (without_missing(users) if users.dtype == pl.String else users).null_count()


def _words(gap: timedelta) -> str:
    minutes = gap.total_seconds() / 60
    return f"{minutes:g} min" if minutes < 120 else f"{minutes / 60:g} hours"
