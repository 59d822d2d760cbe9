"""Recommend products: the published list, the same for everybody, and lists of some users."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from penchant.data import Dataset, Id
from penchant.models import Recommender
from penchant.studies.list_users import draw_users, favourites
from penchant.studies.music.regressor import ORIGINAL, RECONSTRUCTED, FirstSplit, HighestRows
from penchant.studies.music.setup import MusicSetup
from penchant.studies.study import Conclusion, DataTable, Section

MODELS = {
    "DNN on the features": "dnn-regressor",
    "DNN on the reconstruction": "dnn-regressor:code_dim=5",
    "products reviewed together": "item-knn",
}
_USERS, _SHOWN, _MANY = 3, 5, 50
_REVIEWS = 5, 20  # fewest and most reviews of the users who are shown


@dataclass(frozen=True)
class ListedUser:
    """A user whose lists are shown.

    Attributes:
        user: the user's id.
        reviews: how many there are.
        mean: of the ratings.
        favourites: the products that this user rated highest.
    """

    user: str
    reviews: int
    mean: float
    favourites: list[str]


@dataclass(frozen=True)
class ProductLists:
    """Lists by one model.

    Attributes:
        titles: of the products, for each user who is shown.
        n_lists: how many different lists all users get.
        n_products: how many different products stand in them.
        never_reviewed: the share of places that hold a product without a review.
    """

    titles: list[list[str]]
    n_lists: int
    n_products: int
    never_reviewed: float


@dataclass(frozen=True)
class MusicLists:
    """Lists by several models.

    Attributes:
        users: who is shown.
        n_users: how many users get lists.
        models: their lists, by model.
    """

    users: list[ListedUser]
    n_users: int
    models: dict[str, ProductLists]


def recommend_products(setup: MusicSetup) -> MusicLists:
    """Lists by the honest networks, learned from all reviews, and by who reviewed what together."""
    log, split = setup.log, setup.honest_split
    drawn = draw_users(log.user_counts, _REVIEWS, _USERS, _USERS + _MANY, setup.seed)
    ids = log.users.take(drawn).to_list()
    models = {}
    for name, spec in setup.run.track(MODELS.items(), "models", len(MODELS)):
        model = setup.model(spec)
        if "epochs" in model.params():  # how many is decided on validation rows
            model = model.fit(split.train, split.validation, run=setup.run)
            model = model.refit(log, run=setup.run)
        else:
            model = model.fit(log, run=setup.run)
        models[name] = _lists(setup, model, ids)
    users = [_user(log, user, int(index)) for user, index in zip(ids, drawn[:_USERS], strict=False)]
    return MusicLists(users, len(ids), models)


def _user(log: Dataset, user: Id, index: int) -> ListedUser:
    ratings = log.events.filter(pl.col("user") == index)["rating"]
    mean = float(ratings.mean() or 0.0)  # type: ignore[arg-type]
    return ListedUser(str(user), len(ratings), mean, favourites(log, index))


def _lists(setup: MusicSetup, model: Recommender, users: list[Id]) -> ProductLists:
    """Titles for those shown, and how much lists differ from user to user."""
    log = setup.log
    frame = model.recommend(users, _SHOWN, run=setup.run)
    indices = log.items.indices(frame["item"])
    together = frame.sort("user", "rank").group_by("user").agg("item")
    return ProductLists(
        titles=[
            log.titles(log.items.indices(frame.filter(pl.col("user") == user)["item"]))
            for user in users[:_USERS]
        ],
        n_lists=together["item"].n_unique(),
        n_products=frame["item"].n_unique(),
        never_reviewed=float((log.item_counts[indices] == 0).sum() / max(len(frame), 1)),
    )


def section(published: FirstSplit, lists: MusicLists) -> Section:
    """The published list, and each user's own."""
    tables = [
        DataTable(
            _published_frame(published.lists[name]),
            f"The published list, by the {kind}: the review rows with the highest predictions of "
            "the whole table.",
            {"rating given": "fixed:0", "predicted": "fixed:2"},
        )
        for name, kind in ((ORIGINAL, "features"), (RECONSTRUCTED, "reconstruction"))
    ]
    ways = [
        {
            "by": name,
            "users": lists.n_users,
            "different lists": model.n_lists,
            "different products": model.n_products,
            "places without a review": model.never_reviewed,
        }
        for name, model in lists.models.items()
    ]
    tables.append(
        DataTable(
            pl.DataFrame(ways),
            "Lists of users' own: how they differ, and how many places hold products that nobody "
            "has reviewed.",
            {"places without a review": "percent"},
        )
    )
    for n, user in enumerate(lists.users):
        columns: dict[str, list[object]] = {"place": [str(n) for n in range(1, _SHOWN + 1)]}
        for name, model in lists.models.items():
            titles = model.titles[n]
            columns[name] = [*titles, *[None] * (_SHOWN - len(titles))]
        tables.append(
            DataTable(
                pl.DataFrame(columns, infer_schema_length=None),
                f"For user {user.user}, {user.reviews} reviews with {user.mean:.1f} stars "
                f"on average, highest for {'; '.join(user.favourites)}.",
            )
        )
    return Section(
        title="Recommendations",
        text=f"""
            As published, everybody's review rows are ordered by their predictions and the first
            five are called the recommendation: rows of users who have the product already, the
            same for everybody, with predictions that may leave the scale (published: up to 5.18).

            Below stand lists for {len(lists.users)} users drawn by the seed, of products that
            they have not reviewed: by the network on honest features and on their reconstruction,
            which have learned from all reviews, and by what was reviewed together. The networks
            say how many stars a user would give; which product a user would take is another
            question, and the section on products alike has judged that.
        """,
        conclusions=tuple(_conclusions(published, lists)),
        tables=tuple(tables),
        steps=("regressor", "lists"),
    )


def _published_frame(rows: HighestRows) -> pl.DataFrame:
    columns = {name.replace("_", " "): values for name, values in vars(rows).items()}
    return pl.DataFrame(columns)


def _conclusions(published: FirstSplit, lists: MusicLists) -> list[Conclusion]:
    rows = [published.lists[name] for name in (ORIGINAL, RECONSTRUCTED)]
    users = len({user for each in rows for user in each.reviewed_by})
    highest = max(published.highest.values())
    return [
        Conclusion(
            "as published",
            f"The published lists name reviews that {users} users had written already, the same "
            f"for everybody, with predictions of up to {highest:.2f} stars.",
        ),
        *(
            Conclusion(
                "honest",
                f"By the {name.replace('products', 'products that were')}, {lists.n_users} users "
                + (
                    f"get {model.n_lists} different lists."
                    if model.n_lists > 1
                    else "all get the same list."
                ),
            )
            for name, model in lists.models.items()
        ),
    ]
