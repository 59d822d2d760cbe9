"""Join the users of a second log to the training events of a first one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.splits import TRAIN, Split
from penchant.errors import DataError
from penchant.transfer.item_matching import WAYS, ItemMatches, On, match_items
from penchant.typing import Bool, Int64

logger = logging.getLogger(__name__)

_SAME_EVENTS = 3  # equal items, ratings and times that make two users the same person


@overload
def joined(log: Split, other: Dataset, *, on: On = ..., same_users: bool = ...) -> Split: ...


@overload
def joined(log: Dataset, other: Dataset, *, on: On = ..., same_users: bool = ...) -> Dataset: ...


def joined(
    log: Dataset | Split, other: Dataset, *, on: On = "title", same_users: bool = False
) -> Dataset | Split:
    """A log, or the training part of a split, that gains the users of a second log.

    Events of the second log on items that the first one has, too, become training events of
    further users. Items, their table and the scale of ratings stay those of the first log; other
    events of the second log are left out. Of a split, validation and test events stay the same,
    and nothing of them enters: texts are matched by what training events hold; in a split by time
    or by sessions only events from before what is held out are joined, and with cold items none of
    theirs; and a user of the second log who has three or more events of the first log, with equal
    item, rating and time, is taken for the same person and left out, since whatever was held out
    may be among that user's events. What was joined and what left out is said, and is part of the
    split's sentence.

    Args:
        log: the first log, or a split of it.
        other: the second log.
        on: how items are matched: `item` (equal ids), `title` (with the year) or `text`; see
            `penchant.transfer.match_items`.
        same_users: whether equal user ids are the same person in both logs, who then has both
            histories, but for events on items that the first log knows of that user, and for
            events from after the user's first held-out one.

    Raises:
        DataError: no item is in both logs, ratings are missing in one of them, or user ids are of
            different types where they are to be the same.

    Example:
        >>> log, users = planted_pairs(n_users=60), pl.col("user") < 20
        >>> shop, other = pn.where(log, users), pn.where(log, ~users)
        >>> pn.joined(shop, other, on="item").n_users
        60
    """
    split = log if isinstance(log, Split) else None
    own = split.train if split is not None else log
    require_log(own)
    require_log(other)
    assert isinstance(own, Dataset)
    matches = match_items(own, other, on)
    whole = split.log if split is not None else own
    selection = _Selection.of(whole, split, other, matches, same_users)
    events = selection.events
    if events.is_empty():
        raise DataError(
            f"No event of {other.name!r} can be joined to {whole.name!r} ({selection.sentence}): "
            "match items in another way (item, title or text), or leave the second log out."
        )
    new = _joined(whole, other, events, same_users)
    logger.info(f"{whole.name}: {selection.sentence}")
    if split is None:
        return new
    sides = np.concatenate([split.sides, np.full(len(events), TRAIN, np.uint8)])
    sentence = f"{split.sentence} {selection.sentence}"
    return replace(split, log=new, sides=sides, sentence=sentence)


@dataclass(frozen=True, eq=False)
class _Selection:
    """The events of a second log that are joined, with the first log's item indices."""

    events: pl.DataFrame
    sentence: str

    @classmethod
    def of(
        cls,
        log: Dataset,
        split: Split | None,
        other: Dataset,
        matches: ItemMatches,
        same_users: bool,
    ) -> _Selection:
        if log.has_ratings and not other.has_ratings:
            raise DataError(
                f"The log {other.name!r} has no ratings and {log.name!r} has some: read "
                f"{log.name!r} without them, or leave the second log out."
            )
        events = other.events.with_columns(
            item=pl.Series(matches.items[other.events["item"].to_numpy()])
        ).filter(pl.col("item") >= 0)
        events = _rescaled(events, log, other)
        omitted = []
        for keep, reason in (
            _not_the_same_person(log, other, events),
            *_unspoiled(split, events),
            *_of_known_users(log, split, other, events if same_users else None),
        ):
            if keep is not None and not keep.all():
                omitted.append((keep, reason))
        kept = np.ones(len(events), bool)
        notes = []
        for keep, reason in omitted:
            notes.append(f"{int((kept & ~keep).sum()):,} {reason}")
            kept &= keep
        events = events.filter(pl.Series(kept))
        left_out = f"; left out are {' and '.join(notes)}" if notes else ""
        return cls(
            events,
            f"Training also has {len(events):,} events of {events['user'].n_unique():,} users of "
            f"{other.name}, {matches.n_matched:,} of whose {len(matches.items):,} items were "
            f"matched {WAYS[matches.on]}{left_out}.",
        )


