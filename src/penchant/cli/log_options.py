"""Options that say which log a command is about: events, tables of users and items, content."""

from __future__ import annotations

import dataclasses
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.reading_options import (
    FileOptions,
    FilterOptions,
    MirrorOptions,
    Text,
    read_events,
)
from penchant.errors import DataError
from penchant.run import Run

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class TableOptions:
    """Tables that say more of a log's users and items."""

    items: Annotated[
        Text,
        typer.Option(
            metavar="FILE",
            help="A table with a row per item: titles, texts, labels, numbers; new items, too. A "
            "folder or a pattern of names is a table in several files.",
        ),
    ] = None
    users: Annotated[Text, typer.Option(metavar="FILE", help="A table with a row per user.")] = None

    @property
    def given(self) -> bool:
        """Whether there is any table."""
        return self.items is not None or self.users is not None

    def join(self, log: Dataset, encoding: str | None) -> Dataset:
        """The log with what the tables say."""
        for noun, source in (("user", self.users), ("item", self.items)):
            if source is not None:
                from penchant.data.reading.id_tables import with_table
                from penchant.data.reading.log_reader import read_table

                log = with_table(log, read_table(source, noun, log, encoding=encoding))
        return log


@dataclass(frozen=True)
class ContentOptions:
    """Pictures and texts of items that are encoded as vectors."""

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

    def encode(self, log: Dataset, run: Run) -> Dataset:
        """The log with vectors of what was asked for."""
        if self.pictures is not None:
            from penchant.features.pictures import with_pictures

            log = with_pictures(log, self.pictures, run=run)
        if self.sentences:
            from penchant.features.sentences import with_sentences

            log = with_sentences(log, run=run)
        return log


@dataclass(frozen=True)
class ReadOptions:
    """How a log is read, wherever it is."""

    file: FileOptions = field(default_factory=FileOptions)
    fetch: MirrorOptions = field(default_factory=MirrorOptions)
    filters: FilterOptions = field(default_factory=FilterOptions)

    def read(
        self,
        source: str,
        run: Run,
        tables: TableOptions | None = None,
        content: ContentOptions | None = None,
        *,
        strict: bool = False,
        warn: bool = True,
        users: bool = True,
        scratch: Path | None = None,
    ) -> Dataset:
        """Read a log and its tables, leave out what was asked to be left out, then encode.

        With `warn`, doubtful ratings and times are named, for commands that show no check. A log
        of baskets alone is refused by commands that are about users. `scratch` is that of
        `penchant.read`.

        Raises:
            DataError: something cannot be read, nothing is left, or there are no pictures or texts.
            ParameterError: there is no such data set, or options do not go together.
            DownloadError: a data set cannot be found or fetched.
            MissingExtraError: an optional package is needed and not installed.
        """
        flags = self.file.flags() + (["--strict"] if strict else [])
        if tables is not None and tables.given and "--encoding" in flags:
            flags.remove("--encoding")  # it is that of the tables
        positive = self.filters.positive
        log = read_events(
            source,
            self.file,
            self.fetch,
            flags=flags,
            strict=strict,
            run=run,
            positive=positive,
            scratch=scratch,
        )
        if positive is not None and log.positive is None:
            from penchant.data.positive import with_positive

            log = with_positive(log, positive)
        if tables is not None:
            log = tables.join(log, self.file.encoding)
        filtered = self.filters.apply(log)
        for sentence in filtered.origin.dropped:
            logger.info(f"{filtered.name}: {sentence}.")
        if not len(filtered) and (users or filtered.anonymous is None):
            if filtered.anonymous is not None and not len(log):
                column = log.origin.columns.get("basket", "…")
                raise DataError(
                    f"The log {log.name!r} has baskets and no users, and this is about users: take "
                    f"each basket for a user with --user {column}."
                )
            raise DataError(f"The filters leave no event of {filtered.name!r}: loosen them.")
        if warn:
            from penchant.data.quality.log_check import doubts

            for issue in doubts(filtered):
                logger.warning(f"{filtered.name}: {issue.sentence}.")
        return filtered if content is None else content.encode(filtered, run)


@dataclass(frozen=True)
class LogOptions:
    """LOG and everything that says how to read it.

    Attributes:
        source: the name of a published data set, a file, a folder or a pattern of names of files,
            or a database URL.
        reading: how it is read.
        strict: whether malformed records are refused.
    """

    source: Annotated[
        str,
        typer.Argument(
            metavar="LOG",
            help="A published data set's name, a file, a database URL, or several files: a folder, "
            "or a pattern in quotes such as 'parts/*.csv'.",
        ),
    ]
    reading: ReadOptions = field(default_factory=ReadOptions)
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a log with malformed records.")
    ] = False

    def read(
        self,
        run: Run,
        tables: TableOptions | None = None,
        content: ContentOptions | None = None,
        *,
        warn: bool = True,
        users: bool = True,
        scratch: Path | None = None,
    ) -> Dataset:
        """Read the log, with its tables and content; see `ReadOptions.read`."""
        return self.reading.read(
            self.source,
            run,
            tables,
            content,
            strict=self.strict,
            warn=warn,
            users=users,
            scratch=scratch,
        )


def words(*groups: Any) -> list[str]:
    """Options that differ from their defaults, as on a command line; arguments come first."""
    arguments, options = [], []
    for group in groups:
        for each in dataclasses.fields(group):
            value = getattr(group, each.name)
            if dataclasses.is_dataclass(value):
                options += words(value)
            elif each.default is dataclasses.MISSING:
                arguments.append(str(value))
            elif value != each.default:
                for one in value if isinstance(value, list) else [value]:
                    options += _option(each.name, one)
    return arguments + options


def _option(name: str, value: Any) -> list[str]:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{flag}" if value else f"--no-{flag}"]
    return [f"--{flag}", f"{value:g}" if isinstance(value, float) else str(value)]
