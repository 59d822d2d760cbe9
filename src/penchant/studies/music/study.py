"""Amazon's reviews: cleaning, sentiment, codings, a rating regressor and its lists."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from penchant.data import Dataset
from penchant.data.sources import load
from penchant.run import Run
from penchant.studies.music import (
    codings,
    data,
    exploration,
    features,
    honest_comparison,
    leakage,
    lists,
    published,
    regressor,
    review_set,
    sentiment,
    sentiment_report,
    similar_products,
    text_autoencoders,
)
from penchant.studies.music.opening import open_study
from penchant.studies.music.setup import (
    MANY,
    PUBLISHED_COUNTS,
    PUBLISHED_LOG,
    MusicSetup,
    merged_log,
)
from penchant.studies.records import is_published_log
from penchant.studies.study import EvaluationSummary, Steps, StudyResult

TITLE = "Music: reviews with a sentiment network, an autoencoder and a rating regressor"
DATA = "amazon-2018/Gift_Cards"
SMALL_DATA = "amazon-2018/Gift_Cards"
SMALL_OPTIONS = MappingProxyType({"splits": 1, "compared": 5_000})
VERSION = 2
_SECONDS = {
    "data": (1, 8, 0),
    "exploration": (1, 3, 0),
    "similar": (1, 1, 0),
    "similar-evaluation": (1, 42, 0),
    "features": (1, 24, 0),
    "sentiment": (2, 95, 0),
    "union": (13, 0, 0),
    "splits": (1, 0, 30),
    "strong": (2, 0, 200),
    "imbalance": (2, 0, 150),
    "codings": (5, 110, 0),
    "texts": (30, 70, 0),
    "regressor": (6, 330, 0),
    "claim": (1, 5, 0),
    "leakage": (3, 230, 0),
    "honest": (6, 190, 0),
    "own-text": (2, 40, 0),
    "lists": (6, 300, 0),
}
"""Seconds that steps take on two cores: of a small log, more for 180,000 reviews, and more for
20,000 reviews that classifiers are compared on."""
_OF_SPLITS = ("splits", "regressor", "leakage")


def run(
    log: Dataset | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    epochs: Annotated[int, Field(ge=1)] = 10,
    splits: Annotated[int | None, Field(ge=1, le=20)] = None,
    compared: Annotated[int | None, Field(ge=1000)] = 20_000,
    together: bool = True,
    quick: bool = False,
) -> StudyResult:
    """Reproduce the system as published, show what its figures hide, and judge it honestly.

    Args:
        log: reviews with texts, summaries and ratings, best with a table of products; by default
            a category of Amazon's reviews of 2018.
        seed: decides everything random.
        run: threads, progress and where to keep steps.
        epochs: of the published networks.
        splits: on how many splits networks and classifiers are compared; by default five, and
            one where there are 50,000 reviews or more.
        compared: on how many reviews, drawn by user, classifiers and remedies are compared at
            most; None is all. The published network always learns from all.
        together: whether classifiers are compared on all review sets that can be found without a
            network, as one, where the log has fewer reviews than are compared.
        quick: cuts training to a moment and all to one split: a look at the page within seconds,
            whose figures mean nothing.

    Raises:
        DataError: the log has no ratings, texts or summaries.
    """
    run = run or Run()
    whole = load(DATA, run=run) if log is None else log
    options = {
        "epochs": epochs,
        "splits": splits,
        "compared": compared,
        "together": together,
        "quick": quick,
    }
    merged = merged_log(whole)
    setup = MusicSetup(
        log=merged,
        whole=whole,
        seed=seed,
        run=run,
        epochs=1 if quick else epochs,
        splits=1 if quick else splits or (1 if len(merged) >= MANY else 5),
        compared=compared,
        together=together and not quick,
        quick=quick,
        same_data=is_published_log(whole, PUBLISHED_LOG, PUBLISHED_COUNTS["reviews"]),
    )
    reviews = review_set.gather_reviews(setup)
    some = review_set.compared_reviews(setup, reviews)
    steps = Steps(
        "music",
        whole,
        version=VERSION,
        seed=seed,
        options=options,
        plan=_plan(setup, some, sentiment.step_names(some)),
        run=run,
    )
    described = steps.do("data", data.MusicData, lambda: data.describe_data(setup))
    statistics = steps.do(
        "exploration", exploration.ReviewExploration, lambda: exploration.explore_reviews(setup)
    )
    similar = steps.do(
        "similar", similar_products.SimilarProducts, lambda: similar_products.list_similar(setup)
    )
    similarities = steps.do(
        "similar-evaluation",
        EvaluationSummary,
        lambda: similar_products.compare_similarities(setup),
    )
    feature_sets = steps.do(
        "features", features.FeatureSets, lambda: features.describe_features(setup)
    )
    sentiments = sentiment.compare_sentiment(steps, setup, reviews, some)
    coded = steps.do("codings", codings.Codings, lambda: codings.fit_codings(setup))
    autoencoders = steps.do(
        "texts",
        text_autoencoders.TextAutoencoders,
        lambda: text_autoencoders.train_text_autoencoders(setup),
    )
    regressors = steps.do(
        "regressor", regressor.RegressorResults, lambda: regressor.train_regressors(setup)
    )
    claimed = steps.do("claim", str, lambda: published.check_claim(setup))
    leaks = steps.do("leakage", leakage.Leakage, lambda: leakage.measure_leakage(setup))
    honest = steps.do(
        "honest", EvaluationSummary, lambda: honest_comparison.compare_honestly(setup)
    )
    own_text = steps.do(
        "own-text", EvaluationSummary, lambda: honest_comparison.compare_with_own_text(setup)
    )
    recommended = steps.do("lists", lists.MusicLists, lambda: lists.recommend_products(setup))
    return steps.result(
        title=TITLE,
        opening=open_study(setup, regressors, honest),
        sections=[
            data.section(setup, described),
            exploration.section(setup, statistics),
            similar_products.section(similar, similarities),
            features.section(feature_sets),
            sentiment_report.section(setup, reviews, some, sentiments),
            codings.section(setup, coded),
            text_autoencoders.section(autoencoders),
            published.section(setup, regressors, claimed),
            leakage.section(leaks),
            honest_comparison.section(setup, honest, own_text),
            lists.section(regressors.first, recommended),
        ],
    )


def _plan(
    setup: MusicSetup, compared: review_set.ReviewSet, sentiment_steps: tuple[str, ...]
) -> dict[str, float]:
    """All steps in their order, with the seconds that they usually take on two cores."""
    names = {step.split("-")[1]: step for step in sentiment_steps[1:]}
    large = len(setup.log) / PUBLISHED_COUNTS["merged"]
    many = len(compared.ratings) / 20_000
    plan = {}
    for name, (least, by_log, by_compared) in _SECONDS.items():
        if name == "union" and name not in names:
            continue
        seconds = least + large * by_log + many * by_compared
        seconds *= setup.splits if name in _OF_SPLITS else 1
        plan[names.get(name, name)] = seconds / 20 if setup.quick else seconds
    return plan
