"""A made-up shop's order lines, in the form and with the quirks of a real export."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

_KINDS = (
    *("TEA", "COFFEE", "BREAD", "CHEESE", "SOAP", "CANDLE", "CARD", "TOY", "GLASS", "TOWEL"),
    *("JAM", "BASKET"),
)
_COLOURS = ("RED", "BLUE", "GREEN", "WHITE", "BLACK", "PINK", "IVORY", "SILVER", "LARGE", "SMALL")


def planted_orders(*, n_customers: int = 250, n_months: int = 12, seed: int = 0) -> pl.DataFrame:
    """Order lines of customers who take their staples again and now and then try something.

    Habits change over the year. What is tried comes from the kinds of product that the customer
    takes anyway, two products of a kind are often bought together, and some sell in winter alone.
    A seventh of the orders has no customer, some lines are cancelled by a later invoice that begins
    with C and has a quantity below 0, customers are written as 12345.0, and a few descriptions are
    missing.

    Args:
        n_customers: customers.
        n_months: months of orders, from January 2023.
        seed: decides everything random.

    Returns:
        A frame with `InvoiceNo`, `StockCode`, `Description`, `Quantity`, `InvoiceDate`,
        `UnitPrice`, `CustomerID` (text, null where unknown) and `Country`, by time.
    """
    rng = np.random.default_rng(seed)
    n_kinds, of_kind = len(_KINDS), len(_COLOURS)
    names = [f"{colour} {kind}" for kind in _KINDS for colour in _COLOURS]
    codes = [f"{20_000 + 7 * n}{'AB'[n % 2] if n % 5 == 0 else ''}" for n in range(len(names))]
    prices = np.round(np.exp(rng.normal(0.9, 0.6, len(names))), 2)
    winter = rng.random(len(names)) < 0.1
    start, days = datetime(2023, 1, 1, 8), int(30.4 * n_months)
    rows: list[tuple[str, int, int, datetime, str | None]] = []
    cancelled: list[tuple[str, int, int, datetime, str | None]] = []
    number = 500_000
    for customer in range(n_customers):
        kinds = rng.choice(n_kinds, 3, replace=False)
        staples = rng.choice(kinds, 5) * of_kind + rng.integers(0, of_kind, 5)
        n_orders = int(rng.integers(2, 2 + 2 * n_months // 2))
        for day in np.sort(rng.integers(0, days, n_orders)).tolist():
            number += 1
            moment = start + timedelta(days=day, minutes=int(rng.integers(0, 600)))
            if rng.random() < 0.3:  # habits change
                staples[rng.integers(5)] = rng.choice(kinds) * of_kind + rng.integers(of_kind)
            tried = rng.choice(kinds, 4) * of_kind + rng.integers(0, of_kind, 4)
            taken = [*staples[rng.random(5) < 0.55], *tried[rng.random(4) < 0.4]]
            taken += [item - item % 2 + 1 - item % 2 for item in taken if rng.random() < 0.25]
            cold = moment.month in (11, 12, 1)
            items = sorted({int(item) for item in taken if cold or not winter[item]})
            who = None if rng.random() < 1 / 7 else f"{12_000 + 13 * customer}.0"
            for item in items:
                line = (str(number), item, int(rng.integers(1, 13)), moment, who)
                rows.append(line)
                if who and rng.random() < 0.02:
                    later = moment + timedelta(days=int(rng.integers(1, 10)))
                    cancelled.append(
                        (f"C{number}", item, -int(rng.integers(1, line[2] + 1)), later, who)
                    )
    rows = sorted(rows + cancelled, key=lambda line: line[3])
    described = rng.random(len(rows)) > 0.01
    return pl.DataFrame(
        {
            "InvoiceNo": [line[0] for line in rows],
            "StockCode": [codes[line[1]] for line in rows],
            "Description": [
                names[line[1]] if known else None
                for line, known in zip(rows, described, strict=True)
            ],
            "Quantity": [line[2] for line in rows],
            "InvoiceDate": [line[3] for line in rows],
            "UnitPrice": [float(prices[line[1]]) for line in rows],
            "CustomerID": [line[4] for line in rows],
            "Country": ["United Kingdom"] * len(rows),
        },
        schema_overrides={"CustomerID": pl.String, "Description": pl.String},
    )
