"""Read Amazon's reviews and metadata of any category: releases of 2014, 2018 and 2023."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.origin import Origin
from penchant.data.reading.records import SkippedRecord, announce_skipped, skipped_lines
from penchant.data.reviews.cleaning_report import CleaningReport
from penchant.data.reviews.products import clean_products
from penchant.data.reviews.styles import FORMAT, main_style
from penchant.data.sources.amazon.files import file_format, files_of
from penchant.data.sources.amazon.formats import (
    Release,
    named_columns,
    product_columns,
    product_keys,
    review_columns,
    review_keys,
)
from penchant.data.sources.amazon.lines import ParsedLines, read_lines
from penchant.data.sources.amazon.titles import read_titles
from penchant.errors import DataError
from penchant.wording import counted

logger = logging.getLogger(__name__)

_PROBLEMS = {
    "no user": pl.col("user").is_null(),
    "no item": pl.col("item").is_null(),
    "no finite rating": ~pl.col("rating").is_finite().fill_null(False),
}
_ALWAYS = ("user", "item", "rating", "time", "row")


@dataclass(frozen=True)
class AmazonOrigin(Origin):
    """Where the log came from, with all that was counted on the way.

    `skipped` has the lines of all files that are no record, with the `file` of each.

    Attributes:
        release: `2014`, `2018` or `2023`: whose format the files have.
        repaired: lines that were read although something in them is broken, as in `skipped`.
        cleaned: what was cleaned in the metadata.
        notes: what was found and done, a sentence each.
    """

    release: Release = "2018"
    repaired: pl.DataFrame | None = None
    cleaned: CleaningReport = field(default_factory=CleaningReport)
    notes: tuple[str, ...] = ()


def read(path: Path, name: str | None = None, *, source: str | None = None) -> Dataset:
    """Read a category from a folder or from its file of reviews.

    Files are `.json` or `.jsonl`, packed with gzip or not, with one object a line: JSON, or a
    dictionary as Python writes it. They are read in blocks, as far as they are good; every line
    that is no record is listed in `origin.skipped` with its number, and every line that was read
    although it is broken (bytes of another encoding, half characters) in `origin.repaired`.

    Events keep the order of the file, and `row` is the line's number. Beside `rating` and `time`
    they have, as far as any review has one, `text` and `summary` as written, `verified`,
    `weekday` (0 is Monday), `style` (the format, such as `Audio CD`; in a category that has no
    formats, the kind of style that most reviews have), `styles` (all of them, as JSON), `votes`
    (that found the review helpful), and in the release of 2023 `variant` (the product's `asin`;
    `item` is its `parent_asin`, as in the metadata). Text and summary were written in the very
    event: models do not see them unless asked by name. The item table is what `clean_products`
    makes of the metadata; `origin.cleaned` says what that changed. Without metadata it has the
    titles of `product_titles.json`, where that lies beside the reviews.

    Args:
        path: the folder, or a file of reviews; metadata are looked for beside it.
        name: what reports call the log; by default the path's.
        source: where the files come from; by default the path.

    Raises:
        DataError: there are no such files, or no line of them is a review.
    """
    files = files_of(path)
    release = _release(files.reviews)
    name = name or (path.name if path.is_dir() else path.name.partition(".")[0])
    reviews = read_events(files.reviews)
    events, skipped = _split_usable(reviews)
    if events.is_empty():
        first = f", the first because of: {skipped[0].problem}" if skipped else ""
        raise DataError(f"{files.reviews.name} has no line that is a review{first}.")
    products, table, report = None, None, CleaningReport()
    if files.products is not None:
        products, table, report = _products(files.products)
    elif files.titles is not None:
        table = read_titles(files.titles).filter(pl.col("item").is_in(events["item"].implode()))
    events, style_note = _with_style(events)
    lines = [reviews] if products is None else [reviews, products]
    all_skipped = [skipped, *(part.skipped for part in lines[1:])]
    origin = AmazonOrigin(
        source=source or str(path),
        columns=named_columns(release),
        skipped=skipped_lines(zip((part.source for part in lines), all_skipped, strict=True)),
        release=release,
        repaired=skipped_lines((part.source, part.repaired) for part in lines),
        cleaned=report,
        notes=(),
    )
    log = Dataset.from_frame(events, item_table=table, name=name, scale=(1.0, 5.0), origin=origin)
    notes = (
        f"{files.reviews.name} has the form of {release}",
        *(note for part in lines for note in _line_notes(part)),
        *([style_note] if style_note else []),
        *_metadata_notes(log, files.products or files.titles),
        *(str(step) for step in report if step.changed or step.left_out),
    )
    for part in lines:
        if part.damage:
            logger.warning(f"{part.source} was read as far as it is good: {part.damage}.")
    announce_skipped(name, origin.skipped)
    return replace(log, origin=replace(origin, notes=notes))


def read_events(path: Path) -> ParsedLines:
    """The reviews of one file as typed columns, with every line accounted for.

    This is the part of `read` that goes through the file; `frame` has the columns of the events,
    with ids as in the file, and `row`. Records without user, item or rating are still in it.

    Raises:
        DataError: the file cannot be read at all.
    """
    release = _release(path)
    return read_lines(path, review_keys(release), lambda block: _to_events(block, release))


def _release(path: Path) -> Release:
    fmt = file_format(path)
    return "2018" if fmt is None else fmt.release


def _to_events(block: pl.DataFrame, release: Release) -> pl.DataFrame:
    """The events of a block of reviews."""
    events = block.lazy().select(review_columns(release))
    weekday = (pl.col("time").dt.weekday() - 1).cast(pl.Int8)
    return events.with_columns(weekday=weekday).collect()


def _split_usable(lines: ParsedLines) -> tuple[pl.DataFrame, list[SkippedRecord]]:
    """The events with user, item and rating, and all lines that have none."""
    frame = lines.frame
    skipped = list(lines.skipped)
    if frame.is_empty():
        return frame, skipped
    usable = frame.select(~pl.any_horizontal(_PROBLEMS.values())).to_series()
    if not usable.all():
        unusable = frame.filter(~usable)
        problems = [pl.when(bad).then(pl.lit(problem)) for problem, bad in _PROBLEMS.items()]
        reasons = pl.concat_str(problems, separator=", ", ignore_nulls=True)
        columns = ("user", "item", "rating", "summary")
        for row in unusable.with_columns(reason=reasons).iter_rows(named=True):
            known = {c: row[c] for c in columns if row[c] is not None}
            skipped.append(SkippedRecord.at(row["row"], row["reason"], str(known)))
        frame = frame.filter(usable)
    empty = [c for c in frame.columns if c not in _ALWAYS and frame[c].null_count() == len(frame)]
    events = frame.drop(empty)
    if "votes" in events.columns:  # a review without votes does not name them
        events = events.with_columns(pl.col("votes").fill_null(0))
    return events, sorted(skipped)


def _products(path: Path) -> tuple[ParsedLines, pl.DataFrame | None, CleaningReport]:
    """The metadata, cleaned, and the lines they came from."""
    fmt = file_format(path)
    if fmt is None or fmt.kind != "products":
        raise DataError(
            f"{path.name} has no metadata of products in its first lines: put the file of that "
            "name right, or take it away to read the reviews alone."
        )
    release = fmt.release
    lines = read_lines(
        path,
        product_keys(release),
        lambda block: block.select("row", *product_columns(release)),
    )
    nameless = lines.frame.filter(pl.col("item").is_null())
    lines.skipped += [SkippedRecord.at(row, "no item", "") for row in nameless["row"]]
    lines.skipped.sort()
    table, report = clean_products(lines.frame.filter(pl.col("item").is_not_null()).drop("row"))
    return lines, table if len(table) else None, report


def _with_style(events: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """The events with `style`, and which kind of style that is."""
    if "styles" not in events.columns:
        return events, ""
    kind, style = main_style(events["styles"])
    have = len(style) - style.null_count()
    why = "" if kind == FORMAT else f", which most reviews have; none has a {FORMAT}"
    note = f"style is the {kind} ({have:,} of {len(style):,} reviews have one){why}"
    at = events.columns.index("styles")
    return events.insert_column(at, style.alias("style")), note


def _line_notes(lines: ParsedLines) -> Iterator[str]:
    if lines.damage:
        good = counted(lines.lines, "line")
        yield f"{lines.source} was read as far as it is good, {good}: {lines.damage}"
    if lines.skipped:
        share = f"{len(lines.skipped):,} of {counted(lines.lines, 'line')}"
        yield f"{lines.source}: {share} left out as no record"
    if lines.repaired:
        yield (
            f"{lines.source}: {len(lines.repaired):,} of {counted(lines.lines, 'line')} read "
            f"though broken, the first in {lines.repaired[0].location}: "
            f"{lines.repaired[0].problem}"
        )
    if lines.literal:
        yield f"{lines.source}: {counted(lines.literal, 'line')} read as Python literals, not JSON"


def _metadata_notes(log: Dataset, products: Path | None) -> Iterator[str]:
    if products is None or log.item_table is None:
        yield "there are no metadata of the products"
        return
    rated = log.item_counts > 0
    known = log.item_table.select(pl.any_horizontal(pl.exclude("item").is_not_null())).to_series()
    unknown = int((rated & ~known.fill_null(False).to_numpy()).sum())
    yield (
        f"{products.name} does not know {unknown:,} of the {int(rated.sum()):,} reviewed items, "
        f"and {int((~rated).sum()):,} of its items have no review"
    )
