"""SQL, to be read and run by people, for attributes of items and rows of attributes.

The text is the same for SQLite, PostgreSQL, DuckDB and Polars, and uses only what they share.
It does without LIKE, which ignores case in SQLite, and where `%` and `_` need escapes.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from penchant.data.attributes.binary import MOVIELENS, SPELLINGS, attribute_values, check_names
from penchant.data.attributes.rows import COLUMNS, check_rows, ratings_as_written
from penchant.data.dataset import Dataset
from penchant.errors import DataError, ParameterError

_BAR = "|"
_MAX_NAME_BYTES = 63  # of a column in PostgreSQL, which truncates longer names


def attributes_sql(names: Sequence[str] = MOVIELENS) -> str:
    """SQL for one row per item: `item` and a column of 0 and 1 for each attribute.

    It reads the table `items("item", "title", "genres")`, where genres are one text such as
    `Action|Sci-Fi`, and returns the matrix of `item_attributes`, ordered by item.

    Raises:
        ParameterError: a name is blank, cannot be that of a column in SQL, or is that of another
            column, also where the two differ in upper and lower case alone.

    Example:
        >>> print(pn.attributes_sql(["Comedy"]).splitlines()[0])
        -- One row an item: 1 where it has the attribute, 0 where it has not.
    """
    _check_sql_names(names)
    return (
        "-- One row an item: 1 where it has the attribute, 0 where it has not.\n"
        f"WITH {_items_with_bars(names)}\n"
        f"{_flags(names)}\n"
        'ORDER BY l."item"'
    )


def attribute_rows_sql(names: Sequence[str] = MOVIELENS, like: float = 4.0) -> str:
    """SQL for one row per event: `user`, `item`, the attributes, `like` and `row`.

    It reads `ratings("user", "item", "rating", "row")` and `items("item", "title", "genres")`,
    and returns the rows of `attribute_rows`, in the order of `row`.

    Raises:
        ParameterError: see `attributes_sql`, or `like` is not finite.

    Example:
        >>> "like" in pn.attribute_rows_sql(["Comedy"])
        True
    """
    _check_sql_names(names)
    check_rows(names, like)
    columns = ",\n".join(f"  COALESCE(f.{n}, 0) AS {n}" for n in map(_identifier, names))
    return (
        f"-- One row a rating, in the order of their source; a like is {_number(like)} or more.\n"
        f'WITH {_items_with_bars(names)},\n"flags" AS (\n{_flags(names, indent="  ")}\n)\n'
        f'SELECT\n  r."user",\n  r."item",\n{columns},\n'
        f'  CASE WHEN r."rating" >= {_number(like)} THEN 1 ELSE 0 END AS "like",\n'
        '  r."row"\n'
        'FROM "ratings" AS r\n'
        'LEFT JOIN "flags" AS f ON f."item" = r."item"\n'
        'ORDER BY r."row"'
    )


def sql_tables(
    log: Dataset, column: str = "genres", *, separator: str = "|"
) -> dict[str, pl.DataFrame]:
    """The two tables that the SQL reads, with the log's ids.

    `ratings` has `user`, `item`, `rating` (Float64) and `row` (Int64), in the order of the source;
    `items` has `item`, `title` and `genres`, the values of `column` with `|` between them, or null
    where an item has none. Both are ready for `pl.SQLContext` and for DuckDB.

    Raises:
        DataError: the log has no ratings, no item table or no such column, or a value has `|`
            in it.
        ParameterError: the separator is empty.

    Example:
        >>> from penchant.testing import planted_attributes
        >>> sorted(pn.sql_tables(planted_attributes(n_users=5)))
        ['items', 'ratings']
    """
    lists = attribute_values(log, column, separator)
    values = lists.explode().drop_nulls()
    barred = values.filter(values.str.contains(_BAR, literal=True))
    if len(barred):
        raise DataError(
            f"The attribute {barred[0]!r} has {_BAR!r} in it, which stands between attributes in "
            "SQL: replace it in the item table."
        )
    texts = lists.list.join(_BAR).alias("genres")
    table = log.item_table
    if table is None or "title" not in table.columns:
        titles = pl.Series("title", [None] * log.n_items, dtype=pl.String)
    else:
        titles = table["title"].cast(pl.String)
    items = pl.DataFrame([log.items.ids.alias("item"), titles, texts])
    ratings = log.frame().select(
        "user", "item", ratings_as_written(log), pl.col("row").cast(pl.Int64)
    )
    return {
        "ratings": ratings.sort("row", maintain_order=True),
        "items": items.with_columns(pl.when(texts != "").then(texts).alias("genres")),
    }


def _items_with_bars(names: Sequence[str]) -> str:
    """SQL for the items with a bar on both sides of their genres, each in one spelling."""
    genres = f"'{_BAR}' || \"genres\" || '{_BAR}'"
    for other, usual in SPELLINGS.items():
        if usual in names or other in names:
            genres = f"replace({genres}, {_text(other)}, {_text(usual)})"
    return f'"listed" AS (\n  SELECT "item", {genres} AS "genres"\n  FROM "items"\n)'


def _flags(names: Sequence[str], indent: str = "") -> str:
    """SQL for a column of 0 and 1 for each attribute."""
    # DISTINCT makes SQLite compute this once for each item, not once for each rating.
    columns = ",\n".join(
        f"{indent}  CASE WHEN replace(l.\"genres\", {_text(SPELLINGS.get(name, name))}, '') <> "
        f'l."genres" THEN 1 ELSE 0 END AS {_identifier(name)}'
        for name in names
    )
    return (
        f"{indent}-- Taking an attribute out changes the genres only if it is among them.\n"
        f'{indent}SELECT DISTINCT\n{indent}  l."item",\n{columns}\n{indent}FROM "listed" AS l'
    )


def _check_sql_names(names: Sequence[str]) -> None:
    check_names(names)
    seen = {column: column for column in COLUMNS}
    for name in names:
        if _BAR in name or "\0" in name:
            raise ParameterError(
                f"The attribute {name!r} cannot be found by SQL: {_BAR!r} and zero bytes cannot "
                "be in its name."
            )
        if len(name.encode()) > _MAX_NAME_BYTES:
            raise ParameterError(
                f"The attribute {name!r} cannot name a column of PostgreSQL: shorten it to "
                f"{_MAX_NAME_BYTES} bytes."
            )
        if (other := seen.setdefault(name.lower(), name)) != name:
            raise ParameterError(
                f"The columns {other!r} and {name!r} differ in upper and lower case alone, which "
                "databases do not tell apart: name one of them."
            )
    check_rows(names, 0)


def _text(value: str) -> str:
    return "'" + f"{_BAR}{value}{_BAR}".replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _number(value: float) -> str:
    return repr(float(value))
