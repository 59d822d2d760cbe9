"""Read a log, or a table of users or items, from files, databases and frames."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import get_args

import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.origin import Layout, Origin
from penchant.data.positive import Wish, check_threshold, parse_positive
from penchant.data.reading.column_guessing import ColumnChoice
from penchant.data.reading.event_kinds import Kinds, parse_kinds
from penchant.data.reading.files import is_there
from penchant.data.reading.formats import Source, read_pieces, read_records
from penchant.data.reading.id_tables import IdTable, id_table, same_type, say_differences
from penchant.data.reading.item_attributes import with_attributes
from penchant.data.reading.item_titles import with_titles
from penchant.data.reading.layouts.item_lines import leading_ids
from penchant.data.reading.layouts.names import check_layout
from penchant.data.reading.layouts.wide import EmptyValue
from penchant.data.reading.line_totals import price_of_piece
from penchant.data.reading.log_columns import choose_log_columns
from penchant.data.reading.notices import (
    say_doubtful_ids,
    say_guesses,
    say_layout,
    say_problems,
    say_unused,
)
from penchant.data.reading.order_columns import quantity_remark
from penchant.data.reading.order_lines import divide, order_lines
from penchant.data.reading.parts.part_files import find_parts
from penchant.data.reading.records import merge_skipped, record_texts
from penchant.data.reading.returns import Returns
from penchant.data.reading.row_order import RowOrder, check_order, in_order_of_rows
from penchant.data.reading.sessions import SessionWish, with_sessions
from penchant.data.reading.typed_pieces import Malformed, type_columns, type_pieces
from penchant.data.times import check_time_format
from penchant.errors import DataError, ParameterError

logger = logging.getLogger(__name__)

_TABLE_IDS = ("id", "Id", "ID")  # show that a line is a header where all that follows is text


def read(
    source: Source,
    *,
    user: ColumnChoice = None,
    item: str | int | None = None,
    rating: ColumnChoice = None,
    weight: ColumnChoice = None,
    quantity: ColumnChoice = None,
    time: ColumnChoice = None,
    text: ColumnChoice = None,
    basket: ColumnChoice = None,
    session: ColumnChoice = None,
    session_gap: str | timedelta | None = None,
    price: ColumnChoice = None,
    event: ColumnChoice = None,
    title: ColumnChoice = None,
    events: Kinds | None = None,
    returns: Returns | None = None,
    time_format: str | None = None,
    order: RowOrder | None = None,
    name: str | None = None,
    layout: Layout | None = None,
    empty: EmptyValue = None,
    sheet: str | int | None = None,
    separator: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    table: str | None = None,
    query: str | None = None,
    user_table: Source | None = None,
    item_table: Source | None = None,
    scale: tuple[float, float] | None = None,
    positive: Wish | None = None,
    malformed: Malformed = "skip",
    limit: int | None = None,
    max_bytes: int | None = None,
    scratch: str | Path | None = None,
    quiet: bool = False,
) -> Dataset:
    """Read a log of who rated what.

    The source is a text file with any separator (CSV, TSV, `::` …), Parquet or JSON lines, each
    also compressed as .gz or .zst, an Excel workbook (.xlsx), an SQLite file, a database URL such
    as `postgresql+psycopg://user@host/name`, a SQLAlchemy engine or connection, an open binary
    file, or a Polars, pandas or Arrow frame. The format is recognised by the content, not by
    the name. Several files with the same columns are one log: a folder, a pattern of names such
    as `parts/*.csv`, or a list. `penchant.read` also takes folders as data sets are released:
    MovieLens, Book-Crossing, Amazon's reviews with their metadata, and atomic files, with their
    tables of users and items; their columns are known, so that only `name`, `positive`,
    `user_table`, `item_table` and `quiet` go with such a folder.

    Text ids that are all written as integers become integers; `007` and `038550120X` keep their
    column a text. Further columns are kept. Records without user, item or a finite rating, or
    with an unreadable time, are left out and listed in `origin.skipped`; a missing time is kept
    as null.

    In a log of purchases, which has no ratings, records without a user but with a basket or a
    time become `Dataset.anonymous`, and cancellations (quantities below 0, invoices that begin
    with C among numbers, and returns and refunds by a column of kinds or states) are taken from
    the latest earlier purchases of the same user and item; `origin.skipped` lists them.

    Args:
        source: where the log is.
        user: the user column's name, or its position from 0; guessed where not given, like the
            others. There may be none where there are baskets; False reads none.
        item: the item column.
        rating: the rating column; False reads none.
        weight: the column of weights of events, such as plays or hours: numbers above 0; False
            reads none. A column of quantities is one where it is named here.
        quantity: the column that says how many pieces of an item an order line has; it nets
            cancellations and counts as money, and no model learns from it. False reads none.
        time: the column of times: dates, or numbers since 1970 in s, ms, µs or ns; False
            reads none.
        text: the column of review texts; False reads none.
        basket: the column of orders or invoices; False reads none, as of the next three.
        session: the column of sessions; where there are no users, each session is one.
        session_gap: the longest time between two events of a user in a session, such as `30min`,
            `2h` or a timedelta: what comes later is another session.
        price: the column of prices of one piece, or `TOTAL/QUANTITY`, two columns of which the
            first says what the whole line came to.
        event: the column of kinds of events, such as view and purchase.
        title: the column of items' titles; the most frequent one of each item becomes the column
            `title` of the item table.
        events: what kinds of events weigh, such as `{"view": 1, "purchase": 5}` or
            `view=1,purchase=5`, times their own weights where they have some; other kinds are
            left out.
        returns: `net`, the default, takes lines that a column calls returns or refunds from the
            purchases of the same user and item, and leaves out orders that it calls cancelled;
            `keep` has them count as events. Quantities below 0 are always netted.
        time_format: `day-first`, `month-first` or `year-first` for dates such as 3/4/24; `s`,
            `ms`, `us`, `ns` (since 1970), `excel` or `year` for numbers; or a format of strptime
            such as `%d/%m/%y %H:%M`. By default the whole column decides.
        order: `rows` says that each user's events came in the order of their rows, which is kept
            as the column `sequence_position`, in a log without times.
        name: what reports call the log; by default the file's or table's name.
        layout: how a line of a text file is read: `columns`; `adjacency`, a user and the user's
            items in order; `sequences`, items in order, the user being the line's number;
            `baskets`, items bought together, after the ids of user and basket where `user` and
            `basket` say that with their positions; `wide`, a user and ratings of all items, also
            of tables that are no text; `blocks`, events below a line `item:`; or `impressions`,
            what was shown to a user and what clicked. By default the contents decide. The
            order within a line is kept as the column `sequence_position`.
        empty: the number in cells of a `wide` table that are not rated, such as 99 or 0; found
            where not given; False for none.
        sheet: of an Excel workbook: its name, or its position from 0; by default the first that
            has a table.
        separator: what stands between the columns, or the items, of a text file.
        header: whether a text file's first line names the columns.
        encoding: that of text files which are not UTF-8, such as cp1252.
        table: the table of a database, `schema.table` where needed.
        query: a SELECT to read instead of a table.
        user_table: a frame or file with a row per user, or files with such rows.
        item_table: a frame or file with a row per item, or files with such rows.
        scale: the lowest and highest possible rating.
        positive: which events models of interactions learn from, by their ratings: `>=4`, `>3`, a
            number, or ratings as they are written, such as `like`, `like,love` or a list of
            these; the other events still count as seen.
        malformed: "skip" leaves out malformed records, "raise" refuses the first.
        limit: read no more than this many records.
        max_bytes: refuse a file with more bytes, packed or unpacked; by default one that unpacks
            to more than 100 MB at more than 200 times its size, or to more than 64 GB.
        scratch: a folder for columns of logs that are read piece by piece, which then take 8 bytes
            an event of memory instead of 24 and more; it has to exist as long as the log is used.
        quiet: say nothing of guesses and malformed records on standard error.

    Raises:
        DataError: the source cannot be read, a column is not recognised, or most
            records are malformed.
        ParameterError: a parameter has an impossible value, or cannot be used with a folder.
        MissingExtraError: an optional package is needed and not installed.

    Example:
        >>> planted_pairs().frame().drop("row").write_csv("ratings.csv")
        >>> pn.read("ratings.csv", user="user", item="item", quiet=True)
        Dataset('ratings': 1,120 events, 80 users, 40 items)
    """
    if malformed not in ("skip", "raise"):
        raise ParameterError(f"malformed is 'skip' or 'raise', not {malformed!r}.")
    if returns not in (None, *get_args(Returns)):
        raise ParameterError(f"returns is 'net' or 'keep', not {returns!r}.")
    check_time_format(time_format)
    check_order(order)
    sessions = SessionWish.of(session, session_gap, basket)
    check_layout(layout)
    wish = None if positive is None else parse_positive(positive)
    if limit is not None and limit < 1:
        raise ParameterError(f"limit must be 1 or more, not {limit}.")
    if max_bytes is not None and max_bytes < 1:
        raise ParameterError(f"max_bytes must be 1 or more, not {max_bytes}.")
    kinds = None if events is None else parse_kinds(events)
    choices: dict[str, ColumnChoice] = {
        "user": user, "item": item, "rating": rating, "weight": weight, "time": time, "text": text,
        "quantity": quantity, "basket": basket, "price": price, "event": event, "title": title,
    }  # fmt: skip
    leading = leading_ids(layout, choices)
    pieces = read_pieces(
        source,
        named=[choice for choice in (*choices.values(), session) if isinstance(choice, str)],
        separator=separator,
        header=header,
        encoding=encoding,
        table=table,
        query=query,
        limit=limit,
        max_bytes=max_bytes,
        layout=layout,
        sheet=sheet,
        leading=leading,
        empty=empty,
        may_be_wide=True,
    )
    find = partial(
        choose_log_columns, choices=choices, sessions=sessions, needs_event=kinds is not None
    )
    chosen = find(pieces.first, quiet=quiet or not pieces.is_single)
    in_pieces = None
    if not pieces.is_single and chosen.have_meaning_apart and not (wish and wish.words):
        folder = None if scratch is None else Path(scratch)
        in_pieces = type_pieces(pieces, chosen, malformed, time_format, wish, scratch=folder)
    if in_pieces is not None:
        (records, typed), texts_of = in_pieces, pieces.texts_of
    else:
        if not pieces.is_single:
            chosen = find(pieces.whole(), quiet=quiet)
        records = chosen.records
        texts_of = partial(record_texts, records)
        typed = type_columns(
            records, chosen.columns, malformed, time_format, wish, purchases=chosen.purchases
        )
    choices, columns, found = chosen.choices, chosen.columns, chosen.found
    frame, guessed = typed.frame, chosen.guessed
    if chosen.total is not None:
        frame = frame.with_columns(price_of_piece(frame, chosen.total, columns))
        columns["price"] = chosen.total.name
    lines = order_lines(frame, records, columns, kinds, returns or "net", texts_of)
    lines.frame, remarks_on_sessions = with_sessions(lines.frame, found, sessions, records.source)
    lines.remarks += remarks_on_sessions
    if order is not None:
        lines.frame, remark = in_order_of_rows(lines.frame, records.source)
        lines.remarks.append(remark)
    frame = lines.frame
    if not quiet:
        if weight is None and quantity is None:
            lines.remarks += quantity_remark(frame, columns)
        if records.layout != "columns":
            say_layout(records, asked_for=layout == records.layout)
        else:
            say_guesses(records, found.named_as(columns), tuple(map(found.name_of, guessed)))
            say_unused(records, columns, choices, chosen.passed_over, frame)
        remarks = [*records.remarks, *([chosen.price_remark] if chosen.price_remark else [])]
        say_problems(records, [*remarks, *typed.remarks, *lines.remarks], typed.skipped)
    if typed.positive is not None:
        check_threshold(frame["rating"].to_numpy(), typed.positive, records.source)
    elif wish is not None:
        raise DataError(
            f"{records.source}: only ratings tell which events are positive, and no rating column "
            "was recognised; say which it is with rating='…' (--rating …)."
        )
    tables: dict[str, pl.DataFrame] = {}
    for noun, table_source in (("user", user_table), ("item", item_table)):
        if table_source is not None:
            log_column = columns.get(noun)
            read_ids = _read_id_table(table_source, noun, frame[noun], log_column, encoding)
            frame, tables[noun] = same_type(frame, read_ids.frame, noun)
    if lines.titles is not None:
        titles, item_frame = lines.titles, tables.get("item")
        if item_frame is not None:
            titles, item_frame = same_type(titles, item_frame, "item")
        tables["item"] = with_titles(item_frame, titles)
    known, anonymous = divide(frame)
    log = Dataset.from_frame(
        known,
        user_table=tables.get("user"),
        item_table=tables.get("item"),
        name=name or _log_name(records.source),
        scale=scale,
        positive=typed.positive,
        origin=Origin(
            source=records.source,
            columns=found.named_as(columns),
            guessed=tuple(map(found.name_of, guessed)),
            skipped=records.with_files(merge_skipped(typed.skipped, lines.skipped)),
            dropped=tuple(lines.dropped),
            netted=lines.netted,
            layout=records.layout,
            date_form=typed.date_form,
            session_gap=sessions.gap,
        ),
        anonymous=anonymous,
        in_sessions=found.in_sessions or sessions.gap is not None,
    )
    if not quiet:
        say_doubtful_ids(log)
    return log


def read_table(source: Source, noun: str, log: Dataset, *, encoding: str | None = None) -> IdTable:
    """Read a table of a log's users or items, for `with_table`.

    Args:
        source: whatever `read` takes as a table; a folder, a pattern of names or a list is one
            table in several files with the same columns.
        noun: `user` or `item`.
        log: the log, whose ids show which column of the table has them.
        encoding: that of text files which are not UTF-8, such as cp1252.

    Raises:
        DataError: the source cannot be read.
        MissingExtraError: an optional package is needed and not installed.
    """
    return _read_id_table(
        source, noun, log.side(noun)[0].ids, log.origin.columns.get(noun), encoding
    )


def _read_id_table(
    source: Source, noun: str, ids: pl.Series, log_column: str | None, encoding: str | None
) -> IdTable:
    if isinstance(source, str | Path) and is_there(Path(source)) and Path(source).is_dir():
        try:
            find_parts(source)
        except DataError:
            raise DataError(
                f"The folder {str(source)!r} has no CSV, Parquet, JSON or other files of data that "
                f"may be parts of a table: name a file or folder with a row per {noun}."
            ) from None
    named = [*_TABLE_IDS, *([] if log_column is None else [log_column])]
    records = read_records(source, named=named, encoding=encoding, has_encoding_option=True)
    if noun == "item":
        records = with_attributes(records, source)
    table = id_table(records, noun, ids, log_column)
    say_differences(table, ids)
    return table


def _log_name(source: str) -> str:
    """`ratings` of `ratings.csv.gz`; the table of a database."""
    if ", table " in source:
        return source.rpartition(", table ")[2]
    return source.partition(".")[0] if re.fullmatch(r"[^/ ]+\.[\w.]+", source) else source
