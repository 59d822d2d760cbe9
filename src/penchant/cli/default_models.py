"""Which recommenders take part where nobody says, and how a seed reaches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penchant.data.dataset import Dataset
    from penchant.models.base import Recommender

_ALWAYS = ("ease", "ials", "item-knn", "user-knn", "dot:target=interaction")
_WITH_RATINGS = ("item-knn:similarity=pearson", "dot")
_FURTHER = (
    "item-knn:similarity=jaccard",
    "item-knn:similarity=adjusted-cosine",
    "user-knn:similarity=pearson",
    "dot:target=like>=4",
)
_PROCESS = "gaussian-process"
_DENSE = 20_000  # items beyond which a dense matrix of items takes minutes and gigabytes
_SMALL = 5_000, 300_000  # items and events up to which covariances of items are quick to learn


def default_specs(log: Dataset) -> list[str]:
    """Models worth comparing on this log; trivial baselines join without being asked."""
    specs = [*_ALWAYS, *(_WITH_RATINGS if log.has_ratings else ())]
    if log.n_items > _DENSE:
        specs.remove("ease")
    if log.has_ratings and log.n_items <= _SMALL[0] and len(log) <= _SMALL[1]:
        specs.append(_PROCESS)
    return specs


def all_specs(log: Dataset) -> list[str]:
    """Every kind of model on a log of ratings from 1 to 5."""
    return [*default_specs(log), *_FURTHER]


def build(specs: Iterable[str], seed: int) -> dict[str, Recommender]:
    """The models of these texts by their texts, with this seed unless a text has its own.

    Classes that a text names by their place, `package.module:Class`, are imported.

    Raises:
        ParameterError: a text is no model.
    """
    from penchant.models import import_model, make
    from penchant.models.foreign import places_in

    models = {}
    for spec in specs:
        for place in places_in(spec):
            import_model(place)
        model = make(spec)
        models[spec.strip()] = model if "seed=" in spec else model.clone(seed=seed)
    return models
