"""Kinds of content that models may be shown, by name."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

PARTS = {"table": ("labels", "numbers"), "text": ("text",), "picture": ("vectors",)}
"""Which parts of an `ItemContent` each kind is."""
KINDS = tuple(PARTS)


def _kinds(value: object) -> object:
    """Kinds of content as a text: `text;picture`."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = ";".join(map(str, value))
    return value.replace(" ", "") if isinstance(value, str) else value


def _known(text: str) -> str:
    wrong = [kind for kind in text.split(";") if kind and kind not in KINDS]
    if wrong:
        raise ValueError(f"there is no content {wrong[0]!r}: known are {', '.join(KINDS)}")
    return ";".join(kind for kind in KINDS if kind in text.split(";"))


Kinds = Annotated[str, BeforeValidator(_kinds), AfterValidator(_known)]
"""A field that names kinds of content, such as `text;picture`; empty for none."""
