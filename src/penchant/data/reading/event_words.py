"""Words by which exports call kinds of events and states of orders."""

from __future__ import annotations

import re
import unicodedata

from penchant.wording import folded

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


def plain_word(word: object) -> str:
    """A word without case, punctuation and accents, umlauts as two letters."""
    text = unicodedata.normalize("NFC", str(word)).casefold().translate(_UMLAUTS)
    return re.sub(r"[\W_]+", "", folded(text))


def _words(text: str) -> frozenset[str]:
    return frozenset(map(plain_word, text.split()))


RETURN = _words(
    "refund refunds return returns retoure retouren retour gutschrift rückgabe rücksendung "
    "rückerstattung erstattung retourengutschrift creditnote creditmemo chargeback reversal "
    "salesreturn customerreturn productreturn orderrefund refundorder returnorder remboursement "
    "avoir notedecrédit devolución notadecrédito reembolso reso rimborso devolução"
)
"""A line of its own that takes a purchase back."""

CANCELLED = _words(
    "cancel cancelled canceled cancellation cancelation void voided refunded returned storno "
    "storniert stornierung reversed annulliert retourniert zurückgesendet zurückgeschickt "
    "zurückgegeben erstattet rückerstattet gutgeschrieben abgebrochen widerrufen annulé annulée "
    "retourné retournée remboursé remboursée renvoyé renvoyée cancelado cancelada anulado anulada "
    "devuelto devuelta reembolsado reembolsada annullato rimborsato restituito ordercancelled "
    "ordercanceled orderrefunded orderreturned itemreturned itemrefunded purchasereturned "
    "purchaserefunded"
)
"""What became of an order that was taken back."""

PURCHASE = _words(
    "purchase purchased purchases sale sales sold buy bought order ordered orders transaction paid "
    "payment completed complete invoice invoiced charge charged capture shipped delivered verkauf "
    "kauf bestellung rechnung lieferung vente achat commande venta compra pedido vendita acquisto "
    "venda"
)
"""A line that is a purchase."""

STANDING = PURCHASE | _words(
    "fulfilled unfulfilled processing pending open new approved confirmed accepted authorized "
    "authorised created placed received closed done success successful ok onhold intransit "
    "partiallyshipped partiallyfulfilled partiallypaid readytoship readyforpickup pickedup "
    "bezahlt versendet versandt verschickt geliefert ausgeliefert zugestellt abgeholt "
    "abgeschlossen erledigt fertig offen neu bestätigt inbearbeitung inzustellung bestellt "
    "fakturiert abgerechnet verkauft gekauft teilgeliefert teilversendet payé payée expédié "
    "expédiée livré livrée terminé terminée confirmé confirmée validé validée encours enattente "
    "pagado pagada enviado enviada entregado entregada completado completada confirmado "
    "confirmada pendiente enproceso procesando facturado facturada pagato spedito consegnato "
    "completato"
)
"""The state of an order that was not taken back."""

_SHOP = tuple(
    map(
        _words,
        (
            "impression impressions exposure",
            "view views viewed pageview productview itemview viewitem detailview click clicks "
            "clicked pv ansicht aufruf klick vue clic vista",
            "fav favorite favourite like liked wishlist addtowishlist merkliste wunschliste",
            "cart addtocart addedtocart basket addtobasket warenkorb panier carrito",
            "begincheckout checkout",
            " ".join(PURCHASE),
        ),
    )
)
_LIBRARY = tuple(
    map(
        _words,
        (
            "hold holds reserve reserved reservation reservations request requested vormerkung "
            "reservierung vorbestellung réservation reserva",
            "renew renews renewed renewal renewals verlängerung verlängert prolongation "
            "renouvellement renovación",
            "checkout checkouts checkedout loan loans loaned borrow borrowed issue issued ausleihe "
            "ausleihen ausgeliehen entleihung leihe prêt emprunt préstamo",
        ),
    )
)
_NOTHING = (
    RETURN
    | CANCELLED
    | _words(
        "checkin checkins checkedin discharge discharged zurück removefromcart removedfromcart "
        "retiré devuelve"
    )
)
"""Kinds of events that do not speak for an item."""


def ranks(kinds: list[str]) -> dict[str, int] | None:
    """How much kinds of events say, from 1 for those that say least.

    Args:
        kinds: as they are written.

    Returns:
        The rank of each kind but those that say nothing for an item, such as returns; None where
        the order of one is not known.
    """
    plain = {kind: plain_word(kind) for kind in kinds}
    wanted = {kind: word for kind, word in plain.items() if word not in _NOTHING}
    for steps in (_SHOP, _LIBRARY):
        places = {k: n for k, w in wanted.items() for n, step in enumerate(steps) if w in step}
        if len(places) == len(wanted) > 0:
            present = sorted(set(places.values()))
            by_rank = sorted(places.items(), key=lambda pair: pair[1])
            return {kind: present.index(place) + 1 for kind, place in by_rank}
    return None
