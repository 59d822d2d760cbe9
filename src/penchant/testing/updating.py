"""Checks of models that go on learning from new events; others pass them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.errors import UnknownIdError
from penchant.models import name_of
from penchant.models.base import Recommender
from penchant.models.protocols import Updates
from penchant.testing.fits import fitted
from penchant.testing.helpers import Factory, expect, expect_equal, expect_refusal

NEWCOMER = 9_999


def _news(model: Recommender, items: list[int] | None = None) -> Dataset:
    """Events of the first known user and of a new one, with the items at these positions."""
    ids = model.items_.take(np.array(items or [0, 5, 2, 8])).to_list()
    who = [model.users_[0]] * len(ids) + [NEWCOMER] * len(ids)
    ratings = [5.0, 1.0, 4.0, 2.0]
    frame = pl.DataFrame({"user": who, "item": ids * 2, "rating": (ratings * 2)[: 2 * len(ids)]})
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


def update_refuses_unknown_items(factory: Factory) -> None:
    """New items are refused with a sentence, and the model stays as it was."""
    model = fitted(factory)
    if not isinstance(model, Updates):
        return
    before = model.scores(model.histories_)
    frame = pl.DataFrame({"user": [model.users_[0]], "item": [123_456], "rating": [3.0]})
    news = Dataset.from_frame(frame)
    expect_refusal(UnknownIdError, lambda: model.update(news), "An update with an unknown item")
    after = model.scores(model.histories_)
    expect_equal(before, after, "A refused update must leave the model as it was.")


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
    update_refuses_unknown_items,
    update_is_kept_in_a_bundle,
)
