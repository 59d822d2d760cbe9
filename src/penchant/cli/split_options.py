"""How a command divides a log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.splits import Split

Kind = Literal["time", "random", "per-user", "leave-last-out"]


@dataclass(frozen=True)
class SplitOptions:
    """The kind of split, its shares and its seed."""

    split: Annotated[
        Kind | None,
        typer.Option(
            help="How to hold out events; by time where every event has one, otherwise random.",
            show_default=False,
        ),
    ] = None
    validation: Annotated[
        float, typer.Option(help="Share of events that decide when to stop and what is best.")
    ] = 0.1
    test: Annotated[float, typer.Option(help="Share of events that judge.")] = 0.1
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0

    def cut(self, log: Dataset) -> Split:
        """Divide the log.

        Raises:
            DataError: the log cannot be divided in this way.
            ParameterError: the shares are impossible.
        """
        from penchant.data import splits as splits

        validation, test, seed = self.validation, self.test, self.seed
        match self.split:
            case "time":
                return splits.split_by_time(log, validation=validation, test=test)
            case "random":
                return splits.split_random(log, validation=validation, test=test, seed=seed)
            case "per-user":
                return splits.split_per_user(log, validation=validation, test=test, seed=seed)
            case "leave-last-out":
                return splits.split_leave_last_out(log, validation=validation > 0)
            case None:
                return splits.split(log, validation=validation, test=test, seed=seed)
