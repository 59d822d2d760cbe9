"""Texts that a service takes: of bounded length, and such that every database keeps them."""

from __future__ import annotations

from penchant.errors import ParameterError

LONGEST = 500
"""Characters of an id, a key or a name."""


def text_of(text: str, noun: str) -> str:
    """A text that can be kept.

    Raises:
        ParameterError: it is empty or too long, or has characters that no database takes.
    """
    if not 1 <= len(text) <= LONGEST:
        raise ParameterError(
            f"The {noun} has {len(text):,} characters, and must have 1 to {LONGEST}."
        )
    return plain_text(text, noun)


def plain_text(text: str, noun: str) -> str:
    """A text of any length, without characters that no database takes.

    Raises:
        ParameterError: it has a NUL, or half of a pair of surrogates.
    """
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise ParameterError(
            f"The {noun} {text[:50]!a} has a NUL or half a character in it: send plain text "
            "in UTF-8."
        )
    return text
