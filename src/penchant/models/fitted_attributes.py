"""What a model declares of its fitted attributes, and the check of a fitted state against that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

import numpy as np
from pydantic import ConfigDict, TypeAdapter, ValidationError
from scipy import sparse

from penchant.typing import AnyArray

LARGEST = 1e18
"""The largest number in a fitted state: sums of products of two such are finite in float32."""

Size: TypeAlias = int | str
"""The length of an axis: a number, or a name that means the same length wherever it is used.

`users` and `items` are the sizes of the vocabularies, and the name of an integer hyper-parameter,
such as `dim`, is its value. Any other name is as long as where it is met first. `items+1` has one
more, for an unknown item; `users|items` is one of the two. A `*` is what the `*` of the attribute's
name stands for.
"""


class Declaration(Protocol):
    """What is declared of an attribute."""

    @property
    def optional(self) -> bool:
        """Whether some settings or logs do without it."""

    def check(self, value: Any, sizes: Sizes) -> None:
        """Refuse a value that is not as declared.

        Raises:
            ValueError: the text goes on from the attribute's name: "is …", "has …".
        """


Declarations: TypeAlias = Mapping[str, Declaration]
"""Declarations by the attribute's name, in which a `*` stands for anything."""


class Sizes:
    """The lengths of axes that are known so far, by name.

    Args:
        known: lengths to begin with.
        index: what a `*` in a name stands for.
    """

    def __init__(self, known: Mapping[str, int], index: str = "") -> None:
        self._known = dict(known)
        self.index = index

    def fits(self, size: Size, length: int) -> bool:
        """Whether an axis of that size has this length; a name that is new gets it."""
        if isinstance(size, int):
            return size == length
        if "|" in size:
            return any(self.fits(one, length) for one in size.split("|"))
        name, _, more = size.replace("*", self.index).partition("+")
        return self._known.setdefault(name, length - int(more or 0)) + int(more or 0) == length

    def limit(self, size: float | str) -> float:
        """A number, or the length of an axis that is known."""
        return size if not isinstance(size, str) else self._known[size.replace("*", self.index)]


@dataclass(frozen=True)
class Array:
    """A NumPy array or number; see `floats`, `integers`, `booleans` and `offsets`."""

    shape: tuple[Size, ...]
    dtypes: tuple[str, ...]
    low: float | None = None
    below: float | str | None = None
    missing: bool = False
    offsets_of: Size | None = None
    optional: bool = False

    def check(self, value: Any, sizes: Sizes) -> None:
        """Refuse another type, shape or range of values."""
        if not isinstance(value, np.ndarray | np.generic):
            raise ValueError(f"is a {type(value).__name__} instead of an array")
        if not (
            value.dtype.name in self.dtypes
            and value.ndim == len(self.shape)
            and all(map(sizes.fits, self.shape, value.shape))
        ):
            wanted = f"{' or '.join(self.dtypes)}[{', '.join(map(str, self.shape))}]"
            raise ValueError(f"is {value.dtype}{list(value.shape)} instead of {wanted}")
        array = np.asarray(value)
        _check_range(array, sizes, self.low, self.below, self.missing)
        if self.offsets_of is not None and not (
            array[0] == 0
            and (np.diff(array) >= 0).all()
            and sizes.fits(self.offsets_of, int(array[-1]))
        ):
            raise ValueError("has offsets that do not rise from 0 to the number of values")


@dataclass(frozen=True)
class SparseMatrix:
    """A `csr_array`; see `sparse_matrix`."""

    shape: tuple[Size, Size]
    dtype: str
    low: float | None = None
    optional: bool = False

    def check(self, value: Any, sizes: Sizes) -> None:
        """Refuse another type, shape or range of values."""
        if not isinstance(value, sparse.csr_array):
            raise ValueError(f"is a {type(value).__name__} instead of a sparse matrix")
        if value.dtype.name != self.dtype or not all(map(sizes.fits, self.shape, value.shape)):
            wanted = f"{self.dtype}[{', '.join(map(str, self.shape))}]"
            raise ValueError(f"is {value.dtype}{list(value.shape)} instead of {wanted}")
        _check_range(value.data, sizes, self.low)


