"""Checks of what events count: weights of events, and events that are not positive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.testing.helpers import Factory, expect, expect_equal, first_fit
from penchant.testing.protocols import expect_explained


def weights_are_used_as_declared(factory: Factory) -> None:
    """Weights of events change the scores of models that use them, and of no other ones."""
    fit = first_fit(factory)
    log, model = fit.log, fit.model
    if model.signal == "nothing" or "base_models" in model.params():
        return
    weights = np.random.default_rng(0).choice([1.0, 5.0, 50.0], size=len(log)).astype(np.float32)
    weighted = replace(log, events=log.events.with_columns(weight=pl.Series(weights)))
    learned = factory().fit(weighted)
    scores, users = model.scores(log.histories), weighted.histories
    if not model.uses_weights:
        expect_equal(
            scores, learned.scores(users), "A model that uses no weights must not depend on them."
        )
        return
    expect(
        not np.allclose(scores, learned.scores(users)),
        "A model that uses the weights of events must not score as without them.",
    )
    expect_explained(learned, *(users.block(n, n + 1) for n in range(4)))
    if model.signal == "popularity":  # it is the sum of the weights
        return
    equal = replace(log, events=log.events.with_columns(weight=pl.lit(3.0, pl.Float32)))
    expect_equal(
        scores,
        factory().fit(equal).scores(equal.histories),
        "Equal weights must teach the same as none.",
    )


def positives_are_used_as_declared(factory: Factory) -> None:
    """Models of interactions learn from positive events alone, and all hide what is seen."""
    fit = first_fit(factory)
    log, model = fit.log, fit.model
    if model.signal == "nothing" or "base_models" in model.params():
        return
    some = replace(log, positive=4.0)
    learned = factory().fit(some)
    if not learned.learns_interactions:
        expect_equal(
            model.scores(log.histories),
            learned.scores(some.histories),
            "Which events are positive must not matter to a model of ratings.",
        )
        expect_explained(learned, *(some.histories.block(n, n + 1) for n in range(4)))
        return
    likes = replace(some.positives, positive=None)
    expect(len(likes) < len(log), "The log of this check must have events that are not positive.")
    expect_equal(
        factory().fit(likes).scores(likes.histories),
        learned.scores(some.histories),
        "A model of interactions must learn from positive events as if there were no others.",
    )
    lists = learned.recommend(learned.histories_of(), k=5)
    pairs = lists["history"].to_numpy() * log.n_items + learned.items_.indices(lists["item"])
    expect(
        not np.isin(pairs, log.histories.pairs).any(),
        "Events that are not positive still count as seen.",
    )
    expect_explained(learned, *(some.histories.block(n, n + 1) for n in range(4)))


ALL = (weights_are_used_as_declared, positives_are_used_as_declared)
