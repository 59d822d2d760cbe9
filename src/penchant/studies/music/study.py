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
from penchant.studies.music.setup import CATEGORY, MusicSetup
from penchant.studies.records import VERDICTS
from penchant.studies.study import EvaluationSummary, Steps, StudyResult

TITLE = "Music: reviews with a sentiment network, an autoencoder and a rating regressor"
DATA = "amazon-2018/Gift_Cards"
SMALL_DATA = "amazon-2018/Gift_Cards"
SMALL_OPTIONS = MappingProxyType({"quick": True})
VERSION = 1


def run(
    log: Dataset | None = None,
    *,
    seed: int = 0,
    run: Run | None = None,
    epochs: Annotated[int, Field(ge=1)] = 10,
    splits: Annotated[int, Field(ge=1, le=20)] = 5,
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
        splits: on how many splits networks and classifiers are compared.
        together: whether sentiment is learned from all review sets that can be found without a
            network, as one; otherwise from the log alone.
        quick: cuts training to a moment and all to one split: a look at the page within seconds,
            whose figures mean nothing.

    Raises:
        DataError: the log has no ratings, texts or summaries.
    """
    run = run or Run()
    log = load(DATA, run=run) if log is None else log
    options = {"epochs": epochs, "splits": splits, "together": together, "quick": quick}
    setup = MusicSetup(
        log=log,
        seed=seed,
        run=run,
        epochs=1 if quick else epochs,
        splits=1 if quick else splits,
        together=together and not quick,
        quick=quick,
    )
    steps = Steps("music", log, version=VERSION, seed=seed, options=options, run=run)
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
    reviews = review_set.gather_reviews(setup)
    sentiments = sentiment.compare_sentiment(steps, setup, reviews)
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
        summary=_summary(setup, sentiments, regressors, honest),
        sections=[
            data.section(setup, described),
            exploration.section(statistics),
            similar_products.section(similar, similarities),
            features.section(feature_sets),
            sentiment_report.section(reviews, sentiments),
            codings.section(coded),
            text_autoencoders.section(autoencoders),
            published.section(setup, regressors, claimed),
            leakage.section(leaks),
            honest_comparison.section(setup, honest, own_text),
            lists.section(regressors.first, recommended),
        ],
    )


def _summary(
    setup: MusicSetup,
    sentiments: sentiment.SentimentResults,
    regressors: regressor.RegressorResults,
    honest: EvaluationSummary,
) -> str:
    right, always = sentiment_report.accuracies(sentiments.published)
    own = regressors.mean_errors(regressor.ORIGINAL)
    high = regressors.mean_errors(regressor.HIGHEST)
    table = honest.tables["rating"]
    baseline = table.best_trivial
    value = table[honest_comparison.HONEST].metrics[table.primary]
    text = f"""
        A system for {CATEGORY} cleans Amazon's reviews and predicts their stars from 70 features,
        with a mean absolute error of .3398 and a mean squared error of 31.7. Here the same
        procedure runs on {setup.log.name}. It gives {own.mae:.4f} and
        {own.mse:.4f}; always saying the highest rating gives
        {high.mae:.4f} and {high.mse:.4f}.

        Its network of sentiment, published with 91.4 %, is right on {right:.1%} of the test rows;
        calling all reviews positive is right on {always:.1%}. The network that predicts stars is
        told what the user wrote in the very review, and a mean in which the answer is counted.
        With what is known beforehand, later reviews are predicted with an RMSE of
        {value.value:.4f}, which is {VERDICTS[value.verdict or "no better"]} {baseline.name}, the
        best answer that needs no network ({baseline.metrics[table.primary].value:.4f}).
    """
    return setup.notice(text)
