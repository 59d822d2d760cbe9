"""Faults of predictions and lists: constants, one list for all, missing rows and baselines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.auditing.external_predictions import with_prediction_tables
from penchant.auditing.gather import with_files
from penchant.auditing.material import Lists, Material, Predictions
from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.results.tables import Entry, MetricValue, Table
from penchant.testing.planted_faults.logs import (
    SyntheticLog,
    as_split,
    split_at_random,
    synthetic_log,
)
from penchant.typing import Float64, Int32

_K = 10


def constant_predictions(strength: float, seed: int) -> Material:
    """The predictions are drawn all the way to their mean."""
    log, split, values = _predicted(seed)
    drawn = values.mean() + (1 - strength) * (values - values.mean())
    return _with_predictions(log, split, drawn)


def unlearned(strength: float, seed: int) -> Material:
    """The predictions are noise about the mean, of the spread of good ones; judged by the audit."""
    log, split, values = _predicted(seed)
    noise = log.rng.normal(values.mean(), values.std(), len(values))
    material = _with_predictions(log, split, strength * noise + (1 - strength) * values)
    return with_prediction_tables(material)


def same_list(strength: float, seed: int) -> Material:
    """Everyone is recommended the ten most popular items."""
    log, split = _split(seed)
    popular = np.argsort(-np.bincount(log.item, minlength=log.n_items), kind="stable")[:_K]
    users = np.unique(log.user)
    own = np.argsort(log.rng.random((len(users), log.n_items)), axis=1)[:, :_K]
    own[log.rng.random(len(users)) < strength] = popular
    lists = {"model": Lists(users.astype(np.int32), own.astype(np.int32))}
    return Material(split=split, lists=_known(lists, log, split))


def from_the_future(strength: float, seed: int) -> Material:
    """Half of the recommended items are first seen after the events that judge them."""
    log = synthetic_log(seed)
    middle = int(log.time[len(log) // 2])
    span = middle - int(log.time[0])
    # Half of the users are there in the first half only; half of the items come out after it.
    gone = log.rng.random(log.user.max() + 1) < 0.5
    late = log.rng.random(log.n_items) < 0.5
    time = log.time.copy()
    time[gone[log.user] & (time >= middle)] -= span
    item, early = log.item.copy(), np.flatnonzero(~late)
    swap = late[item] & (time < middle)
    item[swap] = log.rng.choice(early, int(swap.sum()))
    frame = log.frame().with_columns(
        item=pl.Series(item + 1), time=pl.Series(time).cast(pl.Datetime("us"))
    )
    sides = np.where(log.rng.random(len(log)) < 0.2, TEST, TRAIN).astype(np.uint8)
    split = as_split(frame.sort("time", maintain_order=True), sides)
    users = np.flatnonzero(gone)
    own = np.stack([log.rng.permutation(early)[:_K] for _ in users])
    new = log.rng.random(own.shape) < 0.5 * strength
    own[new] = log.rng.choice(np.flatnonzero(late), int(new.sum()))
    there = split.log.users.indices((users + 1).tolist())
    return Material(split=split, lists=_known({"model": Lists(there, own)}, log, split))


def training_rows(strength: float, seed: int) -> Material:
    """Half of the rows that were scored are training rows."""
    log, split = _split(seed)
    material = Material(split=split)
    known, tested = material.pairs[material.known_rows], material.pairs[material.test_rows]
    taken = log.rng.choice(known, int(strength * len(tested)), replace=False)
    return Material(split=split, scored_pairs={"model": np.concatenate([tested, taken])})


def unscored_rows(strength: float, seed: int) -> Material:
    """Half of the test rows have no prediction."""
    log, split = _split(seed)
    n_test = int((split.sides == TEST).sum())
    kept = log.rng.random(n_test) >= 0.5 * strength
    values = log.exact[split.sides == TEST] + log.rng.normal(0, 0.2, n_test)
    return _with_predictions(log, split, np.where(kept, values, np.nan))


def unknown_items(strength: float, seed: int) -> Material:
    """Three in five rows of a file of lists name items that the log does not have."""
    log, split = _split(seed)
    users = np.unique(log.user) + 1
    own = np.argsort(log.rng.random((len(users), log.n_items)), axis=1)[:, :_K]
    own = split.log.items.ids.to_numpy()[own % split.log.n_items]
    own = np.where(log.rng.random(own.shape) < 0.6 * strength, own + log.n_items, own)
    lists = pl.DataFrame({"user": np.repeat(users, _K), "item": own.ravel()})
    return with_files(Material(split=split), lists={"model": lists.unique(maintain_order=True)})


def without_trivial(strength: float, seed: int) -> Material:
    """A comparison without any trivial answer; below strength 1 some are left."""
    return Material(tables=(_table(_learned(), _simple(), *_trivial(strength, seed)),))


def without_strong(strength: float, seed: int) -> Material:
    """A comparison of one network with trivial answers only."""
    simple = () if strength == 1 else (_simple(),)
    return Material(tables=(_table(_learned(), *simple, *_trivial(0, seed)),))


def without_validation(strength: float, seed: int) -> Material:
    """Models were judged on a split without validation events."""
    log, split = _split(seed)
    sides = split.sides.copy()
    training = np.flatnonzero(sides == TRAIN)
    n = int((1 - strength) * 0.1 * len(training))
    sides[log.rng.choice(training, n, replace=False)] = VALIDATION
    table = _table(_learned(), _simple(), *_trivial(0, seed))
    return Material(split=replace(split, sides=sides), tables=(table,))


def mixed_splits(strength: float, seed: int) -> Material:
    """Each of four results is of a split of its own."""
    other = round(3 * strength)
    marks = {f"result {n}": f"{seed:08x}{max(0, n - 3 + other):08x}" for n in range(4)}
    return Material(fingerprints=marks)


def _table(*entries: Entry) -> Table:
    return Table("ranking", ("ndcg@10",), entries, users=500, rows=500)


def _trivial(strength: float, seed: int) -> list[Entry]:
    """The trivial answers that are left."""
    names = ("popular", "random", "item-mean", "global-mean")
    left = names[: round((1 - strength) * len(names))]
    value = MetricValue(0.1 + seed / 1000)
    return [Entry(name, trivial=True, metrics={"ndcg@10": value}) for name in left]


def _learned() -> Entry:
    value = MetricValue(0.3, gain=0.1, gain_low=0.08, gain_high=0.12, verdict="beats")
    return Entry("deep-net", trivial=False, metrics={"ndcg@10": value})


def _simple() -> Entry:
    value = MetricValue(0.29, gain=0.09, gain_low=0.07, gain_high=0.11, verdict="beats")
    return Entry("ease", trivial=False, metrics={"ndcg@10": value})


def _split(seed: int) -> tuple[SyntheticLog, Split]:
    log = synthetic_log(seed)
    return log, split_at_random(log)


def _predicted(seed: int) -> tuple[SyntheticLog, Split, Float64]:
    """Predictions about as good as a good model's."""
    log, split = _split(seed)
    exact = log.exact[split.sides == TEST]
    return log, split, exact + log.rng.normal(0, 0.2, len(exact))


def _with_predictions(log: SyntheticLog, split: Split, values: Float64) -> Material:
    material = Material(split=split)
    truth = log.rating[split.sides == TEST]
    answers = Predictions(values, truth, material.test_users.astype(np.int64), external=True)
    return Material(split=split, predictions={"model": answers})


def _known(lists: dict[str, Lists], log: SyntheticLog, split: Split) -> dict[str, Lists]:
    """Lists of items numbered from 0, in the log's indices (items nobody has end a list)."""
    place: Int32 = split.log.items.indices(list(range(1, log.n_items + 1)))
    return {n: Lists(listed.users, place[listed.items]) for n, listed in lists.items()}
