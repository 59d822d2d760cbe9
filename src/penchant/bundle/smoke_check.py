"""Use a restored model once before anybody gets it, so that none fails later."""

from __future__ import annotations

import numpy as np

from penchant.bundle.damage import DamageError
from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.errors import MissingExtraError, PenchantError
from penchant.models.base import Recommender
from penchant.models.lists import cosines
from penchant.models.protocols import (
    ComparesUsers,
    Explains,
    ExplainsAttributes,
    ExplainsByNeighbours,
    ItemVectors,
    RatesRows,
    UserVectors,
)
from penchant.typing import Int32

_CELLS = 2**16  # users × items that are scored, or × users that they are compared with
_MOST_USERS = 64
_NEW_ITEMS = 3


def smoke_check(model: Recommender) -> None:
    """Let a restored model score, predict and explain, and refuse it if it cannot.

    It is used for users of the log, as many as cost little, spread over all of them, and for a new
    user with the first and last items. A model without its extra is not tried out.

    Raises:
        DamageError: the fitted state is not one of its class and parameters.
    """
    histories = model.histories_
    width = max(1, histories.n_items, len(histories) if isinstance(model, ComparesUsers) else 0)
    n = min(len(histories), _MOST_USERS, max(1, _CELLS // width))
    some = histories.take(np.unique(np.linspace(0, max(0, len(histories) - 1), n).astype(np.int64)))
    items = np.unique(np.r_[:_NEW_ITEMS, histories.n_items - _NEW_ITEMS : histories.n_items])
    items = items[(items >= 0) & (items < histories.n_items)].astype(np.int32)
    new = Histories.of(
        items,
        n_items=histories.n_items,
        ratings=None if histories.ratings is None else histories.ratings[:1].repeat(len(items)),
        positive=histories.positive,
    )
    for users in (some, new):
        try:
            with np.errstate(all="ignore", over="raise"):  # learned numbers are of usual sizes
                _use(model, users, items)
        except MissingExtraError:
            continue
        except PenchantError as error:
            raise DamageError(str(error).rstrip(".")) from None
        except Exception as error:
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            raise DamageError(
                f"its fitted state does not fit a {type(model).__name__} ({what})"
            ) from None


def _use(model: Recommender, users: Histories, items: Int32) -> None:
    scores = model.scores(users)
    if scores.shape != (len(users), users.n_items) or scores.dtype.kind != "f":
        raise ValueError("scores are not a number for each user and item")
    if (np.isnan(scores) | np.isposinf(scores)).any():
        raise ValueError("scores are infinite or no numbers")
    model.top_items(users, 2, repeats="allowed")
    model.n_parameters()
    row = np.repeat(np.arange(len(users), dtype=np.int32), len(items))
    if isinstance(model, RatesRows):
        predicted = model.predict(Rows(users, row, np.tile(items, len(users))))
        if predicted.shape != row.shape or predicted.dtype.kind != "f":
            raise ValueError("predictions are not a number for each row")
        if not np.isfinite(predicted).all():
            raise ValueError("predictions are infinite or no numbers")
    if isinstance(model, ItemVectors):
        vectors = model.item_vectors()
        if len(vectors) != users.n_items:
            raise ValueError("there is not a vector for each item")
        cosines(vectors, items)
    if isinstance(model, UserVectors) and len(model.user_vectors(users)) != len(users):
        raise ValueError("there is not a vector for each user")
    if isinstance(model, ComparesUsers):
        model.user_similarities(users)
    if len(users):
        one = users.block(0, 1)
        if isinstance(model, Explains):
            model.contributions(one, items)
        if isinstance(model, ExplainsByNeighbours):
            model.neighbour_contributions(one, items)
        if isinstance(model, ExplainsAttributes):
            model.attribute_effects(one, items)
