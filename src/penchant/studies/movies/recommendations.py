"""Recommendations with reasons for the first user, and what a network remembers of its past."""

from __future__ import annotations

import time

import numpy as np
import polars as pl

from penchant.data.target import Like
from penchant.explanation import explain_lists
from penchant.models.attributes.per_user import PerUserNetwork
from penchant.models.base import Recommender
from penchant.models.protocols import RatesRows
from penchant.studies.movies.setup import LIKE, Found, Setup, alone, per_cent, questions
from penchant.studies.study import Conclusion, DataTable, Section

_SHOWN = 5
_NETWORK = "modified LSTM"


def shown(model: Recommender, setup: Setup) -> Found:
    """The first user's list with genres and reasons, and how many unseen films are liked."""
    log, user = setup.log, setup.log.users[setup.first]
    lists = explain_lists(model, [user], _SHOWN)
    table = log.item_table
    assert table is not None  # genres are in it
    genres = lists.select("item").join(table, on="item", how="left", maintain_order="left")
    names = genres["genres"].cast(pl.List(pl.String)).list.join(", ").to_list()
    asked = questions(model, user, _unseen(setup))
    assert isinstance(model, RatesRows)
    chances = isinstance(model.target, Like)
    likes = model.predict(asked) >= (0.5 if chances else LIKE)
    return {
        "titles": lists["title"].to_list(),
        "genres": names,
        "because": lists["because"].to_list(),
        "likes": int(likes.sum()),
        "unseen": len(likes),
    }


def _unseen(setup: Setup) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    seen = setup.log.events.filter(pl.col("user") == setup.first)["item"].to_numpy()
    return np.setdiff1d(np.arange(setup.log.n_items, dtype=np.int32), seen)


def memory(setup: Setup) -> Found:
    """A network of the first user: trained, updated with newer ratings, and put back again."""
    log, user = setup.log, setup.log.users[setup.first]
    events = log.events.filter(pl.col("user") == setup.first).sort("row")
    whole = alone(log.subset(np.flatnonzero(log.events["user"].to_numpy() == setup.first)))
    whole = whole.subset(np.argsort(whole.events["row"].to_numpy(), kind="stable"))
    n_train = int(0.65 * len(events))
    before, after = whole.subset(np.arange(n_train)), whole.subset(np.arange(n_train, len(whole)))
    unseen = _unseen(setup)
    liked = whole.ratings >= LIKE
    states = []

    def note(what: str, model: PerUserNetwork, events: int, seconds: float | None) -> None:
        chances = model.predict(questions(model, user, unseen))
        own = model.predict(questions(model, user, whole.events["item"].to_numpy())) >= 0.5
        states.append(
            {
                "state": what,
                "ratings": events,
                "likes": int((chances >= 0.5).sum()),
                "dislikes": int((chances < 0.5).sum()),
                "mean chance": float(chances.mean(dtype=np.float64)),
                "right": float((own == liked).mean()),
                "time": seconds,
            }
        )
        said.append(chances)

    said: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
    model = setup.network(_NETWORK)
    assert isinstance(model, PerUserNetwork)
    model.fit(before, run=setup.run)
    note(f"trained on the first {n_train}", model, n_train, model.fit_seconds_)
    start = time.perf_counter()
    model.update(after, run=setup.run)
    note(f"updated with {len(after)} newer ones", model, len(whole), time.perf_counter() - start)
    kept = model.earlier_states(user)
    start = time.perf_counter()
    model.recall(user, int(kept["state"][-1]))
    note("earlier state recalled", model, int(kept["events"][-1]), time.perf_counter() - start)
    anew = setup.network(_NETWORK).fit(whole, run=setup.run)
    assert isinstance(anew, PerUserNetwork)
    note("trained anew on all", anew, len(whole), anew.fit_seconds_)
    return {
        "states": states,
        "same": bool(np.array_equal(said[0], said[2])),
        "epochs": [model.epochs, model.update_epochs],
        "recommended": shown(anew, setup),
    }


def section(setup: Setup, by_shared: Found, remembered: Found) -> Section:
    """Lists for a person, with reasons, and a network's past.

    Args:
        setup: what the study is about.
        by_shared: what shared models recommend, the best one on validation rows first.
        remembered: what `memory` gives.
    """
    best, by_best = next(iter(by_shared.items()))
    user = setup.log.users[setup.first]
    by_own = remembered["recommended"]
    states = pl.DataFrame(remembered["states"], infer_schema_length=None)
    trained, updated = remembered["epochs"]
    same = "exactly the chances that it gave before" if remembered["same"] else "other chances"
    conclusions = (
        Conclusion(
            "honest",
            f"Of {by_best['unseen']:,} films that user {user} has not rated, {best} calls "
            f"{by_best['likes']:,} likes; the {_NETWORK} of this user alone calls "
            f"{by_own['likes']:,} ({per_cent(by_own['likes'] / by_own['unseen'], 1)}) likes.",
        ),
        Conclusion(
            "honest",
            f"An update goes on from the network's weights ({updated} epochs in place of "
            f"{trained}), and keeps those that it had: put back, the network gives {same}.",
        ),
    )
    return Section(
        title="Recommendations for one user",
        text=f"""
            What the systems are for: every film that user {user} has not rated is called a like or
            a dislike, and the likes are ordered by confidence. Shown are the first {_SHOWN} with
            genres and the reasons that each model can give: by {best}, the best on validation rows
            of the models that all users share; by one of these that knows genres, where that is
            another one; and by the published network of this user alone. All have learned
            from all ratings.
        """,
        conclusions=conclusions,
        tables=(
            *(
                _list(found, f"By {name}, one model for all users.")
                for name, found in by_shared.items()
            ),
            _list(by_own, f"By the {_NETWORK}, a network of user {user} alone."),
            DataTable(
                states,
                f"The {_NETWORK} of user {user} as ratings come in: unseen films by answer, and "
                "the share of the user's own ratings that are answered rightly.",
                {"mean chance": "percent:2", "right": "percent:1", "time": "duration"},
            ),
        ),
        steps=("shared", "memory"),
    )


def _list(found: Found, caption: str) -> DataTable:
    frame = pl.DataFrame(
        {
            "film": found["titles"],
            "genres": found["genres"],
            "why": found["because"],
        },
        schema={"film": pl.String, "genres": pl.String, "why": pl.String},
    )
    return DataTable(frame, caption)
