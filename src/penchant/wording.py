"""Numbers of things in sentences, titles as one says and types them, names nearly known."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

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


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that an unknown one may be meant for."""
    return next(iter(difflib.get_close_matches(name, list(known), 1)), None)


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """What to put behind an unknown name in a message: ` (nearest: 'ease')`, or nothing."""
    close = nearest(name, known)
    return "" if close is None else f" (nearest: {close!r})"


def reason_of(message: str) -> str:
    """What a check objects to, as a part of a sentence: no capital, no full stop, no prefix."""
    reason = message.removeprefix("Value error, ").rstrip(".")
    return reason[:1].lower() + reason[1:]


def folded(text: str) -> str:
    """A text without capitals and accents: `Große Töpfe` becomes `grosse topfe`."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def spoken(title: str) -> str:
    """A title as one says it: `Terminator, The (1984)` becomes `the terminator`."""
    text = _YEAR.sub("", title).casefold()
    if match := _ARTICLE.match(text):
        return f"{match[2]} {match[1]}"
    return text
