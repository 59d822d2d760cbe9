"""Rules as they apply to the users and items of a fitted model: masks, groups and places."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.reading.id_lists import typed_ids
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, ParameterError
from penchant.models.base import Recommender
from penchant.rules.columns import (
    column_of,
    groups,
    instants,
    is_new,
    of_categories,
    places_of,
    where,
    within_price,
)
from penchant.rules.rules import Rules
from penchant.rules.schema import Boost
from penchant.rules.sources import read_ids, read_item_table, read_pairs
from penchant.typing import Bool, Float32, Int32, Int64
from penchant.wording import counted

logger = logging.getLogger(__name__)

_NAMED = 3  # unknown ids that a message names


@dataclass(frozen=True, eq=False)
class BoundBoost:
    """One rule that moves items up.

    Attributes:
        title: what reasons call it.
        places: float32[n_items], how many places each item goes up; 0 where it does not.
        factor: float32[n_items], by what its place is divided; 1 where it is not.
    """

    title: str
    places: Float32
    factor: Float32

    @property
    def items(self) -> Bool:
        """bool[n_items], which items it moves."""
        return (self.places > 0) | (self.factor > 1)


@dataclass(frozen=True, eq=False)
class BoundRules:
    """What `Rules` mean for the indices of a model's users and items.

    Attributes:
        rules: where they are from.
        n_items: the size of the item vocabulary.
        allowed: int32[n], ascending, the items that anybody may be shown; None for all.
        excluded_pairs: int64[n], ascending, `user * n_items + item` of what single users may not
            be shown.
        caps: how many items of one group a list may have, with int32[n_items, n] groups of each
            item, -1 where it has none.
        boosts: what is moved up.
        categories: int32[n_items, n] by which lists are made diverse, or None.
        unknown: ids that are named and not known.
    """

    rules: Rules
    n_items: int
    allowed: Int32 | None
    excluded_pairs: Int64
    caps: tuple[tuple[int, Int32], ...]
    boosts: tuple[BoundBoost, ...]
    categories: Int32 | None
    unknown: tuple[str, ...] = ()

    @cached_property
    def is_allowed(self) -> Bool:
        """bool[n_items], which items anybody may be shown."""
        if self.allowed is None:
            return np.ones(self.n_items, np.bool_)
        return np.isin(np.arange(self.n_items), self.allowed, assume_unique=True)

    def excludes(self, users: Histories, items: Int32) -> Bool:
        """bool[n_users, k], which items of lists their users may not be shown."""
        if not len(self.excluded_pairs):
            return np.zeros(items.shape, np.bool_)
        keys = users.users.astype(np.int64)[:, None] * self.n_items + items
        place = np.searchsorted(self.excluded_pairs, keys).clip(0, len(self.excluded_pairs) - 1)
        known = (users.users[:, None] >= 0) & (items >= 0)
        return np.asarray(known & (self.excluded_pairs[place] == keys))

    def excluded_of(self, user: int) -> Int32:
        """int32[n], the items that one user of the log may not be shown."""
        first, last = np.searchsorted(
            self.excluded_pairs, [user * self.n_items, (user + 1) * self.n_items]
        )
        return (self.excluded_pairs[first:last] - user * self.n_items).astype(np.int32)

    def candidates(self, chosen: Int32 | None) -> Int32 | None:
        """The items that may be listed, of those chosen; None for all."""
        if self.allowed is None or chosen is None:
            return chosen if self.allowed is None else self.allowed
        return np.intersect1d(self.allowed, chosen).astype(np.int32)


def bind(rules: Rules | BoundRules, known: Recommender | Dataset) -> BoundRules:
    """Look up what rules name among the users and items of a fitted model, or of a log.

    Rules that are bound already stay as they are. Ids that are not known are counted in one
    warning, and one line says how many items are left.

    Raises:
        NotFittedError: the model has not been fitted.
        DataError: a file cannot be read, or a column is missing or unfit.
        ParameterError: a condition cannot be read, or a rule leaves no item.
    """
    if isinstance(rules, BoundRules):
        return rules
    if isinstance(known, Dataset):
        log = known.users, known.items, known.item_table, known.histories
    else:
        known.histories_of([])  # refuses a model that is not fitted
        log = known.users_, known.items_, known.item_table_, known.histories_
    return _Binding(rules, *log).bound()


@dataclass
class _Binding:
    """Looks up the names of rules; collects what is not known."""

    rules: Rules
    users: Vocabulary
    items: Vocabulary
    item_table: pl.DataFrame | None
    histories: Histories
    unknown: list[str] = field(default_factory=list)
    n_ids: int = 0

    def bound(self) -> BoundRules:
        self.table = self._table()
        allowed = self._allowed()
        pairs = [
            self._pairs(source)
            for source in (self.rules.exclude.users, self.rules.exclude.baskets)
            if source is not None
        ]
        boosts = tuple(
            self._boost(boost, f"[[boost]] {boost.title!r}") for boost in self.rules.boost
        )
        caps = tuple(
            (cap.n, groups(column_of(self.table, cap.column, "[[at_most]]")))
            for cap in self.rules.at_most
        )
        diversity, categories = self.rules.diversity, None
        if diversity is not None and diversity.by != "vectors":
            categories = groups(column_of(self.table, diversity.by, "[diversity]"))
        self._report_unknown()
        return BoundRules(
            rules=self.rules,
            n_items=len(self.items),
            allowed=allowed,
            excluded_pairs=np.unique(np.concatenate([*pairs, np.empty(0, np.int64)])),
            caps=caps,
            boosts=boosts,
            categories=categories,
            unknown=tuple(dict.fromkeys(self.unknown)),
        )

    def _path(self, path: Path) -> Path:
        return self.rules.folder / path

    def _table(self) -> pl.DataFrame:
        """The columns of items: those of the log's table, and in their place those of the rules."""
        ids = self.items.ids.alias("item")
        table = ids.to_frame() if self.item_table is None else self.item_table
        source = self.rules.items
        if source is None:
            return table
        if isinstance(source, Path):
            source = read_item_table(self._path(source), ids)
        elif "item" not in source.columns:
            raise DataError(
                f"The rules' table of items has no column 'item', only {source.columns}."
            )
        texts = source["item"].cast(pl.String)
        repeated = texts.filter(texts.is_duplicated())
        if len(repeated):
            raise DataError(f"The rules' table of items has {repeated[0]!r} more than once.")
        index = self._indices(self.items, texts)
        known = np.flatnonzero(index >= 0)
        if len(source) and not len(known):
            raise DataError(
                f"None of the ids of the rules' table of items, such as {texts[0]!r}, is known; "
                f"those of the log are such as {self.items[0]!r}."
            )
        row = np.full(len(self.items), -1, np.int64)
        row[index[known]] = known
        rows = pl.Series(row).replace(-1, None)
        added = [source[name].gather(rows) for name in source.columns if name != "item"]
        return table.with_columns(added)

    def _indices(self, vocabulary: Vocabulary, texts: pl.Series) -> Int32:
        """The index of each id, -1 where it is not known, which is counted."""
        index = vocabulary.indices(typed_ids(vocabulary, texts))
        self.n_ids += len(index)
        self.unknown += texts.filter(pl.Series(index < 0)).unique(maintain_order=True).to_list()
        return index

    def _mask(self, ids: tuple[int | str, ...]) -> Bool:
        """bool[n_items], which items are named, some in files."""
        texts: list[str] = []
        for value in map(str, ids):
            if value.startswith("@") and value not in self.items:
                texts += read_ids(self.items, self._path(Path(value[1:])))
            else:
                texts.append(value)
        index = self._indices(self.items, pl.Series(list(dict.fromkeys(texts)), dtype=pl.String))
        mask = np.zeros(len(self.items), np.bool_)
        mask[index[index >= 0]] = True
        return mask

    def _allowed(self) -> Int32 | None:
        """The items that the rules leave for everybody."""
        left = np.ones(len(self.items), np.bool_)
        taken: list[str] = []
        for rule, keep, note in self._steps():
            before = int(left.sum())
            left &= keep
            after = int(left.sum())
            if before and not after:
                raise ParameterError(
                    f"{self.rules.source}: {rule} leaves no item: it takes the last {before:,}"
                    f"{note}."
                )
            taken.append(f"{rule} {before - after:,}{note}")
        if not taken:
            return None
        n = counted(len(left), "item")
        logger.info(
            f"{self.rules.source}: {int(left.sum()):,} of {n} may be listed; left out by "
            f"{', '.join(taken)}."
        )
        return None if left.all() else np.flatnonzero(left).astype(np.int32)

    def _steps(self) -> list[tuple[str, Bool, str]]:
        """Each rule for everybody, what it keeps, and what is to be said of it."""
        rules, table = self.rules, self.table
        steps: list[tuple[str, Bool, str]] = []
        if rules.only.items is not None:
            note = "" if rules.only.items else " (its list is empty)"
            steps.append(("[only] items", self._mask(rules.only.items), note))
        steps += [(f"[only] {c}", where(table, c, "[only]"), "") for c in rules.only.where]
        for categories in rules.categories:
            keep, unknown = of_categories(table, categories)
            note = f" (no item has {', '.join(map(repr, unknown[:_NAMED]))})" if unknown else ""
            steps.append((f"[[categories]] {categories.column}", keep, note))
        if rules.price is not None:
            steps.append(("[price]", within_price(table, rules.price), ""))
        if rules.exclude.items:
            steps.append(("[exclude] items", ~self._mask(rules.exclude.items), ""))
        steps += [
            (f"[exclude] {c}", ~where(table, c, "[exclude]"), "") for c in rules.exclude.where
        ]
        return steps

    def _pairs(self, source: pl.DataFrame | Path) -> Int64:
        """`user * n_items + item` of the known pairs of a table."""
        table = read_pairs(self._path(source) if isinstance(source, Path) else source)
        index = {}
        for noun, vocabulary in (("user", self.users), ("item", self.items)):
            texts = table[noun].cast(pl.String)
            distinct = texts.unique(maintain_order=True)
            known = dict(zip(distinct, self._indices(vocabulary, distinct).tolist(), strict=True))
            index[noun] = texts.replace_strict(known, default=-1, return_dtype=pl.Int64).to_numpy()
        both = (index["user"] >= 0) & (index["item"] >= 0)
        return np.asarray(index["user"][both] * len(self.items) + index["item"][both], np.int64)

    def _boost(self, boost: Boost, rule: str) -> BoundBoost:
        """What one rule moves up."""
        table, n = self.table, len(self.items)
        if boost.days is not None:
            moved = self._new(boost, rule)
        elif boost.items:
            moved = self._mask(boost.items)
        else:
            moved = np.ones(n, np.bool_)
            for condition in boost.where:
                moved &= where(table, condition, rule)
        places, factor = np.zeros(n, np.float32), np.ones(n, np.float32)
        if isinstance(boost.places, str):
            places[moved] = places_of(column_of(table, boost.places, rule), rule)[moved]
        elif boost.places is not None:
            places[moved] = boost.places
        else:
            factor[moved] = boost.factor
        bound = BoundBoost(boost.title, places, factor)
        n_moved = int(bound.items.sum())
        logger.info(f"{self.rules.source}: {rule} moves up {counted(n_moved, 'item')}.")
        return bound

    def _new(self, boost: Boost, rule: str) -> Bool:
        """bool[n_items], which items were released, or first seen, in the last days."""
        assert boost.days is not None
        times = self.histories.times
        if boost.column is not None:
            since = instants(column_of(self.table, boost.column, rule), rule)
        elif times is None or not len(times):
            raise DataError(
                f"{rule}: the log has no times that say when an item was first seen; name a column "
                "of dates of release with `column`."
            )
        else:
            first = np.full(len(self.items), np.iinfo(np.int64).max)
            np.minimum.at(first, self.histories.items, times)
            since = pl.Series(first).replace(np.iinfo(np.int64).max, None)
        if self.rules.as_of is not None:  # the whole day
            as_of = datetime.combine(self.rules.as_of, datetime.max.time())
        elif times is not None and len(times):
            as_of = datetime(1970, 1, 1) + timedelta(microseconds=int(times.max()))
        else:
            as_of = datetime.now(UTC).replace(tzinfo=None)
        return is_new(since, as_of, boost.days)

    def _report_unknown(self) -> None:
        """Count in one warning the ids that are not known."""
        unknown = list(dict.fromkeys(self.unknown))
        if not unknown:
            return
        named = ", ".join(map(repr, unknown[:_NAMED]))
        if len(unknown) > _NAMED:
            named += f" and {len(unknown) - _NAMED:,} more"
        are = "is" if len(unknown) == 1 else "are"
        logger.warning(
            f"{self.rules.source}: {len(unknown):,} of {counted(self.n_ids, 'id')} {are} not known "
            f"and passed over: {named}."
        )
