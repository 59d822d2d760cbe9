"""A fitted model in memory, and all questions that a service asks of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from penchant.association.together import Baskets
from penchant.bundle import describe, restore
from penchant.data.vocabulary import Id
from penchant.errors import UnknownIdError
from penchant.explanation import Explanation
from penchant.explanation.popularity import fallback_places
from penchant.explanation.single_user import explanations
from penchant.models import spec_of
from penchant.models.base import Recommender
from penchant.opinions import rating_scale
from penchant.repeats import Repeats
from penchant.rules import BoundRules, Rules, bind, lists_with_rules
from penchant.rules.lists import rule_texts
from penchant.serving.engine.person import Event, Person, index_of, person_of
from penchant.similarity.users import similar_users
from penchant.store import digest
from penchant.title_search import TitleSearch
from penchant.typing import Bool, Float32, Int32, Int64

REASONS = 3
"""How many events of a history an explanation names at most."""

_FAST = 0.004
_MEASURED = 5
_USERS_BY_TEXT = 2_000_000
_CHOICES = 10  # different ratings that a page can offer
_DAY = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Place:
    """One place of a list.

    Attributes:
        index: of the item.
        item: its id.
        title: its title, or its id.
        score: of the model; None where popularity answers in its place.
        rule: the rule that the item owes its place to, if any.
    """

    index: int
    item: Id
    title: str
    score: float | None
    rule: str | None = None

    @property
    def fallback(self) -> bool:
        """Whether popularity answers, because the model has no evidence."""
        return self.score is None


class ServedModel:
    """A bundle that has been read, checked and made ready to answer.

    Attributes:
        folder: of the bundle.
        description: what its manifest says.
        fingerprint: SHA-256 of that, in hexadecimal.
        model: the recommender.
        name: the model's name with what differs from its defaults.
        loaded: when it was read, in seconds since 1970.
        rules: what all lists keep, if anything.
        seconds_per_list: how long a list for a user of the log took when it was read.
        learned: up to which event of a store it has learned; None where nobody has asked yet.

    Raises:
        BundleError: the folder holds no sound bundle.
        DataError: a file that the rules name cannot be read.
        ParameterError: a rule does not suit the model.
    """

    def __init__(self, folder: Path, rules: Rules | None = None) -> None:
        self.folder = folder
        self.description: dict[str, Any] = describe(folder)
        self.fingerprint = digest(self.description)
        self.model: Recommender = restore(folder)
        self.name = spec_of(self.model)
        self.rules: BoundRules | None = None if rules is None else bind(rules, self.model)
        self.loaded = time.time()
        self.learned: int | None = None
        self.ids: list[Id] = self.model.items_.ids.to_list()
        self.titles: list[str] = self.model.item_titles.of(np.arange(len(self.ids)))
        _ = self.model.histories_.event_weights  # once for all, instead of in each list
        self.seconds_per_list = self._measure()
        self._bound = lru_cache(maxsize=64)(lambda rules: bind(rules, self.model))
        self.search = TitleSearch(self.titles, self.model.histories_.popularity)

    @property
    def made(self) -> str:
        """When the bundle was written, as ISO 8601 with the offset from UTC."""
        return str(self.description["made"])

    @property
    def n_items(self) -> int:
        """How many items the model knows."""
        return len(self.ids)

    @cached_property
    def scale(self) -> tuple[float, float] | None:
        """The lowest and the highest rating of the log, or None where it has none."""
        return rating_scale(self.model)

    @cached_property
    def rating_choices(self) -> list[float]:
        """The ratings that people are offered, ascending; empty where the log has none."""
        ratings = self.model.histories_.ratings
        if ratings is None or not len(ratings):
            return []
        distinct = np.unique(ratings)
        if len(distinct) > _CHOICES:
            distinct = np.linspace(distinct[0], distinct[-1], 5)
        return [round(float(rating), 2) for rating in distinct]

    @cached_property
    def baskets(self) -> Baskets | None:
        """The baskets of the log, or None where none holds two items."""
        baskets = Baskets.of_model(self.model)
        return baskets if baskets.hold_pairs else None

    @cached_property
    def _first_times(self) -> Int64 | None:
        """int64[n_items], when each item was had first; None where the log has no times."""
        histories = self.model.histories_
        if histories.times is None:
            return None
        first = np.full(self.n_items, np.iinfo(np.int64).max)
        np.minimum.at(first, histories.items, histories.times)
        return first

    @property
    def is_fast(self) -> bool:
        """Whether a list takes less time than handing it to another thread is worth."""
        return self.seconds_per_list < _FAST

    def _measure(self) -> float:
        """The median time of a few lists, which also makes ready what the first one needs."""
        histories = self.model.histories_
        longest = np.argsort(-histories.lengths, kind="stable")[:_MEASURED]
        others = np.linspace(0, len(histories) - 1, _MEASURED).astype(np.int64)
        seconds = []
        for position in [*longest, *others] if len(histories) else []:
            started = time.perf_counter()
            index = int(histories.users[position])
            self.recommend(Person(histories.take([position]), index), 10)
            seconds.append(time.perf_counter() - started)
        return float(np.median(seconds)) if seconds else 0.0

    # Items

    def item(self, text: str) -> int:
        """The index of the item with this id.

        Raises:
            UnknownIdError: the model does not know it.
        """
        index = index_of(self.model.items_, text)
        if index < 0:
            raise UnknownIdError(f"The model does not know the item {text!r}.")
        return index

    def facts(self, index: int) -> dict[str, Any]:
        """What the log's table says of an item, as plain values."""
        table = self.model.item_table_
        row: dict[str, Any] = {} if table is None else table.row(index, named=True)
        row = {name: value for name, value in row.items() if value is not None}
        return row | {"item": self.ids[index], "title": self.titles[index]}

    def popular(self, k: int, days: float | None = None) -> list[tuple[int, float]]:
        """The items with the most events, or with the most in the last days of the log.

        Returns:
            Indices and counts, of items that the rules allow and that have any.
        """
        histories = self.model.histories_
        counts = histories.popularity
        if days is not None and histories.times is not None and histories.n_events:
            latest = histories.times >= histories.times.max() - days * _DAY
            some = histories.items[latest & histories.is_positive]
            counts = np.bincount(some, minlength=self.n_items).astype(np.float32)
        order = np.lexsort((self._popularity_order, -counts))
        chosen = order[self._allowed[order] & (counts[order] > 0)][:k]
        return [(int(i), float(counts[i])) for i in chosen]

    def latest(self, k: int) -> list[tuple[int, int]]:
        """The items that came into the log last.

        Returns:
            Indices, and when they were had first in microseconds since 1970.

        Raises:
            UnknownIdError: the log has no times.
        """
        first = self._first_times
        if first is None:
            raise UnknownIdError("The log of this model has no times, so no item is the latest.")
        order = np.lexsort((self._popularity_order, -first))
        chosen = order[self._allowed[order] & (first[order] < np.iinfo(np.int64).max)][:k]
        return [(int(i), int(first[i])) for i in chosen]

    def similar(self, index: int, k: int) -> list[tuple[int, float]]:
        """The items most like one, with their similarities."""
        table = self.model.similar_items([self.ids[index]], k)
        similar = self.model.items_.indices(table["similar"])
        return list(zip(similar.tolist(), table["similarity"].to_list(), strict=True))

    def together(self, index: int, k: int) -> list[dict[str, Any]]:
        """The items that stand in the same baskets, with figures; see `penchant.together`.

        Raises:
            UnknownIdError: no basket of the log holds two items.
        """
        if self.baskets is None:
            raise UnknownIdError("No basket of this model's log holds two items.")
        return self.baskets.together(np.array([index]), k).drop("item").to_dicts()

    # People

    def user(self, text: str) -> int:
        """The index of the user with this id; -1 where the log has none."""
        known = self._users
        found = None if known is None else known.get(text)
        return index_of(self.model.users_, text) if found is None else found

    @cached_property
    def _users(self) -> dict[str, int] | None:
        """The users by the text of their ids, where there are not too many for memory."""
        users = self.model.users_
        if len(users) > _USERS_BY_TEXT:
            return None
        return {str(user): index for index, user in enumerate(users.ids.to_list())}

    def person(
        self,
        user: str | None,
        events: Sequence[Event] = (),
        *,
        forget: bool = False,
        now: int | None = None,
    ) -> Person:
        """Somebody as the model takes them; see `person_of`.

        Args:
            user: the text of an id, of the log or new; None for a visitor.
            events: what they have done beside what the model's log says, in the order of time.
            forget: pass over what the log says of the user.
            now: the time of events without one, in microseconds since 1970; that of the clock by
                default.
        """
        index = -1 if user is None or forget else self.user(user)
        return person_of(self.model, index, events, now=now)

    def recommend(
        self,
        person: Person,
        k: int,
        *,
        repeats: Repeats = "excluded",
        rules: BoundRules | None = None,
        candidates: Int32 | None = None,
    ) -> list[Place]:
        """The k items that suit somebody best and that the rules leave.

        Args:
            person: for whom.
            k: length of the list; it is shorter where less is left.
            repeats: whether it may hold items of the history, or nothing else.
            rules: in the place of those of all lists.
            candidates: item indices to choose from; None for all.
        """
        rules = self.rules if rules is None else rules
        hidden = person.hidden
        if rules is not None and person.is_known and person.history.users[0] < 0:
            hidden = np.append(hidden, rules.excluded_of(person.user))
        more = k + len(hidden)
        if rules is None:
            items, scores = self.model.top_items(
                person.history, more, repeats=repeats, candidates=candidates
            )
            due_to: list[str | None] = [None] * more
        else:
            lists = lists_with_rules(
                self.model, person.history, more, rules, repeats=repeats, candidates=candidates
            )
            items, scores = lists.items, lists.scores
            due_to = rule_texts(rules, lists)
        return self._places(items[0], scores[0], due_to, hidden)[:k]

    def explain(self, person: Person, items: Int32, n_reasons: int = REASONS) -> list[Explanation]:
        """Why each of some items suits somebody."""
        if not len(items):
            return []
        scores = self.model.scores(person.history)[0]
        fallback = fallback_places(self.model, person.history, scores, items)
        return explanations(self.model, person.history, scores, items, n_reasons, fallback)

    def similar_people(self, person: Person, k: int) -> list[dict[str, Any]]:
        """The users of the log most like somebody."""
        # A history that goes on has no place in the log, by which users are told from themselves.
        own = self.model.users_[person.user] if person.is_known else None
        table = similar_users(self.model, person.history, k + 1).drop("history", strict=False)
        others = table.filter(pl.col("similar").ne_missing(own)).head(k)
        return others.with_columns(rank=pl.int_range(1, len(others) + 1)).to_dicts()

    def bound(self, rules: Rules) -> BoundRules:
        """Rules of a request, as this model takes them."""
        return self._bound(rules)

    def _places(
        self, items: Int32, scores: Float32, due_to: list[str | None], hidden: Int32
    ) -> list[Place]:
        left_out = set(hidden.tolist())
        listed = zip(items.tolist(), scores.tolist(), due_to, strict=False)
        return [
            Place(index, self.ids[index], self.titles[index], None if s != s else s, rule)
            for index, s, rule in listed
            if index >= 0 and index not in left_out
        ]

    @cached_property
    def _popularity_order(self) -> Int32:
        order = self.model.fallback.order
        assert order is not None
        return order

    @cached_property
    def _allowed(self) -> Bool:
        allowed = np.ones(self.n_items, np.bool_)
        if self.rules is not None and self.rules.allowed is not None:
            allowed[:] = False
            allowed[self.rules.allowed] = True
        return allowed
