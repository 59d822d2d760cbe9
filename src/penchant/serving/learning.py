"""How bundles and a store belong together: what a bundle has learned, and what is new to it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from penchant.bundle import describe
from penchant.data.dataset import Dataset
from penchant.models.base import Recommender
from penchant.serving.store.event_form import EventForm
from penchant.serving.store.feedback_log import FeedbackLog
from penchant.store import digest


def fingerprint_of(folder: Path) -> str:
    """What a store calls a bundle.

    Raises:
        BundleError: the folder is no bundle.
    """
    return digest(describe(folder))


def new_events(feedback: FeedbackLog, model: Recommender) -> Dataset | None:
    """The events of a store as a fitted model takes them in; None where none train."""
    events = EventForm.of_model(model).events(feedback.outcomes).drop("sequence")
    return Dataset.from_frame(events, name="feedback") if len(events) else None


def log_of(model: Recommender) -> Dataset:
    """The log that a fitted model has learned from, as far as it keeps that.

    That is users, items, ratings, weights, quantities, times and baskets, and the item table
    without vectors; events without a user, prices and the user table are not kept.
    """
    histories = model.histories_
    columns: dict[str, pl.Series] = {
        "user": model.users_.take(histories.users[histories.rows]),
        "item": model.items_.take(histories.items),
    }
    if histories.ratings is not None:
        columns["rating"] = pl.Series(histories.ratings)
    if histories.weights is not None:
        columns["weight"] = pl.Series(histories.weights)
    if histories.quantities is not None:
        columns["quantity"] = pl.Series(histories.quantities)
    if histories.times is not None:
        columns["time"] = pl.Series(histories.times).cast(pl.Datetime("us"))
    if histories.baskets is not None:
        n = int(histories.baskets.max(initial=0)) + 1
        columns["basket"] = pl.Series(histories.rows.astype("int64") * n + histories.baskets)
    return Dataset.from_frame(
        pl.DataFrame(columns),
        item_table=model.item_table_,
        name=model.log_name_,
        positive=histories.positive,
        in_sessions=histories.in_sessions,
    )
