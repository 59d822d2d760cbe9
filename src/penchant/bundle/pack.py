"""A fitted state taken apart into plain values, arrays and further models."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import polars as pl
import torch
from scipy import sparse

from penchant.bundle import plain
from penchant.bundle.columns import put_together, take_apart
from penchant.bundle.damage import DamageError
from penchant.bundle.entries import (
    ArrayEntry,
    BaseModelsEntry,
    ColumnEntry,
    CsrEntry,
    DType,
    Entry,
    HistoriesEntry,
    IdsEntry,
    PlainEntry,
    SharedEntry,
    TableEntry,
)
from penchant.bundle.manifest import ATTRIBUTE
from penchant.data.histories import Histories
from penchant.data.vocabulary import Vocabulary
from penchant.errors import BundleError
from penchant.models.base import Recommender
from penchant.typing import AnyArray

DTYPES = frozenset(get_args(DType))


@dataclass
class Packed:
    """A fitted state, ready to be written.

    Attributes:
        entries: what the manifest says of each attribute.
        arrays: contiguous arrays by their name in the file of arrays.
        members: further models by folder name.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    arrays: dict[str, AnyArray] = field(default_factory=dict)
    members: dict[str, Recommender] = field(default_factory=dict)


def pack(model: Recommender, enclosing: Mapping[str, Any]) -> Packed:
    """Take apart the fitted state of a model.

    What a member of a blend shares with the enclosing model (vocabularies, histories, item
    table) is kept once.

    Raises:
        BundleError: an attribute has a name or a value that a bundle cannot keep.
    """
    packed = Packed()
    state = model.fitted_state()
    for name, value in state.items():
        try:
            check_name(type(model), name)
            if isinstance(value, Vocabulary | Histories | pl.DataFrame) and (
                enclosing.get(name) is value
            ):
                packed.entries[name] = SharedEntry()
            else:
                packed.entries[name] = _pack_value(packed, name, value, state)
        except DamageError as damage:
            raise BundleError(
                f"{type(model).__name__} cannot be saved, because its attribute {name!r} cannot "
                f"be kept: {damage}."
            ) from None
    try:
        model.check_fitted_state()
    except ValueError as error:
        raise BundleError(
            f"{type(model).__name__} cannot be saved, because nobody could restore it: its "
            f"attribute {error}."
        ) from None
    return packed


def check_name(cls: type[Recommender], name: str) -> None:
    """Refuse attributes that would hide a method or property of the class.

    Raises:
        DamageError: the name cannot be a fitted attribute of the class.
    """
    if not re.fullmatch(ATTRIBUTE, name, re.ASCII):
        raise DamageError("names of fitted attributes are of ASCII letters, digits and _")
    if hasattr(inspect.getattr_static(cls, name, None), "__get__"):
        raise DamageError(f"{cls.__name__} has a method or property of that name")


def _pack_value(packed: Packed, name: str, value: Any, state: Mapping[str, Any]) -> Entry:
    entry: Entry
    if isinstance(value, Vocabulary):
        column, arrays = take_apart(value.ids.alias(value.noun), name)
        packed.arrays |= arrays
        return IdsEntry(column=column)
    if isinstance(value, pl.DataFrame):
        return _pack_table(packed, name, value, state)
    if isinstance(value, Recommender):
        packed.members[name] = value
        return BaseModelsEntry(count=None)
    if isinstance(value, list) and value and all(isinstance(v, Recommender) for v in value):
        entry = BaseModelsEntry(count=len(value))
        packed.members |= zip(entry.members(name), value, strict=True)
        return entry
    if isinstance(value, Histories):
        return _pack_histories(packed, name, value)
    if sparse.issparse(value):
        return _pack_csr(packed, name, value)
    if isinstance(value, np.ndarray | np.generic | torch.Tensor):
        return _pack_array(packed, name, value)
    return PlainEntry(value=plain.encode(value))


