"""Which column of a source is the user, the item, the rating, the time and the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from penchant.errors import DataError

ROLES = ("user", "item", "rating", "time", "text")
Wish = str | int | bool | None
"""A column's name or position from 0; None guesses, False goes without."""

# In each line the more telling names come first. Case and punctuation are left out.
_NAMES: dict[str, tuple[str, ...]] = {
    role: tuple(names.split())
    for role, names in {
        "user": "user userid uid usr usrid useridx userindex reviewerid customerid customer "
        "visitorid visitor memberid member accountid account clientid client profileid "
        "personid person buyerid buyer shopperid readerid listenerid viewerid useruuid "
        "usermboxsha1 username reviewer reviewername sessionid session",
        "item": "item itemid iid itemidx itemindex movieid filmid bookid parentasin asin isbn "
        "isbn13 isbn10 productid sku articleid businessid songid trackid artistid albumid "
        "animeid gameid appid recipeid placeid venueid locationid poiid restaurantid hotelid "
        "newsid videoid courseid goodid goodsid offerid stockcode itemuuid contentid docid "
        "movie film book product article business song track artist album anime game recipe "
        "venue restaurant hotel title itemname productname movietitle booktitle",
        "rating": "rating ratings overall score stars star starrating bookrating reviewscore "
        "reviewrating reviewoverall userrating ratingvalue ratingscore rate rated grade vote "
        "points preference value",
        "time": "timestamp time unixreviewtime unixtime unixtimestamp ts tstamp datetime "
        "eventtime eventtimestamp ratingtime ratingtimestamp reviewtimestamp createdat created "
        "creationtime ratedat reviewedat reviewtime date reviewdate ratingdate eventdate "
        "orderdate purchasedate dateadded addedat submittedat submissiondate updatedat",
        "text": "text reviewtext review reviewbody reviewcontent comment comments commenttext "
        "body content",
    }.items()
}
_ALL_NAMES = frozenset(name for names in _NAMES.values() for name in names)
_TABLE_IDS = ("id", "key")
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_ASIN = re.compile(r"B[0-9A-Z]{9}|\d{9}[\dX]")
_AMAZON_USER = re.compile(r"A[0-9A-Z]{8,20}")


def plain(name: str) -> str:
    """A column name without case, punctuation and a type such as RecBole's `:token`."""
    return re.sub(r"[\W_]+", "", re.sub(r":(token|float|token_seq|float_seq)$", "", name)).lower()


