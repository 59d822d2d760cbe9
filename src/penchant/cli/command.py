"""What turns a function into a command: shared options, one way to fail, one way to answer."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any, get_type_hints

from penchant.cli.error_boundary import one_sentence_errors
from penchant.cli.own_output import own_standard_output
from penchant.cli.run_context import Session
from penchant.cli.terminal_text import harmless_standard_output


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function whose parameters may be dataclasses of options.

    Each field of such a dataclass, and of dataclasses inside it, becomes an option of the
    command, so that options which several commands share are written once. One of them is the
    `Session`.
    """
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, type] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if dataclasses.is_dataclass(hints[name]):
            groups[name] = hints[name]
            parameters += _spread(hints[name])
        else:
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters.append(parameter.replace(annotation=hints[name], kind=kind))

    @functools.wraps(function)
    def wrapper(**values: Any) -> None:
        for name, group in groups.items():
            values[name] = _gather(group, values)
        session = next(value for value in values.values() if isinstance(value, Session))
        with (
            one_sentence_errors(),
            session.logging_to_stderr(),
            own_standard_output(),
            harmless_standard_output(),
        ):
            function(**values)
            sys.stdout.flush()  # a closed pipe is to be noticed here and not while exiting

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def _spread(group: type) -> list[inspect.Parameter]:
    """The fields of a group as parameters, those of groups inside it in their place."""
    hints = get_type_hints(group, include_extras=True)
    parameters = []
    for field in dataclasses.fields(group):
        if dataclasses.is_dataclass(hints[field.name]):
            parameters += _spread(hints[field.name])
            continue
        missing = field.default is dataclasses.MISSING
        parameters.append(
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=hints[field.name],
                default=inspect.Parameter.empty if missing else field.default,
            )
        )
    return parameters


def _gather(group: type, values: dict[str, Any]) -> Any:
    """A group of options out of the values of a call, which lose them."""
    hints = get_type_hints(group)
    return group(
        **{
            field.name: _gather(hints[field.name], values)
            if dataclasses.is_dataclass(hints[field.name])
            else values.pop(field.name)
            for field in dataclasses.fields(group)
        }
    )
