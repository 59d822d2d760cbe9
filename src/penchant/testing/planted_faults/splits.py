"""Faults of splits: copies, the future, a shifted test part."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.auditing.material import Material
from penchant.data.splits import TEST, TRAIN, Split
from penchant.testing.planted_faults.logs import as_split, split_at_random, world


def copied_events(strength: float, seed: int) -> Material:
    """A fifth of the test events stands in training, too."""
    made = world(seed)
    return Material(split=_copied(split_at_random(made), 0.2 * strength, made.rng))


def copied_pairs(strength: float, seed: int) -> Material:
    """A fifth of the test events stands in training, too, in a log without times."""
    made = world(seed)
    return Material(split=_copied(split_at_random(made, times=False), 0.2 * strength, made.rng))


def copied_texts(strength: float, seed: int) -> Material:
    """Half of the test texts repeat a training text of the user with other punctuation."""
    made = world(seed)
    split = split_at_random(made, texts=True)
    test, texts = split.sides == TEST, list(made.text)
    of_user: dict[int, list[int]] = {}
    for at in np.flatnonzero(~test):
        if len(texts[at]) > 30:
            of_user.setdefault(int(made.user[at]), []).append(int(at))
    for at in np.flatnonzero(test & (made.rng.random(len(made)) < 0.5 * strength)):
        own = of_user.get(int(made.user[at]))
        if own:
            texts[at] = texts[own[int(made.rng.integers(len(own)))]].upper().replace(" ", "  ")
    frame = made.frame(texts=True).with_columns(text=pl.Series(texts))
    return Material(split=as_split(frame, split.sides, "random"))


def copies(strength: float, seed: int) -> Material:
    """Thirty in a hundred events of a log stand in it twice."""
    made = world(seed)
    frame = made.frame()
    twice = frame.filter(pl.Series(made.rng.random(len(frame)) < 0.3 * strength))
    whole = pl.concat([frame, twice])
    sides = np.where(np.arange(len(whole)) % 5 == 0, TEST, TRAIN).astype(np.uint8)
    # Copies stay on the side of what they are copies of, so that only the log shows them.
    first = {
        key: sides[n] for n, key in reversed(list(enumerate(whole.select("user", "item").rows())))
    }
    sides = np.array([first[key] for key in whole.select("user", "item").rows()], np.uint8)
    return Material(split=as_split(whole, sides, "random"))


def future_events(strength: float, seed: int) -> Material:
    """In a split said to be by time, three in ten test events were drawn from all of time."""
    made = world(seed)
    sides = np.where(np.arange(len(made)) >= 0.8 * len(made), TEST, TRAIN).astype(np.uint8)
    sides[made.time >= made.time[int(0.8 * len(made))]] = TEST
    early, late = np.flatnonzero(sides == TRAIN), np.flatnonzero(sides == TEST)
    n = int(0.3 * strength * len(late))
    sides[made.rng.choice(early, n, replace=False)] = TEST
    sides[made.rng.choice(late, n, replace=False)] = TRAIN
    return Material(split=as_split(made.frame(), sides), claimed="time")


def random_not_time(strength: float, seed: int) -> Material:
    """A split by row of which nothing is said; strength mixes it with one by time."""
    made = world(seed)
    sides = np.where(np.arange(len(made)) >= 0.8 * len(made), TEST, TRAIN).astype(np.uint8)
    drawn = made.rng.random(len(made)) < strength
    sides[drawn] = np.where(made.rng.random(int(drawn.sum())) < 0.2, TEST, TRAIN)
    return Material(split=as_split(made.frame(), sides))


def shifted_popularity(strength: float, seed: int) -> Material:
    """Test events are drawn in proportion to their item's popularity cubed."""
    made = world(seed)
    counts = np.bincount(made.item, minlength=made.n_items)[made.item].astype(float)
    chance = counts ** (3 * strength)
    test = made.rng.choice(len(made), len(made) // 5, replace=False, p=chance / chance.sum())
    sides = np.zeros(len(made), np.uint8)
    sides[test] = TEST
    return Material(split=as_split(made.frame(times=False), sides))


def cold_items(strength: float, seed: int) -> Material:
    """All test events are on items that training does not have."""
    made = world(seed)
    split = split_at_random(made)
    item = made.item.copy()
    some = np.flatnonzero((split.sides == TEST) & (made.rng.random(len(made)) < strength))
    item[some] = made.n_items + made.rng.integers(0, 40, len(some))
    frame = made.frame().with_columns(item=pl.Series(item + 1)).with_columns(side=split.sides)
    frame = frame.unique(["user", "item"], keep="first", maintain_order=True)
    return Material(split=as_split(frame.drop("side"), frame["side"].to_numpy(), "random"))


def tied_times(strength: float, seed: int) -> Material:
    """Each user's last event, which is held out, is of the time of the one before it."""
    made = world(seed)
    order = np.lexsort((made.time, made.user))
    last = np.append(made.user[order][1:] != made.user[order][:-1], True)
    at, before = order[last], order[np.flatnonzero(last) - 1]
    tied = made.rng.random(len(at)) < strength
    time = made.time.copy()
    time[at[tied]] = time[before[tied]]
    sides = np.zeros(len(made), np.uint8)
    sides[at] = TEST
    frame = made.frame().with_columns(time=pl.Series(time).cast(pl.Datetime("us")))
    return Material(split=as_split(frame, sides), claimed="per-user")


def _copied(split: Split, share: float, rng: np.random.Generator) -> Split:
    frame = split.log.frame().drop("row")
    some = (split.sides == TEST) & (rng.random(len(frame)) < share)
    sides = np.append(split.sides, np.zeros(int(some.sum()), np.uint8))
    return as_split(pl.concat([frame, frame.filter(pl.Series(some))]), sides, "random")
