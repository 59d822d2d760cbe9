"""Amazon's fashion reviews: a hybrid of ratings, texts and pictures, and what content adds."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from penchant.data import Dataset
from penchant.data.sources import load
from penchant.errors import DataError, DownloadError
from penchant.run import Run
from penchant.studies.fashion import (
    branches,
    cold_items,
    content,
    data,
    film_log,
    honest_comparison,
    lists,
    opening,
    popularity,
    product_branches,
    product_content,
    published,
    second_log,
)
from penchant.studies.fashion.film_log import FilmLog
from penchant.studies.fashion.products import GENERATED, ProductContent
from penchant.studies.fashion.setup import EPOCHS, FashionSetup
from penchant.studies.study import Conclusion, Section, Steps, StudyResult

TITLE = "Fashion: a hybrid of ratings, texts and pictures"
DATA = "amazon-2018/AMAZON_FASHION"
SMALL_DATA = "amazon-2018/AMAZON_FASHION"
SMALL_OPTIONS = MappingProxyType({"users": 200})
VERSION = 5
BESIDE = "amazon-2018/All_Beauty"
_QUICK = (200, 500)
"""Users and films of a first look."""
SECONDS = {
    "data": 3.0,
    "products": 5.0,
    "published": 6.0,
    "product-branches": 25.0,
    "honest": 25.0,
    "second-log": 10.0,
}
FILM_SECONDS = {
    "branches": (30.0, 0.25),
    "cold-settings": (25.0, 0.0),
    "cold-evaluation": (45.0, 0.0),
    "cold-networks": (20.0, 0.1),
    "popularity": (40.0, 0.0),
    "lists": (15.0, 0.0),
}
"""How long each step usually takes on two cores; of films also for each user of the networks."""


def run(
    log: Dataset | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    epochs: Annotated[int, Field(ge=1)] = EPOCHS,
    pictures: str = GENERATED,
    films: str | None = film_log.NAME,
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
        pictures: `generated` draws each product from its title and fetches the drawings from an
            address of this machine; `none`; or a folder that `penchant images` filled.
        films: the data set with plots and posters on which branches are compared; without it, or
            without plots and posters, these parts are left out; None leaves them out anyway.
        users: on how many users' ratings of films networks are trained; None is all.
        quick: cuts training to a moment and films to few users: a look at the page within
            seconds, whose figures mean nothing.

    Raises:
        DataError: the log has no ratings or no texts.
    """
    run = run or Run()
    log = load(DATA, run=run) if log is None else log
    options: dict[str, object] = {
        "epochs": epochs,
        "pictures": pictures,
        "films": films,
        "users": users,
        "quick": quick,
    }
    setup = FashionSetup(
        log=log,
        seed=seed,
        run=run,
        epochs=1 if quick else epochs,
        pictures=pictures,
        users=users,
        quick=quick,
    )
    few = _QUICK if quick else None
    loaded = None if films is None else film_log.load_films(films, seed, run, few=few)
    steps = Steps(
        "fashion",
        log,
        version=VERSION,
        seed=seed,
        options=options,
        inputs={} if loaded is None else {"film contents": loaded.digest},
        plan=_plan(loaded, users),
        run=run,
    )
    others = _others(setup)
    described = steps.do("data", data.FashionData, lambda: data.describe_data(setup, others))
    content_known = steps.do("products", ProductContent, lambda: setup.products.content)
    hybrid = steps.do(
        "published", published.PublishedHybrid, lambda: published.train_as_published(setup)
    )
    by_subset = steps.do(
        "product-branches",
        dict[str, product_branches.SubsetResults],
        lambda: product_branches.compare_subsets(setup),
    )
    honest = steps.do(
        "honest",
        dict[str, honest_comparison.HonestSplit],
        lambda: honest_comparison.compare_honestly(
            setup, {setup.log.name: setup.products.log} | others
        ),
    )
    second = steps.do(
        "second-log",
        dict[str, second_log.SecondLogResults],
        lambda: second_log.measure_second_log(setup, others),
    )
    film_sections, content_pays = (
        (_without_films(films), False) if loaded is None else _film_sections(steps, setup, loaded)
    )
    return steps.result(
        title=TITLE,
        opening=opening.opening(described, hybrid, honest, content_pays=content_pays),
        sections=[
            data.section(setup, described),
            published.section(setup, hybrid),
            product_content.section(content_known),
            product_branches.section(by_subset, content_known),
            honest_comparison.section(honest),
            second_log.section(second),
            *film_sections,
        ],
    )


def _plan(films: FilmLog | None, users: int | None) -> dict[str, float]:
    """The seconds that each step takes on two cores."""
    if films is None:
        return SECONDS
    n = films.log.n_users if users is None else min(users, films.log.n_users)
    return SECONDS | {step: base + n * each for step, (base, each) in FILM_SECONDS.items()}


def _others(setup: FashionSetup) -> dict[str, Dataset]:
    """A second category, where it can be found without a network."""
    if setup.log.name == BESIDE:
        return {}
    try:
        return {BESIDE: load(BESIDE, offline=True, run=setup.run)}
    except (DownloadError, DataError):
        return {}


def _film_sections(steps: Steps, setup: FashionSetup, films: FilmLog) -> tuple[list[Section], bool]:
    """The sections on films with plots and posters, and whether these pay for new films."""
    branch_results = steps.do(
        "branches",
        branches.BranchResults,
        lambda: branches.compare_branches(setup, films),
    )
    settings = steps.do(
        "cold-settings",
        dict[str, content.RidgeSettings],
        lambda: content.choose_settings(setup, films),
    )
    ridges = steps.do(
        "cold-evaluation",
        cold_items.ColdRidges,
        lambda: cold_items.compare_ridges(setup, films, settings),
    )
    networks = steps.do(
        "cold-networks",
        cold_items.ColdNetworks,
        lambda: cold_items.compare_networks(setup, films, settings),
    )
    by_popularity = steps.do(
        "popularity",
        popularity.PopularityResults,
        lambda: popularity.compare_by_popularity(setup, films, settings),
    )
    recommended = steps.do(
        "lists",
        lists.FilmLists,
        lambda: lists.recommend_new_films(setup, films, settings),
    )
    return [
        branches.section(branch_results),
        cold_items.section(films, settings, ridges, networks),
        popularity.section(by_popularity),
        lists.section(recommended),
    ], cold_items.content_pays(settings, ridges)


def _without_films(name: str | None) -> list[Section]:
    if name is None:
        return []
    return [
        Section(
            title="Films with plots and posters",
            text=f"""
                The set {name} with plots ({film_log.PLOTS}) or posters
                ({film_log.POSTERS}) was not found in the cache or the mirror, so that the
                branches for text and picture are not compared on this page.
            """,
            conclusions=(Conclusion("honest", "What texts and pictures add was not measured."),),
        )
    ]
