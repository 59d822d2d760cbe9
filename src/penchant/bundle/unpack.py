"""Fitted attributes put together again, each checked before a model may use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import torch
from scipy import sparse

from penchant.bundle import plain
from penchant.bundle.columns import checked_offsets, put_together
from penchant.bundle.damage import DamageError
from penchant.bundle.entries import (
    ArrayEntry,
    CsrEntry,
    HistoriesEntry,
    IdsEntry,
    PlainEntry,
    SharedEntry,
    TableEntry,
)
from penchant.data.histories import Histories
from penchant.data.vocabulary import Vocabulary
from penchant.models.fitted_state import KEPT_OPTIONS
from penchant.typing import AnyArray

Arrays = Mapping[str, AnyArray]


def unpack(
    name: str,
    entry: PlainEntry
    | ArrayEntry
    | CsrEntry
    | HistoriesEntry
    | IdsEntry
    | TableEntry
    | SharedEntry,
    arrays: Arrays,
    state: Mapping[str, Any],
    enclosing: Mapping[str, Any],
    widest: int,
) -> Any:
    """The value of one attribute.

    Args:
        name: of the attribute.
        entry: what the manifest says of it.
        arrays: of the data types and shapes that the entries ask for.
        state: the vocabularies of the model itself.
        enclosing: the fitted state of the enclosing model.
        widest: the most columns that a sparse matrix may have.

    Raises:
        DamageError: the parts do not make a value of the kind.
    """
    match entry:
        case PlainEntry():
            return plain.decode(entry.value)
        case ArrayEntry():
            return _array(entry, arrays[name])
        case CsrEntry():
            return _csr(name, entry, arrays, widest)
        case HistoriesEntry():
            return _histories(name, entry, arrays)
        case IdsEntry():
            return _vocabulary(name, entry, arrays)
        case TableEntry():
            return _table(name, entry, arrays, state)
        case SharedEntry():
            if not isinstance(enclosing.get(name), Vocabulary | Histories | pl.DataFrame):
                raise DamageError("the enclosing model has nothing of that name to share")
            return enclosing[name]


def _array(entry: ArrayEntry, array: AnyArray) -> Any:
    if entry.kind == "tensor":
        if entry.order != "C":
            raise DamageError("tensors are kept in the order of rows")
        return torch.from_numpy(array)
    if entry.kind == "scalar":
        if entry.shape:
            raise DamageError("it is no single number")
        return array[()]
    return array if entry.order == "C" else array.T


def _csr(name: str, entry: CsrEntry, arrays: Arrays, widest: int) -> sparse.csr_array:
    data, indices, indptr = (arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr"))
    columns = entry.shape[1]
    # SciPy follows these indices without looking where they lead.
    if columns > widest:
        raise DamageError(f"{columns} columns are more than the bundle's size can justify")
    checked_offsets(indptr, len(data))
    if len(indices) and not (indices.min() >= 0 and indices.max() < columns):
        raise DamageError("it has an entry outside its columns")
    return sparse.csr_array((data, indices, indptr), shape=(entry.shape[0], columns), copy=False)


def _histories(name: str, entry: HistoriesEntry, arrays: Arrays) -> Histories:
    users, offsets, items = (arrays[f"{name}.{part}"] for part in ("users", "offsets", "items"))
    checked_offsets(offsets, len(items))
    if len(items) and not (items.min() >= 0 and items.max() < entry.n_items):
        raise DamageError("it has an item outside the vocabulary")
    if len(users) and users.min() < -1:
        raise DamageError("it has a user outside the vocabulary")
    weights, quantities = (arrays.get(f"{name}.{part}") for part in ("weights", "quantities"))
    for values, noun in ((weights, "weight"), (quantities, "quantity")):
        if values is not None and not (np.isfinite(values) & (values > 0)).all():
            raise DamageError(f"it has a {noun} that is not a number above 0")
    baskets = arrays.get(f"{name}.baskets")
    if baskets is not None and ((baskets < 0) | (baskets >= len(baskets))).any():
        raise DamageError("it has the number of a basket that nobody can have had")
    return Histories(
        users=users,
        offsets=offsets,
        items=items,
        ratings=arrays.get(f"{name}.ratings"),
        times=arrays.get(f"{name}.times"),
        n_items=entry.n_items,
        weights=weights,
        positive=entry.positive,
        baskets=baskets,
        quantities=quantities,
        in_sessions=entry.in_sessions,
    )


def _vocabulary(name: str, entry: IdsEntry, arrays: Arrays) -> Vocabulary:
    ids = put_together(entry.column, name, arrays)
    vocabulary = Vocabulary(ids, noun=entry.column.name)
    # An id's position is its index: out of order, every index would mean another id.
    if not vocabulary.ids.equals(ids):
        raise DamageError("its ids are not distinct and in order")
    return vocabulary


def _table(name: str, entry: TableEntry, arrays: Arrays, state: Mapping[str, Any]) -> pl.DataFrame:
    columns = []
    for position, column in enumerate(entry.columns):
        if column.dtype == "ids":
            vocabulary = state.get(entry.vocabulary or "")
            if not isinstance(vocabulary, Vocabulary) or len(vocabulary) != column.size:
                raise DamageError("its ids are not those of a vocabulary")
            columns.append(vocabulary.ids.alias(column.name))
        else:
            columns.append(put_together(column, f"{name}.{position}", arrays))
    return pl.DataFrame(columns)


def check_base(state: Mapping[str, Any]) -> None:
    """Check what every recommender has against each other.

    Raises:
        DamageError: something is missing or does not fit the vocabularies.
    """
    for name, kind in _BASE.items():
        if name not in state or not isinstance(state[name], kind):
            raise DamageError(f"attribute {name} is missing or of a wrong kind")
    if not isinstance(state.get(KEPT_OPTIONS, {}), dict):
        raise DamageError(f"attribute {KEPT_OPTIONS} is of a wrong kind")
    if not 0 <= state["fit_seconds_"] < np.inf:
        raise DamageError("attribute fit_seconds_ is no number of seconds")
    users, items, known = state["users_"], state["items_"], state["histories_"]
    if not np.array_equal(known.users, np.arange(len(users))):
        raise DamageError("attribute histories_: its users are not the vocabulary in order")
    for name, value in state.items():
        if isinstance(value, Histories):
            if value.n_items != len(items):
                raise DamageError(f"attribute {name}: it counts other items than the vocabulary")
            if len(value) and value.users.max() >= len(users):
                raise DamageError(f"attribute {name}: it has a user outside the vocabulary")
    table = state["item_table_"]
    if table is not None and (
        items.noun not in table.columns or not table[items.noun].equals(items.ids)
    ):
        raise DamageError("attribute item_table_: its items are not those of the vocabulary")


_BASE: dict[str, Any] = {
    "users_": Vocabulary,
    "items_": Vocabulary,
    "histories_": Histories,
    "item_table_": pl.DataFrame | None,
    "log_fingerprint_": str,
    "log_name_": str,
    "fit_seconds_": float,
}
