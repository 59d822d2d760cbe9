"""Lists and explanations of a service as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.errors import UnknownIdError
from penchant.experiments.exploration import SampledList, sample_list
from penchant.explanation import Explanation
from penchant.serving.deployment import Arm
from penchant.serving.engine import Place, ServedModel
from penchant.serving.engine.person import indices_of
from penchant.serving.queries import ListQuery, PersonQuery
from penchant.typing import Int32

if TYPE_CHECKING:
    from penchant.serving.service import Service

_EXPLORED = 100  # items of a ranking among which exploration draws


@dataclass(frozen=True)
class Assignment:
    """The part of an experiment that a person has, whichever model answers in the end.

    Attributes:
        experiment: its name.
        arm: the model that is to answer.
    """

    experiment: str
    arm: Arm


def list_answer(
    service: Service, arm: Arm, query: ListQuery, assignment: Assignment
) -> dict[str, Any]:
    """A list that a model makes, with what it rests on.

    Args:
        service: whose list it is.
        arm: the model that makes it.
        query: what is asked for.
        assignment: of the person; the model is another one than is to answer where that failed.
    """
    served = arm.served
    person = service.person(served, query.person)
    candidates, unknown = _candidates(served, query)
    rules = None if query.rules is None else served.bound(query.rules)
    unknown += () if rules is None else rules.unknown
    explores = service.settings.exploration > 0 and service.recorder is not None
    places = served.recommend(
        person,
        max(query.k, _EXPLORED) if explores else query.k,
        repeats=query.repeats,
        rules=rules,
        candidates=candidates,
    )
    sampled = None
    if explores:
        sampled = sample_list(
            len(places), query.k, epsilon=service.settings.exploration, rng=service.rng
        )
        places = [places[n] for n in sampled.places]
    answer: dict[str, Any] = {
        "user": query.person.user,
        "known": person.is_known,
        "model": served.name,
        "arm": arm.name,
        "assigned_arm": assignment.arm.name,
        "items": [place_to_dict(n, place) for n, place in enumerate(places, 1)],
        "unknown_items": [*person.unknown_items, *unknown],
    }
    if places and places[0].fallback:
        arm.figures.fallbacks += 1
    if query.explain:
        index = np.array([place.index for place in places], np.int32)
        for entry, explanation in zip(answer["items"], served.explain(person, index), strict=True):
            entry.update(reasons_to_dict(explanation))
    if service.recorder is not None:
        answer["list_id"] = _record(service, served, query, assignment, answer["items"], sampled)
    return answer


def _candidates(served: ServedModel, query: ListQuery) -> tuple[Int32 | None, list[str]]:
    """The items to choose from (None for all), and texts of ids that are not known."""
    chosen: Int32 | None = None
    unknown: list[str] = []
    if query.candidates is not None:
        chosen, unknown = indices_of(served.model.items_, query.candidates)
        if not len(chosen):
            raise UnknownIdError("The model knows none of the candidates.")
    if query.exclude:
        out, others = indices_of(served.model.items_, query.exclude)
        unknown = unknown + others
        every = np.arange(served.n_items, dtype=np.int32) if chosen is None else chosen
        chosen = np.setdiff1d(every, out)
    return chosen, unknown


def _record(
    service: Service,
    served: ServedModel,
    query: ListQuery,
    assignment: Assignment,
    items: Sequence[dict[str, Any]],
    sampled: SampledList | None,
) -> str:
    assert service.recorder is not None
    if sampled is None:
        chances = [(1.0, False)] * len(items)
    else:
        chances = list(zip(sampled.propensities, sampled.explored, strict=True))
    return service.recorder.add(
        user=query.person.user or query.person.visitor,
        # Users are compared by the arm that they were assigned: were the lists of a model that
        # fails left to the other's arm, both would have other people than chance gave them.
        experiment=assignment.experiment,
        arm=assignment.arm.name,
        model=served.fingerprint,
        items=[
            (str(entry["item"]), entry["score"], chance, explored, entry.get("because"))
            for entry, (chance, explored) in zip(items, chances, strict=True)
        ],
    )


def explanation_answer(
    service: Service, arm: Arm, person: PersonQuery, item: str
) -> dict[str, Any]:
    """Why an item suits somebody, or does not."""
    served = arm.served
    index = served.item(item)
    who = service.person(served, person)
    (explanation,) = served.explain(who, np.array([index], np.int32))
    return {
        "user": person.user,
        "known": who.is_known,
        "model": served.name,
        "arm": arm.name,
        "item": explanation.item,
        "title": explanation.title,
        "score": _finite(explanation.score),
        "fallback": explanation.fallback,
        **reasons_to_dict(explanation),
        "unknown_items": list(who.unknown_items),
    }


def place_to_dict(rank: int, place: Place) -> dict[str, Any]:
    """One place of a list as plain values."""
    entry: dict[str, Any] = {
        "rank": rank,
        "item": place.item,
        "title": place.title,
        "score": _finite(place.score),
        "fallback": place.score is None,
    }
    if place.rule is not None:
        entry["rule"] = place.rule
    return entry


def reasons_to_dict(explanation: Explanation) -> dict[str, Any]:
    """What speaks for an item, as plain values."""
    return {
        "because": explanation.sentence,
        "exact": explanation.exact,
        "method": explanation.method,
        "how": explanation.how,
        "reasons": [asdict(reason) for reason in explanation.reasons],
        "attributes": [asdict(attribute) for attribute in explanation.attributes],
    }


def _finite(score: float | None) -> float | None:
    return score if score is not None and np.isfinite(score) else None