def _rescaled(events: pl.DataFrame, log: Dataset, other: Dataset) -> pl.DataFrame:
    """Ratings on the scale of the first log: the highest one is the same in both."""
    if not log.has_ratings:
        return events.drop("rating", strict=False)
    ours, theirs = log.scale, other.scale
    if ours is None or theirs is None:
        tops = [each.rating_range for each in (log, other)]
        if tops[0] and tops[1] and tops[0][1] != tops[1][1]:
            logger.warning(
                f"Ratings of {other.name} go up to {tops[1][1]:g} and those of {log.name} to "
                f"{tops[0][1]:g}, and are taken as they are, since not both scales are known."
            )
        return events
    if ours[1] == theirs[1]:
        return events
    share = (pl.col("rating") - theirs[0]) / (theirs[1] - theirs[0])
    logger.info(
        f"Ratings of {other.name} from {theirs[0]:g} to {theirs[1]:g} are brought to "
        f"{ours[0]:g} to {ours[1]:g}."
    )
    return events.with_columns(rating=(ours[0] + share * (ours[1] - ours[0])).cast(pl.Float32))


def _not_the_same_person(
    log: Dataset, other: Dataset, events: pl.DataFrame
) -> tuple[Bool | None, str]:
    """Events of users who have no events of the first log, with item, rating and time."""
    keys = [
        c for c in ("item", "rating", "time") if c in log.events.columns and c in events.columns
    ]
    if "time" not in keys:
        return None, ""
    ours = log.events.select("user", *keys).drop_nulls().rename({"user": "own"})
    both = events.select("user", *keys).unique().join(ours.unique(), on=keys)
    same = both.group_by("user", "own").len().filter(pl.col("len") >= _SAME_EVENTS)
    people = same["user"].unique()
    keep = ~events["user"].is_in(people.implode()).to_numpy()
    return keep, f"events of {len(people):,} users who are in both logs"


def _unspoiled(split: Split | None, events: pl.DataFrame) -> list[tuple[Bool | None, str]]:
    """Events from before what is held out by time or by sessions, and of no cold item."""
    if split is None:
        return []
    before, warm = split.unspoiled(events)
    if before is not None and "time" not in events.columns:
        logger.warning(
            "The second log has no times, so that some of its events may be later than the test "
            "events of the first."
        )
        before = None
    return [(before, "from after the training events"), (warm, "on items that are held out")]


def _of_known_users(
    log: Dataset, split: Split | None, other: Dataset, events: pl.DataFrame | None
) -> list[tuple[Bool | None, str]]:
    """Of users who are in both logs: events on other items, from before what is held out."""
    if events is None:
        return []
    user = _same_users(log, other)[events["user"].to_numpy()]
    pair = user.astype(np.int64) * log.n_items + events["item"].to_numpy()
    found = [(~np.isin(pair, log.pairs) | (user < 0), "on items that the user had in both logs")]
    if split is not None and "time" in events.columns and log.has_times:
        held = log.events.filter(pl.Series(split.sides != TRAIN))
        first = np.full(log.n_users + 1, np.iinfo(np.int64).max)  # the last stands for others
        np.minimum.at(first, held["user"].to_numpy(), held["time"].to_physical().to_numpy())
        times = events["time"].to_physical().fill_null(np.iinfo(np.int64).min).to_numpy()
        found.append((times < first[user], "from after the user's first held-out event"))
    return list(found)


def _same_users(log: Dataset, other: Dataset) -> Int64:
    """int64[n_users of the second log], the first log's user of the same id; -1 for others."""
    if log.users.kind != other.users.kind:
        raise DataError(
            f"The user ids of {log.name!r} are {log.users.kind}s and those of {other.name!r} "
            f"{other.users.kind}s, so that no user can be the same."
        )
    return log.users.indices(other.users.ids).astype(np.int64)


def _joined(log: Dataset, other: Dataset, events: pl.DataFrame, same_users: bool) -> Dataset:
    """The first log's events, and after them those of the second under its users' new ids."""
    ids = other.users.ids if same_users else _new_ids(log, other)
    frame = events.with_columns(
        user=ids.gather(events["user"]), item=log.items.take(events["item"].to_numpy())
    )
    own = log.frame()
    kept = [c for c in ("user", "item", "rating", "time", "row") if c in own.columns]
    frame = frame.select(c for c in kept if c in frame.columns)
    if "weight" in own.columns:
        weight = events["weight"] if "weight" in events.columns else pl.lit(1.0, pl.Float32)
        frame = frame.with_columns(weight=weight)
    table = log.item_table
    if table is None:
        table = log.items.ids.alias("item").to_frame()
    new = Dataset.from_frame(
        pl.concat([own, frame], how="diagonal"),
        user_table=log.user_table,
        item_table=table,
        name=f"{log.name} + {other.name}",
        scale=log.scale,
        positive=log.positive,
        in_sessions=log.in_sessions,
        origin=log.origin,
        anonymous=log.anonymous_frame(),
    )
    return replace(new, item_table=log.item_table)


def _new_ids(log: Dataset, other: Dataset) -> pl.Series:
    """An id for each user of the second log that nobody has in the first."""
    if log.users.kind == "string":
        return pl.Series([f"{other.name}:{user}" for user in other.users.ids])
    largest = int(log.users.ids.max() or 0)  # type: ignore[arg-type]
    start = 10 ** len(str(max(largest, 0)))
    if other.users.kind == "string" or int(other.users.ids.min() or 0) < 0:  # type: ignore[arg-type]
        return pl.Series(np.arange(other.n_users) + start)
    return pl.Series(other.users.ids.to_numpy() + start)
