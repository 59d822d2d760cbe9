"""The published autoencoder: its loss beside that of zeros, and what it says of unseen ratings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.splits import split_random
from penchant.evaluation import evaluate_predictions
from penchant.models import Autoencoder
from penchant.results.tables import Table
from penchant.studies.movies.setup import LIKE, Found, Setup, answers, row_scores
from penchant.studies.study import Conclusion, EvaluationSummary, Section, lines

_MASKED = {"AutoRec by user": "autorec:axis=user", "AutoRec by item": "autorec"}
_USER_MEAN = "the user's mean"
_TRIVIAL = {"mean of all": "global-mean", _USER_MEAN: "user-mean", "biases": "bias"}
_ZERO = "zero"
_PLAIN = "autoencoder as published"


def autoencoder(setup: Setup) -> Found:
    """Train on four fifths of the users, as published, and test on the others."""
    log = setup.rated
    others = np.delete(np.arange(log.n_users), setup.first)
    order = np.random.default_rng(setup.seed).permutation(others)
    tested = np.isin(log.events["user"].to_numpy(), order[: round(log.n_users / 5)])
    train, test = log.subset(~tested), log.subset(tested)
    # The same events are known and asked for: whole vectors go in and are to come out again.
    vectors = Holdout.of(test, test)
    model = Autoencoder(epochs=setup.autoencoder_epochs, seed=setup.seed)
    model.fit(train, vectors, run=setup.run)
    mine = log.events.filter(pl.col("user") == setup.first).sort("row")["item"].to_numpy()
    known = model.histories_of([log.users[setup.first]])
    learned = int((train.user_counts > 0).sum())
    return {
        "users": learned,
        "items": log.n_items,
        "zeros": model.loss_of_zeros(vectors.histories),
        "training": [row["loss"] for row in model.curve_],
        "test": [row["validation_loss"] for row in model.curve_],
        "first_user": {
            "scores": model.scores(known)[0, mine],
            "cut": LIKE,
            "seconds": model.fit_seconds_,
        },
        "unseen": _unseen(setup, model, train, test),
    }


def _unseen(setup: Setup, model: Autoencoder, train: Dataset, test: Dataset) -> Table:
    """What models say of a tenth of the ratings of users that they have not learned from."""
    rows = split_random(test, validation=0, test=0.1, seed=setup.seed).test
    columns = {_PLAIN: row_scores(model, rows.rows), _ZERO: np.zeros(len(rows), np.float32)}
    for name, spec in (_MASKED | _TRIVIAL).items():
        columns[name] = answers(setup.model(spec).fit(train, run=setup.run), rows)
    asked = pl.DataFrame({"user": rows.rows.users, "rating": rows.ratings, **columns})
    return evaluate_predictions(
        asked,
        ["rmse", "mae"],
        trivial=[_ZERO, *_TRIVIAL],
        replicates=setup.replicates,
        seed=setup.seed,
    )


def section(setup: Setup, found: Found) -> Section:
    """The loss that was reported, and the question that a recommender is asked."""
    test, zeros = found["test"], found["zeros"]
    compared = EvaluationSummary.load(found["unseen"])
    compared = replace(compared, title="Ratings that were left out, of users not learned from")
    figures = {e.name: e.metrics["rmse"].value for e in compared.tables["rating"].entries}
    epochs = len(test)
    ninth = test[min(9, epochs) - 1]
    conclusions = [
        Conclusion(
            "as published",
            "The published log of test losses goes from 58.0 to 10.3 by epoch 9; here from "
            f"{test[0]:.1f} to {ninth:.1f} by epoch {min(9, epochs)}, and to {test[-1]:.2f} by "
            f"epoch {epochs}.",
        ),
        Conclusion(
            "trap",
            f"Saying 0 for every film has a test loss of {zeros:.2f} on the same scale, because "
            "nearly all entries are films that were not seen, and those are 0. After "
            f"{epochs} epochs the published network is {_beside(test[-1], zeros)}.",
        ),
        Conclusion(
            "honest",
            "Asked for ratings that were left out of a user's vector, it is off by "
            f"{figures[_PLAIN]:.2f} stars (RMSE), saying 0 by {figures[_ZERO]:.2f}, the user's "
            f"mean by {figures[_USER_MEAN]:.3f}; with unseen films left out of the loss AutoRec "
            f"is off by {figures['AutoRec by item']:.3f} (by item) and "
            f"{figures['AutoRec by user']:.3f} (by user).",
        ),
    ]
    return Section(
        title="The autoencoder, and predicting nothing",
        text=f"""
            The published network takes a user's {found["items"]:,} films, ratings from 1 to 5 and
            0 for unseen, through 256 sigmoid units and back. It is trained on {found["users"]:,}
            users and tested on the others by the mean squared error of all entries, zeros
            included: the loss rewards saying 0 of every film that was not seen, and those are the
            films that a recommender is asked about.

            AutoRec is the same kind of network with the unseen entries left out of the loss. Below
            both are asked for a tenth of the ratings of the test users, and know the other nine.
        """,
        conclusions=tuple(conclusions),
        charts=(
            lines(
                "Mean squared error of all entries by epoch, on a logarithmic scale.",
                {"training users": found["training"], "test users": test},
                y="mean squared error",
                levels={"saying 0 for every film": zeros},
                log=True,
                half=False,
            ),
        ),
        comparisons=(compared,),
        steps=("autoencoder",),
    )


def _beside(loss: float, zeros: float) -> str:
    if loss < zeros:
        return f"at {loss:.3f}, below that"
    return f"at {loss:.2f}, {loss / zeros:.1f} times as much"
