"""All sentences that errors say, read out of where the package raises them."""

from __future__ import annotations

import ast
import html
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import penchant
import penchant.errors

SOURCE = Path(penchant.__file__).parent
_PUT_IN = "…"
_TITLES = {
    "data": "Logs, tables and splits",
    "cli": "Commands",
    "models": "Models",
    "serving": "The service",
    "bundle": "Bundles",
    "nn": "Networks",
}


class Message(NamedTuple):
    """What an error says.

    Attributes:
        package: the part of penchant that raises it, such as `data`.
        kind: the name of its class.
        sentence: with … for what is put in when it is raised.
    """

    package: str
    kind: str
    sentence: str


def all_messages(_: str = "") -> str:
    """MyST with a section for each part of the package, and in it a table of its sentences."""
    by_package: dict[str, list[Message]] = {}
    for message in messages():
        by_package.setdefault(message.package, []).append(message)
    sections = []
    for package, found in sorted(by_package.items(), key=lambda pair: title_of(pair[0])):
        rows = "\n".join(
            f"<tr><td><code>{html.escape(sentence)}</code></td><td>{kind}</td></tr>"
            for _, kind, sentence in sorted(found, key=lambda m: m.sentence.lower())
        )
        head = "<thead><tr><th>it says</th><th>class</th></tr></thead>"
        table = f'<table class="docutils messages">{head}<tbody>\n{rows}\n</tbody></table>'
        sections.append(f"## {title_of(package)}\n\n```{{raw}} html\n{table}\n```")
    return "\n\n".join(sections)


def title_of(package: str) -> str:
    """What a section of the page is called."""
    return _TITLES.get(package, package.replace("_", " ").capitalize())


@cache
def messages() -> tuple[Message, ...]:
    """Each sentence once for each part of the package."""
    kinds = {
        name
        for name, value in vars(penchant.errors).items()
        if isinstance(value, type) and issubclass(value, penchant.PenchantError)
    }
    found = {
        Message(package_of(path), kind, sentence)
        for path in sorted(SOURCE.rglob("*.py"))
        for kind, sentence in _sentences(path)
        if kind in kinds
    }
    return tuple(sorted(found))


def package_of(path: Path) -> str:
    """The part of the package that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def _sentences(path: Path) -> Iterator[tuple[str, str]]:
    """The class and the sentence of each error that is made in a file."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)) if "Error(" in text else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            for sentence in _texts(node.args[0]):
                if re.search(r"\w{2}", sentence.replace(_PUT_IN, "")):
                    yield node.func.id, sentence


def _texts(node: ast.expr) -> list[str]:
    """What an expression may be, with … for what is only known when it is computed."""
    match node:
        case ast.Constant(str() as text):
            return [text]
        case ast.JoinedStr(parts):
            pieces = (str(p.value) if isinstance(p, ast.Constant) else _PUT_IN for p in parts)
            return [re.sub("…+", _PUT_IN, "".join(pieces))]
        case ast.BinOp(left, ast.Add(), right):
            return [first + second for first in _texts(left) for second in _texts(right)]
        case ast.IfExp(_, one, other):
            return _texts(one) + _texts(other)
    return [_PUT_IN]
