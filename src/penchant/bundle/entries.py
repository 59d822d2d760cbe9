"""What the manifest says of each fitted attribute, enough to know every array beforehand."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Size = Annotated[int, Field(ge=0, le=2**48)]
Shape = Annotated[list[Size], Field(max_length=16)]
DType = Literal[
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
]
_BITS = (8, 16, 32, 64)
Spec = tuple[str, tuple[int, ...]]
"""Data type and shape of an array."""


class _Kind(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    def specs(self, name: str) -> dict[str, Spec]:
        """The arrays that hold the attribute `name`."""
        return {}

    def members(self, name: str) -> list[str]:
        """The folders that hold the models of the attribute `name`."""
        return []


class PlainEntry(_Kind):
    """A number, text, list or dictionary."""

    kind: Literal["plain"] = "plain"
    value: Any


class ArrayEntry(_Kind):
    """A NumPy array or scalar, or a torch tensor; one in column order is stored transposed."""

    kind: Literal["array", "scalar", "tensor"]
    dtype: DType
    shape: Shape
    order: Literal["C", "F"] = "C"

    def specs(self, name: str) -> dict[str, Spec]:
        """One array under the attribute's own name."""
        shape = self.shape if self.order == "C" else self.shape[::-1]
        return {name: (self.dtype, tuple(shape))}


class CsrEntry(_Kind):
    """A sparse matrix, as its three arrays."""

    kind: Literal["csr"] = "csr"
    shape: Annotated[list[Size], Field(min_length=2, max_length=2)]
    entries: Size
    dtype: DType
    index: Literal["int32", "int64"]

    def specs(self, name: str) -> dict[str, Spec]:
        """Values, columns and row starts."""
        return {
            f"{name}.data": (self.dtype, (self.entries,)),
            f"{name}.indices": (self.index, (self.entries,)),
            f"{name}.indptr": (self.index, (self.shape[0] + 1,)),
        }


class HistoriesEntry(_Kind):
    """The histories of some users."""

    kind: Literal["histories"] = "histories"
    users: Size
    events: Size
    n_items: Size
    ratings: bool
    times: bool
    weights: bool = False
    positive: float | None = None
    baskets: bool = False
    quantities: bool = False
    in_sessions: bool = False

    def specs(self, name: str) -> dict[str, Spec]:
        """The arrays of `Histories`."""
        specs_of_parts: dict[str, Spec] = {
            f"{name}.users": ("int32", (self.users,)),
            f"{name}.offsets": ("int64", (self.users + 1,)),
            f"{name}.items": ("int32", (self.events,)),
        }
        if self.ratings:
            specs_of_parts[f"{name}.ratings"] = ("float32", (self.events,))
        if self.times:
            specs_of_parts[f"{name}.times"] = ("int64", (self.events,))
        if self.weights:
            specs_of_parts[f"{name}.weights"] = ("float32", (self.events,))
        if self.baskets:
            specs_of_parts[f"{name}.baskets"] = ("int32", (self.events,))
        if self.quantities:
            specs_of_parts[f"{name}.quantities"] = ("float32", (self.events,))
        return specs_of_parts


NUMBERS: dict[str, str] = {
    "Boolean": "bool",
    **{f"{word}{bits}": f"{word.lower()}{bits}" for word in ("Int", "UInt") for bits in _BITS},
    "Float32": "float32",
    "Float64": "float64",
    "Date": "int32",
    "Datetime": "int64",
    "Duration": "int64",
}
"""The data type of the array behind each type of column that is a number inside."""


class ColumnEntry(_Kind):
    """One column of a table.

    Attributes:
        name: of the column.
        dtype: its polars type; `ids` stands for the ids of the table's vocabulary.
        size: how many values it has.
        nulls: whether some are missing.
        bytes: of a text, the length of all texts together.
        inner: of a list, the values in all lists.
        unit: of a time or duration.
        zone: of a time.
    """

    name: str
    dtype: str
    size: Size
    nulls: bool
    bytes: Size | None = None
    inner: ColumnEntry | None = None
    unit: Literal["ns", "us", "ms"] | None = None
    zone: Annotated[str, Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> ColumnEntry:
        text, listed = self.dtype in ("String", "Categorical"), self.dtype == "List"
        if not (text or listed or self.dtype in NUMBERS or self.dtype in ("Null", "ids")):
            raise ValueError("there is no such type of column")
        if text != (self.bytes is not None) or listed != (self.inner is not None):
            raise ValueError("the column has not the parts of its type")
        if self.dtype == "Null" and not self.nulls:
            raise ValueError("a column without a type has only missing values")
        return self

    def specs(self, name: str) -> dict[str, Spec]:
        """Which values there are, where texts and lists start, and the values."""
        specs_of_parts: dict[str, Spec] = {}
        if self.nulls:
            specs_of_parts[f"{name}.valid"] = ("bool", (self.size,))
        if self.inner is not None or self.bytes is not None:
            specs_of_parts[f"{name}.offsets"] = ("int64", (self.size + 1,))
        if self.inner is not None:
            specs_of_parts |= self.inner.specs(f"{name}.inner")
        if self.bytes is not None:
            specs_of_parts[f"{name}.text"] = ("uint8", (self.bytes,))
        if self.dtype in NUMBERS:
            specs_of_parts[f"{name}.values"] = (NUMBERS[self.dtype], (self.size,))
        return specs_of_parts


class IdsEntry(_Kind):
    """A vocabulary: a column whose name is the noun."""

    kind: Literal["ids"] = "ids"
    column: ColumnEntry

    @model_validator(mode="after")
    def _has_ids(self) -> IdsEntry:
        if self.column.dtype not in ("Int64", "String") or self.column.nulls:
            raise ValueError("ids are integers or texts")
        if self.column.size >= 2**31:
            raise ValueError("there are too many ids")
        return self

    def specs(self, name: str) -> dict[str, Spec]:
        """Those of the column."""
        return self.column.specs(name)


class TableEntry(_Kind):
    """A polars table; `vocabulary` names the attribute whose ids are one of its columns."""

    kind: Literal["table"] = "table"
    columns: list[ColumnEntry]
    vocabulary: str | None = None

    @model_validator(mode="after")
    def _is_even(self) -> TableEntry:
        if len({column.size for column in self.columns}) > 1:
            raise ValueError("columns differ in length")
        if len({column.name for column in self.columns}) < len(self.columns):
            raise ValueError("two columns have the same name")
        if any(c.dtype == "ids" for c in self.columns) != (self.vocabulary is not None):
            raise ValueError("ids need a vocabulary")
        return self

    def specs(self, name: str) -> dict[str, Spec]:
        """Those of all columns, by their position."""
        specs_of_parts: dict[str, Spec] = {}
        for position, column in enumerate(self.columns):
            specs_of_parts |= column.specs(f"{name}.{position}")
        return specs_of_parts


class BaseModelsEntry(_Kind):
    """A recommender (`count` None) or a list of them, each in a folder of its own."""

    kind: Literal["models"] = "models"
    count: Annotated[int, Field(ge=0, le=1000)] | None

    def members(self, name: str) -> list[str]:
        """Folders named for the attribute."""
        return [name] if self.count is None else [f"{name}.{n}" for n in range(self.count)]


class SharedEntry(_Kind):
    """The very object that the enclosing model has under the same name."""

    kind: Literal["shared"] = "shared"


Entry = Annotated[
    PlainEntry
    | ArrayEntry
    | CsrEntry
    | HistoriesEntry
    | IdsEntry
    | TableEntry
    | BaseModelsEntry
    | SharedEntry,
    Field(discriminator="kind"),
]
