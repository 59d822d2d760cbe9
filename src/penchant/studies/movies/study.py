"""The thesis on MovieLens 1M: recurrent networks for single users, an RBM and an autoencoder."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from penchant.data import Dataset
from penchant.data.attributes import item_attributes
from penchant.data.sources import load
from penchant.results import join_names
from penchant.run import Run
from penchant.studies.movies import (
    autoencoder,
    evaluation,
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
from penchant.studies.movies.setup import EVERYTHING, MAJORITY, NETWORKS, MoviesSetup
from penchant.studies.records import per_cent
from penchant.studies.study import EvaluationSummary, Steps, StudyResult

TITLE = "Movies: a recurrent network for each user, an RBM and an autoencoder"
DATA = "movielens-1m"
SMALL_DATA = "movielens-100k"
VERSION = 1

_QUICK_USERS, _QUICK_EPOCHS = 8, 2


def run(
    log: Dataset | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    users: Annotated[int | None, Field(ge=2)] = 150,
    epochs: Annotated[int, Field(ge=1)] = 100,
    autoencoder_epochs: Annotated[int, Field(ge=1)] = 200,
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
        "quick": quick,
    }
    setup = MoviesSetup(
        log=log,
        seed=seed,
        run=run,
        users=min(users or _QUICK_USERS, _QUICK_USERS) if quick else users,
        epochs=min(epochs, _QUICK_EPOCHS) if quick else epochs,
        autoencoder_epochs=min(autoencoder_epochs, 3) if quick else autoencoder_epochs,
        quick=quick,
    )
    steps = Steps("movies", log, version=VERSION, seed=seed, options=options, run=run)
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
    per_user = {name: _train_networks(steps, setup, name) for name in NETWORKS}
    models = {**per_user, **shared.scores, **lists.scores}
    evaluated = steps.do(
        "evaluation", MoviesEvaluation, lambda: evaluation.evaluate_models(setup, models)
    )
    return steps.result(
        title=TITLE,
        summary=_summary(setup, evaluated),
        sections=[
            *published.sections(setup, first_user, autoencoder_results),
            networks.section(setup, per_user),
            honest_comparison.section(setup, models, per_user, evaluated, shared.compared),
            reconstruction.section(lists),
            autoencoder.section(autoencoder_results),
            rating_models.section(ratings),
            recommendations.section(setup, shared.recommended, history),
            sql.section(setup, sql_check),
        ],
    )


def _train_networks(steps: Steps, setup: MoviesSetup, name: str) -> networks.NetworkScores:
    return steps.do(
        networks.step_of(name),
        networks.NetworkScores,
        lambda: networks.train_networks(setup, name),
    )


def _summary(setup: MoviesSetup, evaluated: MoviesEvaluation) -> str:
    weak = honest_comparison.no_better(evaluated)
    users = f"On test ratings of {evaluated.users:,} users"
    both = f"“{EVERYTHING}” and “{MAJORITY}”"
    if weak == honest_comparison.PUBLISHED:
        result = f"{users} neither published network is better than both {both}"
    elif weak:
        result = f"{users} the {join_names(weak)} is not better than both {both}"
    else:
        result = f"{users} both published networks are better than {both}"
    within = evaluated.within_users
    best = max(shared_models.SHARED, key=lambda name: within[name].auc)
    text = f"""
        A thesis gave each user of MovieLens a recurrent network of their own, which reads a
        film's genres one by one and says whether this user will like it, and compared it with an
        RBM and an autoencoder on one user. The accuracy that it reports for the LSTM, 84.91 %, is
        exactly what the answer “likes everything” gets for that user.

        {result}. Within a user's own test ratings, where one half is chance, they put a liked
        film before another one with a chance of
        {join_names([f"{within[m].auc:.3f} ({m})" for m in honest_comparison.PUBLISHED])}; {best},
        one model that all users share, with {within[best].auc:.3f}, and the mean rating of each
        film, the same for everybody, with {within["item mean"].auc:.3f}. “Likes everything” alone
        is right on {per_cent(evaluated.likes, 1)} of these ratings.
    """
    return setup.notice(text)
