"""Any model of weighted events, with old events counting less."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Annotated, Any, ClassVar

import numpy as np
import polars as pl
from pydantic import AfterValidator, Field

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.errors import ParameterError
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import Declarations, Models, plain
from penchant.models.parameters import Space
from penchant.models.protocols import Explains
from penchant.models.shared.base_models import (
    BaseModelSpecs,
    fit_base_models,
    settled_specs,
    specs_of,
)
from penchant.run import Run
from penchant.typing import Bool, Float32, Int32, Int64

logger = logging.getLogger(__name__)

_DAY = 86_400_000_000  # microseconds
_LEAST = 1e-30  # weights stay above 0


def _one_model(text: str) -> str:
    if len(specs_of(text)) != 1:
        raise ValueError("name one model, such as base_model=ials")
    return text


class TimeDecay(Recommender):
    """A model for which an event counts half for each `half_life` days that it is older.

    Weights of events (1 where the log has none) are multiplied by 2^(-age / half_life), the age
    being that to the newest training event, and the base model learns from these: every model that
    uses weights can be one. So do the histories that it is asked about. Within a history weights
    are relative (see `Histories.event_weights`), so that what a user had lately counts more than
    what the same user had long ago. Without times it is the base model.

    Attributes:
        base_model: the model, such as `ials`, or `(ials:dim=32,epochs=8)` with commas. It must use
            the weights of events.
        half_life: days.
    """

    base_model: Annotated[BaseModelSpecs, AfterValidator(_one_model)] = "ials"
    half_life: Annotated[float, Field(gt=0), Space(7, 3650, log=True)] = 365.0

    signal: ClassVar[Signal] = "pairs"
    fitted_attributes: ClassVar[Declarations] = {
        "base_models_": Models(),
        "newest_": plain(int, optional=True),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        if train.has_times:
            self.newest_ = int(train.events["time"].to_physical().max())  # type: ignore[arg-type]
            weights = pl.Series("weight", self._decayed(train.weights, _times(train)))
            train = replace(train, events=train.events.with_columns(weights))
        else:
            logger.info("%r has no times: old events count as much as others.", train.name)
        if validation is not None:
            histories = self._decayed_histories(validation.rows.histories)
            rows = replace(validation.rows, histories=histories)
            validation = replace(validation, rows=rows)
        self.base_models_ = fit_base_models(self.base_model, train, validation, self.seed, run)
        if not self._base.uses_weights:
            raise ParameterError(
                f"{self._base!r} makes no use of the weights of events, so that old ones cannot "
                "count less: take a base model that does, such as ials, ease or item-knn."
            )

    @property
    def _base(self) -> Recommender:
        found: Recommender = self.base_models_[0]
        return found

    def _decayed(self, weights: Float32 | None, times: Int64) -> Float32:
        """float32[n_events] above 0."""
        age = np.maximum(self.newest_ - times, 0) / (_DAY * self.half_life)
        decay = np.exp2(-age)
        decayed = decay if weights is None else decay * weights
        return np.asarray(np.maximum(decayed, _LEAST), np.float32)

    def _decayed_histories(self, users: Histories) -> Histories:
        if users.times is None or not hasattr(self, "newest_"):
            return users
        weights = self._decayed(users.weights, users.times)
        return replace(users, weights=weights)

    def _settled(self) -> dict[str, Any]:
        """What validation has settled of the base model."""
        return {"base_model": settled_specs(self.base_models_)}

    def n_parameters(self) -> int:
        """Those of the base model."""
        return self._base.n_parameters()

    @property
    def uses_weights(self) -> bool:
        """True: the base model does."""
        return True

    @property
    def no_evidence_score(self) -> float | None:
        """That of the base model."""
        return self._base.no_evidence_score if self.is_fitted else None

    def has_evidence(self, users: Histories) -> Bool:
        """bool[n_users], where the base model knows something."""
        return self._base.has_evidence(users)

    def _scores(self, users: Histories) -> Float32:
        return self._base.scores(self._decayed_histories(users))

    @property
    def has_contributions(self) -> bool:
        """Whether the base model divides its scores among events."""
        return isinstance(self._base, Explains) and self._base.has_contributions

    def contributions(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_events], those of the base model.

        Zeros where it has none; see `has_contributions`.

        Raises:
            ParameterError: the histories are of more than one user.
        """
        if not isinstance(self._base, Explains):
            return np.zeros((len(items), user.n_events), np.float32)
        return self._base.contributions(self._decayed_histories(user), items)

    def _alike(self, one_item_each: Histories) -> Float32:
        return self._base._alike(one_item_each)


def _times(log: Dataset) -> Int64:
    times: Int64 = log.events["time"].to_physical().to_numpy()
    return times
