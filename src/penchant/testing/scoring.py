"""Checks of scores."""

from __future__ import annotations

import numpy as np

from penchant.data.histories import Histories
from penchant.errors import ParameterError, PenchantError, UnknownIdError
from penchant.models.base import Recommender
from penchant.testing.fits import fitted, usual_log
from penchant.testing.helpers import (
    Factory,
    expect,
    expect_equal,
    expect_refusal,
    visitor,
)


def scores_have_shape(factory: Factory) -> None:
    """Scores are float32, a row a user and a column an item, without NaN or +inf."""
    model = fitted(factory)
    _expect_scores(model, model.histories_, "known users")
    _expect_scores(model, model.histories_.take(np.empty(0, np.int64)), "no users")


def cold_items_have_scores(factory: Factory) -> None:
    """Items that only the item table knows break nothing, not even in a history."""
    model = fitted(factory)
    cold = [model.items_[n] for n in (40, 41)]
    _expect_scores(model, model.histories_, "a log with cold items")
    _expect_scores(model, model.history(cold, [4.0, 2.0]), "a history of cold items")
    _expect_scores(model, model.history(cold), "an unrated history of cold items")


def empty_history_has_scores(factory: Factory) -> None:
    """A user of whom nothing is known gets scores and a full list."""
    model = fitted(factory)
    nobody = model.history([])
    _expect_scores(model, nobody, "an empty history")
    known_nobody = Histories.of([], n_items=nobody.n_items, user=3)
    _expect_scores(model, known_nobody, "a known user with an empty history")
    expect(len(model.recommend(nobody, k=5)) == 5, "An empty history must get a full list.")


def visitor_has_scores(factory: Factory) -> None:
    """A user the log does not know gets scores from a history, with or without ratings."""
    model = fitted(factory)
    for rated in (True, False):
        who = f"an unknown user {'with' if rated else 'without'} ratings"
        _expect_scores(model, visitor(model, rated=rated), who)
    unrated = model.histories_.take([2, 3])
    unrated = Histories(unrated.users, unrated.offsets, unrated.items, None, None, unrated.n_items)
    _expect_scores(model, unrated, "known users without ratings")


def known_user_by_id(factory: Factory) -> None:
    """A known user's id means that user's training history."""
    model, log = fitted(factory), usual_log()
    by_id = model.recommend([log.users[4], log.users[0]], k=7)
    by_history = model.recommend(log.histories.take([4, 0]), k=7)
    expect(
        by_id["item"].equals(by_history["item"]) and by_id["score"].equals(by_history["score"]),
        "A known user must get the same by id and by the same history.",
    )


def unknown_ids_refused(factory: Factory) -> None:
    """Unknown items, users and candidates are errors with a sentence."""
    model = fitted(factory)
    expect_refusal(UnknownIdError, lambda: model.history([1, 999]), "An unknown item")
    expect_refusal(UnknownIdError, lambda: model.recommend([999]), "An unknown user")
    expect_refusal(
        UnknownIdError, lambda: model.recommend([1], candidates=[999]), "An unknown candidate alone"
    )
    expect_refusal(UnknownIdError, lambda: model.similar_items([999]), "An unknown item")
    expect_refusal(UnknownIdError, lambda: model.history(["1"]), "An id of another type")


def other_catalogue_refused(factory: Factory) -> None:
    """Histories made for other items are an error with a sentence."""
    model = fitted(factory)
    other = Histories.of([0, 1], n_items=7)
    expect_refusal(ParameterError, lambda: model.scores(other), "A history of other items")


def repeated_events_have_scores(factory: Factory) -> None:
    """An item may stand in a history more than once, with different ratings."""
    model = fitted(factory)
    ids = [model.items_[n] for n in (0, 2, 0, 2, 0)]
    twice = model.history(ids, [1.0, 4.0, 5.0, 4.0, 3.0])
    _expect_scores(model, twice, "a history with repeated items")
    listed = model.recommend(twice, k=5)["item"].to_list()
    expect(len(listed) == 5, "A history with repeated items must get a full list.")
    expect(not set(listed) & set(ids), "Repeated items of a history must be left out, too.")


def batch_equals_single(factory: Factory) -> None:
    """What a user gets does not depend on who else is asked about, or in what order."""
    model = fitted(factory)
    users = model.histories_
    together = model.scores(users)
    alone = [model.scores(users.block(n, n + 1)) for n in range(0, len(users), 9)]
    expect_equal(
        together[::9], np.concatenate(alone), "Scores of one user must equal those in a batch."
    )
    order = np.random.default_rng(0).permutation(len(users))
    expect_equal(
        together[order], model.scores(users.take(order)), "The order of users must not matter."
    )


def item_scores_are_columns(factory: Factory) -> None:
    """Scores of some items, in any order, are those that they have among all."""
    model = fitted(factory)
    items = np.array([7, 0, 41, 3], np.int32)
    for users in (model.histories_.take([2, 0, 5]), visitor(model), model.history([])):
        expect_equal(
            model.item_scores(users, items),
            model.scores(users)[:, items],
            "Scores of some items must be those that they have among all items.",
        )


def shared_scores_are_protected(factory: Factory) -> None:
    """Writing into scores, as is done to leave out seen items, does not change the model."""
    model = fitted(factory)
    before = np.array(model.scores(model.histories_))
    scores = model.scores(model.histories_)
    if scores.flags.writeable:
        scores[:] = -np.inf
    expect(
        np.array_equal(before, model.scores(model.histories_)),
        "Scores that are part of the model must be read-only.",
    )


def _expect_scores(model: Recommender, users: Histories, who: str) -> None:
    try:
        scores = model.scores(users)
    except PenchantError as error:
        raise AssertionError(f"There must be scores of {who}: {error}") from error
    expect(isinstance(scores, np.ndarray), f"Scores of {who} must be a NumPy array.")
    expect(scores.dtype == np.float32, f"Scores of {who} must be float32, not {scores.dtype}.")
    expect(not np.isnan(scores).any(), f"Scores of {who} must not be NaN.")
    expect(not np.isposinf(scores).any(), f"Scores of {who} must not be infinite.")


ALL = (
    scores_have_shape,
    cold_items_have_scores,
    empty_history_has_scores,
    visitor_has_scores,
    known_user_by_id,
    unknown_ids_refused,
    other_catalogue_refused,
    repeated_events_have_scores,
    batch_equals_single,
    item_scores_are_columns,
    shared_scores_are_protected,
)
