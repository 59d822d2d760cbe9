"""Options that add the users of a second log to the training events."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.cli.log_options import LogOptions, TableOptions
from penchant.cli.reading_options import FileOptions, FilterOptions, Text
from penchant.errors import ParameterError
from penchant.run import Run

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.splits import Split


@dataclass(frozen=True)
class SecondLogOptions:
    """A second log, and how its items and users are matched with the first.

    Both methods raise a ParameterError where there is no second log for these options.
    """

    also: Annotated[
        Text,
        typer.Option(
            metavar="LOG",
            help="A second log whose users also train; test events stay the first log's.",
        ),
    ] = None
    also_on: Annotated[
        Literal["item", "title", "text"] | None,
        typer.Option(
            help="How items of the second log are matched: equal ids, title and year, or texts; by "
            "default titles.",
            show_default=False,
        ),
    ] = None
    also_items: Annotated[
        Text,
        typer.Option(metavar="FILE", help="A table of the second log's items, such as titles."),
    ] = None
    also_same_users: Annotated[
        bool,
        typer.Option("--also-same-users", help="Equal user ids are the same person in both logs."),
    ] = False

    def join_log(self, data: Dataset, log: LogOptions, run: Run) -> Dataset:
        """The log with the users of the second one, as far as one is given."""
        if self.also is None:
            self._refuse_without_log()
            return data

        from penchant.transfer import joined

        other = self._read(log, run)
        return joined(data, other, on=self.also_on or "title", same_users=self.also_same_users)

    def join_split(self, split: Split, log: LogOptions, run: Run) -> Split:
        """The split whose training part has the users of the second log, as far as one is given."""
        if self.also is None:
            self._refuse_without_log()
            return split

        from penchant.transfer import joined

        other = self._read(log, run)
        return joined(split, other, on=self.also_on or "title", same_users=self.also_same_users)

    def _refuse_without_log(self) -> None:
        for field in fields(self):
            if getattr(self, field.name) not in (None, False):
                flag = f"--{field.name.replace('_', '-')}"
                raise ParameterError(f"{flag} is for a second log: name that with --also.")

    def _read(self, log: LogOptions, run: Run) -> Dataset:
        """The second log, whose columns are guessed: options on columns are for the first."""
        reading = replace(log.reading, file=FileOptions(), filters=FilterOptions())
        assert self.also is not None
        return reading.read(self.also, run, TableOptions(items=self.also_items), warn=False)
