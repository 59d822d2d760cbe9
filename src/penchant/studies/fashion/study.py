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
    popularity,
    product_branches,
    product_content,
    published,
)
from penchant.studies.fashion.film_log import FilmLog
from penchant.studies.fashion.products import GENERATED, ProductContent
from penchant.studies.fashion.setup import CATEGORY, EPOCHS, PUBLISHED, FashionSetup
from penchant.studies.study import Conclusion, Section, Steps, StudyResult

TITLE = "Fashion: a hybrid of ratings, texts and pictures"
DATA = "amazon-2018/AMAZON_FASHION"
SMALL_DATA = "amazon-2018/AMAZON_FASHION"
SMALL_OPTIONS = MappingProxyType({"quick": True})
VERSION = 3
BESIDE = "amazon-2018/All_Beauty"
_QUICK = (200, 500)
"""Users and films of a first look."""


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
    options = {
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
    steps = Steps("fashion", log, version=VERSION, seed=seed, options=options, run=run)
    others = _others(setup)
    described = steps.do("data", data.FashionData, lambda: data.describe_data(setup, others))
    hybrid = steps.do(
        "published", published.PublishedHybrid, lambda: published.train_as_published(setup)
    )
    content_known = steps.do("products", ProductContent, lambda: setup.products.content)
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
    few = _QUICK if quick else None
    loaded = None if films is None else film_log.load_films(films, seed, run, few=few)
    return steps.result(
        title=TITLE,
        summary=_summary(setup, hybrid, len(honest)),
        sections=[
            data.section(setup, described),
            published.section(setup, hybrid),
            product_content.section(content_known),
            product_branches.section(by_subset, content_known),
            honest_comparison.section(honest),
            *(_without_films(films) if loaded is None else _film_sections(steps, setup, loaded)),
        ],
    )


def _others(setup: FashionSetup) -> dict[str, Dataset]:
    """A second category, where it can be found without a network."""
    if setup.log.name == BESIDE:
        return {}
    try:
        return {BESIDE: load(BESIDE, offline=True, run=setup.run)}
    except (DownloadError, DataError):
        return {}


def _film_sections(steps: Steps, setup: FashionSetup, films: FilmLog) -> list[Section]:
    """The sections on films with plots and posters."""
    digest = films.digest
    branch_results = steps.do(
        f"branches-{digest}",
        branches.BranchResults,
        lambda: branches.compare_branches(setup, films),
    )
    settings = steps.do(
        f"cold-settings-{digest}",
        dict[str, content.RidgeSettings],
        lambda: content.choose_settings(setup, films),
    )
    ridges = steps.do(
        f"cold-evaluation-{digest}",
        cold_items.ColdRidges,
        lambda: cold_items.compare_ridges(setup, films, settings),
    )
    networks = steps.do(
        f"cold-networks-{digest}",
        cold_items.ColdNetworks,
        lambda: cold_items.compare_networks(setup, films, settings),
    )
    by_popularity = steps.do(
        f"popularity-{digest}",
        popularity.PopularityResults,
        lambda: popularity.compare_by_popularity(setup, films, settings),
    )
    recommended = steps.do(
        f"lists-{digest}",
        lists.FilmLists,
        lambda: lists.recommend_new_films(setup, films, settings),
    )
    return [
        branches.section(branch_results, f"branches-{digest}"),
        cold_items.section(films, settings, ridges, networks),
        popularity.section(by_popularity, f"popularity-{digest}"),
        lists.section(recommended, f"lists-{digest}"),
    ]


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


def _summary(setup: FashionSetup, hybrid: published.PublishedHybrid, n_splits: int) -> str:
    rmse = hybrid.compared.tables["rating"].values("rmse")
    text = f"""
        A network for Amazon's category {CATEGORY} joins matrix factorisation, dense layers, texts
        and pictures, with an RMSE of {PUBLISHED["rmse"]:.3f}. Here the same procedure runs on
        {setup.log.name}: {rmse[published.HYBRID]:.3f}, where the mean of a user's other ratings has
        {rmse[published.USER_MEAN]:.3f}.

        The log has the same review again and again, so that a random split asks for what was
        learned word for word; with each review once, on {n_splits} splits of {setup.log.name}
        and a second category, the page tells what is left. What texts and pictures can add is
        shown on films with plots and posters, for films with many ratings, few, and none.
    """
    return setup.notice(text)
