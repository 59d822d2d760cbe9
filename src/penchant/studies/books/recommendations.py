"""Lists for some readers, with authors and reasons."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.holdout import Rows
from penchant.data.target import Like
from penchant.data.vocabulary import Id
from penchant.explanation import explain_lists
from penchant.features.labels import normalised
from penchant.models import make
from penchant.models.base import Recommender
from penchant.models.protocols import RatesRows
from penchant.studies.books.setup import Found, Setup, rounded
from penchant.studies.books.strong_models import specs
from penchant.studies.study import Conclusion, DataTable, Section

_READERS, _SHOWN, _MANY = 3, 5, 20
_DEEP = 100  # the longest list that works are picked from
_FEWEST, _MOST = 8, 20  # ratings of the readers who are shown
_NEIGHBOURS = "item-knn"
_COLUMNS = ("author", "year")


def recommended(setup: Setup, best: str) -> Found:
    """Lists by the best model and by books that were read together, learned from all ratings."""
    log = setup.log
    counts = log.user_counts
    known = np.flatnonzero((counts >= _FEWEST) & (counts <= _MOST))
    if len(known) < _READERS:
        known = np.flatnonzero(counts > 0)
    drawn = np.random.default_rng(setup.seed).permutation(known)[: _MANY + _READERS]
    ids = log.users.take(drawn[:_READERS]).to_list()
    model = setup.model(specs(setup)[best]).fit(setup.split.train, setup.validation, run=setup.run)
    model = model.refit(log, run=setup.run)
    neighbours = make(_NEIGHBOURS).fit(log, run=setup.run)
    many = picked(setup, model, log.users.take(drawn[_READERS:]).to_list())
    return {
        "readers": [_reader(setup, user) for user in ids],
        "best": [_list(setup, model, user) for user in ids],
        "neighbours": [_list(setup, neighbours, user) for user in ids],
        "distinct": many["work"].n_unique(),
        "lists": many["user"].n_unique(),
    }


def works(log: Dataset) -> pl.DataFrame:
    """Each `item` and its `work`: editions of one book share title and author.

    What stands in brackets or after a colon, such as “: A Novel”, belongs to the edition.
    """
    ids = log.items.ids
    table = log.item_table
    if table is None or "title" not in table.columns:
        return pl.DataFrame({"item": ids, "work": ids.cast(pl.String)})
    head = table["title"].cast(pl.String).str.split(":").list.first()
    said = [normalised(head)]
    said += [normalised(table["author"])] if "author" in table.columns else []
    parts = [part.fill_null("") for part in said]
    work = pl.select(pl.concat_str(parts, separator="|")).to_series()
    unknown = said[0].is_null()  # a book without a title is a work of its own
    return pl.DataFrame({"item": ids, "work": work}).with_columns(
        work=pl.when(unknown).then(pl.col("item").cast(pl.String)).otherwise("work")
    )


def picked(setup: Setup, model: Recommender, users: list[Id]) -> pl.DataFrame:
    """The best books of each `user`, one `item` for each `work`, and none that the user knows."""
    log = setup.log
    known = works(log)
    events = log.events.filter(pl.col("user").is_in(log.users.indices(users)))
    rated = pl.DataFrame(
        {
            "user": log.users.take(events["user"].to_numpy()),
            "work": known["work"].gather(events["item"]),
        }
    )
    return (
        model.recommend(users, _DEEP, run=setup.run)
        .join(known, on="item", how="left", maintain_order="left")
        .join(rated, on=["user", "work"], how="anti", maintain_order="left")
        .unique(["user", "work"], keep="first", maintain_order=True)
        .group_by("user", maintain_order=True)
        .head(_SHOWN)
    )


def _reader(setup: Setup, user: Id) -> Found:
    """Who a reader is, as far as known, and the books that this reader rated highest."""
    log = setup.log
    index = int(log.users.indices([user])[0])
    events = log.events.filter(pl.col("user") == index).sort("rating", descending=True)
    titles = log.titles(events["item"].to_numpy()[:3])
    about: list[str] = []
    if log.user_table is not None:
        row = log.user_table.row(index, named=True)
        about = [str(row[c]) for c in ("age", "city", "country") if row.get(c) not in (None, "")]
    return {
        "user": user,
        "about": ", ".join(about),
        "ratings": len(events),
        "liked": titles,
    }


def _list(setup: Setup, model: Recommender, user: Id) -> Found:
    chosen = picked(setup, model, [user])["item"].to_list()
    lists = explain_lists(model, [user], _SHOWN, reasons=2, candidates=chosen, run=setup.run)
    found: Found = {"title": lists["title"].to_list(), "why": lists["because"].to_list()}
    if isinstance(model, RatesRows) and model.target == Like(setup.like):
        items = model.items_.indices(lists["item"])
        rows = Rows(model.histories_of([user]), np.zeros(len(items), np.int32), items)
        found["chance"] = rounded(model.predict(rows))
    table = setup.log.item_table
    for column in _COLUMNS:
        if table is None or column not in table.columns:
            continue
        told = lists.select("item").join(table, on="item", how="left", maintain_order="left")
        found[column] = told[column].cast(pl.String).to_list()
    return found


def section(best: str, found: Found) -> Section:
    """A table for each reader and each way."""
    sheets = []
    for n, reader in enumerate(found["readers"]):
        who = f"Reader {reader['user']}" + (f" ({reader['about']})" if reader["about"] else "")
        liked = "; ".join(reader["liked"])
        sheets.append(
            _sheet(
                found["best"][n],
                f"{who}, {reader['ratings']} ratings, highest for {liked}. By {best}: the books "
                "with the highest predictions.",
            )
        )
        sheets.append(
            _sheet(
                found["neighbours"][n],
                f"The same reader, by books that were read together ({_NEIGHBOURS}).",
            )
        )
    shown = found["lists"] * _SHOWN
    return Section(
        title="Recommendations for some readers",
        text=f"""
            What the system is for. The readers are drawn by the seed among those with {_FEWEST} to
            {_MOST} ratings, and all models have learned from all ratings. By {best}, a chance is
            that a reader who picks this book will like it; so it was judged above, on books that
            readers had picked. Which books a reader would pick is another question, and the lists
            by books that were read together answer that one, with exact reasons. Of the editions
            of a book one is shown, and none of a book that the reader has rated in another one.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"In the lists of {found['lists']} further readers by {best}, {found['distinct']} "
                f"of {shown} places hold different books: "
                + (
                    "what most readers like is recommended to most."
                    if found["distinct"] < shown / 2
                    else "lists differ from reader to reader."
                ),
            ),
        ),
        tables=tuple(sheets),
        steps=("recommended",),
    )


def _sheet(found: Found, caption: str) -> DataTable:
    columns: dict[str, list[object]] = {"book": found["title"]}
    columns |= {name: found[name] for name in (*_COLUMNS, "chance") if name in found}
    columns["why"] = found["why"]
    frame = pl.DataFrame(columns, infer_schema_length=None)
    return DataTable(frame, caption, {"chance": "percent:1"} if "chance" in columns else {})
