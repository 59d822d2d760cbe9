"""Lists of new films for some users, with posters and reasons."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.explanation.lists import explain_lists
from penchant.results.gallery import Gallery, GalleryItem
from penchant.studies.fashion.content import best_of, ridge
from penchant.studies.fashion.films import Films
from penchant.studies.fashion.setup import Found, Setup
from penchant.studies.fashion.thumbnails import thumbnail
from penchant.studies.study import Conclusion, Section

TITLE = "New films for some users"
_USERS, _SHOWN, _BEST = 4, 5, 3
_FEWEST, _MOST = 20, 120  # training ratings of the users who are shown


def lists(setup: Setup, films: Films, settings: Found) -> Found:
    """New films for users drawn by the seed, and what they later said of them."""
    log = films.told
    split = films.cold_split(log)
    most = best_of(settings)
    model = ridge(setup, settings, most)
    model.fit(split.train, run=setup.run)
    counts = split.train.user_counts
    asked = np.isin(np.arange(log.n_users), split.test.rows.users)
    usual = np.flatnonzero(asked & (counts >= _FEWEST) & (counts <= _MOST))
    usual = usual if len(usual) >= _USERS else np.flatnonzero(asked & (counts > 0))
    drawn = np.sort(np.random.default_rng(setup.seed).permutation(usual)[:_USERS])
    users = log.users.take(drawn)
    candidates = log.items.take(films.new[0]).to_list()
    frame = explain_lists(
        model, users.to_list(), _SHOWN, reasons=2, candidates=candidates, run=setup.run
    )
    truth = log.events.filter(pl.col("user").is_in(drawn.tolist()))
    given = {
        (int(u), int(i)): float(r) for u, i, r in truth.select("user", "item", "rating").iter_rows()
    }
    found = []
    for at, user in zip(drawn.tolist(), users, strict=True):
        mine = frame.filter(pl.col("user") == user)
        index = log.items.indices(mine["item"])
        found.append(
            {
                "user": str(user),
                "ratings": int(counts[at]),
                "liked": _liked(split.train.events, log.titles(), at),
                "items": [
                    {
                        "title": row["title"],
                        "reason": row["because"],
                        "image": thumbnail(films.posters.get(row["item"])),
                        "rating": given.get((at, int(i))),
                    }
                    for row, i in zip(mine.iter_rows(named=True), index, strict=True)
                ],
            }
        )
    return {"users": found, "by": most}


def _liked(events: pl.DataFrame, titles: list[str], user: int) -> list[str]:
    mine = events.filter(pl.col("user") == user).sort(
        "rating", descending=True, maintain_order=True
    )
    return [titles[i] for i in mine["item"].head(_BEST)]


def _galleries(found: Found) -> tuple[Gallery, ...]:
    """The lists as the page shows them."""
    return tuple(
        Gallery(
            f"User {user['user']}: {user['ratings']} ratings, highest for "
            f"{'; '.join(user['liked'])}",
            tuple(
                GalleryItem(
                    item["title"],
                    item["reason"],
                    item["image"],
                    "" if item["rating"] is None else f"rated {item['rating']:g}",
                )
                for item in user["items"]
            ),
        )
        for user in found["users"]
    )


def section(found: Found, step: str) -> Section:
    """What the lists are; the page shows them with posters."""
    places = [item for user in found["users"] for item in user["items"]]
    hits = [item["rating"] for item in places if item["rating"] is not None]
    pictures = sum(bool(item["image"]) for item in places)
    told = f", {sum(hits) / len(hits):.1f} stars on the mean" if hits else ""
    return Section(
        title=TITLE,
        text=f"""
            Lists for {len(found["users"])} users drawn by the seed, of films that had no rating
            when the model (the ridge on {found["by"]}) was fitted. Reasons are films of the user's
            history with the largest part in the score. Where the user did rate the film, the
            rating stands beside it.
        """,
        conclusions=(
            Conclusion(
                "honest",
                f"{len(hits)} of {len(places)} places hold films that the users rated{told}; "
                f"{pictures} films have a poster.",
            ),
        ),
        steps=(step,),
        galleries=_galleries(found),
    )
