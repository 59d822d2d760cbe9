"""Lists: the published one, which is the same for everybody, and real ones for some users."""

from __future__ import annotations

import numpy as np
import polars as pl

from penchant.data.vocabulary import Id
from penchant.models.base import Recommender
from penchant.studies.music.regressor import ORIGINAL, RECONSTRUCTED
from penchant.studies.music.setup import Found, Setup, rounded
from penchant.studies.study import Conclusion, DataTable, Section

WAYS = {
    "DNN on the features": "dnn-regressor",
    "DNN on the reconstruction": "dnn-regressor:code_dim=5",
    "products reviewed together": "item-knn",
}
_USERS, _SHOWN, _MANY = 3, 5, 50
_FEWEST, _MOST = 5, 20  # ratings of the users who are shown


def lists(setup: Setup) -> Found:
    """Lists by the honest networks, learned from all reviews, and by who reviewed what together."""
    log, split = setup.log, setup.honest_split
    counts = log.user_counts
    known = np.flatnonzero((counts >= _FEWEST) & (counts <= _MOST))
    known = known if len(known) >= _USERS else np.flatnonzero(counts > 0)
    drawn = np.random.default_rng(setup.seed).permutation(known)[: _USERS + _MANY]
    ids = log.users.take(drawn).to_list()
    found: Found = {"users": [_user(setup, user) for user in ids[:_USERS]], "ways": {}}
    found["many"] = len(ids)
    for way, spec in WAYS.items():
        model = setup.model(spec)
        if "epochs" in model.params():  # how many is decided on validation rows
            model = model.fit(split.train, split.validation, run=setup.run)
            model = model.refit(log, run=setup.run)
        else:
            model = model.fit(log, run=setup.run)
        found["ways"][way] = _lists(setup, model, ids)
    return found


def _user(setup: Setup, user: Id) -> Found:
    log = setup.log
    mine = log.events.filter(pl.col("user") == int(log.users.indices([user])[0]))
    best = mine.sort("rating", descending=True, maintain_order=True)
    titles = dict.fromkeys(log.titles(best["item"].to_numpy()))
    return {
        "user": str(user),
        "ratings": len(mine),
        "mean": float(mine["rating"].mean() or 0.0),  # type: ignore[arg-type]
        "liked": list(titles)[:3],
    }


def _lists(setup: Setup, model: Recommender, users: list[Id]) -> Found:
    """Titles and scores for those shown, and how much lists differ from user to user."""
    frame = model.recommend(users, _SHOWN, run=setup.run)
    log = setup.log
    shown = []
    for user in users[:_USERS]:
        mine = frame.filter(pl.col("user") == user)
        index = log.items.indices(mine["item"])
        shown.append(
            {
                "title": log.titles(index),
                "score": rounded(mine["score"]),
                "reviews": log.item_counts[index].tolist(),
            }
        )
    places = max(len(frame), 1)
    unrated = log.item_counts[log.items.indices(frame["item"])] == 0
    together = frame.sort("user", "rank").group_by("user").agg("item")
    return {
        "shown": shown,
        "places": len(frame),
        "different": frame["item"].n_unique(),
        "lists": together["item"].n_unique(),
        "never reviewed": float(unrated.sum() / places),
    }


def section(setup: Setup, published: Found, found: Found) -> Section:
    """The published list, and each user's own."""
    sheets = [
        DataTable(
            pl.DataFrame({n: values for n, values in published[name].items() if n != "highest"}),
            f"The published list, by the {said}: the review rows with the highest predictions of "
            "the whole table.",
            {"rating given": "fixed:0", "predicted": "fixed:2"},
        )
        for name, said in ((ORIGINAL, "features"), (RECONSTRUCTED, "reconstruction"))
    ]
    for n, user in enumerate(found["users"]):
        columns: dict[str, list[object]] = {"place": list(range(1, _SHOWN + 1))}
        for way, told in found["ways"].items():
            titles = told["shown"][n]["title"]
            columns[way] = [*titles, *[None] * (_SHOWN - len(titles))]
        sheets.append(
            DataTable(
                pl.DataFrame(columns, infer_schema_length=None),
                f"For user {user['user']}, {user['ratings']} reviews with {user['mean']:.1f} stars "
                f"on the mean, highest for {'; '.join(user['liked'])}.",
            )
        )
    return Section(
        title="Recommendations",
        text=f"""
            As published, everybody's review rows are ordered by their predictions and the first
            five are called the recommendation: rows of users who have the product already, the
            same for everybody, with predictions that may leave the scale (published: up to 5.18).

            Below stand lists for {len(found["users"])} users drawn by the seed, of products that
            they have not reviewed: by the network on honest features and on their reconstruction,
            which have learned from all reviews, and by what was reviewed together. The networks
            say how many stars a user would give; which product a user would take is another
            question, and the section on products alike has judged that.
        """,
        conclusions=tuple(_conclusions(published, found)),
        tables=tuple(sheets),
        steps=("regressor", "lists"),
    )


def _conclusions(published: Found, found: Found) -> list[Conclusion]:
    first, second = published[ORIGINAL], published[RECONSTRUCTED]
    people = len(set(first["reviewed by"]) | set(second["reviewed by"]))
    products = len(set(first["product"]) | set(second["product"]))
    said = [
        Conclusion(
            "as published",
            f"The highest predictions are {first['highest']:.2f} on the features and "
            f"{second['highest']:.2f} on the reconstruction; the rows are reviews that {people} "
            f"users had written already, of {products} products.",
        )
    ]
    for way, told in found["ways"].items():
        said.append(
            Conclusion(
                "honest",
                f"By the {way.replace('products', 'products that were')}, {found['many']} users "
                f"get {told['lists']} different lists of {told['different']} products; "
                f"{told['never reviewed']:.0%} of the places hold products without a review.",
            )
        )
    return said
