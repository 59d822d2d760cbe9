"""Ids as they are given on the command line: between commas, repeated, or in a file."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.errors import UnknownIdError

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.vocabulary import Id, Vocabulary
    from penchant.models.base import Recommender

IDS = "id1,id2 or @FILE, with an id a line or in a CSV's first column; again for more"
"""How ids are given, for the help of options."""

_COMPARED = 2_000  # ids at most that are compared with an unknown one, letter by letter


def resolve_ids(vocabulary: Vocabulary, values: Sequence[str], purpose: str) -> list[Id]:
    """The known ids of option values, without repetition; a warning counts the others.

    A value that is an id as it stands is taken for one, whatever its characters are.

    Args:
        vocabulary: what is known.
        values: one for each time that the option is given.
        purpose: what the ids are, such as "candidates".

    Raises:
        UnknownIdError: ids are given, and none is known.
        DataError: a file cannot be read.
    """
    from penchant.data.reading.id_lists import split_ids, typed_ids
    from penchant.data.vocabulary import report_unknown

    texts = split_ids(vocabulary, values)
    index = vocabulary.indices(typed_ids(vocabulary, texts))
    unknown = [text for text, i in zip(texts, index, strict=True) if i < 0]
    report_unknown(unknown, len(texts), purpose)
    return vocabulary.take(index[index >= 0]).to_list()


def resolve_users(model: Recommender, texts: Sequence[str]) -> list[Id]:
    """The ids of users of the log, without repetition.

    Raises:
        UnknownIdError: one is not known to the model; the sentence names ids like it.
    """
    advice = "; for someone new give what they like with --items, or ratings with --rated"
    return _resolve(model.users_, texts, "The model does not know the user", advice)


def resolve_items(log: Dataset, texts: Sequence[str]) -> list[Id]:
    """The ids of items of a log, without repetition.

    Raises:
        UnknownIdError: one is not in the log; the sentence names ids like it.
    """
    return _resolve(log.items, texts, f"The log {log.name!r} has no item")


def _resolve(
    vocabulary: Vocabulary, texts: Sequence[str], problem: str, advice: str = ""
) -> list[Id]:
    from penchant.data.reading.id_lists import typed_ids

    index = vocabulary.indices(typed_ids(vocabulary, texts))
    for text, i in zip(texts, index, strict=True):
        if i < 0:
            name = text if vocabulary.kind == "integer" else repr(text)
            raise UnknownIdError(f"{problem} {name}{_close_ids(vocabulary, text)}{advice}.")
    return list(dict.fromkeys(vocabulary.take(index).to_list()))


def id_of(vocabulary: Vocabulary, text: str) -> Id | None:
    """The known id that is written so, or None."""
    from penchant.data.reading.id_lists import typed_ids

    (index,) = vocabulary.indices(typed_ids(vocabulary, [text]))
    return None if index < 0 else vocabulary[int(index)]


def _close_ids(vocabulary: Vocabulary, text: str) -> str:
    """What to say of known ids beside an unknown one: the most alike, or the range of numbers."""
    import polars as pl

    ids = vocabulary.ids
    if not len(ids):
        return ""
    if vocabulary.kind == "integer":
        return f" (the ids are integers from {ids[0]} to {ids[-1]})"
    same_start = pl.col("id").str.to_lowercase().str.starts_with(text[:2].lower())
    length = pl.col("id").str.len_chars().cast(pl.Int32)
    candidates = (
        ids.alias("id")
        .to_frame()
        .sort(~same_start, (length - len(text)).abs(), maintain_order=True)
        .head(_COMPARED)["id"]
        .to_list()
    )
    folded = {one.casefold(): one for one in reversed(candidates)}
    close = [folded[c] for c in difflib.get_close_matches(text.strip().casefold(), folded)]
    if not close:
        return f" (its ids are such as {ids[0]!r})"
    return f" (known and like it: {', '.join(map(repr, close))})"
