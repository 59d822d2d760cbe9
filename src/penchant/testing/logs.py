"""Small logs with something planted in them that a model should find, or with nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.typing import AnyArray, Bool, Int64

SCALE = (1.0, 5.0)
GENRES = ("calm", "dark", "funny", "long", "loud", "odd")
"""What the items of every log here have up to three of, in the column `genres`."""
_START = np.datetime64("2020-01-01", "us")


def planted_pairs(
    *, n_users: int = 80, n_items: int = 40, groups: int = 2, seed: int = 0, **options: Any
) -> Dataset:
    """Users who like the items of their own group and have tried, and disliked, a few others.

    Which items somebody has says which further ones they will have; all items are about
    equally popular. Ratings are 4 or 5 inside the group and 1 or 2 outside it.

    Args:
        n_users: users, dealt to the groups in turn.
        n_items: items, dealt to the groups in turn.
        groups: how many tastes there are.
        seed: decides everything random.
        options: see `build`.
    """
    rng = np.random.default_rng(seed)
    users, items, ratings = [], [], []
    of_item = np.arange(n_items) % groups
    for user in range(n_users):
        own, other = (np.flatnonzero((of_item == user % groups) == mine) for mine in (True, False))
        liked = rng.choice(own, max(2, len(own) * 3 // 5), replace=False)
        tried = rng.choice(other, max(1, len(other) // 7), replace=False)
        users.append(np.full(len(liked) + len(tried), user))
        items.append(np.concatenate([liked, tried]))
        ratings.append(
            np.concatenate(
                [4 + rng.integers(2, size=len(liked)), 1 + rng.integers(2, size=len(tried))]
            )
        )
    return build(
        np.concatenate(users),
        np.concatenate(items),
        np.concatenate(ratings),
        rng=rng,
        n_items=n_items,
        name="planted pairs",
        **options,
    )


def planted_popularity(
    *, n_users: int = 80, n_items: int = 40, per_user: int = 8, seed: int = 0, **options: Any
) -> Dataset:
    """Users who all draw from the same few popular items; ratings say nothing.

    Args:
        n_users: users.
        n_items: items; the chance of the n-th most popular one falls as 1 / n².
        per_user: events of each user.
        seed: decides everything random, also which items are popular.
        options: see `build`.
    """
    rng = np.random.default_rng(seed)
    chance = rng.permutation(1 / np.arange(1, n_items + 1) ** 2)
    items = [
        rng.choice(n_items, per_user, replace=False, p=chance / chance.sum())
        for _ in range(n_users)
    ]
    users = np.repeat(np.arange(n_users), per_user)
    ratings = rng.integers(1, 6, len(users))
    return build(
        users,
        np.concatenate(items),
        ratings,
        rng=rng,
        n_items=n_items,
        name="planted popularity",
        **options,
    )


def planted_ratings(
    *, n_users: int = 80, n_items: int = 40, per_user: int = 16, seed: int = 0, **options: Any
) -> Dataset:
    """Who has what is random, but ratings depend on the user, on the item and on taste.

    A rating is 3 + what the user adds + what the item adds + taste + noise, in half stars; taste
    is the product of a plus or minus one half of the user and a plus or minus one of the item.

    Args:
        n_users: users.
        n_items: items.
        per_user: events of each user.
        seed: decides everything random.
        options: see `build`.
    """
    rng = np.random.default_rng(seed)
    users, items = _anything(rng, n_users, n_items, per_user)
    of_user, of_item = rng.normal(0, 0.6, n_users), rng.normal(0, 0.6, n_items)
    taste = (np.arange(n_users) % 2 - 0.5)[users] * (np.arange(n_items) % 2 * 2 - 1)[items]
    exact = 3 + of_user[users] + of_item[items] + taste + rng.normal(0, 0.2, len(users))
    ratings = np.round(2 * exact).clip(2 * SCALE[0], 2 * SCALE[1]) / 2
    return build(users, items, ratings, rng=rng, n_items=n_items, name="planted ratings", **options)


def planted_attributes(
    *, n_users: int = 80, n_items: int = 60, per_user: int = 30, seed: int = 0, **options: Any
) -> Dataset:
    """Users who each like items of two genres and dislike those of two others.

    Who has what is random, and each user has a taste of their own, so that only the genres of
    what a user liked and disliked say what else they will like. A rating is 4 or 5 where an item
    has more liked genres than disliked ones, 1 or 2 where it has fewer, and otherwise 3.

    Args:
        n_users: users.
        n_items: items; a fourth of them has no genre, the others up to three.
        per_user: events of each user.
        seed: decides everything random.
        options: see `build`.
    """
    rng = np.random.default_rng(seed)
    users, items = _anything(rng, n_users, n_items, per_user)
    of_item = _some_genres(rng, np.arange(n_items) % 4)
    taste = rng.permuted(np.tile([1, 1, -1, -1, 0, 0], (n_users, 1)), axis=1)
    liked = np.sign((taste[users] * of_item[items]).sum(axis=1))
    ratings = 3 + liked * (1 + rng.integers(2, size=len(users)))
    return build(
        users,
        items,
        ratings,
        rng=rng,
        n_items=n_items,
        name="planted attributes",
        genres=of_item,
        **options,
    )


def planted_sequences(
    *, n_users: int = 120, n_items: int = 42, per_user: int = 12, seed: int = 0, **options: Any
) -> Dataset:
    """Users who walk along one hidden circle of all items, and half of the time leap elsewhere.

    Only the order of events says what comes next: after each item half of the users take the next
    one of the circle, each user's last event too, which is the one to hold out. Items before and
    behind any of the history are equally often in the same histories; all are about equally
    popular, nobody has one twice, and ratings of 4 and 5 say nothing. Events of a user come in the
    order of time, or of rows where there are no times.

    Args:
        n_users: users.
        n_items: items, more than twice `per_user`.
        per_user: events of each user.
        seed: decides everything random, also which item follows which.
        options: see `build`.
    """
    rng = np.random.default_rng(seed)
    following = np.empty(n_items, np.int64)
    circle = rng.permutation(n_items)
    following[circle] = np.roll(circle, -1)
    walks = np.zeros((n_users, per_user), np.int64)
    for walk in walks:
        free = np.ones(n_items, np.bool_)
        for place in range(per_user):
            left, following_one = per_user - place, following[walk[place - 1]]
            # What comes before the last event must leave a step to it.
            possible = free & free[following] if left == 2 else free
            step = place > 0 and possible[following_one] and (left == 1 or rng.random() < 0.5)
            walk[place] = following_one if step else rng.choice(np.flatnonzero(possible))
            free[walk[place]] = False
    users = np.tile(np.arange(n_users), per_user)
    return build(
        users,
        walks.T.ravel(),
        4 + rng.integers(2, size=len(users)),
        rng=rng,
        n_items=n_items,
        name="planted sequences",
        in_order=True,
        **options,
    )


def planted_nothing(
    *, n_users: int = 80, n_items: int = 40, per_user: int = 12, seed: int = 0, **options: Any
) -> Dataset:
    """Random items with random ratings: whoever finds something here has looked at the answers.

    Args:
        n_users: users.
        n_items: items.
        per_user: events of each user.
        seed: decides everything random.
        options: see `build`.
    """
    rng = np.random.default_rng(seed)
    users, items = _anything(rng, n_users, n_items, per_user)
    ratings = rng.integers(1, 6, len(users))
    return build(users, items, ratings, rng=rng, n_items=n_items, name="planted nothing", **options)


def build(
    users: Int64,
    items: Int64,
    ratings: AnyArray,
    *,
    rng: np.random.Generator,
    n_items: int,
    name: str,
    string_ids: bool = False,
    with_ratings: bool = True,
    with_times: bool = True,
    cold_items: int = 0,
    genres: Bool | None = None,
    in_order: bool = False,
) -> Dataset:
    """A log of these events in a random order, one an hour in another random order.

    The item table has titles, and genres that say nothing of the events unless they are given.

    Args:
        users: int64[n_events], numbers from 0.
        items: int64[n_events], numbers from 0.
        ratings: [n_events].
        rng: decides both orders, and genres that are not given.
        n_items: the items that stand in the item table.
        name: what the log is called.
        string_ids: ids such as `u007` and `i012` instead of integers, which start at 1.
        with_ratings: whether events have ratings.
        with_times: whether events have times.
        cold_items: how many further items stand in the item table and have no events; each of
            them has a genre.
        genres: bool[n_items, 6], which of `GENRES` each item has.
        in_order: whether the events are in the order of their times, or without times of their
            rows.
    """
    # A generator of its own: what genres draw must not change the events.
    own = rng.spawn(1)[0]
    counts = own.permutation(np.arange(n_items) % 4)
    drawn = _some_genres(own, np.append(counts, 1 + np.arange(cold_items) % 3))
    if genres is not None:
        drawn[:n_items] = genres
    order = np.arange(len(users)) if in_order and not with_times else rng.permutation(len(users))
    everything = np.arange(n_items + cold_items)
    columns = {
        "user": _ids(users[order], "u", string_ids),
        "item": _ids(items[order], "i", string_ids),
    }
    if with_ratings:
        columns["rating"] = pl.Series(ratings[order], dtype=pl.Float32)
    if with_times:
        hours = order if in_order else rng.permutation(len(order))
        columns["time"] = pl.Series(_START + hours * np.timedelta64(1, "h"))
    table = pl.DataFrame(
        {
            "item": _ids(everything, "i", string_ids),
            "title": [f"Item number {n + 1}" for n in everything],
            "genres": pl.Series(
                [[GENRES[g] for g in np.flatnonzero(row)] for row in drawn],
                dtype=pl.List(pl.String),
            ),
        }
    )
    return Dataset.from_frame(
        pl.DataFrame(columns),
        item_table=table,
        name=name,
        scale=SCALE if with_ratings else None,
    )


def _anything(
    rng: np.random.Generator, n_users: int, n_items: int, per_user: int
) -> tuple[Int64, Int64]:
    """Distinct items for each user, all with the same chance."""
    items = [rng.choice(n_items, per_user, replace=False) for _ in range(n_users)]
    return np.repeat(np.arange(n_users), per_user), np.concatenate(items)


def _some_genres(rng: np.random.Generator, counts: Int64) -> Bool:
    """bool[n_items, 6], which genres items have that have so many, all with the same chance."""
    places = rng.permuted(np.tile(np.arange(len(GENRES)), (len(counts), 1)), axis=1)
    chosen: Bool = places < counts[:, None]
    return chosen


def _ids(numbers: Int64, letter: str, strings: bool) -> pl.Series:
    if strings:
        return pl.Series([f"{letter}{n + 1:03d}" for n in numbers], dtype=pl.String)
    return pl.Series(numbers + 1)
