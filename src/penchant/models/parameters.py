"""Hyper-parameters, written once as annotated fields of a class.

`dim: Annotated[int, Field(gt=0), Space(16, 256, log=True)] = 64` gives the constructor, its
check, the command line's parsing, the range to tune over and the row of the model card.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from dataclasses import dataclass
from functools import cache
from typing import (
    Annotated,
    Any,
    Self,
    dataclass_transform,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import AfterValidator, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from penchant.data.target import Target
from penchant.errors import ParameterError
from penchant.wording import nearest_hint

AnyTarget = Annotated[Target, BeforeValidator(Target.parse)]
"""A field that takes a Target or its text, such as `like>=4`."""


def _parse_layers(value: object) -> object:
    if isinstance(value, str):
        return [units for units in re.split(r"[x, ]+", value.strip("() ")) if units]
    return () if value is None else [value] if isinstance(value, int) else value


def _some_units(layers: tuple[int, ...]) -> tuple[int, ...]:
    if min(layers, default=1) < 1:
        raise ValueError("every layer needs a unit at least")
    return layers


Layers = Annotated[tuple[int, ...], BeforeValidator(_parse_layers), AfterValidator(_some_units)]
"""A field of layers' units, such as `64` or `128x64`."""


@dataclass(frozen=True)
class Space:
    """The range over which a hyper-parameter is tuned.

    Attributes:
        low: lowest value tried.
        high: highest value tried.
        log: whether to search on a logarithmic scale.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Parameter:
    """One hyper-parameter of a model class."""

    name: str
    type: Any
    default: Any
    space: Space | None

    @property
    def type_name(self) -> str:
        """The type as a person writes it."""
        base = get_args(self.type)[0] if get_origin(self.type) is Annotated else self.type
        return re.sub(r"\b(\w+\.)+(?=[A-Z])", "", inspect.formatannotation(base))


@cache
def parameters_of(cls: Any) -> dict[str, Parameter]:
    """The hyper-parameters of a model class by name, in the order of their definition."""
    hints = get_type_hints(cls, include_extras=True)
    found = {}
    for field in dataclasses.fields(cls):
        hint = hints[field.name]
        extras = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
        default = field.default
        if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        space = next((extra for extra in extras if isinstance(extra, Space)), None)
        found[field.name] = Parameter(field.name, hint, default, space)
    return found


@cache
def _adapters(cls: Any) -> dict[str, TypeAdapter[Any]]:
    return {name: _adapter(p.type) for name, p in parameters_of(cls).items()}


def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint, config=ConfigDict(arbitrary_types_allowed=True))


def check_values(model: object) -> None:
    """Check and convert all hyper-parameters of a model in place.

    Raises:
        ParameterError: a value is impossible; the sentence names parameter, value and reason.
    """
    cls: Any = type(model)
    for name, adapter in _adapters(cls).items():
        value = getattr(model, name)
        try:
            setattr(model, name, adapter.validate_python(value))
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ").lower().rstrip(".")
            raise ParameterError(f"{cls.__name__}: {name} cannot be {value!r}: {reason}.") from None


def check_names(cls: Any, names: list[str]) -> None:
    """Refuse names that are no hyper-parameters of the class.

    Raises:
        ParameterError: a name is unknown; the sentence lists the known ones.
    """
    known = parameters_of(cls)
    for name in names:
        if name not in known:
            raise ParameterError(
                f"{cls.__name__} has no parameter {name!r}{nearest_hint(name, known)}; it has "
                f"{', '.join(known)}."
            )


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(dataclasses.field,))
class Parameterised:
    """A class whose annotated fields are its hyper-parameters.

    Every subclass becomes a dataclass: its constructor takes all fields by keyword, checks and
    converts their values, and does nothing else.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        dataclass(kw_only=True, eq=False, repr=False)(cls)

    def __post_init__(self) -> None:
        check_values(self)

    def params(self) -> dict[str, Any]:
        """The hyper-parameters by name."""
        cls: Any = type(self)
        return {name: getattr(self, name) for name in parameters_of(cls)}

    def changed_params(self) -> dict[str, Any]:
        """The hyper-parameters whose values are not the defaults."""
        cls: Any = type(self)
        known = parameters_of(cls)
        return {n: v for n, v in self.params().items() if v != known[n].default}

    def clone(self, **changes: Any) -> Self:
        """A new, unfitted object with the same hyper-parameters but for `changes`.

        Raises:
            ParameterError: a name is unknown or a value impossible.
        """
        check_names(type(self), list(changes))
        return type(self)(**(self.params() | changes))

    def __repr__(self) -> str:
        inside = ", ".join(
            f"{n}={v!r}" if isinstance(v, str | bool) else f"{n}={v}"
            for n, v in self.changed_params().items()
        )
        return f"{type(self).__name__}({inside})"
