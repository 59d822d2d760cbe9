"""Checks of what only some models can do, and of bundles; others pass them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.target import Like, Target
from penchant.metrics import AUC, LogLoss
from penchant.models import name_of
from penchant.models.base import Recommender
from penchant.models.baselines import UserMajority
from penchant.models.protocols import (
    Explains,
    ExplainsAttributes,
    ItemVectors,
    RatesRows,
    UserVectors,
)
from penchant.testing.fits import Fit, fit_to_attributes, fitted
from penchant.testing.helpers import (
    Factory,
    expect,
    expect_better_than_the_mean,
    expect_equal,
    mixed_rows,
    visitor,
)

_APART = 7  # rows, of which one is asked about alone: a vector may be fitted for each


def predictions_have_shape(factory: Factory) -> None:
    """A prediction for every row, finite also for unknown users and items."""
    model = fitted(factory)
    if not isinstance(model, RatesRows):
        return
    expect(isinstance(model.target, Target), "The target must be a Target.")
    rows = mixed_rows(model)
    ratings = model.predict(rows)
    expect(ratings.dtype == np.float32, f"Predictions must be float32, not {ratings.dtype}.")
    expect(ratings.shape == (len(rows),), f"Predictions must be one a row, not {ratings.shape}.")
    expect(np.isfinite(ratings).all(), "Predictions must be finite for unknown users and items.")
    nothing = Rows(rows.histories, rows.history[:0], rows.items[:0])
    expect(model.predict(nothing).shape == (0,), "No rows must give no predictions.")


def predictions_stand_alone(factory: Factory) -> None:
    """A prediction does not depend on the other rows or on their order."""
    model = fitted(factory)
    if not isinstance(model, RatesRows):
        return
    rows = mixed_rows(model)
    together = model.predict(rows)
    order = np.random.default_rng(1).permutation(len(rows))
    mixed = model.predict(Rows(rows.histories, rows.history[order], rows.items[order]))
    expect_equal(together[order], mixed, "The order of rows must not matter.")
    alone = [
        model.predict(
            Rows(
                rows.histories.take(rows.history[n : n + 1]),
                np.zeros(1, np.int32),
                rows.items[n : n + 1],
            )
        )
        for n in range(0, len(rows), _APART)
    ]
    expect_equal(
        together[::_APART], np.concatenate(alone), "A row alone must get the same prediction."
    )


def predictions_beat_the_mean(factory: Factory) -> None:
    """Predicted ratings of a model that learns are better than the mean of all ratings.

    Those of one that learns from attributes tell likes better than the user's share of likes.
    `finds_what_is_planted` asks the same of models that learn from ratings.
    """
    model = factory()
    if not isinstance(model, RatesRows):
        return
    if model.signal == "attributes":
        _expect_better_than_the_share(fit_to_attributes(factory))
    elif model.signal not in ("nothing", "ratings"):
        expect_better_than_the_mean(model)


def _expect_better_than_the_share(fit: Fit) -> None:
    """Expect likes predicted clearly better than by each user's own share of likes.

    The log has attributes planted. Any scale will do to tell likes from others; probabilities of
    the same likes must also be good as such.
    """
    model, test = fit.model, fit.holdout
    assert isinstance(model, RatesRows)
    assert test is not None
    assert test.ratings is not None
    likes = Like(4.0)
    truth = likes.of_ratings(test.ratings)
    predictions = model.predict(test.rows)
    shares = UserMajority(threshold=likes.threshold).fit(fit.log).predict(test.rows)
    area, trivial = (AUC()(answer, truth) for answer in (predictions, shares))
    expect(
        area > trivial + 0.1,
        f"Predicted likes have an AUC of {area:.3f}, not clearly above the {trivial:.3f} of the "
        "user's own share of likes.",
    )
    if model.target != likes:
        return
    loss, trivial = (LogLoss()(answer, truth) for answer in (predictions, shares))
    expect(
        loss < 0.97 * trivial,
        f"Predicted likes have a log-loss of {loss:.3f}, not clearly below the {trivial:.3f} of "
        "the user's own share of likes.",
    )


def item_vectors_have_shape(factory: Factory) -> None:
    """A finite vector for each item."""
    model = fitted(factory)
    if not isinstance(model, ItemVectors):
        return
    vectors = model.item_vectors()
    expect(vectors.dtype == np.float32, f"Item vectors must be float32, not {vectors.dtype}.")
    expect(
        vectors.ndim == 2 and len(vectors) == model.histories_.n_items,
        f"There must be a vector for each item, not {vectors.shape}.",
    )
    expect(np.isfinite(vectors).all(), "Item vectors must be finite.")


def user_vectors_have_shape(factory: Factory) -> None:
    """A finite vector for each user, with or without a history, whoever else is asked for."""
    model = fitted(factory)
    if not isinstance(model, UserVectors):
        return
    for users in (model.histories_, visitor(model), model.history([])):
        vectors = model.user_vectors(users)
        expect(vectors.dtype == np.float32, f"User vectors must be float32, not {vectors.dtype}.")
        expect(
            vectors.ndim == 2 and len(vectors) == len(users),
            f"There must be a vector for each user, not {vectors.shape}.",
        )
        expect(np.isfinite(vectors).all(), "User vectors must be finite.")
    some = model.histories_.take([4, 1])
    expect_equal(
        model.user_vectors(some),
        model.user_vectors(model.histories_)[[4, 1]],
        "A user's vector must not depend on the other users asked for.",
    )


def contributions_sum_to_scores(factory: Factory) -> None:
    """Contributions of events add up to the score, but for a bias of the user and of the item.

    A score may lie above the sum by a number that depends on the user alone plus one that
    depends on the item alone.
    """
    model = fitted(factory)
    known = [model.histories_.take([n]) for n in range(4)]
    expect_explained(model, visitor(model), visitor(model, rated=False), *known)


def expect_explained(model: Recommender, *users: Histories) -> None:
    """Fail where a model's contributions to the scores of these users do not add up.

    Args:
        model: a fitted model, which may have no contributions.
        users: one user each.

    Raises:
        AssertionError: they have another shape, or do not sum to the score but for biases.
    """
    scores = model.scores
    if not (isinstance(model, Explains) and model.has_contributions):
        return
    items = np.arange(users[0].n_items, dtype=np.int32)
    rest, largest = [], 0.0
    for user in users:
        parts = model.contributions(user, items)
        expect(
            parts.shape == (len(items), user.n_events),
            f"Contributions must be items by events, not {parts.shape}.",
        )
        score = scores(user)[0]
        rest.append(score - parts.sum(axis=1))
        largest = max(largest, float(np.abs(score[np.isfinite(score)]).max(initial=0)))
    table = np.stack(rest)
    table = table - table.mean(axis=1, keepdims=True)
    expect_equal(
        table,
        np.broadcast_to(table.mean(axis=0), table.shape),
        "Contributions must sum to the score, but for a bias of the user and of the item.",
        size=largest,
    )


def attribute_effects_are_of_items(factory: Factory) -> None:
    """Attributes have effects where items have them and the user has a history, others none."""
    model = fitted(factory)
    if not isinstance(model, ExplainsAttributes):
        return
    assert model.item_table_ is not None
    bare = (model.item_table_["genres"].list.len() == 0).to_numpy()
    items = np.arange(model.histories_.n_items, dtype=np.int32)
    for user in (visitor(model), model.history([]), model.histories_.take([0])):
        effects = model.attribute_effects(user, items)
        expect(effects.dtype == np.float32, f"Effects must be float32, not {effects.dtype}.")
        expect(
            effects.ndim == 2 and len(effects) == len(items),
            f"Effects must be items by attributes, not {effects.shape}.",
        )
        expect(np.isfinite(effects).all(), "Effects must be finite.")
        expect(not effects[bare].any(), "An item without attributes must not have effects.")
        expect_equal(
            effects[::-1],
            model.attribute_effects(user, items[::-1]),
            "The order of items must not matter.",
        )
    expect(effects[~bare].any(), "Attributes must have effects for a user with a history.")


def reasons_are_faithful(factory: Factory) -> None:
    """Without what reasons name an item loses more than without as much else of the history.

    Where reasons are attributes, the events beside them are examples and need not.
    """
    from penchant.explanation import explanation_fidelity

    model = fitted(factory)
    if isinstance(model, ExplainsAttributes):
        return
    table = explanation_fidelity(model, model.users_.ids[:8].to_list(), k=4)
    if not len(table):
        return
    named, others = table["drop_named"].to_numpy().mean(), table["drop_others"].to_numpy().mean()
    expect(
        named > others,
        f"Without what reasons name scores must fall by more than the {others:.3f} standard "
        f"deviations that they fall by without other events, not by {named:.3f}.",
    )


def bundle_restores_the_model(factory: Factory) -> None:
    """A model that was saved and restored gives the very same answers."""
    from penchant.bundle import restore, save

    model = fitted(factory)
    cls = type(model)
    with tempfile.TemporaryDirectory() as parent:
        folder = save(model, Path(parent) / "bundle")
        # A class that is not in the table of names must be given.
        restored = restore(folder) if name_of(cls) else restore(folder, model=cls)
    expect(type(restored) is cls, f"A restored model must be a {cls.__name__}.")
    expect(restored.params() == model.params(), "A restored model must have its parameters.")
    for name, value in model.fitted_state().items():
        _expect_kept(name, value, getattr(restored, name))
    for users in (model.histories_, visitor(model)):
        expect(
            np.array_equal(model.scores(users), restored.scores(users)),
            "A restored model must give the same scores.",
        )
    ids = [model.users_[0]]
    expect(
        model.recommend(ids, titles=True).equals(restored.recommend(ids, titles=True)),
        "A restored model must recommend the same.",
    )
    items = [model.items_[0], model.items_[5]]
    expect(
        model.similar_items(items).equals(restored.similar_items(items)),
        "A restored model must find the same items similar.",
    )
    if isinstance(model, RatesRows) and isinstance(restored, RatesRows):
        rows = mixed_rows(model)
        expect(
            np.array_equal(model.predict(rows), restored.predict(rows)),
            "A restored model must predict the same.",
        )
    if isinstance(model, Explains) and isinstance(restored, Explains) and model.has_contributions:
        everything = np.arange(len(model.items_), dtype=np.int32)
        for user in (model.histories_.block(4, 5), visitor(model)):
            given, again = (m.contributions(user, everything) for m in (model, restored))
            expect(np.array_equal(given, again), "A restored model must explain the same.")


def _expect_kept(name: str, value: object, kept: object) -> None:
    """Expect what was restored to be of the same type, and arrays to lie in memory as they did.

    How sums are rounded depends on how numbers lie in memory.
    """
    expect(
        type(kept) is type(value),
        f"{name} is restored as a {type(kept).__name__}, and was a {type(value).__name__}.",
    )
    if isinstance(value, np.ndarray) and isinstance(kept, np.ndarray):
        expect(
            (kept.dtype, kept.shape) == (value.dtype, value.shape)
            and (kept.strides == value.strides or not value.size)
            and np.array_equal(kept, value, equal_nan=value.dtype.kind == "f"),
            f"{name} is restored with other numbers, or numbers of another type or order.",
        )


ALL = (
    predictions_have_shape,
    predictions_stand_alone,
    predictions_beat_the_mean,
    item_vectors_have_shape,
    user_vectors_have_shape,
    contributions_sum_to_scores,
    attribute_effects_are_of_items,
    reasons_are_faithful,
    bundle_restores_the_model,
)
