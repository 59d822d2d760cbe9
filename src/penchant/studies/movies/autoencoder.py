"""Train the published autoencoder and compare it with zeros, and with others on unseen ratings."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from penchant.data import Dataset, Holdout, split_random
from penchant.evaluation import evaluate_predictions
from penchant.models import Autoencoder
from penchant.results import Table
from penchant.studies.movies.one_user import UserScores
from penchant.studies.movies.setup import LIKE, MoviesSetup, predictions_or_scores, row_scores
from penchant.studies.study import Conclusion, EvaluationSummary, Section, lines

_MASKED = {"AutoRec by user": "autorec:axis=user", "AutoRec by item": "autorec"}
_USER_MEAN = "the user's mean"
_TRIVIAL = {"mean of all": "global-mean", _USER_MEAN: "user-mean", "biases": "bias"}
_ZERO = "zero"
_PLAIN = "autoencoder as published"


@dataclass(frozen=True)
class AutoencoderResults:
    """What the published autoencoder comes to.

    Attributes:
        users: that it was trained on.
        items: films of the log.
        loss_of_zeros: the test loss of predicting 0 for every film.
        training: loss by epoch.
        test: loss on the other users by epoch.
        first_user: its scores of the first user's ratings.
        unseen: models on ratings that were left out, of users not learned from.
    """

    users: int
    items: int
    loss_of_zeros: float
    training: list[float]
    test: list[float]
    first_user: UserScores
    unseen: EvaluationSummary


def train_autoencoder(setup: MoviesSetup) -> AutoencoderResults:
    """Train on four fifths of the users, as published, and test on the others."""
    log = setup.rated_log
    others = np.delete(np.arange(log.n_users), setup.first_user)
    order = np.random.default_rng(setup.seed).permutation(others)
    is_test = np.isin(log.events["user"].to_numpy(), order[: round(log.n_users / 5)])
    train, test = log.subset(~is_test), log.subset(is_test)
    # The same events are known and asked for: whole vectors go in and are to come out again.
    vectors = Holdout.of(test, test)
    model = Autoencoder(epochs=setup.autoencoder_epochs, seed=setup.seed)
    model.fit(train, vectors, run=setup.run)
    items = log.events.filter(pl.col("user") == setup.first_user).sort("row")["item"].to_numpy()
    scores = model.scores(model.histories_of([log.users[setup.first_user]]))[0, items]
    return AutoencoderResults(
        users=int((train.user_counts > 0).sum()),
        items=log.n_items,
        loss_of_zeros=float(model.loss_of_zeros(vectors.histories)),
        training=[row["loss"] for row in model.curve_],
        test=[row["validation_loss"] for row in model.curve_],
        first_user=UserScores(scores.tolist(), LIKE, model.fit_seconds_),
        unseen=EvaluationSummary.of(_compare_on_unseen(setup, model, train, test)),
    )


def _compare_on_unseen(
    setup: MoviesSetup, model: Autoencoder, train: Dataset, test: Dataset
) -> Table:
    """Compare models on a tenth of the ratings of users that they have not learned from."""
    rows = split_random(test, validation=0, test=0.1, seed=setup.seed).test
    columns = {_PLAIN: row_scores(model, rows.rows), _ZERO: np.zeros(len(rows), np.float32)}
    for name, spec in (_MASKED | _TRIVIAL).items():
        columns[name] = predictions_or_scores(setup.model(spec).fit(train, run=setup.run), rows)
    predictions = pl.DataFrame({"user": rows.rows.users, "rating": rows.ratings, **columns})
    return evaluate_predictions(
        predictions,
        ["rmse", "mae"],
        trivial=[_ZERO, *_TRIVIAL],
        replicates=setup.replicates,
        seed=setup.seed,
    )


def section(setup: MoviesSetup, results: AutoencoderResults) -> Section:
    """The loss that was reported, and the question that a recommender is asked."""
    where = "here" if setup.same_data else "here, on other data,"
    test, zeros = results.test, results.loss_of_zeros
    compared = replace(
        results.unseen, title="Ratings that were left out, of users not learned from"
    )
    figures = {e.name: e.metrics["rmse"].value for e in compared.tables["rating"].entries}
    epochs = len(test)
    tenth = min(10, epochs)
    conclusions = [
        Conclusion(
            "as published",
            "The published log of test losses goes from 58.0 after the first epoch to 10.3 after "
            f"the tenth, which it counts as epoch 9; {where} from {test[0]:.1f} to "
            f"{test[tenth - 1]:.2f} after epoch {tenth}.",
        ),
        Conclusion(
            "trap",
            f"Saying 0 for every film has a test loss of {zeros:.2f} on the same scale, and after "
            f"{epochs} epochs the published network is {_against_zeros(test[-1], zeros)}.",
        ),
        Conclusion(
            "honest",
            f"Asked for ratings that were left out of a user's vector it is off by "
            f"{figures[_PLAIN]:.2f} stars, and the user's mean by {figures[_USER_MEAN]:.2f}.",
        ),
        Conclusion(
            "honest",
            f"With unseen films left out of the loss the same kind of network, AutoRec by item, is "
            f"off by {figures['AutoRec by item']:.2f} stars.",
        ),
    ]
    return Section(
        title="The autoencoder, and predicting nothing",
        text=f"""
            The published network takes a user's {results.items:,} films, ratings from 1 to 5 and
            0 for unseen, through 256 sigmoid units and back. It is trained on {results.users:,}
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
                {"training users": results.training, "test users": test},
                y="mean squared error",
                levels={"saying 0 for every film": zeros},
                log=True,
                half=False,
            ),
        ),
        comparisons=(compared,),
        steps=("autoencoder",),
    )


def _against_zeros(loss: float, zeros: float) -> str:
    if loss < zeros:
        return f"at {loss:.3f}, below that"
    return f"at {loss:.2f}, {loss / zeros:.1f} times as much"
