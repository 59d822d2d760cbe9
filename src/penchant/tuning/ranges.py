"""What is to be tried of each hyper-parameter, checked, from what a person says of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.models.parameters import Parameter, Space, check_names, parameters_of
from penchant.results.tuning.trial import Range, RangeEnd, value_text

Wish = Space | Sequence[Any]
"""What to try: everything between two ends, or the values of a list."""


def ranges_of(
    model: object, space: Mapping[str, Wish] | None, *, taken: Iterable[str] = ()
) -> dict[str, Range]:
    """What to try of each parameter, by name.

    Args:
        model: a recommender, whose class says what is whole, where parameters end and, where no
            space is given, what to try; or a function, of which nothing is known.
        space: what to try, by name.
        taken: names that no parameter may have.

    Raises:
        ParameterError: there is nothing to try, a name is unknown, a list is empty or has a value
            twice, or ends are impossible.
    """
    known = parameters_of(type(model)) if isinstance(model, Recommender) else {}
    own = model.params() if isinstance(model, Recommender) else {}
    anywhere = space is None
    if space is None:
        if not isinstance(model, Recommender):
            raise ParameterError("Say with space=… which values the function is to be tried with.")
        space = {name: p.space for name, p in known.items() if p.space is not None}
    if not space:
        raise ParameterError("There is nothing to tune: name a parameter and values to try.")
    if isinstance(model, Recommender):
        check_names(type(model), list(space))
    for name in taken:
        if name in space:
            raise ParameterError(f"A tuning has a column {name!r}: call the parameter otherwise.")
    found = {}
    for name, wish in space.items():
        range_ = _range(name, wish, known.get(name))
        if name in own and not range_.values and (anywhere or own[name] is None):
            range_ = replace(range_, given=(own[name],))
        found[name] = range_
    return found


def space_of(model: Recommender, texts: Iterable[str]) -> dict[str, Wish] | None:
    """What a command line says is to be tried.

    `l2=100,300,1000` is a list of values, `l2=1..10000` and `l2=1..10000:log` are ranges, and
    `target=rating,adjusted(5,1)` has two values.

    Returns:
        What to try, by name; None where there are no texts.

    Raises:
        ParameterError: a text is none of these, or a value is impossible.
    """
    space: dict[str, Wish] = {}
    for option in texts:
        name, equals, rest = (part.strip() for part in option.partition("="))
        if not (name and equals and rest) or name in space:
            raise ParameterError(
                f"{option!r} must be written once as name=value,value,… or name=low..high, with "
                ":log where small values matter, as in l2=1..10000:log."
            )
        check_names(type(model), [name])
        if span := re.fullmatch(r"([^.,]\S*?)\.\.([^,]+?)(:log)?", rest):
            space[name] = Space(
                _number(option, span[1]), _number(option, span[2]), log=bool(span[3])
            )
        else:  # a comma inside brackets, as in adjusted(5,1), does not divide
            values = [part.strip() for part in re.split(r",(?![^()]*\))", rest)]
            space[name] = [_value(model, name, value) for value in values]
    return space or None


def _value(model: Recommender, name: str, value: str) -> Any:
    """A value as the model's class reads it."""
    return model.clone(**{name: None if value.lower() == "none" else value}).params()[name]


def _number(option: str, number: str) -> float:
    try:
        return int(number) if re.fullmatch(r"[+-]?\d+", number) else float(number)
    except ValueError:
        raise ParameterError(f"{number!r} in {option!r} is no number.") from None


def _range(name: str, wish: Any, known: Parameter | None) -> Range:
    if isinstance(wish, Space):
        return _between(name, wish, known)
    if hasattr(wish, "tolist") or hasattr(wish, "to_list"):  # NumPy's and Polars' own
        wish = wish.tolist() if hasattr(wish, "tolist") else wish.to_list()
    if isinstance(wish, str) or not isinstance(wish, Sequence) or not len(wish):
        raise ParameterError(
            f"The values to try of {name!r} must be a list with at least one, or a Space."
        )
    values = tuple(wish)
    if len({value_text(value) for value in values}) < len(values):
        raise ParameterError(f"The values to try of {name!r} have one twice: {wish}.")
    if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
        return Range(values=values)
    low, high = min(values), max(values)
    log = low > 0 and high / low >= 30  # only decides how it is shown
    whole = all(isinstance(value, int) for value in values)
    return Range(
        values=values, low=low, high=high, log=log, whole=whole, own=_own(known, low, high)
    )


def _between(name: str, space: Space, known: Parameter | None) -> Range:
    low, high = space.low, space.high
    whole = isinstance(low, int) and isinstance(high, int) if known is None else _is_whole(known)
    if whole and math.isfinite(low) and math.isfinite(high):
        low, high = math.ceil(low), math.floor(high)
    if not (math.isfinite(low) and math.isfinite(high) and low < high) or (space.log and low <= 0):
        raise ParameterError(
            f"The range of {name!r} must go from a lower to a higher "
            f"{'whole ' if whole else ''}number{' above 0' if space.log else ''}, not from "
            f"{space.low:g} to {space.high:g}."
        )
    return Range(
        low=low,
        high=high,
        log=space.log,
        whole=whole,
        own=_own(known, low, high),
    )


def _own(known: Parameter | None, low: float, high: float) -> frozenset[RangeEnd]:
    """The ends that the parameter's own check sets, as dropout cannot be below 0.

    An end that the parameter cannot reach, as l2 > 0, is no end: there is always something closer
    to it, but for whole numbers.
    """
    if known is None:
        return frozenset()
    step = 1 if _is_whole(known) else 0
    bounds = [
        bound
        for extra in getattr(known.type, "__metadata__", ())
        for bound in getattr(extra, "metadata", ())
    ]
    own: set[RangeEnd] = set()
    for bound in bounds:
        for sign, end, at in (("ge", "low", low), ("le", "high", high)):
            if getattr(bound, sign, None) == at:
                own.add("low" if end == "low" else "high")
        if step and getattr(bound, "gt", None) == low - step:
            own.add("low")
        if step and getattr(bound, "lt", None) == high + step:
            own.add("high")
    return frozenset(own)


def _is_whole(known: Parameter) -> bool:
    """Whether only whole numbers are allowed."""
    base = get_args(known.type)[0] if get_origin(known.type) is Annotated else known.type
    kinds = set(get_args(base)) if get_origin(base) in (UnionType, Union) else {base}
    return kinds - {NoneType} == {int}
