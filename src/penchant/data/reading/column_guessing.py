"""Choose which columns of a source are the user, the item, the rating and other roles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from penchant.data.reading.column_contents import refusal_of_guess, roles_by_content
from penchant.data.reading.column_names import ROLES, plain_name, roles_by_name
from penchant.data.reading.listed_items import refuse_listed_items
from penchant.data.reading.records import RawRecords
from penchant.data.reading.shop_columns import (
    SHOP_ROLES,
    ShopColumns,
    is_amount,
    is_quantity,
    shop_columns,
)
from penchant.errors import DataError

ColumnChoice = str | int | bool | None
"""A column's name or position from 0; None guesses the column, False reads none."""


class ChosenColumns(NamedTuple):
    """The columns of a log.

    Attributes:
        columns: the column of each role.
        guessed: the roles whose columns were guessed, but for those that are called like them.
        rejected: as in `ShopColumns`.
    """

    columns: dict[str, str]
    guessed: tuple[str, ...]
    rejected: tuple[tuple[str, str], ...]


def choose_columns(
    records: RawRecords,
    choices: Mapping[str, ColumnChoice],
    needed: Collection[str] = (),
) -> ChosenColumns:
    """The column of each role, and the roles whose columns were guessed.

    Columns are guessed from their names, and from their contents where they have no names. Those
    of quantities, baskets, prices, kinds of events and titles are looked for where there are no
    ratings; users, items and times by their names in shops where they have none of the usual ones.
    There may be no user where there are baskets.

    Args:
        records: of the source.
        choices: what was asked for.
        needed: roles that are looked for in any case.

    Raises:
        DataError: a column asked for does not exist, is asked for twice, the user or item
            column is not recognised, or items stand in lists in its cells.
    """
    names, source = records.frame.columns, records.source
    requested = {
        role: requested_column(choice, role, names, source)
        for role, choice in choices.items()
        if choice is not None and not isinstance(choice, bool)
    }
    taken = list(requested.values())
    repeated = next((column for column in taken if taken.count(column) > 1), None)
    if repeated is not None:
        roles = " and ".join(role for role, column in requested.items() if column == repeated)
        raise DataError(f"{source}: the column {repeated!r} cannot be both {roles}.")
    free = [name for name in names if name not in taken]
    rejected: tuple[tuple[str, str], ...] = ()
    if records.has_header:
        candidates, rejected = _candidates(records, free, requested, choices, needed)
    else:
        refusal = refusal_of_guess(records.frame, has_header=False)
        if refusal is not None and not {"user", "item"} <= requested.keys():
            raise DataError(f"{source} {refusal}.")
        candidates = roles_by_content(free, records.frame)
        if "user" in requested and "item" not in {**requested, **candidates}:
            candidates = {"item" if r == "user" else r: c for r, c in candidates.items()}
    guessed = {
        role: column
        for role, column in candidates.items()
        if role not in requested and choices.get(role) is not False
    }
    chosen = requested | guessed
    if records.has_header:
        asked = "item" in requested
        refuse_listed_items(records.frame, chosen.get("item"), source, asked=asked)
    columns = {role: chosen[role] for role in ROLES if role in chosen}
    for role in ("user", "item"):
        if role not in columns and not (role == "user" and "basket" in columns):
            refusal = refusal_of_guess(records.frame, has_header=records.has_header)
            if refusal is not None and role == "item":
                raise DataError(f"{source} {refusal}.")
            listed = ", ".join(repr(n) for n in names[:30]) + (" …" if len(names) > 30 else "")
            raise DataError(
                f"{source}: no {role} column was recognised among {listed}; "
                f"say which it is with {role}='…' (--{role} …)."
            )
    named_otherwise = (r for r in columns if r in guessed and plain_name(columns[r]) != r)
    return ChosenColumns(columns, tuple(named_otherwise), rejected)


def _candidates(
    records: RawRecords,
    free: Sequence[str],
    requested: Mapping[str, str],
    choices: Mapping[str, ColumnChoice],
    needed: Collection[str],
) -> ShopColumns:
    """The columns that have usual names."""
    candidates = roles_by_name(free)
    candidates.pop("quantity", None)  # of order lines alone
    unwanted = {role for role, choice in choices.items() if choice is False}
    if is_quantity(requested.get("weight", "")):
        unwanted.add("quantity")
    if "rating" in candidates and is_amount(candidates["rating"], free):
        del candidates["rating"]
    has_ratings = "rating" in requested or "rating" in candidates.keys() - unwanted
    if has_ratings:
        # Those that say who, what and when may be called as in shops, too.
        needed = {*needed, *({"user", "item", "time"} - candidates.keys())}
        looked_for = [role for role in SHOP_ROLES if role in needed]
        taken = {**requested, **candidates}
        rest = [name for name in free if name not in candidates.values()]
        shop = shop_columns(records, rest, taken, looked_for)
        return shop._replace(guessed=candidates | shop.guessed)
    looked_for = [role for role in SHOP_ROLES if role not in unwanted]
    shop = shop_columns(records, free, requested, looked_for)
    others = {role: candidates[role] for role in ("rating", "text") if role in candidates}
    others = {role: name for role, name in others.items() if name not in shop.guessed.values()}
    return shop._replace(guessed=shop.guessed | others)


def requested_column(choice: str | int, role: str, names: Sequence[str], source: str) -> str:
    """The column that is asked for by name, by a name alike or by position.

    Raises:
        DataError: there is none.
    """
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