def is_known_name(cell: str) -> bool:
    """Whether a text is a usual name of one of the columns wanted."""
    return plain(cell) in _ALL_NAMES


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def choose(
    names: Sequence[str],
    wishes: Mapping[str, Wish],
    sample: Sequence[Sequence[str]],
    *,
    headed: bool,
    source: str,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The column of each role and which of these were guessed.

    `sample` is a few records as text, used where columns have no names of their own.

    Raises:
        DataError: a column asked for does not exist, is asked for twice, or the user or item
            column cannot be told.
    """
    given = {r: _wanted(w, r, names, source) for r, w in wishes.items() if _is_given(w)}
    taken = list(given.values())
    twice = next((c for c in taken if taken.count(c) > 1), None)
    if twice is not None:
        roles = " and ".join(r for r, c in given.items() if c == twice)
        raise DataError(f"{source}: the column {twice!r} cannot be both {roles}.")
    free = [c for c in names if c not in taken]
    found = by_name(free) if headed else _by_content(names, free, sample)
    guessed = {r: c for r, c in found.items() if r not in given and wishes.get(r) is not False}
    columns = {r: given.get(r) or guessed[r] for r in ROLES if r in given or r in guessed}
    for role in ("user", "item"):
        if role not in columns:
            listed = ", ".join(repr(n) for n in names[:30]) + (" …" if len(names) > 30 else "")
            raise DataError(
                f"{source}: no {role} column was recognised among {listed}; "
                f"say which it is with {role}='…' (--{role} …)."
            )
    return columns, tuple(r for r in columns if r in guessed and plain(columns[r]) != r)


def by_name(names: Sequence[str]) -> dict[str, str]:
    """The role each name usually has."""
    names_of = {plain(name): name for name in reversed(names)}
    found = {}
    for role, usual in _NAMES.items():
        hit = next((names_of[u] for u in usual if u in names_of), None)
        if hit is not None:
            found[role] = hit
    return found


def id_column(names: Sequence[str], noun: str) -> str:
    """The column with the ids of a user or item table: by name, otherwise the first."""
    names_of = {plain(name): name for name in reversed(names)}
    usual = (*_NAMES[noun], *_TABLE_IDS)
    return next((names_of[u] for u in usual if u in names_of), names[0])


def _is_given(wish: Wish) -> bool:
    return wish is not None and not isinstance(wish, bool)


def _wanted(wish: Wish, role: str, names: Sequence[str], source: str) -> str:
    if isinstance(wish, str) and wish in names:
        return wish
    if isinstance(wish, str):
        same = [n for n in names if plain(n) == plain(wish)]
        if len(same) == 1:
            return same[0]
        wish = int(wish) if wish.isdecimal() else wish
    if isinstance(wish, int) and 0 <= wish < len(names):
        return names[wish]
    listed = ", ".join(repr(n) for n in names[:30])
    raise DataError(f"{source} has no column {wish!r} for the {role}: it has {listed}.")


def _by_content(
    names: Sequence[str], free: Sequence[str], sample: Sequence[Sequence[str]]
) -> dict[str, str]:
    """Roles of nameless columns: user first, then item; rating and time by their values."""
    values = {
        name: [r[n].strip() for r in sample if n < len(r) and r[n].strip()]
        for n, name in enumerate(names)
    }
    kinds = {name: _kind(values[name]) for name in free}
    ids = [n for n in free if kinds[n] in ("id", "count")]
    found = dict(zip(("user", "item"), ids, strict=False))
    if len(ids) >= 2 and _all(_ASIN, values[ids[0]]) and _all(_AMAZON_USER, values[ids[1]]):
        found = {"user": ids[1], "item": ids[0]}  # Amazon's 2018 files put the item first
    rest = [n for n in free if n not in found.values()]
    for role, wanted in (("rating", ("count", "score")), ("time", ("time",)), ("text", ("text",))):
        for name in rest:
            if kinds[name] in wanted and (role != "rating" or _are_scores(values[name])):
                found.setdefault(role, name)
    return found


def _kind(values: Sequence[str]) -> str:
    """`time`, `score` (fractions), `count` (small whole numbers), `text` or `id`."""
    if not values:
        return "empty"
    numbers = [float(v) for v in values if is_number(v)]
    if len(numbers) > len(values) / 2:
        middle = sorted(numbers)[len(numbers) // 2]
        if middle >= 1e8 and not any("." in v for v in values) and _epoch(middle):
            return "time"
        if any("." in v for v in values):
            return "time" if _epoch(middle) else "score"
        return "count"
    if sum(bool(_ISO.match(v)) for v in values) > len(values) / 2:
        return "time"
    return "text" if sum(v.count(" ") for v in values) > 4 * len(values) else "id"


def _epoch(number: float) -> bool:
    """Whether a number may be an instant from 1985 to 2060 in some unit since 1970."""
    return any(4.7e8 <= number / unit <= 2.85e9 for unit in (1, 1e3, 1e6, 1e9))


def _are_scores(values: Sequence[str]) -> bool:
    numbers = [float(v) for v in values if is_number(v)]
    return bool(numbers) and all(
        -100 <= x <= 100 and abs(x * 10 - round(x * 10)) < 1e-9 for x in numbers
    )


def _all(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return bool(values) and all(pattern.fullmatch(v) for v in values)
