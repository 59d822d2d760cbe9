"""Options from a file: `--config run.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from penchant.cli.error_boundary import one_sentence_errors
from penchant.errors import ParameterError
from penchant.wording import nearest, reason_of

_NO_OPTIONS = {"help", "config"}  # that a file may hold


def read_config(context: typer.Context, path: Path | None) -> Path | None:
    """Make what a file says the defaults of a command's options.

    Keys are the names of options, with hyphens or underscores, and those of arguments in small
    letters, such as `log`. Those at the top are for every command that has them; those of a table
    such as `[compare]` are for that command and come before. What the command line says comes
    before both.
    """
    if path is not None:
        with one_sentence_errors():
            context.default_map = defaults_of(context, path)
    return path


def defaults_of(context: typer.Context, path: Path) -> dict[str, Any]:
    """Values of the command's parameters by their names, as its file of options says.

    Raises:
        ParameterError: the file is no TOML, or has a key or a value that no option takes.
        OSError: it cannot be read.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode())
    except UnicodeDecodeError:
        raise ParameterError(
            f"{path} is no TOML, which is text in UTF-8: save it as such."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ParameterError(f"{path} is no TOML: {error}.") from None
    parent = context.parent
    commands: Mapping[str, Any] = getattr(parent and parent.command, "commands", {})
    of_commands = {name: _parameters(command) for name, command in commands.items()}
    known = of_commands[str(context.info_name)]
    everywhere = {key for own in of_commands.values() for key in own}
    values: dict[str, Any] = {}
    for key, value in content.items():
        if not isinstance(value, dict):
            name = _known(key, everywhere, f"{path} has the key {key!r}, which no command has")
            if name in known:
                values[known[name].name] = _checked(path, key, value, known[name])
    for table, entries in content.items():
        if not isinstance(entries, dict):
            continue
        command = _known(
            table, set(commands), f"{path} has the table {table!r}, which is no command", "-"
        )
        own = of_commands[command]
        for key, value in entries.items():
            name = _known(key, set(own), f"{path} has the key {key!r}, which {command} has not")
            checked = _checked(path, key, value, own[name])
            if command == context.info_name:
                values[own[name].name] = checked
    return _accepted(context, path, known, values)


def _accepted(
    context: typer.Context, path: Path, known: Mapping[str, Any], values: dict[str, Any]
) -> dict[str, Any]:
    """The values, as far as the options take them: their own message would not name the file.

    Raises:
        ParameterError: an option does not take its value.
    """
    for key, parameter in known.items():
        if parameter.name in values and not getattr(parameter, "is_flag", False):
            value = values[parameter.name]
            try:
                parameter.process_value(context, value)
            except typer.BadParameter as error:
                reason = reason_of(str(error.message))
                raise ParameterError(f"{path}: {key} cannot be {value!r}: {reason}.") from None
    return values


def _parameters(command: Any) -> dict[str, Any]:
    """A command's options and arguments, by the keys that a file may have for them."""
    found: dict[str, Any] = {}
    for parameter in command.params:
        names = {o.lstrip("-") for o in parameter.opts if o.startswith("--")}
        if parameter.param_type_name == "argument":  # as the help calls it, such as LOG
            names = {(parameter.metavar or parameter.name).strip("[].").lower()}
        found |= {name.replace("-", "_"): parameter for name in names if name not in _NO_OPTIONS}
    return found


def _known(key: str, names: set[str], problem: str, hyphen: str = "_") -> str:
    name = key.replace("_", "-").replace("-", hyphen)
    if name in names:
        return name
    near = nearest(name, sorted(names))
    raise ParameterError(f"{problem}: do you mean {near!r}?" if near else f"{problem}.")


def _checked(path: Path, key: str, value: Any, parameter: Any) -> Any:
    """The value as the command line would have it; a list where the option may come again."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, dict | list) for each in values):
        raise ParameterError(f"{path}: {key} is neither a value nor a list of values.")
    if getattr(parameter, "is_flag", False):
        if not isinstance(value, bool):
            raise ParameterError(f"{path}: {key} is true or false, not {value!r}.")
        return value
    if any(isinstance(each, bool) for each in values):
        raise ParameterError(f"{path}: {key} takes a value, not true or false.")
    words = [str(each) for each in values]
    if parameter.multiple or parameter.nargs == -1:
        return words
    if isinstance(value, list):
        raise ParameterError(f"{path}: {key} takes one value, not a list.")
    return words[0]
