"""Checks of what events count: weights of events, and events that are not positive."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.testing.fits import (
    first_fit,
    judges_events,
    second_fit,
    with_weights,
)
from penchant.testing.helpers import Factory, expect, expect_equal
from penchant.testing.logs import planted_pairs
from penchant.testing.protocols import expect_explained


def weights_are_used_as_declared(factory: Factory) -> None:
    """Weights of events change the scores of models that use them, and of no other ones."""
    fit = first_fit(factory)
    log, model = fit.log, fit.model
    if not judges_events(model):
        return
    weighted = with_weights(log)
    if not model.uses_weights:
        if not np.array_equal(fit.scores, second_fit(factory).scores):
            expect_equal(
                fit.scores,
                factory().fit(weighted).scores(weighted.histories),
                "A model that uses no weights must not depend on them.",
            )
        return
    learned = factory().fit(weighted)
    expect(
        not np.allclose(fit.scores, learned.scores(weighted.histories)),
        "A model that uses the weights of events must not score as without them.",
    )
    expect_explained(learned, *(weighted.histories.block(n, n + 1) for n in range(4)))
    if model.signal == "popularity":  # it is the sum of the weights
        return
    equal = replace(log, events=log.events.with_columns(weight=pl.lit(3.0, pl.Float32)))
    expect_equal(
        fit.scores,
        factory().fit(equal).scores(equal.histories),
        "Equal weights must teach the same as none.",
    )


def positives_are_used_as_declared(factory: Factory) -> None:
    """Models of interactions learn from positive events alone, and all hide what is seen."""
    fit = first_fit(factory)
    if not judges_events(fit.model):
        return
    if not fit.model.learns_interactions:
        again, some = second_fit(factory), replace(fit.log, positive=4.0)
        if not np.array_equal(fit.scores, again.scores):
            expect_equal(
                fit.scores,
                factory().fit(some).scores(some.histories),
                "Which events are positive must not matter to a model of ratings.",
            )
        expect_explained(again.model, *(again.log.histories.block(n, n + 1) for n in range(4)))
        return
    log = planted_pairs(n_users=32, cold_items=2)
    some = replace(log, positive=4.0)
    learned = factory().fit(some)
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
