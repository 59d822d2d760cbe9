"""Fits that several checks look at, each made once for a model and its hyper-parameters."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.splitting import split_random
from penchant.models.base import Recommender
from penchant.testing.helpers import Factory
from penchant.testing.logs import planted_attributes, planted_nothing, planted_pairs
from penchant.typing import Float32

COLD_ITEMS = 600
"""How many items of the log of `other_fit` have no events."""

OTHER_SEED = 11


@dataclass(frozen=True)
class Fit:
    """One fit that several checks look at.

    Attributes:
        model: the fitted model.
        returned: what `fit` returned.
        log: the very log that `fit` was given, its cached arrays computed beforehand.
        holdout: the validation events that `fit` was given, or held-out events that it was not.
    """

    model: Recommender
    returned: object
    log: Dataset
    holdout: Holdout | None = None

    @cached_property
    def scores(self) -> Float32:
        """float32[n_users, n_items], of the users of the log; the model is left as it is."""
        return np.array(copy.deepcopy(self.model).scores(self.log.histories))


def fitted(factory: Factory) -> Recommender:
    """A copy of the model of `first_fit`, for checks that may change it."""
    return copy.deepcopy(first_fit(factory).model)


def first_fit(factory: Factory) -> Fit:
    """The fit of a model to the usual log: pairs planted, and some items without events."""
    return _first_fit(*_key(factory))


def second_fit(factory: Factory) -> Fit:
    """A fit in which nothing differs from the first one that may matter to this model.

    The model was fitted to another log before, and the log is the usual one, with weights unless
    the model declares that it uses them, and with events that are not positive unless it declares
    that it learns interactions.
    """
    return _second_fit(*_key(factory))


def other_fit(factory: Factory) -> Fit:
    """A fit with another seed, to a log of few users with texts as ids and many items."""
    return _other_fit(*_key(lambda **changes: factory(**changes | {"seed": OTHER_SEED})))


def fit_with_validation(factory: Factory) -> Fit:
    """The fit of a model to a log in which nothing can be found, with validation events."""
    return _fit_with_validation(*_key(factory))


def fit_to_attributes(factory: Factory) -> Fit:
    """The fit of a model to four fifths of a log with attributes planted, the others held out."""
    return _fit_to_attributes(*_key(factory))


def usual_log() -> Dataset:
    """The log of most checks, with its cached arrays computed."""
    log = planted_pairs(n_users=53, cold_items=2)
    _ = log.histories.rows, log.item_counts, log.user_counts
    return log


def with_weights(log: Dataset) -> Dataset:
    """The same events with weights of 1, 5 and 50."""
    weights = np.random.default_rng(0).choice([1.0, 5.0, 50.0], size=len(log)).astype(np.float32)
    return replace(log, events=log.events.with_columns(weight=pl.Series(weights)))


def judges_events(model: Recommender) -> bool:
    """Whether a model declares itself what it uses of events, unlike one of other models."""
    return model.signal != "nothing" and "base_models" not in model.params()


Params = tuple[tuple[str, Any], ...]


def _key(factory: Factory) -> tuple[type[Recommender], Params]:
    model = factory()
    return type(model), tuple(model.params().items())


@lru_cache(maxsize=2)
def _first_fit(cls: type[Recommender], params: Params) -> Fit:
    log, model = usual_log(), cls(**dict(params))
    return Fit(model, model.fit(log), log)


@lru_cache(maxsize=2)
def _second_fit(cls: type[Recommender], params: Params) -> Fit:
    log, model = usual_log(), cls(**dict(params))
    model.fit(planted_nothing(seed=5, n_users=30, n_items=30))
    declared = _first_fit(cls, params).model
    if judges_events(declared):
        log = log if declared.uses_weights else with_weights(log)
        log = log if declared.learns_interactions else replace(log, positive=4.0)
    return Fit(model, model.fit(log), log)


@lru_cache(maxsize=2)
def _other_fit(cls: type[Recommender], params: Params) -> Fit:
    log = planted_pairs(n_users=24, cold_items=COLD_ITEMS, string_ids=True)
    model = cls(**dict(params))
    return Fit(model, model.fit(log), log)


@lru_cache(maxsize=2)
def _fit_with_validation(cls: type[Recommender], params: Params) -> Fit:
    split = split_random(planted_nothing(), validation=0.15, test=0.1)
    model = cls(**dict(params))
    return Fit(model, model.fit(split.train, split.validation), split.log, split.validation)


@lru_cache(maxsize=2)
def _fit_to_attributes(cls: type[Recommender], params: Params) -> Fit:
    split = split_random(planted_attributes(), validation=0, test=0.2)
    model = cls(**dict(params))
    return Fit(model, model.fit(split.train), split.train, split.test)
