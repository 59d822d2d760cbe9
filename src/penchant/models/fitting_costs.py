"""What fitting a model takes in memory and time, and a refusal before it starts."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.run import Run


class FittingCosts:
    """The part of a model that foretells what `fit` takes."""

    row_parallel: ClassVar[bool] = False  # whether processes can each have some rows of its tables
    event_bytes: ClassVar[float] = 0.0  # of memory for each event that `_cost` leaves aside

    def _cost(self, train: Dataset) -> FittingCost:
        """What `_fit` takes at least, events aside; by default vectors of users and items."""
        return FittingCost(memory=16.0 * getattr(self, "dim", 0) * (train.n_users + train.n_items))

    def _cost_by_rows(self, train: Dataset) -> FittingCost:
        """What it takes here where workers of a cluster have the rows of its tables.

        By default vectors and as many again while they arrive, without moments and gradients.
        """
        cost = self._cost(train)
        return replace(cost, memory=cost.memory / 2)

    def fitting_cost(self, train: Dataset, run: Run | None = None) -> FittingCost:
        """Memory and multiply-adds that `fit` takes at least, beside those of the log.

        `fit` refuses a log for which there is less memory, or more hours than the run allows.

        >>> import penchant as pn
        >>> cost = make("ials").fitting_cost(planted_pairs())
        >>> cost.memory > 0
        True

        Args:
            train: to which the model would be fitted.
            run: with which; one process by default.
        """
        run = run or Run()
        by_rows = run.ray is not None and (self.row_parallel or run.shard_tables)
        cost = self._cost_by_rows(train) if by_rows else self._cost(train)
        return replace(cost, memory=cost.memory + self.event_bytes * len(train))

    def _require_room(self, train: Dataset, run: Run) -> None:
        """Refuse a log that takes more memory than is free, or more hours than the run allows.

        Raises:
            DataError: it does.
        """
        sizes = f"{train.n_users:,} users and {train.n_items:,} items"
        self.fitting_cost(train, run).require(f"Fitting {type(self).__name__} to {sizes}", run)
