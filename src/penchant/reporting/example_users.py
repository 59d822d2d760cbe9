"""Example users: their history, their test items, and the lists of two models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.data.histories import Histories
from penchant.data.splits import Split
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError, UnknownIdError
from penchant.explanation import explain_lists
from penchant.explanation.sentences import WORTH_NAMING
from penchant.models.base import Recommender
from penchant.reporting.verdict import by_validation
from penchant.results.evaluation import Evaluation
from penchant.results.formatting import join_names
from penchant.results.tables import Entry
from penchant.run import Run
from penchant.typing import Int32

_HISTORY_ITEMS = 8  # that are shown
_ATTRIBUTES = 3  # of an item that are named as its reasons
_ACTIVITY = (("a light user", 0.1), ("a middling user", 0.5), ("a heavy user", 0.95))


@dataclass(frozen=True)
class HistoryItem:
    """An item of a history, with its rating where there is one."""

    title: str
    rating: float | None


@dataclass(frozen=True)
class TestItem:
    """An item of the test part, and whether any of the lists has it."""

    title: str
    found: bool


@dataclass(frozen=True)
class RecommendedItem:
    """A recommended item (its index), whether the test part has it, and what speaks for it."""

    item: int
    title: str
    hit: bool
    reason: str


@dataclass(frozen=True)
class RecommendedList:
    """The list of one model for one user, and where its reasons come from."""

    model: str
    items: tuple[RecommendedItem, ...]
    how: str

    @property
    def hits(self) -> int:
        """How many of the items are in the test part."""
        return sum(item.hit for item in self.items)


@dataclass(frozen=True)
class ExampleUser:
    """An example user."""

    user: Id
    kind: str
    n_events: int
    mean: float | None
    order: str
    history: tuple[HistoryItem, ...]
    test_items: tuple[TestItem, ...]
    lists: tuple[RecommendedList, ...]


def default_pair(evaluation: Evaluation) -> tuple[str, ...]:
    """The best model on validation and the strongest one of another kind."""
    table = evaluation.tables.get("ranking") or evaluation.table()
    ordered = [e.name for e in sorted(by_validation(table) or table.entries, key=_trivial)]
    first = type(evaluation.models[ordered[0]])
    other = [n for n in ordered if type(evaluation.models[n]) is not first]
    return (ordered[0], *other[:1])


def _trivial(entry: Entry) -> bool:
    return entry.trivial


def example_users(
    evaluation: Evaluation,
    users: Sequence[Id] | None,
    pair: Sequence[str] | None,
    *,
    k: int = 10,
    run: Run | None = None,
) -> tuple[ExampleUser, ...]:
    """The example users with the lists of two models.

    Raises:
        UnknownIdError: a user is not in the log.
        ParameterError: a model was not compared.
    """
    split = evaluation.split
    names = default_pair(evaluation) if pair is None else tuple(pair)
    for name in names:
        if name not in evaluation.models:
            raise ParameterError(
                f"There is no model {name!r} in this comparison, only "
                f"{', '.join(evaluation.models)}."
            )
    if users is None:
        chosen, kinds = _choose(split)
    else:
        chosen, kinds = split.log.users.indices(users), [""] * len(users)
        for user, index in zip(users, chosen, strict=True):
            if index < 0:
                raise UnknownIdError(f"The log has no user {user!r} to show as an example.")
    known = split.log.subset(split.is_known)
    histories = known.histories.take(chosen)
    test_items = _test_items(split, chosen)
    lists = [_lists(evaluation.models[name], name, histories, test_items, k, run) for name in names]
    examples = []
    for n, kind in enumerate(kinds):
        history = histories.block(n, n + 1)
        mean = None
        if history.ratings is not None and history.n_events:
            mean = float(history.ratings.mean())
        order, shown_history = _shown_history(split, history)
        lists_of_user = tuple(by_user[n] for by_user in lists)
        examples.append(
            ExampleUser(
                user=split.log.users.take(history.users)[0],
                kind=kind,
                n_events=history.n_events,
                mean=mean,
                order=order,
                history=shown_history,
                test_items=_shown_test_items(split, test_items[n], lists_of_user),
                lists=lists_of_user,
            )
        )
    return tuple(examples)


def _choose(split: Split) -> tuple[Int32, list[str]]:
    """A light, a middling and a heavy test user, drawn near these places by a fixed seed."""
    test = split.test.histories
    order = np.argsort(test.lengths, kind="stable")
    order = order[test.lengths[order] > 0]
    rng = np.random.default_rng(0)
    places: dict[int, str] = {}
    for kind, share in _ACTIVITY if len(order) else ():
        middle, reach = share * (len(order) - 1), 0.04 * len(order)
        low = max(0, int(middle - reach))
        high = min(len(order) - 1, max(low, int(middle + reach)))
        places.setdefault(int(rng.integers(low, high + 1)), kind)
    return test.users[order[list(places)]], list(places.values())


def _test_items(split: Split, users: Int32) -> list[set[int]]:
    rows = {int(user): n for n, user in enumerate(split.test.histories.users)}
    offsets, items = split.test.offsets, split.test.items
    items_of_user: list[set[int]] = []
    for user in users.tolist():
        n = rows.get(user)
        items_of_user.append(
            set() if n is None else set(items[offsets[n] : offsets[n + 1]].tolist())
        )
    return items_of_user


def _shown_test_items(
    split: Split, items: set[int], lists: Sequence[RecommendedList]
) -> tuple[TestItem, ...]:
    """The items of the test part, those that a list has first."""
    shown = {item.item for by_user in lists for item in by_user.items}
    ordered = sorted(items, key=lambda item: (item not in shown, item))
    titles = split.log.titles(ordered)
    return tuple(TestItem(t, i in shown) for t, i in zip(titles, ordered, strict=True))


def _shown_history(split: Split, history: Histories) -> tuple[str, tuple[HistoryItem, ...]]:
    """The events worth showing, and which ones these are."""
    latest = np.arange(history.n_events)[::-1]
    order = "the latest" if history.times is not None else "the last"
    if history.ratings is not None and np.ptp(history.ratings if history.n_events else [0]) > 0:
        latest = latest[np.argsort(-history.ratings[latest], kind="stable")]
        order = f"highest rated, {order} first" if history.times is not None else "highest rated"
    shown = latest[:_HISTORY_ITEMS]
    titles = split.log.titles(history.items[shown])
    ratings = [None] * len(shown) if history.ratings is None else history.ratings[shown].tolist()
    return order, tuple(HistoryItem(t, r) for t, r in zip(titles, ratings, strict=True))


def _lists(
    model: Recommender,
    name: str,
    histories: Histories,
    test_items: list[set[int]],
    k: int,
    run: Run | None,
) -> list[RecommendedList]:
    """One model's list for each of the users."""
    frame = explain_lists(model, histories, k, reasons=2, run=run)
    index = model.items_.indices(frame["item"])
    shown: list[list[RecommendedItem]] = [[] for _ in test_items]
    methods: list[set[str]] = [set() for _ in test_items]
    for row, item in zip(frame.iter_rows(named=True), index.tolist(), strict=True):
        n = row["history"]
        if row["reasons"] or row["method"] == "attributes":
            methods[n].add(row["method"])
        shown[n].append(RecommendedItem(item, row["title"], item in test_items[n], _reason(row)))
    return [RecommendedList(name, tuple(items), _how(methods[n])) for n, items in enumerate(shown)]


def _reason(row: dict[str, Any]) -> str:
    """What speaks for one place of a list, in a few words."""
    titles = [reason["title"] for reason in row["reasons"]]
    if not titles:
        return str(row["because"]).removeprefix("no reason: ")
    if row["method"] != "attributes":
        return join_names(titles)
    weak = WORTH_NAMING * row["attributes"][0]["effect"]
    names = [a["name"] for a in row["attributes"] if a["effect"] > weak][:_ATTRIBUTES]
    return f"{join_names(names)}, as {join_names(titles)}"


def _how(methods: set[str]) -> str:
    """Where a list's reasons come from, given the methods of those places that have any."""
    if not methods:
        return "the history plays no part in this list"
    if "attributes" in methods:
        return "reasons are attributes that raise the score, and liked items that have them"
    if methods == {"neighbours"}:
        return "reasons are what similar users add, divided among the items in common"
    exact = methods == {"contributions"}
    return "reasons are exact" if exact else "reasons are estimated by leaving each event out"
