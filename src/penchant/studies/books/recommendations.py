"""Recommend books to some readers, with authors and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from penchant.data import Dataset, Id, Like, Rows
from penchant.explanation import explain_lists
from penchant.features import label_key
from penchant.models import RatesRows, Recommender, make
from penchant.studies.books.alternative_models import specs
from penchant.studies.books.setup import BooksSetup
from penchant.studies.list_users import draw_users, favourites
from penchant.studies.records import predict, rounded
from penchant.studies.study import Conclusion, DataTable, Section

_READERS, _SHOWN, _MANY = 3, 5, 20
_DEEP = 100  # length of the list that works are picked from
_RATINGS = 8, 20  # fewest and most ratings of the readers who are shown
_NEIGHBOURS = "item-knn"
_COLUMNS = ("author", "year")


@dataclass(frozen=True)
class Reader:
    """A reader whose lists are shown.

    Attributes:
        user: the reader's id.
        about: age and place, as far as known.
        ratings: how many there are.
        favourites: the books that this reader rated highest.
    """

    user: Id
    about: str
    ratings: int
    favourites: list[str]


@dataclass(frozen=True)
class BookList:
    """A reader's list by one model.

    Attributes:
        titles: of the books, best first.
        reasons: why each is recommended.
        columns: further columns of the table of books, as far as there are any.
        probabilities: of a like; None where the model gives none.
    """

    titles: list[str]
    reasons: list[str | None]
    columns: dict[str, list[str | None]]
    probabilities: list[float] | None


@dataclass(frozen=True)
class BookLists:
    """Lists by the best model and by books that were read together.

    Attributes:
        readers: who is shown.
        best: their lists by the best model.
        neighbours: their lists by books that were read together.
        n_books: how many different books stand in the lists of further readers.
        n_lists: how many such readers there are.
    """

    readers: list[Reader]
    best: list[BookList]
    neighbours: list[BookList]
    n_books: int
    n_lists: int


def recommend_books(setup: BooksSetup, best: str) -> BookLists:
    """Lists by the best model and by books that were read together, learned from all ratings."""
    log = setup.rated
    drawn = draw_users(log.user_counts, _RATINGS, _READERS, _READERS + _MANY, setup.seed)
    ids = log.users.take(drawn[:_READERS]).to_list()
    model = setup.model(specs(setup)[best]).fit(setup.split.train, setup.validation, run=setup.run)
    model = model.refit(log, run=setup.run)
    neighbours = make(_NEIGHBOURS).fit(log, run=setup.run)
    many = best_works(setup, model, log.users.take(drawn[_READERS:]).to_list())
    return BookLists(
        readers=[_reader(setup, user) for user in ids],
        best=[_list(setup, model, user) for user in ids],
        neighbours=[_list(setup, neighbours, user) for user in ids],
        n_books=many["work"].n_unique(),
        n_lists=many["user"].n_unique(),
    )


def works(log: Dataset) -> pl.DataFrame:
    """Each `item` and its `work`: editions of one book share title and author.

    What stands in brackets or after a colon, such as “: A Novel”, belongs to the edition.
    """
    ids = log.items.ids
    table = log.item_table
    if table is None or "title" not in table.columns:
        return pl.DataFrame({"item": ids, "work": ids.cast(pl.String)})
    head = table["title"].cast(pl.String).str.split(":").list.first()
    keys = [label_key(head)]
    keys += [label_key(table["author"])] if "author" in table.columns else []
    parts = [part.fill_null("") for part in keys]
    work = pl.select(pl.concat_str(parts, separator="|")).to_series()
    unknown = keys[0].is_null()  # a book without a title is a work of its own
    return pl.DataFrame({"item": ids, "work": work}).with_columns(
        work=pl.when(unknown).then(pl.col("item").cast(pl.String)).otherwise("work")
    )


def best_works(setup: BooksSetup, model: Recommender, users: list[Id]) -> pl.DataFrame:
    """The best books of each `user`, one `item` for each `work`, and none that the user knows."""
    log = setup.rated
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


def _reader(setup: BooksSetup, user: Id) -> Reader:
    """Who a reader is, as far as known, and the books that this reader rated highest."""
    log = setup.rated
    index = int(log.users.indices([user])[0])
    about: list[str] = []
    if log.user_table is not None:
        row = log.user_table.row(index, named=True)
        about = [str(row[c]) for c in ("age", "city", "country") if row.get(c) not in (None, "")]
    return Reader(user, ", ".join(about), int(log.user_counts[index]), favourites(log, index))


def _list(setup: BooksSetup, model: Recommender, user: Id) -> BookList:
    candidates = best_works(setup, model, [user])["item"].to_list()
    lists = explain_lists(model, [user], _SHOWN, reasons=2, candidates=candidates, run=setup.run)
    probabilities = None
    if isinstance(model, RatesRows) and model.target == Like(setup.like):
        items = model.items_.indices(lists["item"])
        rows = Rows(model.histories_of([user]), np.zeros(len(items), np.int32), items)
        probabilities = rounded(predict(model, rows))
    table = setup.rated.item_table
    columns = [] if table is None else [name for name in _COLUMNS if name in table.columns]
    if table is not None:
        joined = lists.select("item").join(table, on="item", how="left", maintain_order="left")
    return BookList(
        titles=lists["title"].to_list(),
        reasons=lists["because"].to_list(),
        columns={name: _readable(joined[name]).to_list() for name in columns},
        probabilities=probabilities,
    )


def _readable(values: pl.Series) -> pl.Series:
    """Texts, names in capitals with small letters."""
    texts = values.cast(pl.String)
    capitals = (texts == texts.str.to_uppercase()) & texts.str.contains(r"\pL{3}")
    return texts.zip_with(~capitals.fill_null(False), texts.str.to_titlecase())


def section(best: str, lists: BookLists) -> Section:
    """A table for each reader and each way."""
    sheets = []
    for n, reader in enumerate(lists.readers):
        who = f"Reader {reader.user}" + (f" ({reader.about})" if reader.about else "")
        liked = "; ".join(reader.favourites).rstrip(".")
        sheets.append(
            _table(
                lists.best[n],
                f"{who}, {reader.ratings} ratings, highest for {liked}. By {best}: the books "
                "with the highest predictions.",
            )
        )
        sheets.append(
            _table(
                lists.neighbours[n],
                f"The same reader, by books that were read together ({_NEIGHBOURS}).",
            )
        )
    places = lists.n_lists * _SHOWN
    return Section(
        title="Recommendations for some readers",
        text=f"""
            What the system is for. The readers are drawn by the seed among those with {_RATINGS[0]}
            to {_RATINGS[1]} ratings, and all models have learned from all ratings. The chance
            stated by {best} is that of a reader liking the book once it was picked; so it was
            judged above, on books that readers had picked. Which books a reader would pick is
            another question, and the lists by books that were read together answer that one, with
            exact reasons. Of the editions of a book one is shown, and none of a book that the
            reader has rated in another one.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"In the lists of {lists.n_lists} further readers, {lists.n_books} of {places} "
                "places hold different books: "
                + (
                    "what most readers like is recommended to most."
                    if lists.n_books < places / 2
                    else "lists differ from reader to reader."
                ),
            ),
        ),
        tables=tuple(sheets),
        steps=("recommendations",),
    )


def _table(books: BookList, caption: str) -> DataTable:
    columns: dict[str, list[Any]] = {"book": books.titles, **books.columns}
    if books.probabilities is not None:
        columns["chance"] = books.probabilities
    columns["why"] = books.reasons
    frame = pl.DataFrame(columns, infer_schema_length=None)
    return DataTable(frame, caption, {"chance": "percent:1"} if "chance" in columns else {})
