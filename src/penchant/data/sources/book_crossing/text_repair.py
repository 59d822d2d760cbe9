"""Repair titles and names: entities, stray escapes and broken encodings."""

from __future__ import annotations

import html

import polars as pl

# UTF-8 that was read as Latin-1: C3 xx is the letter xx + 40, and C2 xx is xx itself.
_LETTERS = {"Ã" + chr(n): chr(n + 0x40) for n in range(0x80, 0xC0)}
_SIGNS = {"Â" + chr(n): chr(n) for n in range(0x80, 0xC0)}
_SIGN_LOST = r"Ã\?Â([\x80-\xBF])"  # the dump lost a control character, \x83, on the way
_SHARP_S = r"(\p{Ll})Ã\?Â\?"  # of the letters whose last byte was lost, the only small one
_ROUNDS = 3
_AROUND = " \t\r\n"


def repair_texts(column: pl.Series) -> pl.Series:
    r"""Texts without blanks around them, HTML entities, stray escapes and doubled encodings.

    `&amp;` becomes `&`, `\O\" Is for Outlaw"` becomes `"O" Is for Outlaw`, and `MÃ?Â¤dchen`
    becomes `Mädchen`. Capital letters that were lost in an encoding (`Ã?Â?`) stay as they are.
    """
    texts = column.str.strip_chars(_AROUND)
    affected = texts.str.contains(r"[&\\ÃÂ]").fill_null(False)
    if affected.any():
        repaired = _without_escapes(_decoded(_without_entities(texts.filter(affected))))
        texts = texts.scatter(affected.arg_true(), repaired.str.strip_chars(_AROUND))
    return texts.replace("", None).alias(column.name)


def _without_entities(texts: pl.Series) -> pl.Series:
    coded = texts.str.contains(r"&#?\w+;")
    if not coded.any():
        return texts
    # Python's table of entities; only texts that have one come here.
    plain = [html.unescape(html.unescape(text)) for text in texts.filter(coded)]
    return texts.scatter(coded.arg_true(), pl.Series(plain, dtype=pl.String))


def _decoded(texts: pl.Series) -> pl.Series:
    """Undo UTF-8 that was taken for Latin-1, once, twice or three times over."""
    table = _LETTERS | _SIGNS
    old, new = list(table), list(table.values())
    for _ in range(_ROUNDS):
        before = texts
        texts = texts.str.replace_all(_SIGN_LOST, "Ã\x83Â${1}").str.replace_all(_SHARP_S, "${1}ß")
        texts = texts.str.replace_many(old, new)
        if texts.equals(before):
            break
    return texts


def _without_escapes(texts: pl.Series) -> pl.Series:
    """Quotes as they were before a reader that knows no backslash swallowed the first of them."""
    value = pl.col("value").str
    swallowed = value.contains(r'\\[^"]') & value.ends_with('"')
    put_back = value.replace(r'\\([^"])', '"${1}').str.strip_suffix('"')
    return (
        texts.alias("value")
        .to_frame()
        .select(value=pl.when(swallowed).then(put_back).otherwise(pl.col("value")))
        .select(value.replace_all('\\"', '"', literal=True))
        .to_series()
    )
