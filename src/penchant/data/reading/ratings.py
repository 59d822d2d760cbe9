"""Read a column of ratings: numbers, booleans, words, stars, ordered categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from penchant.data.missing_texts import without_missing
from penchant.data.reading.rating_words import word_value, written_values

_NEARLY_ALL = 0.9  # of the ratings are such words, so that the others are mistakes
_MOST_DISTINCT = 10_000  # texts: ratings that are no numbers have few
_LISTED = 6  # words in a message
_SAMPLE = 200  # texts looked at before all others
_DOTS = r"^-?[1-9]\d{0,2}(\.\d{3})+(,\d+)?$"  # thousands as in German, such as 12.005
_MANY_DOTS = r"^-?[1-9]\d{0,2}(\.\d{3}){2,}(,\d+)?$|\.\d{3},\d+$"  # which are nothing else
_DOTS_OR_NONE = r"^-?([1-9]\d{0,2}(\.\d{3})?|0)$"


@dataclass(frozen=True)
class ParsedRatings:
    """Ratings as numbers.

    Attributes:
        values: float32, null or not finite where a value is no rating.
        texts: the values as written, null where they are missing.
        remark: what was read as what, where values are no plain numbers; may be empty.
        doubt: what else the values may be; may be empty.
        apart: whether each value is read by itself, and alike whatever the others are.
    """

    values: pl.Series
    texts: pl.Series
    remark: str = ""
    doubt: str = ""
    apart: bool = True


def parse_ratings(values: pl.Series, *, decimal_comma: bool = False) -> ParsedRatings:
    """Parse ratings, missing ones included.

    Values that are no plain numbers are read as words (`like` is 1, `dislike` is 0), stars, shares
    (`4/5`) or numbers with commas only where nearly all values of the column are such.

    Args:
        values: numbers, booleans, texts or categories.
        decimal_comma: whether `3,500` is 3.5 and not 3500.
    """
    dtype = values.dtype
    if dtype == pl.Boolean:
        numbers = values.cast(pl.Float32)
        return ParsedRatings(numbers, values, "ratings that are true are read as 1, others as 0")
    if dtype not in (pl.String, pl.Categorical, pl.Enum):
        return ParsedRatings(values.cast(pl.Float32, strict=False), values)
    numbers = values.cast(pl.String).cast(pl.Float32, strict=False)
    if not numbers.null_count():  # the usual case, and the fastest
        doubt = _doubt_of_dots(values.cast(pl.String)) if decimal_comma else ""
        apart = not doubt and not numbers.is_nan().any()
        return ParsedRatings(numbers, values, doubt=doubt, apart=apart)
    texts = values.cast(pl.String).str.strip_chars().replace("", None)
    numbers = texts.cast(pl.Float32, strict=False)
    if numbers.null_count() == texts.null_count():
        doubt = _doubt_of_dots(texts) if decimal_comma else ""
        apart = not doubt and not numbers.is_nan().any()
        return ParsedRatings(numbers, texts, doubt=doubt, apart=apart)
    texts = without_missing(texts, "not rated", "unrated")
    for parse in (_with_dots, _with_commas(decimal_comma), _as_words, _as_written):
        if (parsed := parse(texts, numbers)) is not None:
            return replace(parsed, apart=False)
    if isinstance(dtype, pl.Enum) and 2 * numbers.count() <= texts.count():
        return replace(_by_order(values, texts), apart=False)
    apart = dtype != pl.Enum and not _may_be_numbers(texts.filter(numbers.is_null()).drop_nulls())
    return ParsedRatings(numbers, texts, apart=apart)


def _may_be_numbers(texts: pl.Series) -> bool:
    """Whether any of these texts would be a number in a column that has more of them."""
    some = set(texts.head(_MOST_DISTINCT + 1))
    if len(texts) > _MOST_DISTINCT or any("," in text or "*" in text for text in some):
        return True
    if texts.str.contains(_MANY_DOTS).any():
        return True
    known = any(word_value(text) is not None for text in some)
    return known or bool(written_values(dict.fromkeys(some, 1), beside_numbers=False))


def _with_dots(texts: pl.Series, numbers: pl.Series) -> ParsedRatings | None:
    """Numbers such as `2.000.100` and `1.234,5`, where all with a dot have it before three digits.

    Beside them `1.234` is 1234, which alone is no other number than any decimal.
    """
    dots = texts.filter(texts.str.contains(".", literal=True))
    many = dots.filter(dots.str.contains(_MANY_DOTS))
    if not len(many) or not dots.str.contains(_DOTS).all():
        return None
    plain = texts.str.replace_all(".", "", literal=True).str.replace(
        r"^(-?\d+),(\d+)$", "${1}.${2}"
    )
    parsed = plain.cast(pl.Float32, strict=False)
    if not _nearly_all(parsed, texts):
        return None
    return ParsedRatings(parsed, texts, _reads({many[0]: parsed.filter(texts == many[0])[0]}))


def _doubt_of_dots(texts: pl.Series) -> str:
    """What to say of numbers such as `1.234` where all others with a dot may be thousands, too."""
    if not texts.head(_SAMPLE).drop_nulls().str.contains(_DOTS_OR_NONE).all():
        return ""
    dots = texts.filter(texts.str.contains(".", literal=True))
    if not len(dots) or not texts.drop_nulls().str.contains(_DOTS_OR_NONE).all():
        return ""
    return (
        f"numbers such as {dots[0]!r} are read with decimals, as {float(dots[0]):g}, though each "
        "dot stands before three digits: if dots separate thousands, remove them from the column "
        "before it is read"
    )


def _with_commas(decimal_comma: bool) -> Callable[[pl.Series, pl.Series], ParsedRatings | None]:
    def parse(texts: pl.Series, numbers: pl.Series) -> ParsedRatings | None:
        """Numbers such as `3,5`, and `1,234` where each comma stands before three digits."""
        commas = texts.filter(texts.str.contains(r"^-?\d+(,\d+)+(\.\d+)?$"))
        if not len(commas):
            return None
        thousands = not decimal_comma and bool(
            commas.str.contains(r"^-?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$").all()
        )
        plain = (
            texts.str.replace_all(r",(\d{3})", "${1}")
            if thousands
            else texts.str.replace(r"^(-?\d+),(\d+)$", "${1}.${2}")
        )
        parsed = plain.cast(pl.Float32, strict=False)
        if not _nearly_all(parsed, texts):
            return None
        example = commas[0]
        value = parsed.filter(texts == example)[0]
        remark = "" if decimal_comma or value is None else _reads({example: value})
        return ParsedRatings(parsed, texts, remark)

    return parse


def _as_words(texts: pl.Series, numbers: pl.Series) -> ParsedRatings | None:
    """Words such as like and dislike, beside which 0 and 1 may stand."""
    if not numbers.drop_nulls().is_in([0.0, 1.0]).all():
        return None
    return _by_value(texts, numbers, lambda counts: {t: word_value(t) for t in counts})


def _as_written(texts: pl.Series, numbers: pl.Series) -> ParsedRatings | None:
    """Stars and shares, beside which plain numbers may stand."""
    beside_numbers = numbers.count() > 0
    return _by_value(
        texts, numbers, lambda counts: written_values(counts, beside_numbers=beside_numbers)
    )


def _by_value(
    texts: pl.Series,
    numbers: pl.Series,
    parse: Callable[[Mapping[str, int]], Mapping[str, float | None]],
) -> ParsedRatings | None:
    """The numbers with those of other texts; None where too many texts remain without one."""
    others = texts.filter(numbers.is_null() & texts.is_not_null())
    counted = others.value_counts(name="count", sort=True)
    if not 0 < len(counted) <= _MOST_DISTINCT:
        return None
    values = parse(dict(counted.iter_rows()))
    known = {text: value for text, value in values.items() if value is not None}
    if not known:
        return None
    read = texts.replace_strict(known, default=None, return_dtype=pl.Float32)
    parsed = numbers.zip_with(numbers.is_not_null(), read)
    return ParsedRatings(parsed, texts, _reads(known)) if _nearly_all(parsed, texts) else None


def _by_order(values: pl.Series, texts: pl.Series) -> ParsedRatings:
    """Ordered categories as their positions from 1."""
    categories = values.dtype.categories.to_list()  # type: ignore[attr-defined]
    positions = {category: n + 1.0 for n, category in enumerate(categories)}
    numbers = texts.replace_strict(positions, default=None, return_dtype=pl.Float32)
    return ParsedRatings(numbers, texts, _reads(positions) + ", by the order of the categories")


def _nearly_all(parsed: pl.Series, texts: pl.Series) -> bool:
    """Whether nearly all ratings that are not missing were read; one may always be a mistake."""
    present = texts.count()
    unknown = present - parsed.count()
    return unknown <= max((1 - _NEARLY_ALL) * present, 1) and 2 * unknown < present


def _reads(values: Mapping[str, float]) -> str:
    """What was read as what: `'like' is read as 1 and 'dislike' as 0`."""
    listed = [f"{text!r} as {_plain(value)}" for text, value in list(values.items())[:_LISTED]]
    more = " …" if len(values) > _LISTED else ""
    return f"ratings are read as numbers: {', '.join(listed)}{more}"


def _plain(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:.0f}"
