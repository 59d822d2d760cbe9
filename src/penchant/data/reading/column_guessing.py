"""Choose which columns of a source are the user, the item, the rating and other roles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from penchant.data.reading.column_contents import refusal_of_guess, roles_by_content
from penchant.data.reading.records import RawRecords
from penchant.errors import DataError

ROLES = ("user", "item", "rating", "weight", "time", "text")
ColumnChoice = str | int | bool | None
"""A column's name or position from 0; None guesses the column, False reads none."""

# Usual names without case and punctuation, the more specific ones first.
_NAMES: dict[str, tuple[str, ...]] = {
    role: tuple(names.split())
    for role, names in {
        "user": "user userid uid usr usrid useridx userindex reviewerid customerid customer "
        "visitorid visitor memberid member accountid account clientid client profileid "
        "personid person buyerid buyer shopperid shopper readerid reader listenerid listener "
        "viewerid viewer subscriberid subscriber playerid player patronid patron useruuid "
        "usermboxsha1 username reviewer reviewername sessionid session",
        "item": "item itemid iid itemidx itemindex movieid filmid bookid parentasin asin isbn "
        "isbn13 isbn10 productid sku articleid businessid songid trackid artistid albumid "
        "animeid gameid appid recipeid placeid venueid locationid poiid restaurantid hotelid "
        "newsid videoid courseid goodid goodsid offerid stockcode itemuuid contentid docid "
        "movie film book product article business song track artist album anime game recipe "
        "venue restaurant hotel title itemname productname movietitle booktitle",
        "rating": "rating ratings overall score stars star starrating bookrating reviewscore "
        "reviewrating reviewoverall userrating ratingvalue ratingscore rate rated grade vote "
        "points preference liked isliked like thumbs thumb recommended isrecommended recommend "
        "votedup reaction value",
        "weight": "weight plays playcount playcounts nplays numplays timesplayed listens "
        "listencount listencounts count counts frequency quantity qty hours "
        "hoursplayed playtime duration",
        "time": "timestamp time unixreviewtime unixtime unixtimestamp ts tstamp datetime "
        "eventtime eventtimestamp ratingtime ratingtimestamp reviewtimestamp createdat created "
        "creationtime ratedat reviewedat reviewtime date reviewdate ratingdate eventdate "
        "orderdate purchasedate invoicedate transactiondate transactiondt tdat dateadded addedat "
        "submittedat submissiondate updatedat orderpurchasetimestamp",
        "text": "text reviewtext review reviewbody reviewcontent comment comments commenttext "
        "body content",
    }.items()
}
_ALL_NAMES = frozenset(name for names in _NAMES.values() for name in names)
_TABLE_IDS = ("id", "key")
_THINGS = ("", "item", "product", "movie", "film", "book", "song", "track", "game", "course")
_TITLES = tuple(f"{thing}{word}" for word in ("title", "name") for thing in _THINGS)


def plain_name(name: str) -> str:
    """A column name without case, punctuation and a type such as RecBole's `:token`."""
    return re.sub(r"[\W_]+", "", re.sub(r":(token|float|token_seq|float_seq)$", "", name)).lower()


def is_known_name(cell: str) -> bool:
    """Whether a text is a usual name of one of the columns wanted."""
    return plain_name(cell) in _ALL_NAMES


def has_usual_name(column: str, role: str) -> bool:
    """Whether columns of this role are often called so."""
    return plain_name(column) in _NAMES[role]


def choose_columns(
    records: RawRecords, choices: Mapping[str, ColumnChoice]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The column of each role, and the roles whose columns were guessed.

    Columns are guessed from their names, and from their contents where they have no names.

    Raises:
        DataError: a column asked for does not exist, is asked for twice, or the user or item
            column is not recognised.
    """
    names, source = records.frame.columns, records.source
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
    if records.has_header:
        candidates = roles_by_name(free)
    else:
        refusal = refusal_of_guess(records.frame, has_header=False)
        if refusal is not None and not {"user", "item"} <= requested.keys():
            raise DataError(f"{source} {refusal}.")
        candidates = roles_by_content(free, records.frame)
    guessed = {
        role: column
        for role, column in candidates.items()
        if role not in requested and choices.get(role) is not False
    }
    chosen = requested | guessed
    columns = {role: chosen[role] for role in ROLES if role in chosen}
    for role in ("user", "item"):
        if role not in columns:
            refusal = refusal_of_guess(records.frame, has_header=records.has_header)
            if refusal is not None and role == "item":
                raise DataError(f"{source} {refusal}.")
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


def title_column(names: Sequence[str]) -> str | None:
    """The column of a table of items that has their titles, by its name."""
    columns = _by_plain_name(names)
    return next((columns[name] for name in _TITLES if name in columns), None)


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
