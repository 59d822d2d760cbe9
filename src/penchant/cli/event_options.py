"""Which events a command is about: where they are, how they are read, what is left out."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.errors import DataError, ParameterError
from penchant.run import Run, say

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset

Text = str | None
_NAME = re.compile(r"[\w-]+")
_OF_FILES = {
    "user", "item", "rating", "time", "text", "separator", "header", "encoding", "table", "query",
    "strict",
}  # fmt: skip


@dataclass(frozen=True)
class EventOptions:
    """LOG and everything that says how to read its events.

    Attributes:
        source: the name of a published data set, a file, a database URL or a folder.
    """

    source: Annotated[
        str,
        typer.Argument(
            metavar="LOG", help="A published data set's name, a file, a database URL or a folder."
        ),
    ]
    user: Annotated[
        Text, typer.Option(help="The user column: its name, or its position from 0.")
    ] = None
    item: Annotated[Text, typer.Option(help="The item column.")] = None
    rating: Annotated[Text, typer.Option(help="The rating column; 'none' reads none.")] = None
    time: Annotated[Text, typer.Option(help="The column of times; 'none' reads none.")] = None
    text: Annotated[Text, typer.Option(help="The column of texts; 'none' reads none.")] = None
    separator: Annotated[
        Text, typer.Option(help="What stands between columns, such as ';' or 'tab'.")
    ] = None
    header: Annotated[
        bool | None,
        typer.Option("--header/--no-header", help="Whether the first line names the columns."),
    ] = None
    encoding: Annotated[Text, typer.Option(help="Of a text file, such as latin-1.")] = None
    table: Annotated[Text, typer.Option(help="The table of a database.")] = None
    query: Annotated[Text, typer.Option(help="A SELECT instead of a table.")] = None
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a log with malformed records.")
    ] = False
    mirror: Annotated[
        Text, typer.Option(help="A folder or address that has published data sets.")
    ] = None
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False
    min_rating: Annotated[float | None, typer.Option(help="Leave out lower ratings.")] = None
    max_rating: Annotated[float | None, typer.Option(help="Leave out higher ratings.")] = None
    since: Annotated[Text, typer.Option(help="Leave out what came before, as 2018-05-31.")] = None
    until: Annotated[Text, typer.Option(help="Leave out what came after that day.")] = None
    drop_duplicates: Annotated[
        bool, typer.Option("--drop-duplicates", help="Keep a user's last event with an item.")
    ] = False
    k_core: Annotated[
        Text, typer.Option(help="Keep users and items with N events at least; N or USER,ITEM.")
    ] = None

    def read(self, run: Run) -> Dataset:
        """Read the log and leave out what was asked to be left out.

        Raises:
            DataError: it cannot be read, or nothing is left.
            ParameterError: there is no such data set, or options do not go together.
            DownloadError: a data set cannot be found or fetched.
        """
        kept = self._filter(self._whole(run))
        for sentence in kept.origin.dropped:
            say(f"{kept.name}: {sentence}.")
        if not len(kept):
            raise DataError(f"The filters leave no event of {kept.name!r}: loosen them.")
        return kept

    def words(self) -> list[str]:
        """LOG and the options that differ from their defaults, as on a command line."""
        found = [self.source]
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "source" or value == field.default:
                continue
            flag = f"--{field.name.replace('_', '-')}"
            if isinstance(value, bool):
                found.append(flag if value else f"--no-{flag[2:]}")
            else:
                found += [flag, f"{value:g}" if isinstance(value, float) else str(value)]
        return found

    def _whole(self, run: Run) -> Dataset:
        """The log with everything that is in it."""
        from penchant.data.sources import amazon, book_crossing, is_published

        if is_published(self.source):
            return self._published(run)
        if Path(self.source).is_dir():
            return _folder(Path(self.source))
        if self._is_file_of(book_crossing.can_read):
            return book_crossing.read(Path(self.source), Path(self.source).stem)
        if self._is_file_of(amazon.can_read):
            return amazon.read(Path(self.source))
        return self._file()

    def _of_files(self) -> list[str]:
        """The options given that say how a file is to be read."""
        return [
            f"--{field.name}"
            for field in fields(self)
            if field.name in _OF_FILES and getattr(self, field.name) not in (None, False)
        ]

    def _is_file_of(self, can_read: Callable[[Path], bool]) -> bool:
        """Whether this is a file of such data, where nobody has said how to read it."""
        path = Path(self.source)
        return not self._of_files() and path.is_file() and can_read(path)

    def _published(self, run: Run) -> Dataset:
        from penchant.data.sources import load

        given = self._of_files()
        if given:
            raise ParameterError(
                f"{', '.join(given)} cannot be used with the published data set {self.source}: "
                "its columns are known."
            )
        return load(self.source, mirror=self.mirror, offline=self.offline, run=run)

    def _file(self) -> Dataset:
        from penchant.data.reading.log_reader import read
        from penchant.data.sources import CATALOGUE

        if _NAME.fullmatch(self.source) and not Path(self.source).exists():
            close = difflib.get_close_matches(self.source, CATALOGUE, n=1)
            hint = f"did you mean {close[0]}?" if close else "'penchant fetch' lists the data sets."
            raise ParameterError(
                f"There is neither a file nor a published data set {self.source!r}: {hint}"
            )
        wishes: dict[str, Any] = {
            role: column(getattr(self, role)) for role in ("user", "item", "rating", "time", "text")
        }
        return read(
            self.source,
            **wishes,
            separator=separator(self.separator),
            header=self.header,
            encoding=self.encoding,
            table=self.table,
            query=self.query,
            malformed="raise" if self.strict else "skip",
        )

    def _filter(self, log: Dataset) -> Dataset:
        from penchant.data.quality import filters

        if self.min_rating is not None or self.max_rating is not None:
            log = filters.rating_range(log, self.min_rating, self.max_rating)
        if self.since is not None or self.until is not None:
            log = filters.between(log, self.since, self.until)
        if self.drop_duplicates:
            log = filters.drop_duplicates(log)
        if self.k_core is not None:
            log = filters.k_core(log, *_core(self.k_core))
        return log


def _folder(folder: Path) -> Dataset:
    from penchant.data.sources import amazon, atomic, book_crossing, movielens

    if book_crossing.can_read(folder):
        return book_crossing.read(folder, folder.name)
    if any(folder.glob("*.inter")):
        return atomic.read(folder, name=folder.name)
    if any((folder / name).exists() for name in ("u.data", "ratings.dat", "ratings.csv")):
        return movielens.read(folder, folder.name)
    if amazon.can_read(folder):
        return amazon.read(folder)
    raise DataError(
        f"The folder {str(folder)!r} holds no release of MovieLens, no Book-Crossing, no Amazon "
        "reviews and no atomic files: name the file in it that has the events."
    )


def column(wish: str | None) -> str | int | bool | None:
    """A column as `penchant.read` takes it: a name, a position, or False for none."""
    if wish is None:
        return None
    if wish.lower() == "none":
        return False
    return int(wish) if wish.isascii() and wish.isdigit() else wish


def separator(text: str | None) -> str | None:
    """What stands between columns, where a tab can be written as a word."""
    return "\t" if text in ("tab", "\\t") else text


def _core(text: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) > 2 or not all(part.strip().isdigit() for part in parts):
        raise ParameterError(f"A k-core is written N or USER,ITEM, as in 5 or 10,5, not {text!r}.")
    return int(parts[0]), int(parts[-1])
