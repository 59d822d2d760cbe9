"""What a service does, whatever shows it: lists, reasons, items, people and their feedback."""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from penchant.errors import DataError, ParameterError, PenchantError, UnknownIdError
from penchant.experiments.assignment import arm_of
from penchant.serving.answers import Assignment, explanation_answer, list_answer
from penchant.serving.deployment import Arm, Deployment, Snapshot
from penchant.serving.engine import Person, ServedModel
from penchant.serving.feedback import FeedbackView, check_unit
from penchant.serving.queries import ListQuery, PersonQuery
from penchant.serving.settings import Settings
from penchant.serving.shown import Recorder

if TYPE_CHECKING:
    from penchant.serving.store import Deletion, Feedback, Progress, Store, StoredEvent

logger = logging.getLogger(__name__)

T = TypeVar("T")


class NoStoreError(PenchantError):
    """Feedback is asked for of a service that keeps none."""


class Service:
    """The models, the store and the settings of one worker.

    Args:
        settings: how it behaves.
        store: where feedback is kept, if anywhere.

    Raises:
        BundleError: the bundle is missing or damaged.
        DataError: the rules or the comparison cannot be read.
    """

    def __init__(self, settings: Settings, store: Store | None = None) -> None:
        self.settings = settings
        self.started = time.time()
        self.deployment = Deployment(settings.bundle, settings.state_path, settings.rules)
        self._store = store
        self.feedback = None if store is None else FeedbackView(store)
        self.recorder = Recorder(store) if store is not None and settings.record else None
        self.rng = np.random.default_rng()  # of chance that nobody is to foresee
        _ = self.comparison  # refused at the start where it cannot be read

    @property
    def store(self) -> Store:
        """Where feedback is kept.

        Raises:
            NoStoreError: nowhere.
        """
        if self._store is None:
            raise NoStoreError(
                "This service keeps no feedback: start it with --store sqlite:///feedback.db."
            )
        return self._store

    @property
    def has_store(self) -> bool:
        """Whether feedback is kept."""
        return self._store is not None

    @property
    def served(self) -> ServedModel:
        """The model in place."""
        return self.deployment.snapshot.current.served

    def close(self) -> None:
        """Write what waits, and let go of the store."""
        if self.recorder is not None:
            self.recorder.close()
        if self._store is not None:
            self._store.close()

    # Lists

    def recommend(self, query: ListQuery) -> dict[str, Any]:
        """A list with what it rests on, as plain values.

        Raises:
            ParameterError: k or the history is too long, or a rule does not suit the model.
            UnknownIdError: none of the candidates is known.
        """
        self._check(query)
        return self.answer(
            query.person, lambda arm, assigned: list_answer(self, arm, query, assigned)
        )

    def answer(self, person: PersonQuery, answer: Callable[[Arm, Assignment], T]) -> T:
        """What the model that is to answer a person says; where it fails, the other one's answer.

        A failure of the canary, or of a model that has just been put in place, costs nobody an
        answer, and is counted against it; what both fail at is the request's or the store's.

        Args:
            person: to whom.
            answer: is given the model that answers, and the one that was to answer.
        """
        snapshot = self.deployment.snapshot
        arm = self.arm_of(snapshot, person)
        assignment = Assignment(self.experiment_of(snapshot), arm)
        started = time.perf_counter()
        try:
            result = answer(arm, assignment)
        except PenchantError:
            raise
        except Exception:
            seconds = time.perf_counter() - started
            other = snapshot.current if arm is snapshot.canary else snapshot.previous
            if other is None:
                arm.figures.add(seconds, error=True)
                raise
            logger.exception(f"The {arm.name} model failed; the {other.name} one answers.")
            result = answer(other, assignment)  # where this fails, too, no model is at fault
            arm.figures.add(seconds, error=True)
            self.deployment.judge()
            return result
        arm.figures.add(time.perf_counter() - started)
        if snapshot.canary is not None and arm.figures.requests % 20 == 0:
            self.deployment.judge()
        return result

    def arm_of(self, snapshot: Snapshot, person: PersonQuery) -> Arm:
        """Which model answers a person: always the same one while nothing changes."""
        if snapshot.canary is None:
            return snapshot.current
        who = person.user or person.visitor
        if who is None:
            who = secrets.token_hex(8)
        shares = {"current": 1 - snapshot.share, "canary": snapshot.share}
        name = arm_of(who, self.experiment_of(snapshot), shares)
        return snapshot.canary if name == "canary" else snapshot.current

    def experiment_of(self, snapshot: Snapshot) -> str:
        """The experiment that takes place: each canary is one of its own, with other people."""
        if snapshot.canary is None:
            return self.settings.experiment
        return f"{self.settings.experiment} {snapshot.canary.served.fingerprint[:8]}"

    def person(self, served: ServedModel, query: PersonQuery) -> Person:
        """Somebody as a model takes them: what its log, the store and the request say.

        The events of the store are in the order of time; those of the request come last.
        """
        events = query.events
        forget = False
        if query.user is not None and self.feedback is not None:
            progress = self.progress(served)
            stored = self.feedback.events_of(query.user, progress.learned, progress.removed)
            events = stored + events
            (forget,) = self.are_deleted(served, [query.user])
        return served.person(query.user, events, forget=forget)

    def progress(self, served: ServedModel) -> Progress:
        """Up to which event of the store a model has learned."""
        if served.progress is None:
            served.progress = self.store.progress(served.fingerprint)
        return served.progress

    def are_deleted(self, served: ServedModel, users: Sequence[str]) -> list[bool]:
        """Which people were deleted whom a model may know, so that nobody is to see them."""
        if self.feedback is None:
            return [False] * len(users)
        return self.feedback.are_deleted(users, self.progress(served).removed)

    def _check(self, query: ListQuery) -> None:
        settings, person = self.settings, query.person
        self.check_length(query.k)
        self.check_person(person)
        n_named = len(query.candidates or ()) + len(query.exclude)
        if n_named > settings.max_history:
            raise ParameterError(
                f"candidates and exclude have {n_named:,} items, more than {settings.max_history:,}"
                ", which a request may have: use --rules for long ones."
            )

    def check_length(self, k: int) -> None:
        """Refuse a list that is longer than the settings allow.

        Raises:
            ParameterError: it is.
        """
        if not 1 <= k <= self.settings.max_k:
            raise ParameterError(f"k must lie between 1 and {self.settings.max_k}, and is {k}.")

    def check_person(self, person: PersonQuery) -> None:
        """Refuse what is too much, or no rating.

        Raises:
            ParameterError: the request has too many events, or a rating that is not on the scale.
        """
        n = len(person.liked) + len(person.rated) + len(person.disliked) + len(person.session)
        if n > self.settings.max_history:
            raise ParameterError(
                f"The request has {n:,} items of a history, more than {self.settings.max_history:,}"
                ": send the latest ones."
            )
        for item, rating in person.rated.items():
            self.check_rating(item, rating)

    def check_rating(self, item: str, rating: float) -> None:
        """Refuse a rating that is not on the scale of the log.

        Raises:
            ParameterError: that is so.
        """
        scale = self.served.scale
        low, high = scale if scale is not None else (1.0, 5.0)
        if not low <= rating <= high:
            raise ParameterError(
                f"The rating {rating:g} of {item!r} is not on the scale, which goes from {low:g} "
                f"to {high:g}."
            )

    # Reasons

    def explain(self, person: PersonQuery, item: str) -> dict[str, Any]:
        """Why an item suits somebody, or does not, as plain values.

        Raises:
            UnknownIdError: the model does not know the item.
        """
        self.check_person(person)
        return self.answer(person, lambda arm, _: explanation_answer(self, arm, person, item))

    def similar_people(self, person: PersonQuery, k: int) -> dict[str, Any]:
        """The users of the log most like somebody, as plain values.

        Raises:
            ParameterError: k is too large.
            UnknownIdError: the user is not known.
        """
        self.check_length(k)
        served = self.served
        who = self.person(served, person)
        if person.user is not None and not who.history.n_events:
            raise UnknownIdError(f"Nothing is known of the user {person.user!r}.")
        n = k
        while True:
            found = served.similar_people(who, n)
            deleted = self.are_deleted(served, [str(one["similar"]) for one in found])
            people = [one for one, is_deleted in zip(found, deleted, strict=True) if not is_deleted]
            if len(people) >= k or len(found) < n:
                break
            n *= 2  # some were deleted
        people = [one | {"rank": rank} for rank, one in enumerate(people[:k], 1)]
        return {"user": person.user, "users": people}

    def history(self, user: str) -> dict[str, Any]:
        """What lists for a user rest on: what the model has learned from, and what came since.

        Raises:
            UnknownIdError: nothing is known of the user.
        """
        served = self.served
        person = self.person(served, PersonQuery(user))
        if not person.is_known and not person.n_said:
            raise UnknownIdError(f"Nothing is known of the user {user!r}.")
        history = person.history
        events = []
        for n, index in enumerate(history.items.tolist()):
            event = {"item": served.ids[index], "title": served.titles[index]}
            if history.ratings is not None:
                event["rating"] = float(history.ratings[n])
            events.append(event)
        hidden = [
            {"item": served.ids[i], "title": served.titles[i]} for i in person.hidden.tolist()
        ]
        return {"user": user, "known": person.is_known, "events": events[::-1], "hidden": hidden}

    # Feedback

    def add_feedback(self, feedback: Sequence[Feedback]) -> list[StoredEvent]:
        """Keep what people say and do; it is kept when this returns.

        Raises:
            NoStoreError: this service keeps none.
            ParameterError: a rating is not on the scale, or a time is none in microseconds.
        """
        store = self.store
        for each in feedback:
            if each.time is not None:
                check_unit(each.time)
            if each.kind == "rating" and each.value is not None:
                self.check_rating(str(each.item), each.value)
        stored: list[StoredEvent] = store.add(feedback)
        return stored

    def export(self, user: str) -> dict[str, Any]:
        """Everything that is kept of a person, as plain values."""
        kept = dict(self.store.export(user))
        served = self.served
        person = served.person(user)
        learned = person.is_known and not any(self.are_deleted(served, [user]))
        items = person.history.items.tolist() if learned else []
        return kept | {"learned_items": [served.ids[i] for i in items]}

    def delete(self, user: str) -> Deletion:
        """Forget a person: what the store has at once, what the model has at its next training."""
        return self.store.delete(user)

    # What operators ask

    @cached_property
    def comparison(self) -> dict[str, Any] | None:
        """The comparison of models that was given, as plain values.

        Raises:
            DataError: the file is no comparison.
        """
        path = self.settings.comparison
        if path is None:
            return None
        try:
            data = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise DataError(
                f"{str(path)!r} is no comparison as JSON ({error}): write one with penchant "
                "compare LOG --json."
            ) from None
        if not isinstance(data, dict):
            raise DataError(f"{str(path)!r} is no comparison as penchant compare --json writes it.")
        return data
