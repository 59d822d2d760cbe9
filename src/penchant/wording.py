"""Numbers of things in sentences, and titles as one says them."""

from __future__ import annotations

import re

_YEAR = re.compile(r"\s*\(\d{4}\)\s*$")
_ARTICLE = re.compile(r"^(.*), (the|a|an)$", re.DOTALL)


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 user`, `2,000 users`, `0 categories`.

    Args:
        n: how many there are.
        noun: what one is called.
        plural: what several are called; the noun with an s by default.
    """
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"


def spoken(title: str) -> str:
    """A title as one says it: `Terminator, The (1984)` becomes `the terminator`."""
    text = _YEAR.sub("", title).casefold()
    if match := _ARTICLE.match(text):
        return f"{match[2]} {match[1]}"
    return text
