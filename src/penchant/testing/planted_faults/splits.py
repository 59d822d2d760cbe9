"""Faults of splits: copies, the future, a shifted test part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.auditing.material import Material
from penchant.data.splits import TEST, TRAIN, Split
from penchant.testing.planted_faults.logs import as_split, split_at_random, synthetic_log


def copied_events(strength: float, seed: int) -> Material:
    """A fifth of the test events stands in training, too."""
    log = synthetic_log(seed)
    return Material(split=_copied(split_at_random(log), 0.2 * strength, log.rng))


def copied_pairs(strength: float, seed: int) -> Material:
    """A fifth of the test events stands in training, too, in a log without times."""
    log = synthetic_log(seed)
    return Material(split=_copied(split_at_random(log, times=False), 0.2 * strength, log.rng))


def copied_texts(strength: float, seed: int) -> Material:
    """Half of the test texts repeat a training text of the user with other punctuation."""
    log = synthetic_log(seed)
    split = split_at_random(log, texts=True)
    test, texts = split.sides == TEST, list(log.text)
    of_user: dict[int, list[int]] = {}
    for at in np.flatnonzero(~test):
        if len(texts[at]) > 30:
            of_user.setdefault(int(log.user[at]), []).append(int(at))
    for at in np.flatnonzero(test & (log.rng.random(len(log)) < 0.5 * strength)):
        own = of_user.get(int(log.user[at]))
        if own:
            texts[at] = texts[own[int(log.rng.integers(len(own)))]].upper().replace(" ", "  ")
    frame = log.frame(texts=True).with_columns(text=pl.Series(texts))
    return Material(split=as_split(frame, split.sides, "random"))


def copies(strength: float, seed: int) -> Material:
    """Thirty in a hundred events of a log stand in it twice."""
    log = synthetic_log(seed)
    frame = log.frame()
    twice = frame.filter(pl.Series(log.rng.random(len(frame)) < 0.3 * strength))
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
    log = synthetic_log(seed)
    sides = np.where(np.arange(len(log)) >= 0.8 * len(log), TEST, TRAIN).astype(np.uint8)
    sides[log.time >= log.time[int(0.8 * len(log))]] = TEST
    early, late = np.flatnonzero(sides == TRAIN), np.flatnonzero(sides == TEST)
    n = int(0.3 * strength * len(late))
    sides[log.rng.choice(early, n, replace=False)] = TEST
    sides[log.rng.choice(late, n, replace=False)] = TRAIN
    return Material(split=as_split(log.frame(), sides), claimed="time")


def random_not_time(strength: float, seed: int) -> Material:
    """A split by row of which nothing is said; strength mixes it with one by time."""
    log = synthetic_log(seed)
    sides = np.where(np.arange(len(log)) >= 0.8 * len(log), TEST, TRAIN).astype(np.uint8)
    drawn = log.rng.random(len(log)) < strength
    sides[drawn] = np.where(log.rng.random(int(drawn.sum())) < 0.2, TEST, TRAIN)
    return Material(split=as_split(log.frame(), sides))


def shifted_popularity(strength: float, seed: int) -> Material:
    """Test events are drawn in proportion to their item's popularity cubed."""
    log = synthetic_log(seed)
    counts = np.bincount(log.item, minlength=log.n_items)[log.item].astype(float)
    chance = counts ** (3 * strength)
    test = log.rng.choice(len(log), len(log) // 5, replace=False, p=chance / chance.sum())
    sides = np.zeros(len(log), np.uint8)
    sides[test] = TEST
    return Material(split=as_split(log.frame(times=False), sides))


def cold_items(strength: float, seed: int) -> Material:
    """All test events are on items that training does not have."""
    log = synthetic_log(seed)
    split = split_at_random(log)
    item = log.item.copy()
    some = np.flatnonzero((split.sides == TEST) & (log.rng.random(len(log)) < strength))
    item[some] = log.n_items + log.rng.integers(0, 40, len(some))
    frame = log.frame().with_columns(item=pl.Series(item + 1)).with_columns(side=split.sides)
    frame = frame.unique(["user", "item"], keep="first", maintain_order=True)
    return Material(split=as_split(frame.drop("side"), frame["side"].to_numpy(), "random"))


def tied_times(strength: float, seed: int) -> Material:
    """Each user's last event, which is held out, is of the time of the one before it."""
    log = synthetic_log(seed)
    order = np.lexsort((log.time, log.user))
    last = np.append(log.user[order][1:] != log.user[order][:-1], True)
    at, before = order[last], order[np.flatnonzero(last) - 1]
    tied = log.rng.random(len(at)) < strength
    time = log.time.copy()
    time[at[tied]] = time[before[tied]]
    sides = np.zeros(len(log), np.uint8)
    sides[at] = TEST
    frame = log.frame().with_columns(time=pl.Series(time).cast(pl.Datetime("us")))
    return Material(split=as_split(frame, sides), claimed="per-user")


def tied_histories(strength: float, seed: int) -> Material:
    """The two events before each user's last one, which is held out, have one time."""
    log = synthetic_log(seed)
    order = np.lexsort((log.time, log.user))
    last = np.flatnonzero(np.append(log.user[order][1:] != log.user[order][:-1], True))
    tied = log.rng.random(len(last)) < strength
    time = log.time.copy()
    time[order[last - 1][tied]] = time[order[last - 2][tied]]
    sides = np.zeros(len(log), np.uint8)
    sides[order[last]] = TEST
    frame = log.frame().with_columns(time=pl.Series(time).cast(pl.Datetime("us")))
    return Material(split=as_split(frame, sides, "leave-last-out"))


def sampled_negatives(strength: float, seed: int) -> Material:
    """Each user's test items are ranked among a twentieth of the items only."""
    log = synthetic_log(seed)
    split = split_at_random(log)
    test, n_items = split.test, split.log.n_items
    n = max(1, round((1 - 0.95 * strength) * n_items))
    drawn = np.argsort(log.rng.random((test.n_users, n_items)), axis=1)[:, :n]
    most = int(np.diff(test.offsets).max())
    candidates = np.full((test.n_users, n + most), -1, np.int32)
    candidates[:, :n] = drawn
    place = np.arange(len(test)) - test.offsets[test.rows.history]
    candidates[test.rows.history, n + place] = test.items
    return Material(split=replace(split, candidates=candidates, negatives=n))


def unstated_split(strength: float, seed: int) -> Material:
    """A split drawn at random comes without its seed; below strength 1 some do."""
    log = synthetic_log(seed)
    lost = log.rng.random() < strength
    split = split_at_random(log)
    return Material(split=replace(split, seed=None if lost else seed))


def _copied(split: Split, share: float, rng: np.random.Generator) -> Split:
    frame = split.log.frame().drop("row")
    some = (split.sides == TEST) & (rng.random(len(frame)) < share)
    sides = np.append(split.sides, np.zeros(int(some.sum()), np.uint8))
    return as_split(pl.concat([frame, frame.filter(pl.Series(some))]), sides, "random")
