"""Guess which columns of a source are the user, the item, the rating, the time and the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from penchant.errors import DataError

ROLES = ("user", "item", "rating", "time", "text")
ColumnChoice = str | int | bool | None
"""A column's name or position from 0; None guesses the column, False reads none."""

# Usual names without case and punctuation, the more specific ones first.
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
_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_ASIN = re.compile(r"B[0-9A-Z]{9}|\d{9}[\dX]")
_AMAZON_USER = re.compile(r"A[0-9A-Z]{8,20}")


def plain_name(name: str) -> str:
    """A column name without case, punctuation and a type such as RecBole's `:token`."""
    return re.sub(r"[\W_]+", "", re.sub(r":(token|float|token_seq|float_seq)$", "", name)).lower()


def is_known_name(cell: str) -> bool:
    """Whether a text is a usual name of one of the columns wanted."""
    return plain_name(cell) in _ALL_NAMES


def is_number(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text


def choose_columns(
    names: Sequence[str],
    choices: Mapping[str, ColumnChoice],
    sample: Sequence[Sequence[str]],
    *,
    has_header: bool,
    source: str,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The column of each role, and the roles whose columns were guessed.

    `sample` is a few records as text, used where columns have no names of their own.

    Raises:
        DataError: a column asked for does not exist, is asked for twice, or the user or item
            column is not recognised.
    """
    requested = {
        role: _requested(choice, role, names, source)
        for role, choice in choices.items()
        if choice is not None and not isinstance(choice, bool)
    }
    taken = list(requested.values())
    repeated = next((column for column in taken if taken.count(column) > 1), None)
    if repeated is not None:
        roles = " and ".join(role for role, column in requested.items() if column == repeated)
        raise DataError(f"{source}: the column {repeated!r} cannot be both {roles}.")
    free = [name for name in names if name not in taken]
    candidates = roles_by_name(free) if has_header else _roles_by_content(names, free, sample)
    guessed = {
        role: column
        for role, column in candidates.items()
        if role not in requested and choices.get(role) is not False
    }
    chosen = requested | guessed
    columns = {role: chosen[role] for role in ROLES if role in chosen}
    for role in ("user", "item"):
        if role not in columns:
            listed = ", ".join(repr(n) for n in names[:30]) + (" …" if len(names) > 30 else "")
            raise DataError(
                f"{source}: no {role} column was recognised among {listed}; "
                f"say which it is with {role}='…' (--{role} …)."
            )
    return columns, tuple(r for r in columns if r in guessed and plain_name(columns[r]) != r)


def roles_by_name(names: Sequence[str]) -> dict[str, str]:
    """The column of each role that has a usual name."""
    columns = _by_plain_name(names)
    usual = {role: [columns[name] for name in _NAMES[role] if name in columns] for role in _NAMES}
    return {role: candidates[0] for role, candidates in usual.items() if candidates}


def id_column(names: Sequence[str], noun: str) -> str:
    """The column with the ids of a user or item table: by name, otherwise the first."""
    columns = _by_plain_name(names)
    usual = (*_NAMES[noun], *_TABLE_IDS)
    return next((columns[name] for name in usual if name in columns), names[0])


def _by_plain_name(names: Sequence[str]) -> dict[str, str]:
    """Columns by their plain names; of columns with the same plain name the first."""
    return {plain_name(name): name for name in reversed(names)}


def _requested(choice: str | int, role: str, names: Sequence[str], source: str) -> str:
    """The column that is asked for by name, by a name alike or by position."""
    if isinstance(choice, str) and choice in names:
        return choice
    if isinstance(choice, str):
        alike = [name for name in names if plain_name(name) == plain_name(choice)]
        if len(alike) == 1:
            return alike[0]
        choice = int(choice) if choice.isdecimal() else choice
    if isinstance(choice, int) and 0 <= choice < len(names):
        return names[choice]
    listed = ", ".join(repr(n) for n in names[:30])
    raise DataError(f"{source} has no column {choice!r} for the {role}: it has {listed}.")


def _roles_by_content(
    names: Sequence[str], free: Sequence[str], sample: Sequence[Sequence[str]]
) -> dict[str, str]:
    """Roles of columns without names: user first, then item; rating and time by their values."""
    values = {
        name: [cells[n].strip() for cells in sample if n < len(cells) and cells[n].strip()]
        for n, name in enumerate(names)
    }
    kinds = {name: _kind(values[name]) for name in free}
    ids = [name for name in free if kinds[name] in ("id", "count")]
    roles = dict(zip(("user", "item"), ids, strict=False))
    if (
        len(ids) >= 2
        and _all_match(_ASIN, values[ids[0]])
        and (_all_match(_AMAZON_USER, values[ids[1]]))
    ):
        roles = {"user": ids[1], "item": ids[0]}  # Amazon's 2018 files put the item first
    rest = [name for name in free if name not in roles.values()]
    for role, wanted in (("rating", ("count", "score")), ("time", ("time",)), ("text", ("text",))):
        for name in rest:
            if kinds[name] in wanted and (role != "rating" or _are_scores(values[name])):
                roles.setdefault(role, name)
    return roles


def _kind(values: Sequence[str]) -> str:
    """`time`, `score` (fractions), `count` (small whole numbers), `text`, `id` or `empty`."""
    if not values:
        return "empty"
    numbers = [float(v) for v in values if is_number(v)]
    if len(numbers) > len(values) / 2:
        median = sorted(numbers)[len(numbers) // 2]
        if _may_be_instant(median):
            return "time"
        return "score" if any("." in v for v in values) else "count"
    if sum(bool(_ISO_DATE.match(v)) for v in values) > len(values) / 2:
        return "time"
    return "text" if sum(v.count(" ") for v in values) > 4 * len(values) else "id"


def _may_be_instant(number: float) -> bool:
    """Whether a number may be an instant from 1985 to 2060 in some unit since 1970."""
    return any(4.7e8 <= number / unit <= 2.85e9 for unit in (1, 1e3, 1e6, 1e9))


def _are_scores(values: Sequence[str]) -> bool:
    """Whether numbers are from -100 to 100 with at most one decimal."""
    numbers = [float(v) for v in values if is_number(v)]
    return bool(numbers) and all(
        -100 <= x <= 100 and abs(x * 10 - round(x * 10)) < 1e-9 for x in numbers
    )


def _all_match(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return bool(values) and all(pattern.fullmatch(v) for v in values)
