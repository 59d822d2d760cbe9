"""Choose the columns of logs of purchases and of events in shops, which have no ratings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

from penchant.data.reading.baskets import n_with_one_user
from penchant.data.reading.column_contents import ColumnContent
from penchant.data.reading.column_names import NAMES, TITLES, by_plain_name, plain_name
from penchant.data.reading.records import RawRecords

SHOP_ROLES = (*("user", "item", "weight", "quantity", "time", "basket", "price", "event", "title"),)
"""The roles in the order in which their columns are looked for."""

_FEW_KINDS = 5  # which may be of an event each
MOST_KINDS = 30
"""Different kinds of events; more are their names."""
_OWN_BASKETS = 0.9  # of the baskets are of one user at most
_SAME_TITLE = 0.8  # of the records of an item have the title that most of them have
FEWEST = 20
"""Records by which ids that never repeat are noticed."""

_NEARLY_ALL = 0.9  # of the values of a column of prices or quantities are numbers
_CURRENCY = r"(?i)[€$£¥₹\s]|\b(usd|eur|gbp|chf|jpy|inr)\b"

SESSION_NAMES = frozenset(
    ("sessionid", "session", "usersession", "sessionkey", "sessionnumber", "visitid")
)
"""Plain names of columns that say in which session an event was."""
_USER_LAST = ("sessionid", "session")
_FIRST = {"user": ("customeruniqueid",)}
_FURTHER = {
    role: tuple(names.split())
    for role, names in {
        "user": "email customeremail billingemail emailbilling emailaddress useremail "
        "customernumber customerno customernr customercode customerkey custid custno custnr "
        "customeruserid householdkey householdid cardid loyaltycardid loyaltyid fullvisitorid "
        "userpseudoid deviceid cookieid customername kundennummer kundennr kundenid kunde kdnr "
        "kdnummer lesernummer lesernr benutzernummer ausweisnummer "
        "numeroclient numclient codeclient idcliente codigocliente numerocliente cliente",
        "item": "lineitemsku productsku itemsku variantsku stockid productcode productnumber "
        "productno articlenumber articleno itemcode itemnumber itemno materialnumber material ean "
        "ean13 gtin upc barcode partnumber partno modelnumber variantid lineitemname artikelnummer "
        "artikelnr artikelid artikel produktnummer codearticle numeroarticle referencearticle "
        "codigoarticulo idarticulo idproducto codigoproducto",
        "quantity": "lineitemquantity orderedquantity orderquantity orderqty qtyordered "
        "quantityordered itemquantity itemqty productquantity quantityrefund unitssold units "
        "qtysold soldquantity salesquantity salesqty pieces menge anzahl quantite quantité qte "
        "cantidad amount",
        "time": "ordertime orderdatetime orderedat ordertimestamp orderplacedat purchasetime "
        "purchasedat purchasetimestamp invoicetime invoicedatetime salesdate saledate saletime "
        "soldat transactiontime transactiontimestamp transactiondatetime processedat paidat "
        "datecreated datepurchased dateordered shoppingdate visitdate postingdate "
        "documentdate billingdate datum bestelldatum belegdatum rechnungsdatum kaufdatum "
        "datecommande dateachat datefacture fecha fechapedido fechafactura",
        "basket": "invoiceno invoice invoiceid invoicenumber invoicenr orderid orderno ordernr "
        "ordernumber orderkey incrementid order transactionid transactionno transactionnumber "
        "transaction basketid basket cartid cart receiptid receiptno receiptnumber receipt "
        "ticketid ticketno ticketnumber billid billno billnumber checkoutid purchaseid tripid "
        "visitid usersession sessionkey sessionnumber documentno documentnumber documentid "
        "voucherno belegnummer belegnr "
        "rechnungsnummer rechnungsnr rechnung bestellnummer bestellnr bestellung bestellid "
        "auftragsnummer auftragsnr auftragnr auftragsid auftrag bonnummer bonnr numerocommande "
        "numcommande commande numerofacture numeropedido numerofactura sessionid session",
        "price": "unitprice priceperunit lineitemprice itemprice productprice articleprice "
        "saleprice sellingprice pricepaid retailprice price itemcost "
        "einzelpreis stückpreis stueckpreis prixunitaire preciounitario",
        "event": "event eventtype eventname eventkind behavior behaviour behaviortype "
        "behaviourtype action actiontype interaction interactiontype activity activitytype "
        "transactiontype transactionkind transtype txntype movementtype circulationtype vorgang "
        "vorgangsart buchungsart transaktionsart bewegungsart ereignis ereignistyp aktion",
        "title": f"{' '.join(TITLES)} description productdescription itemdescription "
        "stockdescription articledescription productdesc itemdesc descripcion descripción",
    }.items()
}
_BASKET_OF_LINES = "name"  # what Shopify calls the number of an order, beside its line items
_NO_OPINION = ("value", "points", "grade")  # names of ratings that are amounts in shops, too
_QUANTITIES = frozenset({*NAMES["quantity"], *_FURTHER["quantity"]})


class ShopColumns(NamedTuple):
    """What `shop_columns` finds.

    Attributes:
        guessed: the column of each role.
        rejected: roles and columns with names of these, whose contents speak against it, which
            would have been taken otherwise.
    """

    guessed: dict[str, str]
    rejected: tuple[tuple[str, str], ...]


def is_quantity(column: str) -> bool:
    """Whether columns of numbers of pieces are often called so."""
    return plain_name(column) in _QUANTITIES


def bought_by_weight(columns: Mapping[str, str]) -> bool:
    """Whether the column of weights says how much was bought, where there is no other that does.

    Args:
        columns: the source's column of each role.
    """
    if "quantity" in columns or "weight" not in columns:
        return False
    return "basket" in columns or is_quantity(columns["weight"])


def has_usual_shop_name(column: str, role: str) -> bool:
    """Whether columns of this role are often called so in shops."""
    return plain_name(column) in _names(role)


def is_amount(column: str, names: Sequence[str]) -> bool:
    """Whether a column with a usual name of ratings is an amount of money, among order lines."""
    plain = {plain_name(name) for name in names}
    lines = plain & _QUANTITIES and plain & {*_FURTHER["basket"], *_FURTHER["price"]}
    return plain_name(column) in _NO_OPINION and bool(lines)


def shop_columns(
    records: RawRecords,
    free: Sequence[str],
    chosen: Mapping[str, str],
    roles: Sequence[str],
) -> ShopColumns:
    """The columns of roles by their names, as far as their contents do not speak against it.

    Args:
        records: of the source.
        free: columns that nobody has asked for in another role.
        chosen: the column of each role that somebody has asked for.
        roles: those that are looked for.
    """
    frame = records.frame
    columns = by_plain_name(free)
    guessed: dict[str, str] = {}
    rejected: list[tuple[str, str]] = []
    for role in roles:
        if role in chosen:
            continue
        known = {**chosen, **guessed}
        taken = set(known.values())
        names = _names(role)
        if role == "basket" and any(name.startswith("lineitem") for name in columns):
            names = (_BASKET_OF_LINES, *names)
        if role == "title":
            names = _titles_of(known.get("item", ""), names)
        candidates = [columns[n] for n in names if n in columns and columns[n] not in taken]
        fitting = [column for column in candidates if _fits(frame, column, role, known)]
        if fitting or (role == "item" and candidates):
            guessed[role] = (fitting or candidates)[0]
        if role != "item" or len(candidates) > 1:  # a single one is taken in any case
            before = candidates.index(fitting[0]) if fitting else len(candidates)
            rejected += [(role, column) for column in candidates[:before]]
    return ShopColumns(guessed, tuple(rejected))


def prices(values: pl.Series, dtype: type[pl.DataType] = pl.Float32) -> pl.Series:
    """Prices of a type, without the signs of currencies; null where one is no number."""
    if values.dtype.is_numeric():
        return values.cast(dtype).fill_nan(None)
    texts = values.cast(pl.String, strict=False)
    numbers = texts.str.strip_chars().cast(dtype, strict=False)
    if numbers.null_count() == texts.null_count():
        return numbers.fill_nan(None)
    plain = texts.str.replace_all(_CURRENCY, "")
    has_comma = plain.str.contains(r",\d{1,2}$")
    point = plain.str.replace_all(r"[.']", "").str.replace(",", ".", literal=True)
    comma = plain.str.replace_all(r"[,']", "")
    mixed = point.zip_with(has_comma.fill_null(False), comma)
    return mixed.cast(dtype, strict=False).fill_nan(None)


def _names(role: str) -> tuple[str, ...]:
    known = tuple(n for n in NAMES.get(role, ()) if n not in _USER_LAST)
    last = _USER_LAST if role == "user" else ()
    return (*_FIRST.get(role, ()), *known, *_FURTHER.get(role, ()), *last)


def _titles_of(item: str, names: Sequence[str]) -> tuple[str, ...]:
    """Names of the titles of items, those with the name of the column of items first."""
    thing = re.sub(r"(id|code|no|number|key|sku)$", "", plain_name(item))
    own = (f"{thing}{word}" for word in ("name", "title", "description"))
    return (*(own if thing else ()), *names)


def _fits(frame: pl.DataFrame, column: str, role: str, columns: Mapping[str, str]) -> bool:
    """Whether the contents of a column do not speak against a role."""
    if role not in _CHECKS:
        return True
    if not _is_plain(frame, column):
        return role in NAMES  # the reader takes a field of it, or says what to do
    return _CHECKS[role](frame, column, columns)


def _is_plain(frame: pl.DataFrame, column: str) -> bool:
    """Whether a column's values can be compared."""
    return not (frame.schema[column].is_nested() or frame.schema[column] == pl.Object)


