"""The time in which all arms of an experiment were shown, side by side."""

from __future__ import annotations

import polars as pl

from penchant.errors import DataError
from penchant.results.formatting import join_names
from penchant.wording import counted

_CHANCE = 0.001  # with which an arm of its share has no list for so long
_FEWEST = 30  # lists below which nothing can be told


def parallel_lists(shown: pl.DataFrame) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows of the time in which every arm was shown, and what was left out, in sentences.

    Before an arm begins and after it ends, the others alone are shown, and their figures are those
    of other days and of other users. A beginning or an end is an arm's if without it there would
    hardly be so many lists without one of the arm.

    Args:
        shown: rows of lists with `list`, `time`, `arm`, and `model` where it is known.

    Raises:
        DataError: there is no such time.
    """
    lists = shown.sort("time", "list").group_by("list", maintain_order=True).agg(pl.all().first())
    n = len(lists)
    arms = (
        lists.with_row_index("place")
        .group_by("arm")
        .agg(pl.col("place").min().alias("first"), pl.col("place").max().alias("last"))
    )
    begin = arms.sort("first", "arm").row(-1, named=True)
    end = arms.sort("last", "arm").row(0, named=True)
    first, last = begin["first"], end["last"]
    if last < first:
        if n < _FEWEST:
            return shown, ()
        raise DataError(
            f"The arms {end['arm']!r} and {begin['arm']!r} were never shown at the same time, so "
            "that they cannot be compared."
        )
    window = lists[first : last + 1]
    share = dict(window.group_by("arm").agg(pl.len() / len(window)).iter_rows())
    notes = []
    kept = shown
    if first and (1 - share[begin["arm"]]) ** first < _CHANCE:
        start = lists["time"][first]
        kept = kept.filter(pl.col("time") >= start)
        notes.append(_left_out(first, f"before {begin['arm']!r} began ({start:%Y-%m-%d %H:%M})"))
    if last < n - 1 and (1 - share[end["arm"]]) ** (n - 1 - last) < _CHANCE:
        stop = lists["time"][last]
        kept = kept.filter(pl.col("time") <= stop)
        notes.append(_left_out(n - 1 - last, f"after {end['arm']!r} ended ({stop:%Y-%m-%d %H:%M})"))
    return kept, (*notes, *_models(kept))


def _left_out(n: int, when: str) -> str:
    return f"{counted(n, 'list')} shown {when} {'is' if n == 1 else 'are'} left out."


def _models(shown: pl.DataFrame) -> tuple[str, ...]:
    """What to say of arms with lists of other models, of another arm or of an older bundle."""
    if "model" not in shown.columns:
        return ()
    lists = shown.unique("list", keep="any").drop_nulls("model").group_by("arm", "model").len()
    lists = lists.sort("arm", "len", "model", descending=[False, True, False])
    main = lists.group_by("arm", maintain_order=True).first().select("arm", "model")
    others = main.select("model", pl.col("arm").alias("of")).unique("model", keep="first")
    others = lists.join(main, on=["arm", "model"], how="anti").join(
        others, on="model", how="left", maintain_order="left"
    )
    notes = [
        f"The model of {of!r} made {counted(n, 'list')} of the arm {arm!r}, as where a model fails "
        "and another one answers: users are compared by the arm that they were assigned."
        for arm, _, n, of in others.drop_nulls("of").iter_rows()
    ]
    arms = others.filter(pl.col("of").is_null())["arm"].unique().sort().to_list()
    if not arms:
        return tuple(notes)
    noun = "arm" if len(arms) == 1 else "arms"
    return (
        *notes,
        f"The {noun} {join_names([repr(arm) for arm in arms])} had several models in this time, "
        "all of which count: leave out what is older with since= (--since).",
    )
