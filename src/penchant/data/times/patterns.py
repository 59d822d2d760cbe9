"""Regular expressions of dates and clocks, over texts in lower case."""

from __future__ import annotations

import polars as pl

ZONES = {"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}
"""Hours from UTC of the zones that internet mail knows by letters."""

_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?(?:[.,] *| +))?"
_MONTH_NAME = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_MONTH = rf"(?P<month>{_MONTH_NAME})\.?"
_TWO_OR_FOUR = r"'?(?P<{}>\d{{4}}|\d\d)"
_ZONE = rf"(?:(?:z|utc|gmt)?[+-]\d\d(?::?\d\d)?|z|utc|gmt|{'|'.join(ZONES)})"
_CLOCK = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d\d))?(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    rf"(?: ?(?P<half>[ap])\.?m\.?)?(?: ?(?P<zone>{_ZONE}))?(?: \([^)]*\))?"
)
_END = rf"(?:(?:,? at |,? |[t_:]){_CLOCK})?$"

KNOWN_ORDER = tuple(
    rf"^{date}{_END}"
    for date in (
        r"(?P<year>\d{4})[-/.年] ?(?P<month>\d{1,2})(?:[-/.月] ?(?P<day>\d{1,2})日?|月)?",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        rf"(?P<year>\d{{4}})[-/. ]{_MONTH}[-/. ](?P<day>\d{{1,2}})",
        r"(?P<month>\d{1,2}) (?P<day>\d{1,2}), (?P<year>\d{4})",
        r"(?P<month>\d{1,2})[-/](?P<year>\d{4})",
        rf"{_MONTH}[-/. ]?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?[-/. ]{_TWO_OR_FOUR.format('year')}",
        rf"{_MONTH},?[-/ ]?(?P<year>\d{{4}})",
        r"(?P<year>\d{4})",
    )
)
"""Dates with the groups `year`, `month` and `day`, the last two of them where they are given."""

_LAST = _TWO_OR_FOUR.format("last")
OPEN_ORDER = {
    separator: rf"^(?P<first>\d{{1,2}}){between}(?P<middle>\d{{1,2}}){between}{_LAST}{_END}"
    for separator, between in {"/": " ?/ ?", "-": "-", ".": r"\. ?", " ": " "}.items()
} | {"name": rf"^(?P<first>\d{{1,2}})(?:st|nd|rd|th)?[-/. ]*{_MONTH}[-/., ]*{_LAST}{_END}"}
"""Dates with the groups `first`, `middle` (or `month`, by name) and `last`, by their separator."""

_REWRITES = (
    (r"\s+", " "),
    (rf"^{_WEEKDAY}", ""),
    # Sep 13 10:11:12 +0000 2013, as ctime and Twitter write it
    (
        rf"^({_MONTH_NAME}) (\d{{1,2}}) (\d\d?:\d\d(?::\d\d)?(?: {_ZONE})?) (\d{{4}})$",
        "${1} ${2} ${4} ${3}",
    ),
    # 20130913t101112z, 202403051011
    (r"^(\d{8})[t ]?(\d\d)(\d\d)(\d\d)(\D.*)?$", "${1} ${2}:${3}:${4}${5}"),
    (r"^(\d{8})[t ]?(\d\d)(\d\d)(\D.*)?$", "${1} ${2}:${3}${4}"),
)


def simplify(texts: pl.Series) -> pl.Series:
    """Texts in lower case without weekdays, with the date before a clock with colons."""
    texts = texts.str.to_lowercase()
    for pattern, replacement in _REWRITES:
        texts = (
            texts.str.replace_all(pattern, replacement)
            if pattern == r"\s+"
            else texts.str.replace(pattern, replacement)
        )
    return texts
