"""Clean texts by expressions: markup, entities, control characters, case and stop words."""

from __future__ import annotations

import html
from collections.abc import Iterable

import polars as pl

STOP_WORDS = tuple(
    """
    i me my myself we our ours ourselves you you're you've you'll you'd your yours yourself
    yourselves he him his himself she she's her hers herself it it's its itself they them their
    theirs themselves what which who whom this that that'll these those am is are was were be been
    being have has had having do does did doing a an the and but if or because as until while of at
    by for with about against between into through during before after above below to from up down
    in out on off over under again further then once here there when where why how all any both
    each few more most other some such no nor not only own same so than too very s t can will just
    don don't should should've now d ll m o re ve y ain aren aren't couldn couldn't didn didn't
    doesn doesn't hadn hadn't hasn hasn't haven haven't isn isn't ma mightn mightn't mustn mustn't
    needn needn't shan shan't shouldn shouldn't wasn wasn't weren weren't won won't wouldn wouldn't
    """.split()  # noqa: SIM905 (words read better as a text)
)
"""The 179 English stop words of NLTK since 2017.

https://www.nltk.org/nltk_data, package `stopwords`, file `english`.
"""
# The last is a tag with an attribute, cut off at the end of the text.
_TAG = (
    r"(?s)<!--.*?-->|<(?:script|style)\b.*?</(?:script|style)\s*>|</?[a-zA-Z][^<>]*>"
    r"|<[a-zA-Z]+\s+[\w-]+=[\"'][^<>]*$"
)
_CONTROL = r"[\p{Cc}\p{Cf}\p{Co}\u{FFFD}]+"
_APOSTROPHES = r"['’ʼ`´]"
_OTHER_SIGNS = r"[^\p{L}\p{M}\p{N}]+"


def _entities() -> dict[str, str]:
    """What entities stand for, by name and by number up to the usual punctuation."""
    named = {f"&{name}": sign for name, sign in html.entities.html5.items() if name.endswith(";")}
    numbers = (*range(32, 0x180), *range(0x2000, 0x2070), 0x20AC, 0x2122)
    signs = {number: html.unescape(f"&#{number};") for number in numbers}
    decimal = {f"&#{number};": sign for number, sign in signs.items()}
    padded = {f"&#{number:03d};": sign for number, sign in signs.items() if number < 100}
    letters = {f"&#x{number:{case}};": sign for number, sign in signs.items() for case in "xX"}
    return named | decimal | padded | letters


_ENTITIES = _entities()


def decode_entities(text: pl.Expr) -> pl.Expr:
    """`&amp;`, `&#34;` and the like as the signs they stand for, also where coded twice."""
    old, new = list(_ENTITIES), list(_ENTITIES.values())
    return text.str.replace_many(old, new).str.replace_many(old, new)


def strip_markup(text: pl.Expr) -> pl.Expr:
    """A text without tags, entities, control characters and repeated blanks; empty ones are null.

    `<b>Rock &amp; Roll</b>` becomes `Rock & Roll`. A `<` that opens no tag, as in `<3`, stays.
    """
    bare = decode_entities(text.str.replace_all(_TAG, " ")).str.replace_all(_TAG, " ")
    blank = bare.str.replace_all(_CONTROL, " ").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(blank != "").then(blank)


def plain_words(text: pl.Expr) -> pl.Expr:
    """A text as its words: lower case, one blank between, no markup and no punctuation.

    Apostrophes vanish, so that `don't` is one word, `dont`; all other signs part words. Letters
    and digits of every script stay. A text without any word is empty; a missing one stays null.
    """
    bare = decode_entities(text.str.replace_all(_TAG, " ")).str.replace_all(_TAG, " ")
    lower = bare.str.to_lowercase().str.replace_all(_APOSTROPHES, "")
    return lower.str.replace_all(_OTHER_SIGNS, " ").str.strip_chars()


def without_stop_words(words: pl.Expr, stop_words: Iterable[str] = STOP_WORDS) -> pl.Expr:
    """Words, as `plain_words` gives them, without those of a list.

    The list loses its apostrophes just as the text did: `don't` takes out `dont`.
    """
    bare = sorted({word.lower().replace("'", "").replace("’", "") for word in stop_words})
    spaced = pl.concat_str(pl.lit(" "), words.str.replace_all(" ", "  ", literal=True), pl.lit(" "))
    rest = spaced.str.replace_all(f" (?:{'|'.join(bare)}) ", "")
    return rest.str.replace_all(" +", " ").str.strip_chars()
