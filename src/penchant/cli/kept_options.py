"""Options of `train` that a bundle keeps, so that later events are read as its log was."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.log_options import ContentOptions, LogOptions, ReadOptions, TableOptions, words
from penchant.cli.reading_options import FileOptions, FilterOptions
from penchant.errors import BundleError
from penchant.run import Run

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.dataset import Dataset
    from penchant.models.base import Recommender

logger = logging.getLogger(__name__)

Kept = dict[str, Any]

AsGiven = Annotated[
    bool,
    typer.Option(
        "--as-given",
        help="Read the LOG by the options given here alone, not also by those that the bundle was "
        "trained with.",
    ),
]
"""An option of commands that read further events of a bundle's log."""

_OF_ONE_PLACE = ("sheet", "table", "query", "max_bytes")  # a bundle must not choose what is read
_OF_A_WHOLE_LOG = ("until", "k_core")  # would leave out the newest events, or nearly all
_NOT_AGAIN = "not_again"


def kept_options(
    reading: ReadOptions, log: Dataset, *others: object, before: Sequence[str] = ()
) -> Kept:
    """What a bundle keeps of how its log was read: options that were given, and the date order.

    Args:
        reading: how the log was read.
        log: as it was read.
        others: further groups of options, of which no more than the names are kept.
        before: flags that a bundle of the log has among such names already.
    """
    kept: Kept = {}
    for group in (reading.file, reading.filters):
        kept |= _given(group)
    if log.origin.date_form is not None:
        kept.setdefault("time_format", log.origin.date_form)
    names = [name for name in _OF_ONE_PLACE if kept.pop(name, None) is not None]
    flags = [f"--{name.replace('_', '-')}" for name in names]
    flags += [word for group in others for word in words(group) if word.startswith("--")]
    flags += [flag for flag in before if flag not in flags]
    return kept | ({_NOT_AGAIN: flags} if flags else {})


def read_as_trained(
    reading: ReadOptions, model: Recommender, source: str, *, whole: bool = False
) -> ReadOptions:
    """The options given, and for those that were not the ones that a bundle keeps; says so.

    Args:
        reading: the options given.
        model: of the bundle; one of an earlier version keeps none.
        source: what is read.
        whole: it is a whole log, not only what came later.

    Raises:
        BundleError: the bundle keeps what are no options of this version.
    """
    from penchant.data.sources import is_published
    from penchant.data.sources.releases import is_release

    kept = {k: v for k, v in options_of(model).items() if k != _NOT_AGAIN}
    if not whole:
        kept = {name: value for name, value in kept.items() if name not in _OF_A_WHOLE_LOG}
    known_columns = is_release(source) or (is_published(source) and not Path(source).is_file())
    file = {} if known_columns else _missing(reading.file, kept)
    filters = _missing(reading.filters, kept)
    if file or filters:
        added = shlex.join(words(FileOptions(**file), FilterOptions(**filters)))
        logger.info(
            f"{source} is read as the bundle's log was, by {added}; to override give these options "
            "otherwise, or --as-given for none of them."
        )
    return replace(
        reading,
        file=replace(reading.file, **file),
        filters=replace(reading.filters, **filters),
    )


def read_again(
    log: LogOptions,
    model: Recommender,
    tables: TableOptions,
    content: ContentOptions,
    run: Run,
    *,
    as_given: bool,
) -> Dataset:
    """The whole log of a bundle, read as it was unless otherwise given; the model keeps how.

    Where no table of items is given, that of the bundle stands in.

    Raises:
        BundleError: the bundle keeps what are no options of this version.
        DataError: the log cannot be read, or has not what the options name.
    """
    if as_given:
        data = log.read(run, tables, content)
        model.log_options_ = kept_options(log.reading, data, tables, content)
        return data
    before = options_of(model).get(_NOT_AGAIN, ())
    _say_not_again(before, tables, content)
    reading = read_as_trained(log.reading, model, log.source, whole=True)
    known = model.item_table_ if "--items" in before and tables.items is None else None
    joined = _TablesOfBundle(tables.items, tables.users, known)
    data = replace(log, reading=reading).read(run, joined, content)
    model.log_options_ = kept_options(reading, data, tables, content, before=before)
    return data


def _say_not_again(before: Sequence[str], *given: object) -> None:
    """Name the options of training that say where something is, where they are not given again.

    The item table is not among them, for which that of the bundle stands in.
    """
    flags = {"--items", *(word for group in given for word in words(group))}
    if missing := [flag for flag in before if flag not in flags]:
        logger.warning(
            f"The bundle was trained with {', '.join(missing)}, which it does not keep: what this "
            "said is not in what is read now."
        )


def options_of(model: Recommender) -> Kept:
    """The options that a bundle keeps; none where it is of an earlier version.

    Raises:
        BundleError: they are not of the types that options have.
    """
    kept: Kept = getattr(model, "log_options_", {})
    types: dict[str, type] = dict.fromkeys((*_names(FileOptions), *_names(FilterOptions)), str)
    types |= {"header": bool, "min_rating": float, "max_rating": float}
    types |= {"where": list, _NOT_AGAIN: list}
    for name, value in kept.items():
        lists_texts = not isinstance(value, list) or all(isinstance(text, str) for text in value)
        if type(value) is not types.get(name) or name in _OF_ONE_PLACE or not lists_texts:
            raise BundleError(
                f"The bundle keeps an option {name!r} for reading its log that this version does "
                "not know: give all options yourself, with --as-given."
            )
    return kept


@dataclass(frozen=True)
class _TablesOfBundle(TableOptions):
    """Tables of a log, and the item table of a bundle where that stands in for one of a file."""

    known: pl.DataFrame | None = None

    def join(self, log: Dataset, encoding: str | None) -> Dataset:
        """The log with what the tables say."""
        log = super().join(log, encoding)
        if self.known is None:
            return log
        from penchant.data.reading.id_tables import IdTable, with_table

        own = [] if log.item_table is None else log.item_table.columns
        if "title" in log.origin.columns:
            own = [name for name in own if name != "title"]
        others = [name for name in self.known.columns[1:] if name not in own]
        frame = self.known.select("item", *others)
        return with_table(log, IdTable("item", frame, "The item table in the bundle", "item"))


def _given(group: FileOptions | FilterOptions) -> Kept:
    values = {name: getattr(group, name) for name in _names(group)}
    return {name: value for name, value in values.items() if value is not None}


def _names(group: Any) -> list[str]:
    return [field.name for field in fields(group)]


def _missing(group: FileOptions | FilterOptions, kept: Kept) -> Kept:
    return {n: kept[n] for n in _names(group) if n in kept and getattr(group, n) is None}
