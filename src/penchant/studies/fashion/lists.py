"""Recommend new films to some users, with posters and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.explanation import explain_lists
from penchant.results import Gallery, GalleryItem
from penchant.studies.fashion.content import RidgeSettings, best_of, ridge
from penchant.studies.fashion.film_log import FilmLog
from penchant.studies.fashion.setup import FashionSetup
from penchant.studies.fashion.thumbnails import thumbnail
from penchant.studies.list_users import draw_users, favourites
from penchant.studies.study import Conclusion, Section

TITLE = "New films for some users"
_USERS, _SHOWN = 4, 5
_RATINGS = 20, 120  # fewest and most training ratings of the users who are shown


@dataclass(frozen=True)
class ListedFilm:
    """A film in a user's list.

    Attributes:
        title: of the film.
        reason: why it is recommended.
        image: a small poster as a data URI, empty without one.
        rating: that the user gave; None where there is none.
    """

    title: str
    reason: str
    image: str
    rating: float | None


@dataclass(frozen=True)
class FilmUser:
    """A user with a list of new films.

    Attributes:
        user: the user's id.
        ratings: training ratings.
        favourites: the films that this user rated highest.
        films: the list.
    """

    user: str
    ratings: int
    favourites: list[str]
    films: list[ListedFilm]


@dataclass(frozen=True)
class FilmLists:
    """Lists of new films.

    Attributes:
        users: who is shown.
        model: the ridge that recommends.
    """

    users: list[FilmUser]
    model: str


def recommend_new_films(
    setup: FashionSetup, films: FilmLog, settings: Mapping[str, RidgeSettings]
) -> FilmLists:
    """New films for users drawn by the seed, and how they rated them."""
    log = films.full_log
    split = films.cold_split(log)
    best = best_of(settings)
    model = ridge(setup, settings[best])
    model.fit(split.train, run=setup.run)
    counts = split.train.user_counts
    tested = np.isin(np.arange(log.n_users), split.test.rows.users)
    drawn = np.sort(draw_users(counts, _RATINGS, _USERS, _USERS, setup.seed, among=tested))
    users = log.users.take(drawn)
    candidates = log.items.take(films.cold_items[0]).to_list()
    frame = explain_lists(
        model, users.to_list(), _SHOWN, reasons=2, candidates=candidates, run=setup.run
    )
    events = log.events.filter(pl.col("user").is_in(drawn.tolist()))
    ratings = {
        (int(u), int(i)): float(r)
        for u, i, r in events.select("user", "item", "rating").iter_rows()
    }
    listed = []
    for at, user in zip(drawn.tolist(), users, strict=True):
        rows = frame.filter(pl.col("user") == user)
        items = log.items.indices(rows["item"])
        listed.append(
            FilmUser(
                user=str(user),
                ratings=int(counts[at]),
                favourites=favourites(split.train, at),
                films=[
                    ListedFilm(
                        title=row["title"],
                        reason=row["because"],
                        image=thumbnail(films.posters.get(row["item"])),
                        rating=ratings.get((at, int(i))),
                    )
                    for row, i in zip(rows.iter_rows(named=True), items, strict=True)
                ],
            )
        )
    return FilmLists(listed, best)


def _gallery(user: FilmUser) -> Gallery:
    """A list as the page shows it."""
    return Gallery(
        f"User {user.user}: {user.ratings} ratings, highest for {'; '.join(user.favourites)}",
        tuple(
            GalleryItem(
                film.title,
                film.reason,
                film.image,
                "" if film.rating is None else f"rated {film.rating:g}",
            )
            for film in user.films
        ),
    )


def section(lists: FilmLists) -> Section:
    """The lists with posters, and how many of the films their users rated."""
    films = [film for user in lists.users for film in user.films]
    rated = [film.rating for film in films if film.rating is not None]
    pictures = sum(bool(film.image) for film in films)
    return Section(
        title=TITLE,
        text=f"""
            Lists for {len(lists.users)} users drawn by the seed, of films that had no rating
            when the model (the ridge on {lists.model}) was fitted. Reasons are films of the user's
            history with the largest part in the score. Where the user did rate the film, the
            rating stands beside it. Posters of {pictures} of the {len(films)} films are at hand.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"Of {len(films)} places {len(rated)} hold films that the users rated.",
            ),
            *(
                [
                    Conclusion(
                        "honest",
                        "Films of these lists that their users rated got "
                        f"{sum(rated) / len(rated):.1f} stars on the mean.",
                    )
                ]
                if rated
                else []
            ),
        ),
        steps=("lists",),
        galleries=tuple(_gallery(user) for user in lists.users),
    )
