"""How often and how lately a user had each item."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.base import Signal
from penchant.models.fitted_attributes import Declarations
from penchant.models.parameters import Space
from penchant.models.repeats.own_items import OwnItems
from penchant.models.shared.basket_events import basket_ages, counted_once
from penchant.run import Run
from penchant.typing import Float32

_DAY = 86_400e6  # microseconds


class DecayedFrequency(OwnItems):
    """What a user had often and lately: each basket with an item counts less the older it is.

    A basket counts `basket_decay` for each later basket of the user, and half for each `half_life`
    days that it is older than the user's newest one. Items that the user has not had are ranked by
    popularity. It is the repeat part of Hu et al., "Modeling Personalized Item Frequency
    Information for Next-basket Recommendation" (2020), without its groups.

    `update` takes further events in: the model is then what a new fit to all events is.

    Attributes:
        basket_decay: what a basket counts beside the one after it; 1 for as much.
        half_life: days after which an event counts half; None for no decay by days. It needs times.
    """

    basket_decay: Annotated[float, Field(gt=0, le=1), Space(0.5, 1)] = 0.9
    half_life: Annotated[float, Field(gt=0), Space(7, 3650, log=True)] | None = None

    signal: ClassVar[Signal] = "nothing"
    fitted_attributes: ClassVar[Declarations] = {}

    @property
    def needs_times(self) -> bool:
        """Whether a half-life is given."""
        return self.half_life is not None

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        pass

    def _event_weights(self, users: Histories) -> Float32:
        weights = np.power(self.basket_decay, basket_ages(users).astype(np.float64))
        if self.half_life is not None and users.times is not None and users.n_events:
            newest = users.times[np.maximum(users.offsets[1:] - 1, 0)][users.rows]
            weights *= np.exp2(-(newest - users.times) / (_DAY * self.half_life))
        return counted_once(users, weights)
