"""Checks of recommended lists."""

from __future__ import annotations

import copy
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl

from penchant import topk
from penchant.data.histories import Histories
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.testing.fits import fitted, other_fit
from penchant.testing.helpers import Factory, expect, expect_refusal
from penchant.typing import Int32


def lists_are_tables(factory: Factory) -> None:
    """A list has the user's own ids, ranks from 1 and falling scores."""
    model = copy.deepcopy(other_fit(factory).model)
    lists = model.recommend(["u003", "u001"], k=4, titles=True)
    expect(
        lists.columns == ["user", "item", "rank", "score", "fallback", "title"],
        f"A table of lists has other columns: {lists.columns}.",
    )
    expect(
        lists["user"].to_list() == ["u003"] * 4 + ["u001"] * 4,
        "Lists must come with the users' ids, in the order asked for.",
    )
    expect(lists["rank"].to_list() == [1, 2, 3, 4] * 2, "Ranks must count from 1.")
    expect(
        lists.select((pl.col("score").diff().over("user") <= 0).all()).item(),
        "Scores must fall from rank to rank.",
    )
    expect(
        lists["title"].to_list() == [f"Item number {int(i[1:])}" for i in lists["item"]],
        "Titles must be those of the items.",
    )
    position = model.recommend(model.histories_of(["u003"]), k=2)
    expect(position.columns[0] == "history", "Lists for histories must name their position.")


def users_without_history_get_popularity(factory: Factory) -> None:
    """Whoever has no history gets what is popular, marked as that, unless the model knows more."""
    model = fitted(factory)
    if model.baseline_for:
        return
    nobody = model.history([])
    empty_history = Histories.of([], n_items=nobody.n_items, user=3)
    expect(not model.has_evidence(nobody).any(), "Nothing can be known of a user without any id.")
    for users in [nobody] if model.has_evidence(empty_history)[0] else [nobody, empty_history]:
        lists = model.recommend(users, k=9)
        expect(
            lists["item"].to_list() == model.items_.take(_most_popular(model)[:9]).to_list(),
            "A user without history must get the log's most popular items.",
        )
        expect(
            lists["fallback"].all() and lists["score"].null_count() == len(lists),
            "Popular items in place of the model's own must have fallback = true and no score.",
        )


def popularity_fills_up(factory: Factory) -> None:
    """Places for which a model has no evidence go to popular items, and only these are marked."""
    model = fitted(factory)
    cold = model.history([model.items_[41]], [4.0])
    for users in (cold, model.histories_.block(0, 5)):
        lists = model.recommend(users, k=users.n_items)
        expect(
            lists["score"].is_null().equals(lists["fallback"]),
            "Places have a score unless they are filled with popular items.",
        )
        scores = np.delete(model.scores(users)[0], users.block(0, 1).items)
        expect(
            bool(scores.max() > scores.min()) or lists.filter(history=0)["fallback"].all(),
            "A list of items of equal scores must be filled with popular items.",
        )
        place = np.empty(users.n_items, np.int64)
        place[_most_popular(model)] = np.arange(users.n_items)
        filled = lists.filter("fallback")
        order = place[model.items_.indices(filled["item"])]
        same_list = np.diff(filled["history"].to_numpy()) == 0
        expect(
            (np.diff(order)[same_list] > 0).all(),
            "Places without evidence must be filled in the order of popularity.",
        )


def _most_popular(model: Recommender) -> Int32:
    """int32[n_items], the items from the most to the least popular."""
    counts = np.bincount(model.histories_.items, minlength=model.histories_.n_items)
    items = range(model.histories_.n_items)
    order = topk.tie_order(model.histories_.n_items)
    return np.array(sorted(items, key=lambda item: (-counts[item], order[item])), np.int32)


def seen_items_left_out(factory: Factory) -> None:
    """No list has a seen item, and all are full while enough unseen items are left."""
    model = fitted(factory)
    seen = _pairs(model.histories_of().rows, model.histories_of().items)
    k = int(model.histories_.n_items - model.histories_.lengths.max())
    lists = model.recommend(model.histories_of(), k=k)
    listed = _pairs(
        lists["history"].to_numpy().astype(np.int32), model.items_.indices(lists["item"])
    )
    expect(not seen & listed, "Seen items must be left out.")
    expect(
        len(lists) == k * len(model.histories_of()),
        "Lists must be filled up with further items while enough unseen ones are left.",
    )


def seen_items_let_in(factory: Factory) -> None:
    """Asked to, the model also recommends what the user has."""
    model = fitted(factory)
    user = model.users_[0]
    everything = model.recommend([user], k=model.histories_.n_items, repeats="allowed")
    expect(
        sorted(everything["item"]) == sorted(model.items_.ids),
        "With repeats='allowed' a list as long as the catalogue must hold every item once.",
    )


