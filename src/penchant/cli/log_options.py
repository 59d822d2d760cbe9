"""Which log a command is about: its events, and what is known of its users and items."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.event_options import EventOptions, Text
from penchant.run import Run

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset


@dataclass(frozen=True)
class TableOptions(EventOptions):
    """LOG, and tables that say more of its users and items."""

    items: Annotated[
        Text,
        typer.Option(
            metavar="FILE",
            help="A table with a row per item: titles, texts, labels, numbers; new items, too.",
        ),
    ] = None
    users: Annotated[Text, typer.Option(metavar="FILE", help="A table with a row per user.")] = None

    def _of_files(self) -> list[str]:
        """The options given that say how LOG is to be read, where it is a file."""
        tables = self.items is not None or self.users is not None
        return [o for o in super()._of_files() if not (tables and o == "--encoding")]

    def _whole(self, run: Run) -> Dataset:
        """The log with everything that is in it and in the tables."""
        log = super()._whole(run)
        for noun, source in (("user", self.users), ("item", self.items)):
            if source is not None:
                from penchant.data.reading.id_tables import with_table
                from penchant.data.reading.log_reader import read_table

                log = with_table(log, read_table(source, noun, log, encoding=self.encoding))
        return log


@dataclass(frozen=True)
class LogOptions(TableOptions):
    """LOG with its tables, pictures and texts: all that a recommender can learn from."""

    pictures: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Pictures of items, called <item id>.jpg or the like; see 'penchant images'.",
        ),
    ] = None
    sentences: Annotated[
        bool,
        typer.Option(
            "--sentences",
            help="Read items' texts by a network that others have trained (the extra 'text').",
        ),
    ] = False

    def read(self, run: Run) -> Dataset:
        """Read the log and its tables, leave out what was asked to be left out, then encode.

        Raises:
            DataError: something cannot be read, nothing is left, or there are no pictures or texts.
            ParameterError: there is no such data set, or options do not go together.
            DownloadError: a data set cannot be found or fetched.
            MissingExtraError: an optional package is needed and not installed.
        """
        log = super().read(run)
        if self.pictures is not None:
            from penchant.features.pictures import with_pictures

            log = with_pictures(log, self.pictures, run=run)
        if self.sentences:
            from penchant.features.sentences import with_sentences

            log = with_sentences(log, run=run)
        return log
