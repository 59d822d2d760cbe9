"""Normalise ISBNs that users typed to one spelling a book."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.notebook import ShownAsText
from penchant.typing import Bool, Int64
from penchant.wording import counted

RULES = {
    "case": "x in upper case",
    "stray": "stray characters removed",
    "thirteen": "ISBN-13 as ISBN-10",
    "padded": "leading zeros put back",
    "tail": "text behind the number removed",
    "letters": "O and I read as 0 and 1",
    "trimmed": "blanks and quotes around it removed",
}
"""What was done to an ISBN, by the names that `normalise` uses."""
_ISBN10 = r"^[0-9]{9}[0-9X]$"
AROUND = " \t\r\n\u00a0\"'`´"
"""What may stand around an ISBN and is no part of it."""


@dataclass(frozen=True)
class IsbnReport(ShownAsText):
    """How the ISBNs of a log were respelled.

    Attributes:
        before: the number of distinct ISBNs as written.
        after: the number of distinct ids that came of them.
        changed: how many of those written got another id.
        rules: how many were changed by each of `RULES`.
        invalid: distinct ids that are no ISBN: their form or check digit is wrong.
        invalid_rows: the number of events on these.
        rows_changed: the number of events whose id changed.
        duplicates: events that repeat a user and book only now that spellings are merged.
    """

    before: int
    after: int
    changed: int
    rules: dict[str, int]
    invalid: int
    invalid_rows: int
    rows_changed: int
    duplicates: int

    @property
    def merged(self) -> int:
        """How many distinct ISBNs vanished because they were spellings of another."""
        return self.before - self.after

    def __str__(self) -> str:
        how = ", ".join(f"{count:,} {RULES[rule]}" for rule, count in self.rules.items() if count)
        return (
            f"{self.changed:,} of {self.before:,} ISBNs respelled{f' ({how})' if how else ''} "
            f"in {counted(self.rows_changed, 'event')}, which merged {self.merged:,} into others "
            f"and made {counted(self.duplicates, 'event')} repeat a user and book; "
            f"{counted(self.invalid, 'id')} of {counted(self.invalid_rows, 'event')} kept though "
            "no valid ISBN"
        )


def normalise(written: pl.Series) -> pl.DataFrame:
    """One row for each distinct text: `isbn` (as written), `item`, `rule` and `valid`.

    Ten digits are the aim: x in upper case; hyphens, blanks and other stray characters out;
    978… turned into its ISBN-10; leading zeros that a spreadsheet dropped put back, text behind
    the number cut off, and the letters O and I read as digits, these three only where the check
    digit then agrees. Anything else is kept as it was typed, without blanks and quotes around
    it. Where nothing is left, `item` is null. `rule` is null where the item is the text.
    """
    frame = written.drop_nulls().unique(maintain_order=True).alias("isbn").to_frame()
    plain = pl.col("isbn").str.contains(_ISBN10)
    irregular = _respell(frame.filter(~plain))
    regular = frame.filter(plain).with_columns(item=pl.col("isbn"), rule=pl.lit(None, pl.String))
    table = frame.join(
        pl.concat([regular, irregular]), on="isbn", how="left", maintain_order="left"
    )
    valid = is_isbn10(table["item"]) | _is_isbn13(table["item"])
    return table.with_columns(pl.Series("valid", valid))


def _respell(frame: pl.DataFrame) -> pl.DataFrame:
    """`isbn`, `item` and `rule` of texts that are not ten digits already."""
    trimmed = pl.col("isbn").str.strip_chars(AROUND)
    upper = trimmed.str.to_uppercase()
    bare = upper.str.replace_all(r"[^0-9A-Z]", "").str.strip_prefix("ISBN")
    swapped = bare.str.replace_all("O", "0").str.replace_all("I", "1")
    frame = frame.with_columns(
        trimmed=trimmed,
        bare=bare,
        thirteen=pl.when(bare.str.contains(r"^97[89][0-9]{10}$")).then(bare),
        padded=pl.when(upper.str.contains(r"^[0-9]{6,8}[0-9X]$")).then(upper.str.zfill(10)),
        tail=upper.str.extract(r"^([0-9]{9}[0-9X])[^0-9]"),
        letters=pl.when(bare.str.contains(r"^[0-9OI]{9}[0-9OIX]$")).then(swapped),
    )
    frame = frame.with_columns(
        _isbn10_of(frame["thirteen"]).alias("thirteen"),
        *(_where(frame[c], is_isbn10(frame[c])) for c in ("padded", "tail", "letters")),
    )
    ten = pl.col("bare").str.contains(_ISBN10)
    asin = pl.col("bare").str.contains(r"^B[0-9A-Z]{9}$")  # Amazon's numbers of other things
    choices = [
        (ten | asin, "bare", None),
        *((pl.col(c).is_not_null(), c, c) for c in ("thirteen", "padded", "tail", "letters")),
        (pl.col("trimmed") != "", "trimmed", "trimmed"),
    ]
    item = pl.coalesce(pl.when(applies).then(pl.col(c)) for applies, c, _ in choices)
    rule = pl.coalesce(pl.when(applies).then(pl.lit(r)) for applies, _, r in choices[1:])
    frame = frame.with_columns(item=item, rule=pl.when(~(ten | asin)).then(rule))
    fallback = (
        pl.when(pl.col("isbn").str.to_uppercase() == pl.col("item"))
        .then(pl.lit("case"))
        .otherwise(pl.lit("stray"))
    )
    same = pl.col("isbn").eq_missing(pl.col("item"))
    return frame.select("isbn", "item", rule=pl.when(~same).then(pl.coalesce("rule", fallback)))


def is_isbn10(texts: pl.Series) -> Bool:
    """bool[n]: nine digits and a check digit that agrees; ten times the same digit is none.

    The check digit makes Σ (10 − k) · d_k, k = 0 … 9, a multiple of 11 (ISO 2108:1992).
    """
    digits, matches = _digits(texts, _ISBN10, 10)
    right = (digits @ np.arange(10, 0, -1)) % 11 == 0
    matches[matches] = right & (digits != digits[:, :1]).any(axis=1)
    return matches


def _is_isbn13(texts: pl.Series) -> Bool:
    """bool[n]: thirteen digits whose weighted sum is a multiple of 10 (ISO 2108:2005)."""
    digits, matches = _digits(texts, r"^97[89][0-9]{10}$", 13)
    matches[matches] = (digits @ np.tile([1, 3], 7)[:13]) % 10 == 0
    return matches


def _isbn10_of(texts: pl.Series) -> pl.Series:
    """The ISBN-10 of valid ISBN-13s; those with 979, which have none, as they are."""
    valid = _where(texts, _is_isbn13(texts))
    core = valid.str.slice(3, 9)
    digits, matches = _digits(core, r"^[0-9]{9}$", 9)
    check = np.full(len(texts), "", dtype="<U1")
    check[matches] = np.array(list("0123456789X"))[-(digits @ np.arange(10, 1, -1)) % 11]
    return valid.zip_with(valid.str.starts_with("979").fill_null(True), core + pl.Series(check))


def _digits(texts: pl.Series, pattern: str, width: int) -> tuple[Int64, Bool]:
    """int64[n_matching, width], X as 10, and bool[n]: which texts match the pattern."""
    matches = texts.str.contains(pattern).fill_null(False).to_numpy().copy()
    matching = "".join(texts.filter(pl.Series(matches)))
    codes = np.frombuffer(matching.encode("ascii"), np.uint8).reshape(-1, width)
    return np.where(codes == ord("X"), 10, codes.astype(np.int64) - ord("0")), matches


def _where(texts: pl.Series, keep: Bool) -> pl.Series:
    return texts.zip_with(pl.Series(keep), pl.Series([None], dtype=pl.String)).alias(texts.name)


def report(events: pl.DataFrame, table: pl.DataFrame) -> IsbnReport:
    """Summarise how ISBNs were respelled in events with `user`, `isbn` and `item`.

    Args:
        events: the log, ids as written and as they became.
        table: `normalise` of its ISBNs.
    """
    rules = dict(table["rule"].drop_nulls().value_counts().iter_rows())
    bad = table.filter(~pl.col("valid"))["item"].unique().drop_nulls()
    changed = table.filter(pl.col("rule").is_not_null())
    # Only events on books that got a further spelling can repeat others anew.
    on_changed = events.filter(pl.col("item").is_in(changed["item"].unique().implode()))
    counted = on_changed.select(
        rows=(pl.col("isbn") != pl.col("item")).sum(),
        written=pl.struct("user", "isbn").n_unique(),
        pairs=pl.struct("user", "item").n_unique(),
    ).row(0, named=True)
    return IsbnReport(
        before=len(table),
        after=table["item"].drop_nulls().n_unique(),
        changed=len(changed),
        rules={rule: rules.get(rule, 0) for rule in RULES},
        invalid=len(bad),
        invalid_rows=int(events["item"].is_in(bad.implode()).sum()),
        rows_changed=counted["rows"],
        duplicates=counted["written"] - counted["pairs"],
    )
