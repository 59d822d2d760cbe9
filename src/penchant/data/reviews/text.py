"""Clean texts by expressions: markup, punctuation, case and stop words."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from penchant.data.markup import without_tags

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
_APOSTROPHES = r"['’ʼ`´]"
_OTHER_SIGNS = r"[^\p{L}\p{M}\p{N}]+"


def plain_words(text: pl.Expr) -> pl.Expr:
    """A text as its words: lower case, one blank between, no markup and no punctuation.

    Apostrophes vanish, so that `don't` is one word, `dont`; all other signs part words. Letters
    and digits of every script stay. A text without any word is empty; a missing one stays null.
    """
    lower = without_tags(text).str.to_lowercase().str.replace_all(_APOSTROPHES, "")
    return lower.str.replace_all(_OTHER_SIGNS, " ").str.strip_chars()


def without_stop_words(words: pl.Expr, stop_words: Iterable[str] = STOP_WORDS) -> pl.Expr:
    """Words, as `plain_words` gives them, without those of a list.

    The list loses its apostrophes just as the text did: `don't` takes out `dont`.
    """
    bare = sorted({word.lower().replace("'", "").replace("’", "") for word in stop_words})
    spaced = pl.concat_str(pl.lit(" "), words.str.replace_all(" ", "  ", literal=True), pl.lit(" "))
    rest = spaced.str.replace_all(f" (?:{'|'.join(bare)}) ", "")
    return rest.str.replace_all(" +", " ").str.strip_chars()
