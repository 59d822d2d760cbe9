"""Ratings that are written otherwise than as plain numbers: words, stars, shares, percentages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

WORDS = {
    word.replace("_", " "): value
    for value, words in (
        (
            1.0,
            "like liked likes love loved thumbs_up thumb_up thumbsup 👍 ❤ ♥ up upvote upvoted yes "
            "y true t positive pos recommend recommended interested",
        ),
        (0.5, "neutral mixed"),
        (
            0.0,
            "dislike disliked dislikes unlike hate hated thumbs_down thumb_down thumbsdown 👎 down "
            "downvote downvoted no n false f negative neg not_recommend not_recommended "
            "don't_recommend do_not_recommend didn't_like did_not_like not_interested",
        ),
    )
    for word in words.split()
}
"""Words that say whether somebody liked something, in lower case and with blanks, as numbers."""

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBER_WORDS = {word: float(n) for n, word in enumerate(_DIGITS)}
_NUMBER = rf"(-?\d+(?:[.,]\d+)?|{'|'.join(_NUMBER_WORDS)})"
_STARS = r"(?:stars?|points?|pts?\.?|★|⭐|🌟|sternen?|étoiles?|estrellas?|stelle|sterren)"
_OF = r"(?:/|out of|of|von|sur|de|su|van)"
_SHARE = re.compile(rf"(?:rated )?{_NUMBER} ?{_OF} ?{_NUMBER}(?: ?{_STARS})?")
_PERCENT = re.compile(rf"{_NUMBER} ?(?:%|percent)")
_COUNTED = re.compile(rf"(?:rated )?{_NUMBER}[ -]?{_STARS}")
_DRAWN = re.compile(r"(?=.*[★⭐🌟☆✩*])(?:[★⭐🌟]|[½⯪]|[☆✩✰]| )+|\*+(?:½)?[-.☆ ]*")
_MODIFIERS = re.compile("[\ufe0f\U0001f3fb-\U0001f3ff]")  # of emoji: variants and skin tones


def word_value(text: str) -> float | None:
    """The number that a word such as `Thumbs-Up` stands for, None where the word is not known."""
    word = re.sub(r"[\s_-]+", " ", _plain(text).replace("’", "'")).strip(" .!")
    return WORDS.get(word)


def written_values(counts: Mapping[str, int], *, beside_numbers: bool) -> dict[str, float]:
    """The numbers of texts such as `★★★☆☆`, `4 stars`, `4/5` and `80%`; others are left out.

    Of shares with different wholes (4/5 and 8/10) all are brought to the most frequent one.

    Args:
        counts: how often each text occurs.
        beside_numbers: whether plain numbers occur too, beside which `*` is a mark and no star.
    """
    read = [text for text in counts if not (beside_numbers and "*" in text)]
    parts = {text: _parts(text) for text in read}
    wholes: Counter[float] = Counter()
    for text, part in parts.items():
        if part is not None and part[1] is not None:
            wholes[part[1]] += counts[text]
    usual = wholes.most_common(1)[0][0] if wholes else None
    values = {}
    for text, part in parts.items():
        if part is None:
            continue
        value, whole = part
        differs = whole is not None and usual is not None and whole != usual
        values[text] = value * usual / whole if differs else value  # type: ignore[operator]
    return values


def may_be_ratings(texts: Sequence[str]) -> bool:
    """Whether all of some texts are written as ratings are, and hardly as ids.

    Single letters such as `t` and numbers as words such as `two` may be either.
    """
    distinct = Counter(texts)
    if not distinct:
        return False
    if all(len(text) > 1 or not text.isascii() for text in distinct):
        words = [word_value(text) for text in distinct]
        if None not in words:
            return True
    written = written_values(distinct, beside_numbers=False)
    return len(written) == len(distinct) and not any(text.isalpha() for text in distinct)


def _parts(text: str) -> tuple[float, float | None] | None:
    """A rating and the whole that it is a share of, where that is written."""
    plain = re.sub(r"\s+", " ", _plain(text))
    if match := _SHARE.fullmatch(plain):
        whole = _number(match[2])
        return None if whole <= 0 else (_number(match[1]), whole)
    if match := _PERCENT.fullmatch(plain):
        return _number(match[1]), 100.0
    if match := _COUNTED.fullmatch(plain):
        return _number(match[1]), None
    if plain in _NUMBER_WORDS:
        return _NUMBER_WORDS[plain], None
    if _DRAWN.fullmatch(plain):
        halves = sum(plain.count(half) for half in "½⯪")
        return sum(plain.count(star) for star in "★⭐🌟*") + halves / 2, None
    return None


def _plain(text: str) -> str:
    return _MODIFIERS.sub("", text.strip().lower())


def _number(text: str) -> float:
    return _NUMBER_WORDS[text] if text in _NUMBER_WORDS else float(text.replace(",", "."))