def present(values: pl.Series) -> pl.Series:
    """Values of which empty texts are missing."""
    if values.dtype in (pl.Categorical, pl.Enum):
        values = values.cast(pl.String)
    return values.str.strip_chars().replace("", None) if values.dtype == pl.String else values


def _is_item(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> bool:
    """Whether ids repeat, as those of records do not, such as an `item_id` of each order line."""
    return len(frame) < FEWEST or frame[column].n_unique() < len(frame)


def _is_quantity(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> bool:
    """Whether a column is no amount of money, where its name leaves that open."""
    if plain_name(column) != "amount":
        return True
    numbers = prices(frame[column]).drop_nulls()
    return bool(len(numbers)) and bool((numbers == numbers.round()).all())


def _is_basket(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> bool:
    """Whether hardly any basket is of several users, as places in a sequence are."""
    user = columns.get("user")
    if not frame[column].count():
        return False
    user = columns.get("user")
    if user is None or not _is_plain(frame, user):
        return True
    if plain_name(column) in SESSION_NAMES:
        return True  # each user's own, where two have the same
    return have_one_user(present(frame[column]), present(frame[user]))


def have_one_user(baskets: pl.Series, users: pl.Series, n_unknown: int = 0) -> bool:
    """Whether hardly any basket is of several users.

    Args:
        baskets: of each record, null where there is none.
        users: of each record, the same.
        n_unknown: how many records more there are, whatever these have.
    """
    n, n_with_one = n_with_one_user(baskets, users)
    return n_with_one - n_unknown >= _OWN_BASKETS * (n + n_unknown)


def _is_price(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> bool:
    return may_be_prices(*price_counts(frame[column]))


def price_counts(values: pl.Series) -> tuple[int, int]:
    """How many values are not missing, and how many of them are prices."""
    return present(values).count(), prices(values).count()


def may_be_prices(n_present: int, n_prices: int) -> bool:
    """Whether nearly all values are prices, by the counts of `price_counts`."""
    return n_present > 0 and n_prices >= _NEARLY_ALL * n_present


def _is_kind(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> bool:
    values = frame[column].drop_nulls()
    if values.dtype.is_float() or values.dtype.is_temporal():
        return False
    return may_be_kinds(values.n_unique(), len(values))


def may_be_kinds(n_kinds: int, n: int) -> bool:
    """Whether events are of a few kinds, and not each with a name of its own.

    Args:
        n_kinds: how many different values there are.
        n: how many events have one.
    """
    return n_kinds <= _FEW_KINDS or (n_kinds <= MOST_KINDS and n_kinds < n)


def _is_title(frame: pl.DataFrame, column: str, columns: Mapping[str, str]) -> bool:
    """Whether the records of an item mostly have one title, which is not the item's id."""
    item = columns.get("item")
    if item is None or not _is_plain(frame, item):
        return False
    if not may_be_title(frame[column]):
        return False
    titles = present(frame[column]).alias("title")
    pairs = pl.DataFrame([frame[item].alias("item"), titles])
    return have_one_title(pairs.group_by("item", "title").len())


def may_be_title(values: pl.Series) -> bool:
    """Whether a column has texts, by its first values."""
    is_text = values.dtype in (pl.String, pl.Categorical, pl.Enum)
    return is_text and ColumnContent.of(values).kind in ("id", "text")


def have_one_title(counts: pl.DataFrame, n_unknown: int = 0) -> bool:
    """Whether the records of an item mostly have one title, but for upper and lower case.

    Args:
        counts: `len`, how many records each `item` and `title` have, null where there is none.
        n_unknown: how many records more there are, whatever these have.
    """
    titles = pl.col("title").str.to_lowercase()
    pairs = counts.drop_nulls().group_by("item", titles).agg(pl.col("len").sum())
    most = pairs.group_by("item").agg(pl.col("len").max())
    n, n_most = int(pairs["len"].sum()), int(most["len"].sum())
    return n > 0 and n_most - n_unknown >= _SAME_TITLE * (n + n_unknown)


_CHECKS: dict[str, Callable[[pl.DataFrame, str, Mapping[str, str]], bool]] = {
    "item": _is_item,
    "quantity": _is_quantity,
    "basket": _is_basket,
    "price": _is_price,
    "event": _is_kind,
    "title": _is_title,
}
