"""Which models take part in a comparison: those that are asked for, and the trivial baselines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from penchant.data.dataset import Dataset
from penchant.data.splits import Split
from penchant.data.target import Like
from penchant.errors import ParameterError
from penchant.models import (
    BASELINES,
    BASELINES_OF_ORDER,
    BASELINES_OF_REPEATS,
    BASELINES_OF_TIME,
    find,
    make,
    spec_of,
)
from penchant.models.base import Recommender, Task
from penchant.models.log_requirements import require_events
from penchant.models.protocols import RatesRows
from penchant.models.shared.base_models import reads_order

Models = Iterable[Recommender | str] | Mapping[str, Recommender | str]
"""What a comparison takes: models or their texts, such as `ease:l2=300`, perhaps by names."""


def named_models(models: Models) -> dict[str, Recommender]:
    """The models of a comparison by name; one without a name is called by its text.

    Raises:
        ParameterError: something is no model.
    """
    if isinstance(models, str | Recommender | type) or not isinstance(models, Iterable):
        raise ParameterError("Models are given as a list, such as [make('ease')], or by names.")
    if isinstance(models, Mapping):
        return {name: _as_model(model) for name, model in models.items()}
    named: dict[str, Recommender] = {}
    for given in models:
        model = _as_model(given)
        name = given.strip() if isinstance(given, str) else spec_of(model)
        while name in named:
            name += "'"
        named[name] = model
    return named


def require_learnable(models: Iterable[Recommender], train: Dataset) -> None:
    """Refuse models that cannot learn from a log, before any other one does.

    Raises:
        DataError: there is one.
    """
    for model in models:
        require_events(model, train)


def _as_model(model: object) -> Recommender:
    if isinstance(model, str):
        return make(model)
    if isinstance(model, Recommender):
        return model
    if isinstance(model, type) and issubclass(model, Recommender):
        name = model.__name__
        raise ParameterError(f"{name} is a class: give a model that is made of it, as {name}().")
    raise ParameterError(
        f"{model!r} is no model: give one of penchant.models, or its text such as 'ease'."
    )


def participants_of(
    named: Mapping[str, Recommender],
    tasks: list[Task],
    threshold: float | None,
    split: Split,
) -> dict[str, tuple[Recommender, set[Task]]]:
    """Each model with the tasks it takes part in: baselines in their own at least.

    Args:
        named: those that are asked for.
        tasks: of the comparison.
        threshold: the rating from which an event is a like.
        split: how the log is divided, and whether lists may hold repeats.
    """
    participants: dict[str, tuple[Recommender, set[Task]]] = {
        name: (model, set(tasks)) for name, model in named.items()
    }
    in_order = foretells_next(split) or any(map(reads_order, named.values()))
    further = (
        *(BASELINES_OF_REPEATS if split.repeats != "excluded" else ()),
        *(BASELINES_OF_ORDER if in_order else ()),
        *(BASELINES_OF_TIME if split.kind == "time" else ()),
    )
    for name, own in _baselines_of(tasks, further).items():
        cls = find(name)
        if name in participants and isinstance(participants[name][0], cls):
            continue
        while name in participants:  # another model has taken the name
            name += "'"
        participants[name] = (cls(), own)
    return {
        name: (with_threshold(model, threshold), own) for name, (model, own) in participants.items()
    }


def foretells_next(split: Split) -> bool:
    """Whether held-out events are the next ones of sequences, as the split's kind or files say."""
    of_next = split.kind in ("leave-last-out", "sessions")
    return of_next or split.log.origin.layout == "sequences"


def _baselines_of(tasks: Iterable[Task], of_lists: Iterable[str]) -> dict[str, set[Task]]:
    """The names of the tasks' baselines, each with those of the tasks that it is one for.

    Args:
        tasks: of the comparison.
        of_lists: further baselines of lists.
    """
    by_name: dict[str, set[Task]] = {}
    if "ranking" in tasks:
        by_name |= {name: {"ranking"} for name in of_lists}
    for task, names in BASELINES.items():
        for name in names if task in tasks else ():
            by_name.setdefault(name, set()).add(task)
    return by_name


def with_threshold(model: Recommender, threshold: float | None) -> Recommender:
    """The model with the threshold of likes, where it leaves that or its target open."""
    if threshold is None:
        return model
    like: dict[str, object] = {"threshold": threshold}
    if isinstance(model, RatesRows):
        like["target"] = Like(threshold)
    params = model.params()
    left_open = {name: v for name, v in like.items() if params.get(name, v) is None}
    return model.clone(**left_open) if left_open else model
