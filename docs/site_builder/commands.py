"""The reference of commands, read out of what `--help` says."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections import Counter
from functools import cache
from typing import Any, get_type_hints

import typer

from penchant.cli.app import app

_SHARED_BY = 3  # commands, from which options that are written once are described once
_TITLES = {"Session": "Answers, progress and limits", "LogOptions": "LOG"}
_CODE = re.compile(r"(?<![\w`-])--?[a-z][\w-]*\b|'[^'\s]+'|\"[^\"\n]*[=<>*][^\"\n]*\"")
_SPECIAL = re.compile(r"([\\*_<>\[\]`|#$])")


@cache
def commands() -> dict[str, Any]:
    """All commands by name."""
    group: Any = typer.main.get_command(app)
    return {name: group.get_command(None, name) for name in group.list_commands(None)}


def commands_of(names: str) -> str:
    """MyST with a section for each of the named commands, such as `train update`."""
    return "\n\n".join(_section(name) for name in names.split())


def shared_options(_: str) -> str:
    """MyST with a section for each group of options that several commands have."""
    texts = []
    for group in _shared_groups():
        name = next(name for name in commands() if group in _groups_of(name).values())
        rows = [record for key, record in _records(name) if _groups_of(name).get(key) is group]
        texts.append(f"### {_title(group)}\n\n{_definitions(rows)}")
    return "\n\n".join(texts)


def _section(name: str) -> str:
    command, groups, shared = commands()[name], _groups_of(name), _shared_groups()
    own = [record for key, record in _records(name) if groups.get(key) not in shared]
    context = command.context_class(command, info_name=f"penchant {name}")
    usage = " ".join(command.collect_usage_pieces(context))
    used = [group for group in shared if group in groups.values()]
    others = [f"[{_title(group)}](#{_anchor(group)})" for group in used]
    text = _prose(inspect.cleandoc(command.help))
    return (
        f"### {name}\n\n{text}\n\n```text\npenchant {name} {usage}\n```\n\n"
        f"{_definitions(own)}\n\nIt also takes: {'; '.join(others)}."
    )


def _records(name: str) -> list[tuple[str, tuple[str, str]]]:
    """Each parameter's key with its line of help: how it is written, and what it does."""
    command = commands()[name]
    context = command.context_class(command, info_name=name)
    found = [(p.name, p.get_help_record(context)) for p in command.params]
    return [(key, record) for key, record in found if record]


@cache
def _groups_of(name: str) -> dict[str, type]:
    """The class of options that each parameter of a command comes from, where there is one."""
    return dict(_fields_of(inspect.unwrap(commands()[name].callback)))


def _fields_of(owner: Any) -> list[tuple[str, type]]:
    found: list[tuple[str, type]] = []
    for key, hint in get_type_hints(owner).items():
        if dataclasses.is_dataclass(hint):
            found += _fields_of(hint)
        elif isinstance(owner, type):
            found.append((key, owner))
    return found


@cache
def _shared_groups() -> list[type]:
    times = Counter(group for name in commands() for group in set(_groups_of(name).values()))
    ordered = {group: None for name in commands() for group in _groups_of(name).values()}
    return [group for group in ordered if times[group] >= _SHARED_BY]


def _title(group: type) -> str:
    known = _TITLES.get(group.__name__, group.__doc__ or group.__name__)
    return inspect.cleandoc(known).splitlines()[0].rstrip(".")


def _anchor(group: type) -> str:
    return re.sub(r"[^\w\- ]", "", _title(group).lower()).replace(" ", "-")


def _definitions(rows: list[tuple[str, str]]) -> str:
    return "\n\n".join(f"`{written}`\n: {_prose(' '.join(text.split()))}" for written, text in rows)


def _prose(text: str) -> str:
    """Help as Markdown: options, and values in quotes, are code."""
    parts, end = [], 0
    for found in _CODE.finditer(text):
        parts += [_SPECIAL.sub(r"\\\1", text[end : found.start()]), f"`{found[0].strip(chr(39))}`"]
        end = found.end()
    return "".join([*parts, _SPECIAL.sub(r"\\\1", text[end:])])
