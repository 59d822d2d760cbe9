"""What a fitted model computes of its fitted attributes once, at first use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
_CACHE = "_derived"


class Derived(Generic[T]):
    """A property that is computed again where a fitted attribute that it follows from is new.

    Fitted attributes are replaced and never written to, so that their identity tells.
    """

    def __init__(self, compute: Callable[[Any], T], sources: tuple[str, ...]) -> None:
        self.compute, self.sources = compute, sources
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, model: None, cls: type) -> Derived[T]: ...

    @overload
    def __get__(self, model: object, cls: type) -> T: ...

    def __get__(self, model: object | None, cls: type) -> Derived[T] | T:
        if model is None:
            return self
        attributes = vars(model)
        sources = [attributes.get(name) for name in self.sources]
        cache = attributes.setdefault(_CACHE, {})
        if (entry := cache.get(self)) is not None:
            before, value = entry
            if all(a is b for a, b in zip(before, sources, strict=True)):
                return value  # type: ignore[no-any-return]
        value = self.compute(model)
        cache[self] = (sources, value)
        return value


def derived_from(*sources: str) -> Callable[[Callable[[Any], T]], Derived[T]]:
    """Make a method a property that is kept while the fitted attributes it follows from are.

    Args:
        sources: names of fitted attributes. One that is missing counts as None.
    """
    return lambda compute: Derived(compute, sources)


def forget_derived(model: object) -> None:
    """Free what was computed of earlier fitted attributes."""
    vars(model).pop(_CACHE, None)


def without_derived(model: object) -> dict[str, Any]:
    """The attributes of a model but for what was computed of others."""
    return {name: value for name, value in vars(model).items() if name != _CACHE}
