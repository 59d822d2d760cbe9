from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.origin import Origin
from penchant.evaluation.event_notes import event_notes
from penchant.models import make
from penchant.testing.logs import planted_pairs


def models(*specs):
    return {spec: make(spec) for spec in specs}


def test_dislikes_are_named_where_models_take_them_for_likes():
    log = planted_pairs()
    share = f"{(log.ratings < 4).mean():.0%}"
    (note,) = event_notes(log, models("ease", "bias", "popular", "dot"))
    assert note == (
        f"{share} of the events have a rating below 4, and ease takes every event for a like: "
        "--positive '>=4' (positive= in Python) teaches likes alone."
    )
    assert event_notes(log, models("dot", "popular")) == ()
    ease = make("ease")
    (note,) = event_notes(log, {"text, title": ease, "title": ease})
    assert "and “text, title” and title take every event for a like" in note
    (note,) = event_notes(log, {f"model {n}": ease for n in range(5)})
    assert "and 5 models take every event for a like" in note
    (note,) = event_notes(replace(log, positive=4.0), models("ease", "ials"))
    assert note == (
        f"ease and ials learn from ratings of at least 4; the other {share} of the events count "
        "as seen."
    )


def test_the_advice_fits_the_scale():
    log = planted_pairs()
    for low, high in ((-1, 1), (0, 1)):
        ratings = np.where(np.arange(len(log)) % 4, high, low).astype(np.float32)
        events = log.events.with_columns(rating=pl.Series(ratings))
        (note,) = event_notes(replace(log, events=events, scale=None), models("ease"))
        assert note.startswith("25% of the events have a rating below 1, ")
        assert "--positive '>=1' (" in note


def test_slips_outside_the_scale_do_not_change_the_advice():
    log = planted_pairs()
    ratings = (1 + np.arange(len(log)) % 5).astype(np.float32)
    for slips in ((55, 44, 54), (-44, 5, 5), (99,) * 40):
        ratings[: len(slips)] = slips
        events = log.events.with_columns(rating=pl.Series(ratings))
        (note,) = event_notes(replace(log, events=events, scale=None), models("ease"))
        assert "of the events have a rating below 4, " in note
        assert "--positive '>=4' (" in note
    (note,) = event_notes(replace(log, events=events, scale=(1, 100)), models("ease"))
    assert "--positive '>=99' (" in note


def test_counts_are_to_be_weights_and_no_likes():
    log = planted_pairs()
    plays = np.random.default_rng(0).geometric(0.01, len(log)).astype(np.float32)
    log = replace(
        log,
        events=log.events.with_columns(rating=pl.Series(plays)),
        scale=None,
        origin=Origin(columns={"rating": "plays"}),
    )
    (note,) = event_notes(log, models("ease"))
    assert note.startswith("The ratings look like counts (up to ")
    assert "--weight 'plays' (weight='plays' in Python)" in note
    assert "--positive" not in note


def test_models_that_use_no_weights_are_named():
    log = planted_pairs()
    events = log.events.drop("rating").with_columns(weight=pl.lit(2.0, pl.Float32))
    log = replace(log, events=events, scale=None)
    notes = event_notes(log, models("ease", "vbpr", "tifu-knn", "bayesian-fm", "popular"))
    assert notes == ("tifu-knn and bayesian-fm make no use of the weights of events.",)


def test_guessed_weights_are_to_be_doubted():
    log = planted_pairs(with_ratings=False)
    events = log.events.with_columns(weight=pl.lit(2.0, pl.Float32))
    origin = Origin(columns={"weight": "hours"}, guessed=("weight",))
    guessed = replace(log, events=events, origin=origin)
    (note,) = event_notes(guessed, models("ease"))
    assert note.startswith("Events count as much as hours says, which was guessed: compare without")
    assert "--weight none" in note
    assert not event_notes(guessed, models("popular"))
    asked = replace(guessed, origin=replace(origin, guessed=()))
    assert event_notes(asked, models("ease")) == ()
