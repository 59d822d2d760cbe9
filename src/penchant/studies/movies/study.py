"""The thesis on MovieLens 1M: recurrent networks for single users, an RBM and an autoencoder."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from penchant.data.attributes.binary import item_attributes
from penchant.data.dataset import Dataset
from penchant.data.sources import load
from penchant.results.formatting import join_names
from penchant.run import Run
from penchant.studies.movies import all_users as movies_everyone
from penchant.studies.movies import autoencoder as movies_autoencoder
from penchant.studies.movies import evaluation as movies_judged
from penchant.studies.movies import first_user as movies_first_user
from penchant.studies.movies import lists as movies_lists
from penchant.studies.movies import networks as movies_networks
from penchant.studies.movies import published as movies_published
from penchant.studies.movies import ratings as movies_ratings
from penchant.studies.movies import recommendations as movies_recommended
from penchant.studies.movies import shared_models as movies_shared
from penchant.studies.movies import sql as movies_sql
from penchant.studies.movies.setup import EVERYTHING, MAJORITY, NETWORKS, Found, Setup, per_cent
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
    setup = Setup(
        log=log,
        seed=seed,
        run=run,
        users=min(users or _QUICK_USERS, _QUICK_USERS) if quick else users,
        epochs=min(epochs, _QUICK_EPOCHS) if quick else epochs,
        autoencoder_epochs=min(autoencoder_epochs, 3) if quick else autoencoder_epochs,
        quick=quick,
    )
    steps = Steps("movies", log, version=VERSION, seed=seed, options=options, run=run)
    sql = steps.do("sql", lambda: movies_sql.sql(setup))
    first = steps.do("first-user", lambda: movies_first_user.first_user(setup))
    autoencoder = steps.do("autoencoder", lambda: movies_autoencoder.autoencoder(setup))
    memory = steps.do("memory", lambda: movies_recommended.memory(setup))
    shared = steps.do("shared", lambda: movies_shared.shared(setup))
    lists = steps.do("lists", lambda: movies_lists.lists(setup))
    ratings = steps.compare("ratings", lambda: movies_ratings.ratings(setup))
    networks = {name: _network(steps, setup, name) for name in NETWORKS}
    said = networks | shared["said"] | lists["said"]
    judged = steps.do("judged", lambda: movies_judged.judged(setup, said))
    everyone = EvaluationSummary.load(shared["compared"])
    return steps.result(
        title=TITLE,
        summary=_summary(setup, judged),
        sections=[
            *movies_published.sections(setup, first, autoencoder),
            movies_networks.reach_section(setup, networks),
            movies_everyone.section(setup, said, networks, judged, everyone),
            movies_lists.section(setup, lists),
            movies_autoencoder.section(setup, autoencoder),
            movies_ratings.section(ratings),
            movies_recommended.section(setup, shared["recommended"], memory),
            movies_sql.section(setup, sql),
        ],
    )


def _network(steps: Steps, setup: Setup, name: str) -> Found:
    found: Found = steps.do(
        movies_networks.step_of(name), lambda: movies_networks.network(setup, name)
    )
    return found


def _summary(setup: Setup, judged: Found) -> str:
    weak = movies_everyone.no_better(judged)
    published = movies_everyone.PUBLISHED
    if weak == published:
        result = (
            f"On test ratings of {judged['users']:,} users neither published network is better "
            f"than both “{EVERYTHING}” and “{MAJORITY}”"
        )
    elif weak:
        result = (
            f"On test ratings of {judged['users']:,} users the {join_names(weak)} is not better "
            f"than both “{EVERYTHING}” and “{MAJORITY}”"
        )
    else:
        result = (
            f"On test ratings of {judged['users']:,} users both published networks are better "
            f"than “{EVERYTHING}” and “{MAJORITY}”"
        )
    within = judged["within"]
    best = max(movies_shared.SHARED, key=lambda name: within[name]["auc"])
    text = f"""
        A thesis gave each user of MovieLens a recurrent network of their own, which reads a
        film's genres one by one and says whether this user will like it, and compared it with an
        RBM and an autoencoder on one user. The accuracy that it reports for the LSTM, 84.91 %, is
        exactly what the answer “likes everything” gets for that user.

        {result}. Within a user's own test ratings, where one half is chance, they put a liked
        film before another one with a chance of
        {join_names([f"{within[m]['auc']:.3f} ({m})" for m in published])}; {best}, one model that
        all users share, with {within[best]["auc"]:.3f}, and the mean rating of each film, the same
        for everybody, with {within["item mean"]["auc"]:.3f}. “Likes everything” alone is right on
        {per_cent(judged["likes"], 1)} of these ratings.
    """
    if setup.quick:
        text = (
            "This is a quick look: nothing is trained to its end, figures mean nothing.\n\n" + text
        )
    return text
