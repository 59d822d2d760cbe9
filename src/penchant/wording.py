"""Numbers of things in sentences."""

from __future__ import annotations


def counted(n: int, noun: str, plural: str = "") -> str:
    """A number with its noun: `1 user`, `2,000 users`, `0 categories`.

    Args:
        n: how many there are.
        noun: what one is called.
        plural: what several are called; the noun with an s by default.
    """
    return f"{n:,} {noun if n == 1 else plural or f'{noun}s'}"
