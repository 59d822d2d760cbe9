"""What lists for everybody hold: who got what, and what nobody is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.tables import titles_of
from penchant.json_values import json_value
from penchant.models.base import Recommender
from penchant.models.empty_lists import EmptyList, empty_lists
from penchant.notebook import ShownAsText
from penchant.repeats import Repeats
from penchant.results.formatting import percent
from penchant.typing import AnyInt, Int32, Int64
from penchant.wording import counted

_MOST_SHOWN, _NEVER_SHOWN = 20, 10  # items that are named
_EXAMPLES = 3  # users that are named


@dataclass
class WithoutList:
    """Users for whom nothing can be listed, for one reason.

    Attributes:
        reason: why.
        advice: what would list something, or nothing.
        users: how many they are.
        examples: a few of them.
    """

    reason: str
    advice: str
    users: int
    examples: list[EmptyList]

    @property
    def names(self) -> list[str]:
        """The examples as a sentence names them."""
        return [
            f"history {e.position}" if e.user is None else str(e.user) for e in self.examples
        ] + ["…"] * (self.users > len(self.examples))


@dataclass(frozen=True, eq=False)
class ListSummary(ShownAsText):
    """What is in the lists of many users.

    Attributes:
        model: the model with its parameters.
        log: the name of its log.
        destination: where the lists are.
        k: how long lists were to be.
        repeats: whether they could hold what users had had.
        n_users: how many users were asked for.
        n_rows: places in all lists.
        n_popular: users of whom the model knows nothing, who got popular items alone.
        n_filled: users whose lists are filled up with popular items.
        without_list: who has no list.
        n_candidates: items that could be listed.
        n_shown: items that stand in a list.
        n_repeats: places with an item that the user has had.
        most_shown: `item`, `title`, `lists`, `share` (of all lists), `users` who had it, and
            `popularity`, their share of all users with events.
        never_shown: the most popular items that stand in no list: `item`, `title`, `users` and
            `popularity`.
        lengths: how many `lists` have each `length`, from 0, for those that occur.
        seconds: how long the run took; what earlier runs did does not count.
    """

    model: str
    log: str
    destination: str
    k: int
    repeats: Repeats
    n_users: int
    n_rows: int
    n_popular: int
    n_filled: int
    without_list: list[WithoutList]
    n_candidates: int
    n_shown: int
    n_repeats: int
    most_shown: pl.DataFrame
    never_shown: pl.DataFrame
    lengths: pl.DataFrame
    seconds: float

    @property
    def n_lists(self) -> int:
        """Users with a list."""
        return self.n_users - sum(each.users for each in self.without_list)

    @property
    def n_never_shown(self) -> int:
        """Items that could be listed and stand in no list."""
        return self.n_candidates - self.n_shown

    @property
    def coverage(self) -> float:
        """The share of items that could be listed that stand in a list."""
        return _share(self.n_shown, self.n_candidates)

    @property
    def popular_share(self) -> float:
        """The share of lists that hold popular items alone, for want of evidence."""
        return _share(self.n_popular, self.n_lists)

    @property
    def filled_share(self) -> float:
        """The share of lists that are filled up with popular items."""
        return _share(self.n_filled, self.n_lists)

    @property
    def repeats_share(self) -> float:
        """The share of places with an item that the user has had."""
        return _share(self.n_repeats, self.n_rows)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        without = [
            {"reason": each.reason, "users": each.users, "examples": _ids(each.examples)}
            for each in self.without_list
        ]
        shares = ("n_lists", "n_never_shown", "coverage", "popular_share", "filled_share")
        derived = {name: getattr(self, name) for name in (*shares, "repeats_share")}
        plain: dict[str, Any] = json_value(vars(self) | derived | {"without_list": without})
        return plain

    def __str__(self) -> str:
        lines = [
            f"{self.n_lists:,} of {counted(self.n_users, 'user')} "
            f"{'has' if self.n_lists == 1 else 'have'} a list, with {counted(self.n_rows, 'item')} "
            f"in all; {self.fallback_sentence}"
        ]
        lines += [
            f"No list for {counted(each.users, 'user')} ({', '.join(each.names)}): {each.reason}."
            for each in self.without_list
        ]
        shown = f"{self.n_shown:,} of {counted(self.n_candidates, 'item')}"
        never = f"{self.n_never_shown:,} never do"
        if self.never_shown.height:
            never += f", the most popular of these is {self.never_shown['title'][0]}"
        lines.append(f"{shown} ({percent(self.coverage)}) stand in a list; {never}.")
        if self.most_shown.height:
            first = self.most_shown.row(0, named=True)
            lines.append(
                f"Most shown: {first['title']}, in {percent(first['share'])} of the lists; "
                f"{percent(first['popularity'])} of users had it."
            )
        if self.repeats != "excluded":
            lines.append(f"{percent(self.repeats_share)} of all places repeat what the user had.")
        return "\n".join(lines)

    @property
    def fallback_sentence(self) -> str:
        """Who got popular items for want of evidence."""
        if not self.n_popular and not self.n_filled:
            return "the model has evidence for all of them."
        alone = f"{self.n_popular:,} ({percent(self.popular_share)}) hold popular items alone"
        filled = f"{self.n_filled:,} ({percent(self.filled_share)}) are filled up with them"
        return f"{alone} and {filled}, where the model has no evidence."


@dataclass
class ListCounts:
    """Counts over lists that come part by part; see `ListSummary`.

    Attributes:
        model: whose lists they are.
        repeats: whether lists may hold what users had.
        chosen: indices of the items that could be listed; None for all.
        otherwise: why a list is empty where something is left, as `empty_lists` takes it.
    """

    model: Recommender
    repeats: Repeats
    chosen: Int32 | None
    otherwise: dict[str, str] = field(default_factory=dict)
    n_users: int = 0
    n_rows: int = 0
    n_popular: int = 0
    n_filled: int = 0
    n_repeats: int = 0

    def __post_init__(self) -> None:
        self.lists_of_item: Int64 = np.zeros(len(self.model.items_), np.int64)
        self.lists_of_length: Int64 = np.zeros(1, np.int64)
        self.without_list: dict[str, WithoutList] = {}

    def add(self, rows: pl.DataFrame, users: Histories, first: int) -> None:
        """Count one part.

        Args:
            rows: the part's rows, with `position`, `item` and `fallback`.
            users: the users of the part.
            first: the position of the first of them.
        """
        position = rows["position"].to_numpy() - first
        items = self.model.items_.indices(rows["item"])
        lengths = np.bincount(position, minlength=len(users))
        popular = np.bincount(position, rows["fallback"].to_numpy(), len(users))
        self.n_users += len(users)
        self.n_rows += len(rows)
        self.n_popular += int(((popular == lengths) & (lengths > 0)).sum())
        self.n_filled += int(((popular < lengths) & (popular > 0)).sum())
        self.n_repeats += int(np.isin(position * users.n_items + items, users.pairs).sum())
        self.lists_of_item += np.bincount(items, minlength=len(self.lists_of_item))
        self.lists_of_length = _sum(self.lists_of_length, np.bincount(lengths))
        self._count_empty(users, np.flatnonzero(lengths == 0).tolist(), first)

    def _count_empty(self, users: Histories, positions: Sequence[int], first: int) -> None:
        for each in empty_lists(
            self.model.users_,
            users,
            positions,
            self.chosen,
            repeats=self.repeats,
            **self.otherwise,
        ):
            new = WithoutList(each.reason, each.advice, 0, [])
            group = self.without_list.setdefault(each.reason, new)
            group.users += 1
            if len(group.examples) < _EXAMPLES:
                example = EmptyList(each.position + first, each.user, each.reason, each.advice)
                group.examples.append(example)

    def summary(self, destination: str, k: int, seconds: float) -> ListSummary:
        """The counts as a summary."""
        could = np.zeros(len(self.lists_of_item), np.bool_)
        could[slice(None) if self.chosen is None else self.chosen] = True
        n_lists = self.n_users - int(self.lists_of_length[0])
        had = self.model.histories_.user_counts
        order = np.lexsort((-had, -self.lists_of_item))
        shown = order[: int((self.lists_of_item > 0).sum())]
        never = np.flatnonzero(could & (self.lists_of_item == 0))
        never = never[np.argsort(-had[never], kind="stable")]
        lists = self.lists_of_item[shown[:_MOST_SHOWN]]
        table = self._items(shown[:_MOST_SHOWN])
        length = np.flatnonzero(self.lists_of_length)
        return ListSummary(
            model=repr(self.model),
            log=self.model.log_name_,
            destination=destination,
            k=k,
            repeats=self.repeats,
            n_users=self.n_users,
            n_rows=self.n_rows,
            n_popular=self.n_popular,
            n_filled=self.n_filled,
            without_list=list(self.without_list.values()),
            n_candidates=int(could.sum()),
            n_shown=len(shown),
            n_repeats=self.n_repeats,
            most_shown=table.select(
                "item",
                "title",
                pl.Series("lists", lists),
                pl.Series("share", lists / max(n_lists, 1)),
                "users",
                "popularity",
            ),
            never_shown=self._items(never[:_NEVER_SHOWN]),
            lengths=pl.DataFrame({"length": length, "lists": self.lists_of_length[length]}),
            seconds=seconds,
        )

    def _items(self, index: AnyInt) -> pl.DataFrame:
        """What there is to say of items: `item`, `title`, `users` and `popularity`."""
        model, log = self.model, self.model.histories_
        users = log.user_counts[index]
        with_events = max(int((log.lengths > 0).sum()), 1)
        return pl.DataFrame(
            [
                model.items_.take(index).alias("item"),
                pl.Series("title", titles_of(model.items_, model.item_table_, index), pl.String),
                pl.Series("users", users),
                pl.Series("popularity", users / with_events),
            ]
        )


def _sum(first: Int64, second: Int64) -> Int64:
    """The sum of two counts of which one may be shorter."""
    total = np.zeros(max(len(first), len(second)), np.int64)
    total[: len(first)] += first
    total[: len(second)] += second
    return total


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _ids(examples: Sequence[EmptyList]) -> list[Any]:
    return [each.user for each in examples]
