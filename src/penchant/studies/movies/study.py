"""The thesis on MovieLens 1M: recurrent networks for single users, an RBM and an autoencoder."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from penchant.data import Dataset
from penchant.data.attributes import item_attributes
from penchant.data.sources import load
from penchant.run import Run
from penchant.studies.movies import (
    autoencoder,
    evaluation,
    every_user,
    fidelity,
    film_order,
    honest_comparison,
    networks,
    one_user,
    published,
    rating_models,
    recommendations,
    reconstruction,
    shared_models,
    sql,
)
from penchant.studies.movies.evaluation import MoviesEvaluation
from penchant.studies.movies.opening import open_page
from penchant.studies.movies.plan import usual_seconds
from penchant.studies.movies.setup import NETWORKS, PUBLISHED_ON, MoviesSetup
from penchant.studies.records import is_published_log
from penchant.studies.study import EvaluationSummary, Steps, StudyResult

TITLE = "Movies: a recurrent network for each user, an RBM and an autoencoder"
DATA = "movielens-1m"
SMALL_DATA = "movielens-100k"
VERSION = 3
SMALL_OPTIONS = {"users": 60}

_QUICK_USERS, _QUICK_EPOCHS = 8, 2


def run(
    log: Dataset | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    users: Annotated[int | None, Field(ge=2)] = 150,
    epochs: Annotated[int, Field(ge=1)] = 100,
    autoencoder_epochs: Annotated[int, Field(ge=1)] = 200,
    everyone: bool = True,
    quick: bool = False,
) -> StudyResult:
    """Reproduce the thesis as published, and judge what it built on test rows of many users.

    Args:
        log: ratings with films' genres; by default MovieLens 1M.
        seed: decides everything random.
        run: threads, progress and where to keep steps.
        users: how many users get networks of their own, drawn at random; None for all.
        epochs: of the networks of single users, 100 as published.
        autoencoder_epochs: of the published autoencoder, 200 as published.
        everyone: whether all users of the log get a modified LSTM of their own, too.
        quick: cuts all training to a few epochs and users: a look at the page within seconds,
            whose figures mean nothing.

    Raises:
        DataError: the log has no ratings or no genres.
    """
    run = run or Run()
    log = load(DATA, run=run) if log is None else log
    item_attributes(log)  # refuses a log without genres before anything is trained
    options = {
        "users": users,
        "epochs": epochs,
        "autoencoder_epochs": autoencoder_epochs,
        "everyone": everyone,
        "quick": quick,
    }
    setup = MoviesSetup(
        log=log,
        seed=seed,
        run=run,
        users=min(users or _QUICK_USERS, _QUICK_USERS) if quick else users,
        epochs=min(epochs, _QUICK_EPOCHS) if quick else epochs,
        autoencoder_epochs=min(autoencoder_epochs, 3) if quick else autoencoder_epochs,
        everyone=everyone and not quick,
        quick=quick,
        same_data=is_published_log(log, PUBLISHED_ON, events=1_000_209, users=6040),
    )
    steps = Steps(
        "movies",
        log,
        version=VERSION,
        seed=seed,
        options=options,
        plan=usual_seconds(setup),
        run=run,
    )
    sql_check = steps.do("sql", sql.SqlCheck, lambda: sql.run_sql(setup))
    first_user = steps.do(
        "first-user", one_user.FirstUser, lambda: one_user.train_for_first_user(setup)
    )
    autoencoder_results = steps.do(
        "autoencoder",
        autoencoder.AutoencoderResults,
        lambda: autoencoder.train_autoencoder(setup),
    )
    history = steps.do(
        "memory", recommendations.NetworkHistory, lambda: recommendations.update_and_recall(setup)
    )
    shared = steps.do(
        "shared", shared_models.SharedModels, lambda: shared_models.compare_shared_models(setup)
    )
    lists = steps.do(
        "lists", reconstruction.ReconstructionLists, lambda: reconstruction.rank_unseen(setup)
    )
    ratings = steps.do(
        "ratings", EvaluationSummary, lambda: rating_models.compare_rating_models(setup)
    )
    in_order = steps.do(
        "film-order", EvaluationSummary, lambda: film_order.compare_film_order(setup)
    )
    per_user = {name: _train_networks(steps, setup, name) for name in NETWORKS}
    every = (
        steps.do("every-user", every_user.EveryUser, lambda: every_user.train_every_user(setup))
        if setup.everyone
        else None
    )
    models = {**per_user, **shared.scores, **lists.scores}
    evaluated = steps.do(
        "evaluation", MoviesEvaluation, lambda: evaluation.evaluate_models(setup, models)
    )
    weights = {name: network.weights for name, network in per_user.items()}
    reasons = {name: network.reasons for name, network in per_user.items()}
    return steps.result(
        title=TITLE,
        opening=open_page(evaluated, shared.best, every),
        sections=[
            *published.sections(setup, first_user, autoencoder_results, weights),
            honest_comparison.section(setup, models, per_user, evaluated, shared),
            *([every_user.section(setup, every)] if every else []),
            networks.section(setup, per_user),
            film_order.section(in_order),
            reconstruction.section(setup, lists, first_user.rbm),
            autoencoder.section(setup, autoencoder_results),
            rating_models.section(ratings),
            recommendations.section(setup, shared.recommended, history),
            fidelity.section(reasons, tuple(networks.step_of(name) for name in NETWORKS)),
            sql.section(setup, sql_check),
        ],
    )


def _train_networks(steps: Steps, setup: MoviesSetup, name: str) -> networks.NetworkScores:
    return steps.do(
        networks.step_of(name),
        networks.NetworkScores,
        lambda: networks.train_networks(setup, name),
    )
