"""Checks of what a model learns, and from what."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch
from scipy import sparse

from penchant.data.dataset import Dataset
from penchant.data.splitting import split_leave_last_out, split_random
from penchant.errors import DataError, NotFittedError
from penchant.models.base import Recommender
from penchant.models.baselines import Popular, Random
from penchant.models.fitted_state import COMMON_ATTRIBUTES
from penchant.models.neighbours.item_knn import ItemKNN
from penchant.models.protocols import RatesRows
from penchant.testing.fits import (
    Fit,
    first_fit,
    fit_to_attributes,
    fit_with_validation,
    fitted,
    other_fit,
    second_fit,
    usual_log,
)
from penchant.testing.helpers import (
    Factory,
    expect,
    expect_better_than_the_mean,
    expect_equal,
    expect_refusal,
    mixed_rows,
    ndcg,
    visitor,
)
from penchant.testing.logs import (
    planted_attributes,
    planted_nothing,
    planted_pairs,
    planted_popularity,
    planted_sequences,
)
from penchant.typing import AnyArray


def fit_returns_the_model(factory: Factory) -> None:
    """`fit` returns the model, which then is fitted."""
    fit = first_fit(factory)
    expect(fit.returned is fit.model, "fit must return the model itself.")
    expect(fit.model.is_fitted, "After fit a model must say that it is fitted.")


def fitting_keeps_parameters(factory: Factory) -> None:
    """`fit` changes no hyper-parameter: what it settles goes into attributes that end in `_`."""
    before, after = factory().params(), first_fit(factory).model.params()
    changed = [name for name, value in before.items() if after[name] != value]
    expect(not changed, f"fit must not change hyper-parameters, but it changes {changed}.")


def unfitted_refuses(factory: Factory) -> None:
    """Before `fit` every question is refused."""
    model, log = factory(), planted_pairs()
    questions = {
        "scores": lambda: model.scores(log.histories),
        "recommend": lambda: model.recommend([1]),
        "recommend with histories": lambda: model.recommend(log.histories),
        "history": lambda: model.history([1]),
        "similar_items": lambda: model.similar_items([1]),
    }
    for name, ask in questions.items():
        expect_refusal(NotFittedError, ask, f"{name} before fit")


def log_is_left_alone(factory: Factory) -> None:
    """Neither fitting nor scoring changes the log or the histories."""
    log, same, model = first_fit(factory).log, usual_log(), fitted(factory)
    _expect_same_log(log, same, "fit")
    model.scores(log.histories)
    model.recommend(k=3)
    if isinstance(model, RatesRows):
        rows = mixed_rows(model)
        histories, items = rows.histories.items.copy(), rows.items.copy()
        model.predict(rows)
        expect(
            np.array_equal(histories, rows.histories.items) and np.array_equal(items, rows.items),
            "predict must not change its rows.",
        )
    _expect_same_log(log, same, "scoring")


def fitting_again_starts_afresh(factory: Factory) -> None:
    """Fitted twice is as good as once, and nothing of another log is left."""
    once, again = first_fit(factory), second_fit(factory)
    expect_equal(
        once.scores,
        again.scores,
        "A model that was fitted to another log before must give the same scores, whatever stands "
        "in the log that it declares not to use.",
    )
    expect(
        set(once.model.fitted_state()) == set(again.model.fitted_state()),
        "A second fit must leave the same attributes as a first one.",
    )


def same_seed_same_scores(factory: Factory) -> None:
    """The seed decides everything random; another seed works, too."""
    one = first_fit(factory)
    if not np.array_equal(one.scores, second_fit(factory).scores):
        two = factory().fit(one.log)
        expect(
            np.array_equal(one.scores, two.scores(one.log.histories)),
            "Two fits with the same seed must give the same scores.",
        )
    other = other_fit(factory).model
    expect(not np.isnan(other.scores(other.histories_)).any(), "Another seed must work, too.")


def empty_log_refused(factory: Factory) -> None:
    """A log without events is an error with a sentence."""
    log = planted_pairs()
    empty = log.subset(np.zeros(len(log), bool))
    expect_refusal(DataError, lambda: factory().fit(empty), "A log without events")


def finds_what_is_planted(factory: Factory) -> None:
    """The model finds what its class says that it learns."""
    signal = factory().signal
    if signal == "pairs":
        _expect_better(
            _fit_to_most(factory, planted_pairs(n_users=100)), [Random(), Popular()], 1.5
        )
    elif signal == "popularity":
        _expect_better(_fit_to_most(factory, planted_popularity()), [Random()], 1.5)
    elif signal == "order":
        rivals = [Random(), Popular(), ItemKNN()]
        _expect_better(_fit_to_all_but_last(factory, planted_sequences()), rivals, 1.5)
    elif signal == "ratings":
        expect_better_than_the_mean(factory())
    elif signal == "attributes":
        _expect_better(fit_to_attributes(factory), [Random(), Popular()], 1.5)
    else:
        expect(signal == "nothing", f"signal={signal!r} is none of the known things.")


def validation_is_not_learned(factory: Factory) -> None:
    """Validation events may end the training, but they are not learned by heart."""
    fit = fit_with_validation(factory)
    assert fit.holdout is not None
    reached = ndcg(fit.model, fit.holdout)
    chance = ndcg(Random().fit(fit.log), fit.holdout)
    expect(
        reached < (1 + chance) / 2,
        f"Where nothing can be known, nDCG@10 on validation events is {reached:.2f} (by chance "
        f"{chance:.2f}): the model has learned the answers.",
    )


def refit_keeps_parameters(factory: Factory) -> None:
    """`refit` makes a fitted copy that has settled what validation decided."""
    fit = fit_with_validation(factory)
    model, before = fit.model, fit.model.log_fingerprint_
    log = planted_nothing(n_users=30)
    refitted = model.refit(log)
    expect(refitted is not model and refitted.is_fitted, "refit must return a fitted copy.")
    whole = log.fingerprint
    expect(refitted.log_fingerprint_ == whole, "refit must learn from the log given.")
    expect(model.log_fingerprint_ == before != whole, "refit must leave the model alone.")


def log_without_ratings(factory: Factory) -> None:
    """A log without ratings is learned from, or refused with a sentence."""
    log = planted_pairs(n_users=30, with_ratings=False, with_times=False)
    model = factory()
    if model.needs_ratings:
        expect_refusal(DataError, lambda: model.fit(log), "A log without ratings")
        return
    try:
        model.fit(log)
    except DataError:
        expect_refusal(DataError, lambda: factory().fit(log), "A log without ratings")
        return
    expect(
        np.isfinite(model.scores(log.histories)).any(axis=1).all(),
        "A log without ratings must be refused, or lead to scores.",
    )
    model.recommend(visitor(model, rated=False), k=3)
    if isinstance(model, RatesRows):
        expect(
            np.isfinite(model.predict(mixed_rows(model))).all(),
            "After a log without ratings predictions must be finite.",
        )


def log_without_attributes(factory: Factory) -> None:
    """A model that learns from attributes refuses a log whose items have none, with a sentence."""
    if factory().signal != "attributes":
        return
    log = planted_attributes()
    assert log.item_table is not None
    titles = replace(log, item_table=log.item_table.drop("genres"))
    expect_refusal(DataError, lambda: factory().fit(titles), "A log without attributes of items")
    bare = replace(log, item_table=None)
    expect_refusal(DataError, lambda: factory().fit(bare), "A log without an item table")


def state_can_be_saved(factory: Factory) -> None:
    """What was learned is arrays, numbers, texts, or lists of numbers, under names ending in _."""
    model = fitted(factory)
    hidden = sorted(set(vars(model)) - set(model.params()) - set(model.fitted_state()))
    expect(not hidden, f"What is learned must end in _, unlike {hidden}: it would be lost.")
    from_base = Random().fit(planted_pairs()).fitted_state()
    for name, value in model.fitted_state().items():
        expect(
            name in from_base or _saveable(value),
            f"{name} is a {type(value).__name__}, which cannot be saved.",
        )


def fitted_state_is_declared(factory: Factory) -> None:
    """`fitted_attributes` describes the state, so that an altered one is not restored."""
    model = first_fit(factory).model
    expect(
        model.declared_attributes() is not None,
        "fitted_attributes must declare what a fitted model holds.",
    )
    try:
        model.check_fitted_state()
    except ValueError as error:
        raise AssertionError(
            f"The fitted state is not as fitted_attributes says: {error}."
        ) from None
    sizes = {len(model.users_), len(model.items_)}
    for name, value in model.fitted_state().items():
        if name not in COMMON_ATTRIBUTES and isinstance(value, np.ndarray):
            for axis in (n for n, size in enumerate(value.shape) if size in sizes):
                _expect_not_declared(model, name, np.delete(value, -1, axis), "is one shorter")
            if value.size and value.dtype.kind == "f":
                altered = value.copy()
                altered.flat[-1] = np.inf
                _expect_not_declared(model, name, altered, "has an infinite value")


def counts_its_parameters(factory: Factory) -> None:
    """A model that learns something has learned numbers."""
    model = fitted(factory)
    count = model.n_parameters()
    expect(
        count > 0 or model.signal == "nothing",
        f"n_parameters() is {count} of a model that says it learns {model.signal}.",
    )


def _expect_not_declared(model: Recommender, name: str, value: AnyArray, what: str) -> None:
    altered = copy.copy(model)
    setattr(altered, name, value)
    try:
        altered.check_fitted_state()
    except ValueError:
        return
    raise AssertionError(f"fitted_attributes accepts a {name} that {what}.")


def _fit_to_most(factory: Factory, log: Dataset) -> Fit:
    """A fit to four fifths of the events of a log, the others held out."""
    split, model = split_random(log, validation=0, test=0.2), factory()
    return Fit(model, model.fit(split.train), split.train, split.test)


def _fit_to_all_but_last(factory: Factory, log: Dataset) -> Fit:
    """A fit to a log without each user's last event, which is held out."""
    split, model = split_leave_last_out(log, validation=False), factory()
    return Fit(model, model.fit(split.train), split.train, split.test)


