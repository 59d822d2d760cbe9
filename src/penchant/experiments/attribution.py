"""Which of the lists that were shown an outcome came of."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import polars as pl

from penchant.data.polars_frames import Frame
from penchant.errors import ParameterError
from penchant.experiments.frames import checked_outcomes, checked_shown
from penchant.notebook import ShownAsText
from penchant.results.formatting import join_names
from penchant.wording import counted

logger = logging.getLogger(__name__)

SUCCESS = ("rating", "like", "purchase")
"""Kinds of outcomes that are a success where nothing else is said."""
WINDOW = timedelta(days=7)

_KINDS = ("rating", "like", "dislike", "seen", "purchase")
_CONDITION = re.compile(r"(?P<kind>[^<>=]+?)\s*(?P<sign>>=|>)\s*(?P<least>[-+.\deE]+)")


@dataclass(frozen=True, eq=False)
class Attribution(ShownAsText):
    """Shown lists with the successes that came of them.

    Attributes:
        shown: the rows of `checked_shown`, by time.
        successes: a row for each success that came of a list, with `list`, `position`, `kind`,
            `value` and `time` (of the success).
        n_outcomes: successes in all, those after no list included.
        kinds: what counts as a success.
        window: how long after a list something may come of it.
    """

    shown: pl.DataFrame
    successes: pl.DataFrame
    n_outcomes: int
    kinds: tuple[str, ...]
    window: timedelta

    @cached_property
    def lists(self) -> pl.DataFrame:
        """A row for each list, by time: `list`, `user`, `time`, and `arm` where there are any."""
        columns = [name for name in ("user", "time", "arm") if name in self.shown.columns]
        return self.shown.group_by("list", maintain_order=True).agg(pl.col(*columns).first())

    def __str__(self) -> str:
        successes = counted(self.n_outcomes, "success", "successes")
        came = f"came within {span(self.window)} of a list that showed the item"
        kinds = join_names(self.kinds, "or")
        if len(self.successes) == self.n_outcomes:
            return (
                f"All {successes} ({kinds}) {came}."
                if self.n_outcomes
                else f"No outcome is a success ({kinds})."
            )
        return f"{len(self.successes):,} of {successes} ({kinds}) {came}; the others do not count."


def attribute_outcomes(
    shown: Frame,
    outcomes: Frame,
    *,
    success: Sequence[str] = SUCCESS,
    window: timedelta = WINDOW,
) -> Attribution:
    """Find of which shown list each success came.

    A success counts once, for the latest list of the same user that held the item and was shown
    before it, within the window.

    Args:
        shown: a row for each position of each list, with `list`, `user`, `time`, `position` (from
            1) and `item`, and further columns.
        outcomes: with `user`, `item`, `kind` and `time`, and `value` where there is one.
        success: kinds of outcomes that are a success; `rating>=4` counts those of 4 or more.
        window: how long after a list something may come of it.

    Raises:
        DataError: a table lacks columns, or has values that cannot be used.
        ParameterError: the window or a kind of success is impossible.
    """
    if window <= timedelta(0):
        raise ParameterError("The window in which outcomes count is longer than nothing.")
    rows = checked_shown(shown).sort("time", "list", "position")
    events = checked_outcomes(outcomes)
    wins = events.filter(_is_success(events, success)).sort("time", maintain_order=True)
    credited = wins.select("user", "item", "kind", "value", "time").join_asof(
        rows.select("user", "item", "list", "position", "time"),
        on="time",
        by=["user", "item"],
        strategy="backward",
        tolerance=window,
        check_sortedness=False,
    )
    credited = credited.filter(pl.col("list").is_not_null())
    return Attribution(
        shown=rows,
        successes=credited.select("list", "position", "kind", "value", "time"),
        n_outcomes=len(wins),
        kinds=tuple(success),
        window=window,
    )


def _is_success(events: pl.DataFrame, success: Sequence[str]) -> pl.Expr:
    """Whether an outcome is a success."""
    if isinstance(success, str) or not success:
        raise ParameterError("Say with a list of kinds what is a success, such as ['like'].")
    there = events["kind"].unique().sort().to_list()
    chosen = pl.lit(False)
    for condition in success:
        match = _CONDITION.fullmatch(condition)
        kind = match["kind"] if match else condition
        if kind not in _KINDS and kind not in there:
            raise ParameterError(
                f"There is no kind of outcome {condition!r}: known are "
                f"{', '.join(dict.fromkeys((*_KINDS, *there)))}, and with a least value, such as "
                "rating>=4."
            )
        if kind not in there and tuple(success) != SUCCESS:
            logger.info(f"No outcome is of the kind {kind!r}.")
        one = pl.col("kind") == kind
        if match:
            try:
                least = float(match["least"])
            except ValueError:
                raise ParameterError(f"{condition!r} has no number after it.") from None
            value = pl.col("value")
            one &= (value >= least if match["sign"] == ">=" else value > least).fill_null(False)
        chosen |= one
    return chosen


def span(window: timedelta) -> str:
    """A span of time in days or hours."""
    days = window / timedelta(days=1)
    return counted(int(days), "day") if days == int(days) else f"{24 * days:g} hours"
