"""Usual names of the columns of logs and of tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

ROLES = (
    *("user", "item", "rating", "weight", "time", "text", "basket", "quantity", "price", "event"),
    "title",
)

# Usual names without case and punctuation, the more specific ones first.
NAMES: dict[str, tuple[str, ...]] = {
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
        "votedup reaction value bewertung sterne étoiles etoiles puntuación puntuacion valoración "
        "valoracion",
        "weight": "weight plays playcount playcounts nplays numplays timesplayed listens "
        "listencount listencounts count counts frequency hours hoursplayed playtime duration",
        "quantity": "quantity qty",
        "time": "timestamp time unixreviewtime unixtime unixtimestamp ts tstamp datetime "
        "eventtime eventtimestamp ratingtime ratingtimestamp reviewtimestamp createdat created "
        "creationtime ratedat reviewedat reviewtime date reviewdate ratingdate eventdate "
        "orderdate purchasedate invoicedate transactiondate transactiondt tdat dateadded addedat "
        "submittedat submissiondate updatedat orderpurchasetimestamp",
        "text": "text reviewtext review reviewbody reviewcontent comment comments commenttext "
        "body content",
    }.items()
}
_ALL_NAMES = frozenset(name for names in NAMES.values() for name in names)
_TABLE_IDS = ("id", "key")
_THINGS = ("", "item", "product", "movie", "film", "book", "song", "track", "game", "course")
_OF_ROWS = ("row", "rowid", "rownumber", "index", "rank", "position", "place", "fold", "split")
_TABLE_TITLES = tuple(f"{thing}{word}" for word in ("title", "name") for thing in _THINGS)

_TITLES = (
    "itemtitle producttitle itemname productname articlename lineitemname lineitemtitle title "
    "artikelbezeichnung artikelname produktbezeichnung produktname bezeichnung titel buchtitel "
    "werktitel designation désignation libelle libellé titre título titulo"
)
TITLES = tuple(_TITLES.split())
"""Plain names of columns of titles, in logs as in tables of items."""


def plain_name(name: str) -> str:
    """A column name without case, punctuation and a type such as RecBole's `:token`."""
    return re.sub(r"[\W_]+", "", re.sub(r":(token|float|token_seq|float_seq)$", "", name)).lower()


def is_known_name(cell: str) -> bool:
    """Whether a text is a usual name of one of the columns wanted."""
    return plain_name(cell) in _ALL_NAMES


def has_usual_name(column: str, role: str) -> bool:
    """Whether columns of this role are often called so."""
    return plain_name(column) in NAMES[role]


def tells_rows_apart(column: str) -> bool:
    """Whether columns of this name have ids, times, folds or numbers of rows, and no answers."""
    plain = plain_name(column)
    return plain in _OF_ROWS or any(plain in NAMES[role] for role in ("user", "item", "time"))


def roles_by_name(names: Sequence[str]) -> dict[str, str]:
    """The column of each role that has a usual name."""
    columns = by_plain_name(names)
    usual = {role: [columns[name] for name in NAMES[role] if name in columns] for role in NAMES}
    return {role: candidates[0] for role, candidates in usual.items() if candidates}


def id_column(names: Sequence[str], noun: str) -> str:
    """The column with the ids of a user or item table: by name, otherwise the first."""
    columns = by_plain_name(names)
    usual = (*NAMES[noun], *_TABLE_IDS)
    return next((columns[name] for name in usual if name in columns), names[0])


def title_column(names: Sequence[str]) -> str | None:
    """The column of a table of items that has their titles, by its name."""
    columns = by_plain_name(names)
    return next((columns[name] for name in (*_TABLE_TITLES, *TITLES) if name in columns), None)


def by_plain_name(names: Iterable[str]) -> dict[str, str]:
    """Columns by their plain names; of columns with the same plain name the first."""
    return {plain_name(name): name for name in reversed(list(names))}