def _pack_table(packed: Packed, name: str, table: pl.DataFrame, state: Mapping[str, Any]) -> Entry:
    vocabulary = next((n for n, v in state.items() if _has_ids_of(table, v)), None)
    columns = []
    for position, series in enumerate(table.iter_columns()):
        key = f"{name}.{position}"
        if vocabulary is not None and series.name == state[vocabulary].noun:
            columns.append(
                ColumnEntry(name=series.name, dtype="ids", size=len(series), nulls=False)
            )
            continue
        column, arrays = take_apart(series, key)
        back = put_together(column, key, arrays)
        if back.dtype != series.dtype or not back.equals(series, null_equal=True):
            raise DamageError(f"its column {series.name!r} of the type {series.dtype} would change")
        columns.append(column)
        packed.arrays |= arrays
    return TableEntry(columns=columns, vocabulary=vocabulary)


def _has_ids_of(table: pl.DataFrame, value: object) -> bool:
    """Whether one of the columns is the ids of this vocabulary, so that they are kept once."""
    return (
        isinstance(value, Vocabulary)
        and value.noun in table.columns
        and table[value.noun].equals(value.ids, check_dtypes=True)
    )


def _pack_histories(packed: Packed, name: str, value: Histories) -> Entry:
    entry = HistoriesEntry(
        users=len(value),
        events=value.n_events,
        n_items=value.n_items,
        ratings=value.ratings is not None,
        times=value.times is not None,
        weights=value.weights is not None,
        positive=value.positive,
        baskets=value.baskets is not None,
        quantities=value.quantities is not None,
        in_sessions=value.in_sessions,
    )
    for key, (dtype, shape) in entry.specs(name).items():
        part = key.rpartition(".")[2]
        array = getattr(value, part)
        if (array.dtype.name, array.shape) != (dtype, shape):
            raise DamageError(f"its {part} are {array.dtype}{list(array.shape)} instead of {dtype}")
        packed.arrays[key] = np.ascontiguousarray(array)
    return entry


def _pack_csr(packed: Packed, name: str, value: Any) -> Entry:
    if type(value) is not sparse.csr_array or len(value.shape) != 2:
        raise DamageError(
            f"it is a {type(value).__name__}, and of sparse matrices csr_array alone is kept"
        )
    entries = int(value.indptr[-1])  # beyond these there may be room for more
    entry = CsrEntry(
        shape=[int(n) for n in value.shape],
        entries=entries,
        dtype=_dtype(value.data.dtype),
        index="int64" if value.indices.dtype == np.int64 else "int32",
    )
    parts = {"data": value.data[:entries], "indices": value.indices[:entries]}
    parts["indptr"] = value.indptr
    for key, (dtype, _) in entry.specs(name).items():
        packed.arrays[key] = np.ascontiguousarray(parts[key.rpartition(".")[2]], dtype)
    return entry


def _pack_array(packed: Packed, name: str, value: Any) -> Entry:
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided or value.is_quantized or value.is_conj():
            raise DamageError("of tensors only dense ones of real numbers are kept")
        if value.dtype == torch.bfloat16:
            raise DamageError("NumPy does not have bfloat16; convert it to float32")
        array = value.detach().cpu().numpy()
        entry = ArrayEntry(kind="tensor", dtype=_dtype(array.dtype), shape=list(array.shape))
    elif isinstance(value, np.generic):
        array = np.asarray(value)
        entry = ArrayEntry(kind="scalar", dtype=_dtype(array.dtype), shape=[])
    elif isinstance(value, np.ma.MaskedArray):
        raise DamageError("it is a masked array")
    else:
        array = value
        # The order of a matrix decides how sums over it are rounded.
        by_column = array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous
        entry = ArrayEntry(
            kind="array",
            dtype=_dtype(array.dtype),
            shape=list(array.shape),
            order="F" if by_column else "C",
        )
        array = array.T if by_column else array
    packed.arrays[name] = np.asarray(array, array.dtype.newbyteorder("="), order="C")
    return entry


def _dtype(dtype: np.dtype[Any]) -> Any:
    if dtype.name not in DTYPES:
        raise DamageError(f"it holds {dtype.name}, and only whole, real and truth numbers are kept")
    return dtype.name
