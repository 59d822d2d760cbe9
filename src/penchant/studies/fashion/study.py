"""Amazon's fashion reviews: a hybrid of ratings, texts and pictures, and what content adds."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.sources import load
from penchant.errors import DataError, DownloadError
from penchant.run import Run
from penchant.studies.fashion import branches as fashion_branches
from penchant.studies.fashion import cold_items as fashion_cold
from penchant.studies.fashion import content as fashion_content
from penchant.studies.fashion import data as fashion_data
from penchant.studies.fashion import films as fashion_films
from penchant.studies.fashion import honest as fashion_honest
from penchant.studies.fashion import lists as fashion_lists
from penchant.studies.fashion import popularity as fashion_popularity
from penchant.studies.fashion import published as fashion_published
from penchant.studies.fashion.films import Films
from penchant.studies.fashion.setup import CATEGORY, EPOCHS, PUBLISHED, Found, Setup
from penchant.studies.study import Conclusion, EvaluationSummary, Section, Steps, StudyResult

TITLE = "Fashion: a hybrid of ratings, texts and pictures"
DATA = "amazon-2018/AMAZON_FASHION"
SMALL_DATA = "amazon-2018/AMAZON_FASHION"
SMALL_OPTIONS = MappingProxyType({"quick": True})
VERSION = 2
BESIDE = "amazon-2018/All_Beauty"
_QUICK = (200, 500)
"""Users and films of a first look."""


def run(
    log: Dataset | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    epochs: Annotated[int, Field(ge=1)] = EPOCHS,
    films: str = fashion_films.NAME,
    users: Annotated[int, Field(ge=10)] | None = 1000,
    quick: bool = False,
) -> StudyResult:
    """Reproduce the hybrid as published and honestly, and show what content adds on films.

    Args:
        log: reviews with texts and ratings; by default the 5-core of a category of Amazon's
            reviews of 2018.
        seed: decides everything random.
        run: threads, progress and where to keep steps.
        epochs: of the published network.
        films: the data set with plots and posters on which branches are compared; without it, or
            without plots and posters, these parts are left out.
        users: on how many users' ratings of films networks are trained; None is all.
        quick: cuts training to a moment and films to few users: a look at the page within
            seconds, whose figures mean nothing.

    Raises:
        DataError: the log has no ratings or no texts.
    """
    run = run or Run()
    log = load(DATA, run=run) if log is None else log
    options = {"epochs": epochs, "films": films, "users": users, "quick": quick}
    setup = Setup(
        log=log,
        seed=seed,
        run=run,
        epochs=1 if quick else epochs,
        users=users,
        quick=quick,
    )
    steps = Steps("fashion", log, version=VERSION, seed=seed, options=options, run=run)
    others = _others(setup)
    data = steps.do("data", lambda: fashion_data.data(setup, others))
    published = steps.do("published", lambda: fashion_published.published(setup))
    logs = {setup.log.name: setup.log} | others
    honest = steps.do("honest", lambda: fashion_honest.honest(setup, logs))
    sections = [
        fashion_data.section(setup, data),
        fashion_published.section(published),
        fashion_honest.section(honest),
    ]
    there = fashion_films.films(films, seed, run, few=_QUICK if quick else None)
    found = _films(steps, setup, there) if there is not None else _absent(films)
    return steps.result(
        title=TITLE, summary=_summary(setup, published, honest), sections=[*sections, *found]
    )


def _others(setup: Setup) -> dict[str, Dataset]:
    """A second category, where it can be found without a network."""
    if setup.log.name == BESIDE:
        return {}
    try:
        return {BESIDE: load(BESIDE, offline=True, run=setup.run)}
    except (DownloadError, DataError):
        return {}


def _films(steps: Steps, setup: Setup, films: Films) -> list[Section]:
    """The parts on films with plots and posters."""
    mark = films.digest
    branches = steps.do(f"branches-{mark}", lambda: fashion_branches.branches(setup, films))
    settings = steps.do(f"cold-settings-{mark}", lambda: fashion_content.chosen(setup, films))
    judged = steps.do(f"cold-judged-{mark}", lambda: fashion_cold.judged(setup, films, settings))
    networks = steps.do(
        f"cold-networks-{mark}", lambda: fashion_cold.networks(setup, films, settings)
    )
    popularity = steps.do(
        f"popularity-{mark}", lambda: fashion_popularity.popularity(setup, films, settings)
    )
    lists = steps.do(f"lists-{mark}", lambda: fashion_lists.lists(setup, films, settings))
    return [
        fashion_branches.section(branches, f"branches-{mark}"),
        fashion_cold.section(films, settings, judged, networks),
        fashion_popularity.section(popularity, f"popularity-{mark}"),
        fashion_lists.section(lists, f"lists-{mark}"),
    ]


def _absent(name: str) -> list[Section]:
    return [
        Section(
            title="Films with plots and posters",
            text=f"""
                The set {name} with plots ({fashion_films.PLOTS}) or posters
                ({fashion_films.POSTERS}) was not found in the cache or the mirror, so that the
                branches for text and picture are not compared on this page.
            """,
            conclusions=(Conclusion("honest", "What texts and pictures add was not measured."),),
        )
    ]


def _summary(setup: Setup, published: Found, honest: Found) -> str:
    table = EvaluationSummary.load(published["compared"]).tables["rating"]
    own = table[fashion_published.HYBRID].metrics
    mean = table[fashion_published.USER_MEAN].metrics
    text = f"""
        A network for Amazon's category {CATEGORY} joins matrix factorisation, dense layers, texts
        and pictures, with an RMSE of {PUBLISHED["rmse"]:.3f}. Here the same procedure runs on
        {setup.log.name}: {own["rmse"].value:.3f}, where the mean of a user's other ratings has
        {mean["rmse"].value:.3f}.

        The log has the same review again and again, so that a random split asks for what was
        learned word for word; with each review once, on {len(honest)} splits of {setup.log.name}
        and a second category, the page tells what is left. What texts and pictures can add is
        shown on films with plots and posters, for films with many ratings, few, and none.
    """
    if setup.quick:
        return (
            "This is a quick look: nothing is trained to its end, figures mean nothing.\n\n" + text
        )
    return text
