"""How faithful reasons by attributes are: what happens when the named attribute is taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.target import Like
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError
from penchant.explanation.lists import explain_lists
from penchant.explanation.removal import NEGLIGIBLE
from penchant.models.attributes.base import AttributeModel
from penchant.models.base import Recommender
from penchant.models.protocols import RatesRows
from penchant.run import Run
from penchant.typing import Float64, UInt8

_SCHEMA: dict[str, Any] = {
    "named": pl.String,
    "others": pl.Int32,
    "drop_named": pl.Float64,
    "drop_most_liked": pl.Float64,
    "drop_others": pl.Float64,
    "largest_drop_of_others": pl.Float64,
    "places_named": pl.Float64,
    "places_most_liked": pl.Float64,
    "places_others": pl.Float64,
}


def attribute_fidelity(
    model: Recommender,
    users: Sequence[Id] | Histories | None = None,
    k: int = 10,
    *,
    run: Run | None = None,
) -> pl.DataFrame:
    """Take attributes away from recommended items and see how the model answers.

    Each recommended item whose reason names an attribute, and that has another one, is scored
    again as an item without the named one, without each of the others, and without the one that
    the history has liked most often, which would be the reason by rule of thumb. A reason is
    faithful where the named attribute costs the item the most.

    Args:
        model: a fitted model over attributes: `per-user` or `attribute-network`.
        users: ids of known users, or histories, or None for all known users.
        k: the length of each user's list.
        run: threads and progress.

    Returns:
        A row for each such item: `user` (or `history`), `item`, `named`, `others` (how many other
        attributes it has), and by how much its chance of a like falls (`drop_named`,
        `drop_most_liked`, `drop_others` on average, `largest_drop_of_others`) and how many
        places it loses among all items (`places_named`, `places_most_liked`, `places_others`).

    Raises:
        ParameterError: the model does not know items by their attributes.
        UnknownIdError: a user is not known.

    Example:
        >>> from penchant.testing import planted_attributes
        >>> model = make("attribute-network:epochs=1").fit(planted_attributes(n_users=30))
        >>> found = pn.attribute_fidelity(model, [1, 2], k=3)
        >>> len(found) > 0
        True
    """
    if not isinstance(model, AttributeModel) or not isinstance(model, RatesRows):
        raise ParameterError(
            f"The reasons of {type(model).__name__} are no attributes: this is for models such as "
            "per-user and attribute-network."
        )
    lists = explain_lists(model, users, k, run=run)
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    assert isinstance(model.target, Like)
    whose = lists.columns[0]
    keys = range(len(histories)) if users is histories else model.users_.take(histories.users)
    rows = []
    for n, key in enumerate(keys):
        listed = lists.filter(pl.col(whose) == key)
        rows += [{whose: key} | row for row in _of_user(model, histories.block(n, n + 1), listed)]
    schema = {whose: lists.schema[whose], "item": lists.schema["item"]} | _SCHEMA
    return pl.DataFrame(rows, schema=schema, orient="row")


def _of_user(
    model: AttributeModel, history: Histories, listed: pl.DataFrame
) -> list[dict[str, Any]]:
    """The rows of one user's list."""
    items = model.items_.indices(listed["item"])
    matrix = model.item_attributes_
    before = _answers(model, history, matrix, items)
    # The j-th attribute of every listed item is taken away at once: items do not see each other.
    own = [np.flatnonzero(matrix[item]) for item in items]
    most = max((len(columns) for columns in own), default=0)
    drops = np.full((2, len(items), most), np.nan)
    for j in range(most):
        has = np.array([len(columns) > j for columns in own])
        without = matrix.copy()
        without[items[has], [columns[j] for columns in own if len(columns) > j]] = 0
        drops[:, has, j] = (before - _answers(model, history, without, items))[:, has]
    scores = model.scores(history)[0]
    finite = scores[np.isfinite(scores)]
    negligible = NEGLIGIBLE * float(np.ptp(finite)) if len(finite) else 0.0
    rows = []
    for n, place in enumerate(listed.iter_rows(named=True)):
        names = [model.attributes_[a] for a in own[n]]
        attributes = place["attributes"]
        # The first attribute is the one that the sentence names first, if it names any.
        if len(names) < 2 or place["method"] != "attributes":
            continue
        if attributes[0]["effect"] <= negligible:
            continue
        named = names.index(attributes[0]["name"])
        most_liked = names.index(max(attributes, key=lambda a: (a["liked"], a["effect"]))["name"])
        others = [j for j in range(len(names)) if j != named]
        chance, places = drops[:, n]
        rows.append(
            {
                "item": place["item"],
                "named": names[named],
                "others": len(others),
                "drop_named": chance[named],
                "drop_most_liked": chance[most_liked],
                "drop_others": chance[others].mean(),
                "largest_drop_of_others": chance[others].max(),
                "places_named": places[named],
                "places_most_liked": places[most_liked],
                "places_others": places[others].mean(),
            }
        )
    return rows


def _answers(model: AttributeModel, history: Histories, matrix: UInt8, items: Any) -> Float64:
    """float64[2, n], the chance of a like of each item, and less its place among all items."""
    assert isinstance(model, RatesRows)
    changed = model.with_attributes(matrix)
    assert isinstance(changed, RatesRows)
    rows = Rows(history, np.zeros(len(items), np.int32), items.astype(np.int32))
    scores = changed.scores(history)[0]
    everything = np.sort(model.scores(history)[0])
    places = len(everything) - np.searchsorted(everything, scores[items], side="left")
    return np.stack([changed.predict(rows).astype(np.float64), -places.astype(np.float64)])
