"""Rules of what lists may hold and in which order, as data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import polars as pl
from pydantic import BeforeValidator, PrivateAttr, ValidationError

from penchant.data.reading.files import decode, load_bytes
from penchant.errors import ParameterError
from penchant.rules.schema import (
    AtMost,
    Boost,
    Categories,
    Diversity,
    Exclude,
    Only,
    PairTable,
    Price,
    Section,
    listed,
    sentence_of,
    table_of,
)
from penchant.rules.sources import read_item_table, refuse_large

_MOST_BYTES = 10**6  # of a file of rules
_IN_PYTHON = "rules"  # what messages call those that no file has
_NO = ("exclude", "excluded", "block", "blocked", "out_of_stock")
_STOCK = ("stock", "in_stock", "available")
_BOOST = ("boost", "places")


def _items(value: Any) -> Any:
    """A section's `items`, where ids stand alone."""
    return value if isinstance(value, Mapping | Section) else {"items": listed(value)}


class Rules(Section):
    """What lists may hold, and in which order, for any model.

    From a file (`Rules.read`), or in Python with the same names:
    `Rules(exclude={"where": ["stock == 0"]}, at_most=[{"column": "brand", "n": 2}])`.

    Attributes:
        items: a table of items (a file, or a frame of Polars, pandas or Arrow) whose columns rules
            may name beside those of the log's item table, such as tonight's stock and prices.
        as_of: the day from which `days` of boosts count back; by default that of the newest event.
        exclude: what is left out.
        only: what alone may be listed.
        categories: values of columns that items must have, or may not have.
        price: bounds of the price.
        at_most: how many items of one brand, or another column, a list holds at most.
        boost: what is moved up.
        diversity: how lists are made more varied.

    Raises:
        ParameterError: a key is unknown, or a value impossible; the sentence says which.

    Example:
        >>> log = planted_pairs(n_users=50)
        >>> stock = pl.DataFrame({"item": log.items.ids, "stock": 1, "brand": "x"})
        >>> of_a_brand = {"column": "brand", "n": 2}
        >>> rules = pn.Rules(
        ...     items=stock, exclude={"where": ["stock == 0"]}, at_most=[of_a_brand]
        ... )
        >>> len(pn.recommend(make("ease").fit(log), [1], k=5, rules=rules))
        2
    """

    items: Annotated[PairTable | None, BeforeValidator(table_of)] = None
    as_of: date | None = None
    exclude: Annotated[Exclude, BeforeValidator(_items)] = Exclude()
    only: Annotated[Only, BeforeValidator(_items)] = Only()
    categories: Annotated[tuple[Categories, ...], BeforeValidator(listed)] = ()
    price: Price | None = None
    at_most: Annotated[tuple[AtMost, ...], BeforeValidator(listed)] = ()
    boost: Annotated[tuple[Boost, ...], BeforeValidator(listed)] = ()
    diversity: Diversity | None = None

    _source: str = PrivateAttr(default=_IN_PYTHON)
    _folder: Path = PrivateAttr(default_factory=Path)

    def __init__(self, /, **sections: Any) -> None:
        try:
            super().__init__(**sections)
        except ValidationError as error:
            raise ParameterError(f"{_IN_PYTHON}: {sentence_of(error, Rules)}") from None

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The rules of a TOML file, or of a table of items (CSV, Parquet).

        Files that a TOML file names lie beside it. The columns of a table that are rules are
        `exclude` (or `blocked`), `only`, `stock` (nothing is listed that has 0) and `boost` (places
        that an item goes up).

        Raises:
            DataError: the file cannot be read.
            ParameterError: a key is unknown, a value impossible, or the table has no rules.
        """
        path = Path(path)
        if path.suffix.lower() != ".toml":
            rules = cls(**_rules_of_table(path))
        else:
            rules = cls._read_toml(path)
        rules._source, rules._folder = path.name, path.parent
        return rules

    @classmethod
    def _read_toml(cls, path: Path) -> Self:
        refuse_large(path, _MOST_BYTES, "put long lists of ids into files of their own, '@ids.csv'")
        text = decode(load_bytes(path), path.name, None).decode()
        try:
            sections = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise ParameterError(f"{path.name} is no TOML file: {error}.") from None
        try:
            return cls(**sections)
        except ParameterError as error:
            reason = str(error).removeprefix(f"{_IN_PYTHON}: ")
            raise ParameterError(f"{path.name}: {reason}") from None

    @property
    def source(self) -> str:
        """What messages call the rules: the name of their file."""
        return self._source

    @property
    def folder(self) -> Path:
        """Where the files that the rules name lie."""
        return self._folder

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the rules name, such as lists of ids; an id that begins with @ counts."""
        ids = [*self.exclude.items, *(self.only.items or ())]
        ids += [id_ for boost in self.boost for id_ in boost.items]
        lists = [Path(id_[1:]) for id_ in ids if isinstance(id_, str) and id_.startswith("@")]
        tables = [self.items, self.exclude.users, self.exclude.baskets]
        named = lists + [table for table in tables if isinstance(table, Path)]
        return tuple(dict.fromkeys(self.folder / path for path in named))

    @property
    def reorders(self) -> bool:
        """Whether the order of lists changes, and not just what they may hold."""
        return bool(self.at_most or self.boost or self.diversity)


def _rules_of_table(path: Path) -> dict[str, Any]:
    """The sections that the columns of a table of items mean."""
    table = read_item_table(path, None)
    names = {name.lower(): name for name in reversed(table.columns)}
    sections: dict[str, Any] = {"items": table}
    conditions = [_is_true(table, names[n]) for n in _NO if n in names]
    conditions += [_is_none_left(table, names[n]) for n in _STOCK if n in names]
    if conditions:
        sections["exclude"] = {"where": conditions}
    if "only" in names:
        sections["only"] = {"where": [_is_true(table, names["only"])]}
    boosts = [names[n] for n in _BOOST if n in names]
    if boosts:
        sections["boost"] = [{"places": boosts[0], "name": boosts[0]}]
    if len(sections) == 1:
        raise ParameterError(
            f"{path.name} has no column that is a rule (exclude, only, stock, boost), only "
            f"{', '.join(table.columns)}: call one so, or write rules as TOML into a file that "
            "ends in .toml."
        )
    return sections


def _is_true(table: pl.DataFrame, name: str) -> str:
    dtype = table.schema[name]
    if dtype == pl.Boolean:
        return f"'{name}' == true"
    if dtype.is_numeric():
        return f"'{name}' != 0"
    return f"'{name}' in true, yes, y, x, True, Yes, TRUE, YES, Y, X"


def _is_none_left(table: pl.DataFrame, name: str) -> str:
    dtype = table.schema[name]
    if dtype == pl.Boolean:
        return f"'{name}' == false"
    if dtype.is_numeric():
        return f"'{name}' <= 0"
    return f"'{name}' in false, no, n, False, No, FALSE, NO, N, out"
