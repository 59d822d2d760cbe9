"""The options of a study: the keyword-only parameters of its `run`, written once."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterable, Mapping
from typing import Any, get_type_hints

from penchant.errors import ParameterError
from penchant.models import Parameter, check_names, check_values, parameters_of
from penchant.studies.study import Study

_EVERY = {"seed", "run"}  # what every study takes


def options(name: str, study: Study) -> dict[str, Parameter]:
    """A study's options by name, in the order of their definition."""
    return parameters_of(_group(name, study))


def checked(name: str, study: Study, values: Mapping[str, Any]) -> dict[str, Any]:
    """All of a study's options: values checked and converted, defaults where there are none.

    Raises:
        ParameterError: a name is unknown, the sentence lists the known ones; or a value is
            impossible, the sentence says why.
    """
    group = _group(name, study)
    if values and not parameters_of(group):
        raise ParameterError(f"The study {name} has no options, and so not {', '.join(values)}.")
    check_names(group, list(values))
    checked_group = group(**values)
    check_values(checked_group)
    fields = dataclasses.fields(checked_group)
    return {field.name: getattr(checked_group, field.name) for field in fields}


def small_options(study: Study) -> dict[str, Any]:
    """The options of a first look, which `SMALL_OPTIONS` of a study's module has, if anything.

    They let a study without a small data set take a part of its large one.
    """
    return dict(getattr(study, "SMALL_OPTIONS", {}))


def parse(texts: Iterable[str]) -> dict[str, Any]:
    """Options from `name=value` as a command line has them; `none` is None.

    Raises:
        ParameterError: a text is not written so, or a name stands twice.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise ParameterError(f"The option {text!r} must be written name=value.")
        if name in values:
            raise ParameterError(f"The option {name!r} is given twice.")
        values[name] = None if value.lower() == "none" else value
    return values


def _group(name: str, study: Study) -> Any:
    """A dataclass named after the study, which has the options as fields."""
    hints = get_type_hints(study.run, include_extras=True)
    fields = [
        (each.name, hints.get(each.name, Any), dataclasses.field(default=each.default))
        for each in inspect.signature(study.run).parameters.values()
        if each.kind is each.KEYWORD_ONLY and each.name not in _EVERY
    ]
    return dataclasses.make_dataclass(name, fields, kw_only=True, eq=False)