def _expect_better(fit: Fit, rivals: list[Recommender], times: float) -> None:
    assert fit.holdout is not None
    reached = ndcg(fit.model, fit.holdout)
    for rival in rivals:
        trivial = ndcg(rival.fit(fit.log), fit.holdout)
        expect(
            reached > times * trivial,
            f"On a log with planted {fit.model.signal} nDCG@10 is {reached:.3f}, not clearly above "
            f"the {trivial:.3f} of {rival!r}.",
        )


def _expect_same_log(log: Dataset, same: Dataset, action: str) -> None:
    pairs = [
        (log.histories.items, same.histories.items),
        (log.histories.ratings, same.histories.ratings),
        (log.histories.offsets, same.histories.offsets),
        (log.histories.users, same.histories.users),
        (log.item_counts, same.item_counts),
        (log.user_counts, same.user_counts),
    ]
    expect(
        log.events.equals(same.events) and all(np.array_equal(a, b) for a, b in pairs),  # type: ignore[arg-type]
        f"{action} must not change the log.",
    )


def _saveable(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_saveable(part) for part in value)
    if isinstance(value, dict):
        return all(isinstance(k, str) and _saveable(v) for k, v in value.items())
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject
    plain = (torch.Tensor, str, bool, int, float, np.number, type(None), Recommender)
    return isinstance(value, plain) or bool(sparse.issparse(value))


ALL = (
    fit_returns_the_model,
    fitting_keeps_parameters,
    unfitted_refuses,
    log_is_left_alone,
    fitting_again_starts_afresh,
    same_seed_same_scores,
    empty_log_refused,
    finds_what_is_planted,
    validation_is_not_learned,
    refit_keeps_parameters,
    log_without_ratings,
    log_without_attributes,
    state_can_be_saved,
    fitted_state_is_declared,
    counts_its_parameters,
)