@dataclass(frozen=True)
class Plain:
    """A number, text, list or mapping of such; see `plain`."""

    kind: Any
    size: Size | None = None
    lengths_of: str | None = None
    infinite: bool = False
    optional: bool = False

    def check(self, value: Any, sizes: Sizes) -> None:
        """Refuse a value of another type."""
        config = ConfigDict(strict=True, allow_inf_nan=self.infinite)
        try:
            TypeAdapter(self.kind, config=config).validate_python(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = "".join(f"[{part!r}]" for part in first["loc"])
            raise ValueError(f"is wrong{place and f' at {place}'}: {first['msg']}") from None
        if self.size is not None and not sizes.fits(self.size, len(value)):
            raise ValueError(f"has {len(value)} values instead of {self.size}")
        if self.lengths_of is not None:
            for n, length in enumerate(value):
                if not sizes.fits(self.lengths_of.replace("*", str(n)), length):
                    raise ValueError(f"says {length} where there are others")


@dataclass(frozen=True)
class Models:
    """A list of fitted recommenders, which are checked themselves."""

    optional: bool = False

    def check(self, value: Any, sizes: Sizes) -> None:
        """Refuse anything but a list."""
        if not isinstance(value, list):
            raise ValueError(f"is a {type(value).__name__} instead of a list of models")


def floats(
    *shape: Size,
    dtype: str = "float32",
    low: float | None = None,
    missing: bool = False,
    optional: bool = False,
) -> Array:
    """An array of finite numbers up to 1e18.

    Args:
        shape: of axes.
        dtype: of its values.
        low: the least value.
        missing: whether some may be NaN.
        optional: whether some settings or logs do without the attribute.
    """
    return Array(shape, (dtype,), low=low, missing=missing, optional=optional)


def integers(
    *shape: Size,
    dtype: str = "int64",
    low: float | None = 0,
    below: float | str | None = None,
    optional: bool = False,
) -> Array:
    """An array of integers from `low`, each below a number or an axis that is declared before."""
    return Array(shape, (dtype,), low=low, below=below, optional=optional)


def offsets(size: Size, of: Size, *, optional: bool = False) -> Array:
    """int64[size] that rise from 0 to the length of the axis `of`, and may repeat."""
    return Array((size,), ("int64",), low=0, offsets_of=of, optional=optional)


def signatures(*, optional: bool = False) -> Array:
    """uint64[users] that tell histories apart."""
    return Array(("users",), ("uint64",), optional=optional)


def booleans(*shape: Size, optional: bool = False) -> Array:
    """An array of truth values."""
    return Array(shape, ("bool",), optional=optional)


def sparse_matrix(
    rows: Size,
    columns: Size,
    *,
    dtype: str = "float32",
    low: float | None = None,
    optional: bool = False,
) -> SparseMatrix:
    """A sparse matrix of finite numbers."""
    return SparseMatrix((rows, columns), dtype, low, optional)


def plain(
    kind: Any,
    size: Size | None = None,
    *,
    lengths_of: str | None = None,
    infinite: bool = False,
    optional: bool = False,
) -> Plain:
    """A plain value of a type such as `float`, `list[str]` or `Annotated[int, Field(ge=0)]`.

    Args:
        kind: the type, as pydantic checks it, without converting.
        size: the length of a list.
        lengths_of: the axes whose lengths the list says; `*` is the position in it.
        infinite: whether numbers may be infinite or NaN.
        optional: whether some settings or logs do without the attribute.
    """
    return Plain(kind, size, lengths_of, infinite, optional)


def linear_layer(name: str, units: Size, inputs: Size) -> dict[str, Declaration]:
    """The weights of a linear layer, or of one in each block where the name has a `*`."""
    weight, bias = floats(units, inputs, optional="*" in name), floats(units, optional="*" in name)
    return {f"{name}_weight_": weight, f"{name}_bias_": bias}


def layer_norm(name: str, units: Size) -> dict[str, Declaration]:
    """The weights of a layer's normalisation, likewise."""
    each = floats(units, optional="*" in name)
    return {f"{name}_weight_": each, f"{name}_bias_": each}


CURVE = plain(list[dict[str, float]], infinite=True)
"""The losses of a training by epoch."""

TRAINING: Declarations = MappingProxyType({"curve_": CURVE, "best_epoch_": plain(int)})
"""What is left of a training that may stop early."""


def check_fitted_state(
    declared: Declarations, state: Mapping[str, Any], known: Mapping[str, int]
) -> None:
    """Check a fitted state against what is declared of it.

    Args:
        declared: of the model's own attributes.
        state: the own attributes, without those that every model has.
        known: `users`, `items`, and the integer hyper-parameters.

    Raises:
        ValueError: an attribute is missing, not declared, or not as declared.
    """
    sizes = Sizes(known)
    left = set(state)
    for pattern, declaration in declared.items():
        found = False
        for name, index in _matching(pattern, state):
            if name not in left:
                continue
            sizes.index, found = index, True
            left.remove(name)
            try:
                declaration.check(state[name], sizes)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        if not found and not declaration.optional:
            raise ValueError(f"{pattern} is missing")
    if left:
        raise ValueError(f"{min(left)} is not among the declared ones (`fitted_attributes`)")


def _matching(pattern: str, state: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The names that a pattern means, each with what its `*` stands for."""
    if "*" not in pattern:
        if pattern in state:
            yield pattern, ""
        return
    expression = re.compile("(.+)".join(map(re.escape, pattern.split("*", 1))))
    for name in state:
        if match := expression.fullmatch(name):
            yield name, match[1]


def _check_range(
    values: AnyArray,
    sizes: Sizes,
    low: float | None = None,
    below: float | str | None = None,
    missing: bool = False,
) -> None:
    if not values.size:
        return
    if values.dtype.kind == "f":
        if missing and np.isnan(values).any():
            values = values[~np.isnan(values)]
        if not np.isfinite(values).all():
            raise ValueError("has a value that is no finite number")
        if float(np.abs(values).max(initial=0)) > LARGEST:
            raise ValueError(f"has a value beyond {LARGEST:g}")
    if low is not None and values.size and values.min() < low:
        raise ValueError(f"has a value below {low:g}")
    if below is not None and values.size and values.max() >= sizes.limit(below):
        raise ValueError(f"has a value that is not below {sizes.limit(below):g}")
