"""Docstrings are plain text with code in single backticks, in Google's sections."""

from __future__ import annotations

import re
from typing import Any

from sphinx.ext.napoleon import Config, GoogleDocstring

from penchant.models.parameters import Parameterised

_CODE = re.compile(r"(``.+?``|`[^`]+`|^ *>>> .*?(?=\n *\n|\Z))", re.S | re.M)
_MARKUP = re.compile(r"(?<=[a-zA-Z0-9])_(?=\W|$)|[*|]|@(?=\d)|\\(?!\*)")  # nDCG@10 is no address
_RETURNS = re.compile(r"^Returns:\n +", re.M)
_ATTRIBUTES = re.compile(r"^Attributes:$", re.M)
_NAPOLEON = Config(napoleon_use_ivar=True, napoleon_numpy_docstring=False)


def render_docstring(
    app: object, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Turn a docstring into reStructuredText in place, where nothing but its code is markup."""
    text = "\n".join(lines)
    text = "".join(p if _CODE.match(p) else _MARKUP.sub(r"\\\g<0>", p) for p in _CODE.split(text))
    text = _RETURNS.sub(":returns: ", text)  # as a section, a colon in it would end a type
    if is_parameterised(obj):
        text = _ATTRIBUTES.sub("Args:", text)
    kind = "class" if what in ("class", "exception") else "function"  # attributes have types only
    lines[:] = GoogleDocstring(text, _NAPOLEON, None, kind, name, obj).lines()


def is_parameterised(obj: object) -> bool:
    """Whether a thing is a class whose attributes are the parameters of its constructor."""
    return isinstance(obj, type) and issubclass(obj, Parameterised)


def shorten_signature(
    app: object,
    what: str,
    name: str,
    obj: Any,
    options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, str | None] | None:
    """Give models no signature: a table below has their parameters."""
    return ("(**parameters)", None) if is_parameterised(obj) else None
