"""Options that say where the events of a log are, how they are read, and what is left out."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.errors import ParameterError
from penchant.run import Run
from penchant.wording import nearest

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset

Text = str | None
_NAME = re.compile(r"[\w-]+")
_ROLES = (
    *("user", "item", "rating", "weight", "quantity", "time", "text", "basket", "session", "price"),
    *("event", "title"),
)


@dataclass(frozen=True)
class FileOptions:
    """How the events of a file or a database are read."""

    user: Annotated[
        Text,
        typer.Option(
            help="The user column: its name, or its position from 0; 'none' where there are only "
            "baskets."
        ),
    ] = None
    item: Annotated[Text, typer.Option(help="The item column.")] = None
    rating: Annotated[Text, typer.Option(help="The rating column; 'none' reads none.")] = None
    weight: Annotated[
        Text,
        typer.Option(help="The column of weights of events, such as plays; 'none' reads none."),
    ] = None
    quantity: Annotated[
        Text,
        typer.Option(
            help="The column that says how many were bought, from which models do not learn; "
            "'none' reads none."
        ),
    ] = None
    time: Annotated[Text, typer.Option(help="The column of times; 'none' reads none.")] = None
    text: Annotated[Text, typer.Option(help="The column of texts; 'none' reads none.")] = None
    basket: Annotated[
        Text,
        typer.Option(help="The column of orders or invoices; 'none' reads none."),
    ] = None
    session: Annotated[
        Text,
        typer.Option(
            help="The column of sessions; where there are no users, each session is one; 'none' "
            "reads none."
        ),
    ] = None
    session_gap: Annotated[
        Text,
        typer.Option(
            metavar="TIME",
            help="Make sessions that end where more than this lies between two events of a user, "
            "such as 30min.",
        ),
    ] = None
    price: Annotated[
        Text,
        typer.Option(
            help="The column of prices of one piece, or TOTAL/QUANTITY where one says what whole "
            "lines came to; 'none' reads none."
        ),
    ] = None
    event: Annotated[
        Text, typer.Option(help="The column of kinds of events; 'none' reads none.")
    ] = None
    title: Annotated[
        Text,
        typer.Option(
            help="The column of items' titles in the lines of the log; 'none' reads none."
        ),
    ] = None
    events: Annotated[
        Text,
        typer.Option(
            metavar="KINDS",
            help="What kinds of events weigh, as in view=1,addtocart=3,transaction=5; others are "
            "left out.",
        ),
    ] = None
    returns: Annotated[
        Literal["net", "keep"] | None,
        typer.Option(
            help="Whether lines that a column calls returns, refunds or cancelled are taken from "
            "purchases (net, the default) or count as events.",
            show_default=False,
        ),
    ] = None
    time_format: Annotated[
        Text,
        typer.Option(
            metavar="FORM",
            help="How times are written: day-first, month-first, year-first, s, ms, us, ns, excel, "
            "year, or a format such as %d/%m/%y.",
        ),
    ] = None
    order: Annotated[
        Literal["rows"] | None,
        typer.Option(
            help="Each user's events came in the order of their rows, in a log without times.",
            show_default=False,
        ),
    ] = None
    layout: Annotated[
        Literal["columns", "adjacency", "sequences", "baskets", "wide", "blocks", "impressions"]
        | None,
        typer.Option(
            help="How a line of text is read: as columns, as a user and the user's items in order "
            "(adjacency), as items in order or bought together, as a user's ratings of all items "
            "(wide), in blocks of an item, or as impressions; by default the contents decide.",
            show_default=False,
        ),
    ] = None
    empty: Annotated[
        Text,
        typer.Option(
            metavar="NUMBER",
            help="The number in cells of a wide table that nobody rated, such as 99; 'none' for "
            "none; found by default.",
        ),
    ] = None
    sheet: Annotated[
        Text,
        typer.Option(help="The sheet of an Excel workbook: its name, or its position from 0."),
    ] = None
    separator: Annotated[
        Text, typer.Option(help="What stands between columns, such as ';' or 'tab'.")
    ] = None
    header: Annotated[
        bool | None,
        typer.Option("--header/--no-header", help="Whether the first line names the columns."),
    ] = None
    encoding: Annotated[
        Text, typer.Option(help="Of text files that are not UTF-8, such as cp1252.")
    ] = None
    table: Annotated[Text, typer.Option(help="The table of a database.")] = None
    query: Annotated[Text, typer.Option(help="A SELECT instead of a table.")] = None
    max_bytes: Annotated[
        int | None,
        typer.Option(min=1, help="Refuse a file that has, or unpacks to, more bytes."),
    ] = None

    def flags(self) -> list[str]:
        """The options that were given, as on a command line."""
        return [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if getattr(self, field.name) is not None
        ]

    def as_arguments(self) -> dict[str, Any]:
        """Columns by role and the form of a text file, as `penchant.read` takes them."""
        return {role: column(getattr(self, role)) for role in _ROLES} | {
            "events": self.events,
            "returns": self.returns,
            "time_format": self.time_format,
            "session_gap": self.session_gap,
            "order": self.order,
            "layout": self.layout,
            "empty": _empty(self.empty),
            "sheet": self.sheet,
            "separator": separator(self.separator),
            "header": self.header,
            "encoding": self.encoding,
            "max_bytes": self.max_bytes,
        }


@dataclass(frozen=True)
class MirrorOptions:
    """Where published data sets are looked for."""

    mirror: Annotated[
        Text, typer.Option(help="A folder or address that has published data sets.")
    ] = None
    offline: Annotated[bool, typer.Option("--offline", help="Use no network.")] = False


@dataclass(frozen=True)
class FilterOptions:
    """Which events are left out."""

    positive: Annotated[
        Text,
        typer.Option(
            metavar="RATINGS",
            help="Which ratings models of interactions learn from, such as '>=4', '>3', like or "
            "like,love; other events still count as seen.",
        ),
    ] = None
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Keep events for which this is true, such as \"country == 'Germany'\" or "
            '"price < 5": a column, one of == != >= <= > < in, and a value; may be repeated.',
        ),
    ] = None
    min_rating: Annotated[float | None, typer.Option(help="Leave out lower ratings.")] = None
    max_rating: Annotated[float | None, typer.Option(help="Leave out higher ratings.")] = None
    since: Annotated[Text, typer.Option(help="Leave out what came before, as 2018-05-31.")] = None
    until: Annotated[Text, typer.Option(help="Leave out what came after that day.")] = None
    duplicates: Annotated[
        Literal["keep", "lines", "last", "sum"] | None,
        typer.Option(
            help="What becomes of several events of a user with an item: all are kept, the last "
            "one is, or that with the sum of the weights (each 1 where there are none), or with "
            "`lines` the first of those that are alike in all columns."
        ),
    ] = None
    k_core: Annotated[
        Text, typer.Option(help="Keep users and items with N events at least; N or USER,ITEM.")
    ] = None

    def apply(self, log: Dataset) -> Dataset:
        """The log without the events that are to be left out."""
        from penchant.data.quality import filters

        for condition in self.where or ():
            log = filters.where(log, condition)
        if self.min_rating is not None or self.max_rating is not None:
            log = filters.rating_range(log, self.min_rating, self.max_rating)
        if self.since is not None or self.until is not None:
            log = filters.between(log, self.since, self.until)
        if self.duplicates == "lines":
            log = filters.drop_duplicates(log, by="line")
        elif self.duplicates in ("last", "sum"):
            log = filters.drop_duplicates(log, keep=self.duplicates)
        if self.k_core is not None:
            log = filters.k_core(log, *_core(self.k_core))
        return log


def read_events(
    source: str,
    file: FileOptions,
    fetch: MirrorOptions,
    *,
    flags: list[str],
    strict: bool,
    run: Run,
    positive: str | None = None,
    scratch: Path | None = None,
) -> Dataset:
    """Read whatever LOG names, with everything that is in it.

    Args:
        source: the name of a published data set, a file, a folder or a pattern of names of files,
            or a database URL.
        file: how a file is read.
        fetch: where a published data set is looked for.
        flags: options that speak of files, and so cannot go with a published data set.
        strict: refuse malformed records.
        run: progress.
        positive: which ratings are positive.
        scratch: as in `penchant.read`.

    Raises:
        DataError: it cannot be read.
        ParameterError: there is no such data set, or options do not go together.
        DownloadError: a data set cannot be found or fetched.
    """
    from penchant.data.sources import CATALOGUE, is_published, load
    from penchant.data.sources.releases import read

    if is_published(source) and not Path(source).is_file():
        if flags:
            raise ParameterError(
                f"{', '.join(flags)} cannot be used with the published data set {source}: its "
                "columns are known."
            )
        return load(source, mirror=fetch.mirror, offline=fetch.offline, run=run)
    if _NAME.fullmatch(source) and not Path(source).exists():
        close = nearest(source, CATALOGUE)
        hint = f"did you mean {close}?" if close else "'penchant fetch' lists the data sets."
        raise ParameterError(f"There is neither a file nor a published data set {source!r}: {hint}")
    return read(
        source,
        **file.as_arguments(),
        table=file.table,
        query=file.query,
        malformed="raise" if strict else "skip",
        positive=positive,
        scratch=scratch,
    )


def column(wish: str | None) -> str | int | bool | None:
    """A column as `penchant.read` takes it: a name, a position, or False for none."""
    if wish is None:
        return None
    if wish.lower() == "none":
        return False
    return int(wish) if wish.isascii() and wish.isdigit() else wish


def _empty(wish: str | None) -> float | Literal[False] | None:
    """The number of cells that are not rated as `penchant.read` takes it; False for none."""
    if wish is None or wish.lower() == "none":
        return None if wish is None else False
    try:
        return float(wish)
    except ValueError:
        raise ParameterError(f"--empty is a number such as 99, or none, not {wish!r}.") from None


def separator(text: str | None) -> str | None:
    """What stands between columns, where a tab can be written as a word."""
    return "\t" if text in ("tab", "\\t") else text


def _core(text: str) -> tuple[int, int]:
    parts = text.split(",")
    if len(parts) > 2 or not all(part.strip().isdigit() for part in parts):
        raise ParameterError(f"A k-core is written N or USER,ITEM, as in 5 or 10,5, not {text!r}.")
    return int(parts[0]), int(parts[-1])
