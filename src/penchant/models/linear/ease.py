"""Linear item-to-item models in closed form."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.models.shared.item_weights import ItemWeights, ease_ridge, ease_weights
from penchant.models.shared.updatable import Refitting
from penchant.run import Run


class EASE(ItemWeights, Refitting):
    """A full item-to-item weight matrix with zero diagonal, in closed form.

    With X the users × items matrix of interactions, P = (X'X + l2 I)^-1 and
    B_ij = -P_ij / P_jj off the diagonal; the score of item j is the sum of B_ij over the items i
    of the history. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data" (2019), eq. 8.
    With `dropout` it is EDLAE: Steck, "Autoencoders that don't overfit towards the Identity"
    (2020), by which frequent items are regularised more.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        l2: strength of regularisation. None is what `ease_ridge` says of the log.
        dropout: share of a history's items that learning leaves out at random, in expectation.
        user_exponent: power of a user's number of events by which the user's squared errors are
            divided; 0 learns from all events alike, 1 from all users alike.
        recency: power of an event's place from the end of the history, 1 for the last one, by
            which it is divided when lists are made; 0 counts all events alike. Learning counts
            them alike whatever it is.
        max_items: refuse catalogues beyond this size, whose dense matrix would not fit
            (while fitting 4 bytes × items², 8 where some items have no events, and 12 where
            `l2` is so small that it takes double precision; 4 after it).
    """

    l2: Annotated[float | None, Field(gt=0), Space(1, 1e4, log=True)] = None
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.8)] = 0.0
    user_exponent: Annotated[float, Field(ge=0, le=1), Space(0, 1)] = 0.0
    recency: Annotated[float, Field(ge=0), Space(0, 1)] = 0.0
    max_items: Annotated[int, Field(gt=0)] = 40_000

    signal: ClassVar[Signal] = "pairs"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"l2_"})
    fitted_attributes: ClassVar[Declarations] = {
        "weights_": floats("items", "items"),
        "l2_": plain(float),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.l2_ = ease_ridge(train, self.l2)
        self.weights_ = ease_weights(
            train,
            self.l2_,
            self.max_items,
            dropout=self.dropout,
            user_exponent=self.user_exponent,
        )

    @property
    def _recency(self) -> float:
        return self.recency
