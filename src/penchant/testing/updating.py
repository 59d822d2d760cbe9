"""Checks of models that take in new events; others pass them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.vocabulary import Id
from penchant.errors import UnknownIdError
from penchant.models import name_of
from penchant.models.base import Recommender
from penchant.models.protocols import Updates
from penchant.testing.fits import fitted, usual_log
from penchant.testing.helpers import Factory, expect, expect_equal, expect_refusal

NEWCOMER = 9_999
NEW_ITEMS = (-5, 123_456)
EARLY = 0.8  # the share of events that are known before an update
LIKE_A_NEW_FIT = 0.9  # the correlation with the scores of a new fit


def _news(model: Recommender, items: list[Id] | None = None) -> Dataset:
    """Events of the first known user and of a new one, with these items or some known ones."""
    ids = items or model.items_.take(np.array([0, 5, 2, 8])).to_list()
    who = [model.users_[0]] * len(ids) + [NEWCOMER] * len(ids)
    ratings = [5.0, 1.0, 4.0, 2.0]
    frame = pl.DataFrame({"user": who, "item": ids * 2, "rating": (ratings * 2)[: 2 * len(ids)]})
    times = model.histories_.times
    if times is not None:  # an hour after each other, after all that is known
        hours = 1 + np.arange(len(frame))
        later = pl.Series("time", times.max() + hours * 3_600_000_000)
        frame = frame.with_columns(later.cast(pl.Datetime("us")))
    return Dataset.from_frame(frame, name="news")


def update_takes_in_events(factory: Factory) -> None:
    """After an update histories hold the new events, and new users are known."""
    model = fitted(factory)
    if not isinstance(model, Updates):
        return
    before = int(model.histories_.lengths[0])
    expect(model.update(_news(model)) is model, "update must return the model itself.")
    expect(NEWCOMER in model.users_, "A user of the new events must be known after an update.")
    both = model.histories_of([model.users_[0], NEWCOMER])
    expect(
        both.lengths.tolist() == [before + 4, 4],
        f"Histories must hold the new events: their lengths are {both.lengths.tolist()}, not "
        f"{[before + 4, 4]}.",
    )
    scores = model.scores(both)
    expect(np.isfinite(scores).all(), "Scores must be finite after an update.")
    seen = model.recommend([NEWCOMER], k=len(model.items_))["item"]
    expect(
        not seen.is_in(model.items_.take(both.items[-4:]).implode()).any(),
        "What came in with an update must count as seen.",
    )


def update_with_nothing_changes_nothing(factory: Factory) -> None:
    """An update without events leaves all scores as they are."""
    model = fitted(factory)
    if not isinstance(model, Updates):
        return
    before = model.scores(model.histories_)
    news = _news(model)
    model.update(news.subset(np.zeros(len(news), bool)))
    expect_equal(
        before, model.scores(model.histories_), "An update without events must do nothing."
    )


def update_takes_in_or_refuses_new_items(factory: Factory) -> None:
    """New items get a place and scores, or a sentence refuses them and the model stays as it was.

    One of them comes before all known items, so that these have other places afterwards.
    """
    model = fitted(factory)
    if not isinstance(model, Updates):
        return
    before, n_items = model.scores(model.histories_), len(model.items_)
    first, last = NEW_ITEMS
    news = _news(model, [first, model.items_[5], last])
    try:
        model.update(news)
    except UnknownIdError:
        after = model.scores(model.histories_)
        expect_equal(before, after, "A refused update must leave the model as it was.")
        expect_refusal(UnknownIdError, lambda: model.update(news), "An update with an unknown item")
        return
    expect(
        first in model.items_ and last in model.items_ and len(model.items_) == n_items + 2,
        "New items must be known after an update, or be refused.",
    )
    newcomer = model.histories_of([NEWCOMER])
    expect(
        newcomer.n_items == n_items + 2 and newcomer.items.tolist() == [0, 6, n_items + 1],
        "Histories must hold new items at the places that they have in the vocabulary.",
    )
    scores = model.scores(model.histories_)
    expect(
        scores.shape == (len(model.users_), n_items + 2) and not np.isnan(scores).any(),
        "There must be a score for each new item.",
    )
    table = model.item_table_
    expect(
        table is None or table["item"].equals(model.items_.ids),
        "The item table must have a row for each new item.",
    )
    known = model.history([model.items_[6]])
    lists = model.recommend(known, k=n_items + 2, repeats="allowed")["item"]
    expect(lists.is_in(model.items_.ids.implode()).all(), "Lists must be of known items.")


def update_passes_over_known_events(factory: Factory) -> None:
    """Events that are known already, by user, item and time, change nothing."""
    model = fitted(factory)
    if not isinstance(model, Updates) or model.histories_.times is None:
        return
    news = _news(model)
    model.update(news)
    n_events, before = model.histories_.n_events, model.scores(model.histories_)
    model.update(news)
    expect(
        model.histories_.n_events == n_events,
        "Events that are known by user, item and time must not count twice.",
    )
    expect_equal(
        before, model.scores(model.histories_), "Known events must leave the model as it was."
    )


def update_equals_a_new_fit(factory: Factory) -> None:
    """A model that says that its updates are exact is then what a new fit to all events is."""
    if getattr(factory(), "update_kind", None) != "exact":
        return
    frame, table = usual_log().frame(), usual_log().item_table
    early = pl.Series(np.random.default_rng(3).random(len(frame)) < EARLY)
    early &= frame["item"] != frame["item"].min()
    model = factory().fit(Dataset.from_frame(frame.filter(early)))
    assert isinstance(model, Updates)
    model.update(Dataset.from_frame(frame.filter(~early), item_table=table))
    whole = factory().fit(Dataset.from_frame(frame, item_table=table))
    expect(
        model.users_ == whole.users_ and model.items_ == whole.items_,
        "After an update the vocabularies must be those of a fit to all events.",
    )
    expect_equal(
        whole.scores(whole.histories_),
        model.scores(model.histories_),
        "After an exact update scores must be those of a fit to all events.",
    )


def update_comes_near_a_new_fit(factory: Factory) -> None:
    """A model that folds new events in then scores nearly as a new fit to all events does."""
    if getattr(factory(), "update_kind", None) != "fold-in":
        return
    frame = usual_log().frame()
    early = pl.Series(np.random.default_rng(3).random(len(frame)) < EARLY)
    early &= (frame["item"] != frame["item"].min()) & (frame["user"] != frame["user"].min())
    model = factory().fit(Dataset.from_frame(frame.filter(early)))
    stale = model.scores(model.histories_)
    assert isinstance(model, Updates)
    model.update(Dataset.from_frame(frame.filter(~early)))
    whole = factory().fit(Dataset.from_frame(frame))
    expect(
        model.users_ == whole.users_ and model.items_ == whole.items_,
        "After an update the vocabularies must be those of a fit to all events.",
    )
    expected, scores = whole.scores(whole.histories_), model.scores(model.histories_)
    near = float(np.corrcoef(expected.ravel(), scores.ravel())[0, 1])
    before = float(np.corrcoef(expected[-len(stale) :, 1:].ravel(), stale.ravel())[0, 1])
    expect(
        near > max(LIKE_A_NEW_FIT, before),
        "After an update scores must be nearly those of a fit to all events: their correlation "
        f"is {near:.2f}, and was {before:.2f}.",
    )


def update_is_kept_in_a_bundle(factory: Factory) -> None:
    """A model that was updated is restored as it is."""
    from penchant.bundle import restore, save

    model = fitted(factory)
    if not isinstance(model, Updates):
        return
    model.update(_news(model))
    cls = type(model)
    with tempfile.TemporaryDirectory() as parent:
        folder = save(model, Path(parent) / "bundle")
        # A class that is not in the table of names must be given.
        back = restore(folder) if name_of(cls) else restore(folder, model=cls)
    expect_equal(
        model.scores(model.histories_),
        back.scores(back.histories_),
        "A restored model must have what an update has taught.",
    )


ALL = (
    update_takes_in_events,
    update_with_nothing_changes_nothing,
    update_takes_in_or_refuses_new_items,
    update_passes_over_known_events,
    update_equals_a_new_fit,
    update_comes_near_a_new_fit,
    update_is_kept_in_a_bundle,
)
