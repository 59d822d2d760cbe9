"""A fitted model in memory, and all questions that a service asks of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penchant.bundle import describe, restore
from penchant.data.vocabulary import Id
from penchant.explanation import Explanation
from penchant.explanation.popularity import fallback_places
from penchant.explanation.single_user import explanations
from penchant.models import spec_of
from penchant.opinions import rating_scale
from penchant.repeats import Repeats
from penchant.rules import BoundRules, Rules, bind, lists_with_rules
from penchant.rules.lists import rule_texts
from penchant.serving.engine.catalogue import Catalogue
from penchant.serving.engine.person import Event, Person, index_of, person_of
from penchant.similarity.users import similar_users
from penchant.store import digest
from penchant.typing import Float32, Int32

if TYPE_CHECKING:
    from penchant.serving.store import Progress

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


class ServedModel(Catalogue):
    """A bundle that has been read, checked and made ready to answer.

    Attributes (beside those of a catalogue):
        folder: of the bundle.
        description: what its manifest says.
        fingerprint: SHA-256 of that, in hexadecimal.
        name: the model's name with what differs from its defaults.
        loaded: when it was read, in seconds since 1970.
        seconds_per_list: how long a list for a user of the log took when it was read.
        progress: up to which event of a store it has learned; None where nobody has asked yet.

    Raises:
        BundleError: the folder holds no sound bundle.
        DataError: a file that the rules name cannot be read.
        ParameterError: a rule does not suit the model.
    """

    def __init__(self, folder: Path, rules: Rules | None = None) -> None:
        self.folder = folder
        self.description: dict[str, Any] = describe(folder)
        self.fingerprint = digest(self.description)
        super().__init__(restore(folder))
        self.name = spec_of(self.model)
        self.rules = None if rules is None else bind(rules, self.model)
        self.loaded = time.time()
        self.progress: Progress | None = None
        _ = self.model.histories_.event_weights  # once for all, instead of in each list
        self.seconds_per_list = self._measure()
        self._bound = lru_cache(maxsize=64)(lambda rules: bind(rules, self.model))

    @property
    def made(self) -> str:
        """When the bundle was written, as ISO 8601 with the offset from UTC."""
        return str(self.description["made"])

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
        if rules is None:
            more = k + len(hidden)
            items, scores = self.model.top_items(
                person.history, more, repeats=repeats, candidates=candidates
            )
            return self._places(items[0], scores[0], [None] * more, hidden)[:k]
        if person.is_known and person.history.users[0] < 0:
            hidden = np.append(hidden, rules.excluded_of(person.user))
        if len(hidden):  # what is not shown must not count as one of a brand, or as variety
            every = np.arange(self.n_items, dtype=np.int32) if candidates is None else candidates
            candidates = np.setdiff1d(every, hidden)
        lists = lists_with_rules(
            self.model, person.history, k, rules, repeats=repeats, candidates=candidates
        )
        due_to = rule_texts(rules, lists)
        return self._places(lists.items[0], lists.scores[0], due_to, hidden)

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
        """Rules of a request, which name no files, as this model takes them."""
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