def candidates_are_kept_to(factory: Factory) -> None:
    """With candidates or exclusions the list is the full list with all others left out."""
    model = fitted(factory)
    users = [model.users_[n] for n in (0, 1, 2)]
    candidates = [model.items_[n] for n in (30, 4, 5, 6, 7, 8, 9, 31, 41)]
    full = model.recommend(users, k=model.histories_.n_items)
    some = model.recommend(users, k=model.histories_.n_items, candidates=candidates)
    expect(
        some.drop("rank").equals(full.filter(pl.col("item").is_in(candidates)).drop("rank")),
        "Candidates must come in the order that they have in the full list.",
    )
    others = model.recommend(users, k=model.histories_.n_items, exclude=candidates)
    expect(
        others.drop("rank").equals(full.filter(~pl.col("item").is_in(candidates)).drop("rank")),
        "What is not excluded must come in the order that it has in the full list.",
    )
    none = model.recommend(users, k=3, candidates=[])
    expect(len(none) == 0, "Without any candidate lists must be empty.")


def block_size_is_invisible(factory: Factory) -> None:
    """Lists do not depend on how many users are scored at once."""
    model = fitted(factory)
    with block_cells(10**9):
        large = model.recommend(k=5)
    with block_cells(1):
        small = model.recommend(k=5)
    expect(
        large.drop("score").equals(small.drop("score")),
        "Lists must not depend on the size of blocks.",
    )


def more_places_than_items(factory: Factory) -> None:
    """A list longer than the catalogue ends where no item is left."""
    model = fitted(factory)
    user = model.users_[0]
    unseen = model.histories_.n_items - len(set(model.histories_of([user]).items.tolist()))
    lists = model.recommend([user], k=model.histories_.n_items + 10)
    expect(len(lists) == unseen, f"A long list must hold all {unseen} unseen items once.")
    expect(lists["item"].n_unique() == unseen, "A list must not name an item twice.")


def impossible_length_refused(factory: Factory) -> None:
    """A list of no place is an error with a sentence."""
    model = fitted(factory)
    expect_refusal(ParameterError, lambda: model.recommend(k=0), "k=0")
    expect_refusal(ParameterError, lambda: model.recommend(k=-1), "k=-1")


def similar_items_are_others(factory: Factory) -> None:
    """Similar items are no more than asked for, and never the item itself."""
    model = fitted(factory)
    items = [model.items_[n] for n in (3, 0, 41)]
    lists = model.similar_items(items, k=6)
    expect(
        lists.columns == ["item", "similar", "rank", "similarity"],
        f"A table of similar items has other columns: {lists.columns}.",
    )
    numbers = [lists.filter(item=one)["rank"].to_list() for one in items]
    expect(
        all(ranks == list(range(1, len(ranks) + 1)) and len(ranks) <= 6 for ranks in numbers)
        and lists["item"].to_list() == [i for i, n in zip(items, numbers, strict=True) for _ in n],
        "Each item must get similar ones in the order asked for, no more than asked for.",
    )
    expect(not (lists["item"] == lists["similar"]).any(), "No item is similar to itself.")
    expect(lists["similarity"].is_finite().all(), "Similarities must be finite.")


def memory_is_bounded(factory: Factory) -> None:
    """Lists for many users never need the scores of all users at once."""
    model = copy.deepcopy(other_fit(factory).model)
    crowd = model.histories_.take(np.arange(192) % len(model.histories_))
    few = crowd.block(0, 32)
    with block_cells(32 * crowd.n_items):
        for some in (few, crowd):  # what is made or compiled once does not count
            model.recommend(some, k=5)
        growth = _peak(lambda: model.recommend(crowd, k=5)) - _peak(
            lambda: model.recommend(few, k=5)
        )
    everything = 4 * (len(crowd) - len(few)) * crowd.n_items
    expect(
        growth < everything / 2,
        f"Lists for {len(crowd)} users took {growth / 2**20:.1f} MB more than for {len(few)}, "
        f"and the scores of all of them are {everything / 2**20:.1f} MB: score blocks of users.",
    )


def _peak(action: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy held at once while doing something."""
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@contextmanager
def block_cells(cells: int) -> Iterator[None]:
    """Change how many scores a block of users may have."""
    before = topk.BLOCK_CELLS
    topk.BLOCK_CELLS = cells
    try:
        yield
    finally:
        topk.BLOCK_CELLS = before


def _pairs(rows: Int32, items: Int32) -> set[tuple[int, int]]:
    return set(zip(rows.tolist(), items.tolist(), strict=True))


ALL = (
    lists_are_tables,
    users_without_history_get_popularity,
    popularity_fills_up,
    seen_items_left_out,
    seen_items_let_in,
    candidates_are_kept_to,
    block_size_is_invisible,
    more_places_than_items,
    impossible_length_refused,
    similar_items_are_others,
    memory_is_bounded,
)
