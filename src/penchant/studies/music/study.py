"""Amazon's reviews: cleaning, sentiment, codings, a rating regressor and its lists."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.sources import load
from penchant.run import Run
from penchant.studies.music import codes as music_codes
from penchant.studies.music import data as music_data
from penchant.studies.music import exploration as music_explored
from penchant.studies.music import features as music_features
from penchant.studies.music import honest as music_honest
from penchant.studies.music import lists as music_lists
from penchant.studies.music import published as music_published
from penchant.studies.music import regressor as music_regressor
from penchant.studies.music import reviews as music_reviews
from penchant.studies.music import sentiment as music_sentiment
from penchant.studies.music import sentiment_section as music_feelings
from penchant.studies.music import similar_products as music_similar
from penchant.studies.music import text_autoencoders as music_texts
from penchant.studies.music import traps as music_traps
from penchant.studies.music.setup import CATEGORY, Found, Setup, average
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
    setup = Setup(
        log=log,
        seed=seed,
        run=run,
        epochs=1 if quick else epochs,
        splits=1 if quick else splits,
        together=together and not quick,
        quick=quick,
    )
    steps = Steps("music", log, version=VERSION, seed=seed, options=options, run=run)
    data = steps.do("data", lambda: music_data.data(setup))
    explored = steps.do("explored", lambda: music_explored.explored(setup))
    alike = steps.do("similar", lambda: music_similar.alike(setup))
    alike_judged = steps.compare("similar-judged", lambda: music_similar.judged(setup))
    features = steps.do("features", lambda: music_features.features(setup))
    told = music_reviews.reviews(setup)
    sentiment = music_sentiment.sentiment(steps, setup, told)
    codes = steps.do("codes", lambda: music_codes.codes(setup))
    texts = steps.do("texts", lambda: music_texts.texts(setup))
    regressor = steps.do("regressor", lambda: music_regressor.regressor(setup))
    claimed = steps.do("claim", lambda: music_published.claimed(setup))
    traps = steps.do("traps", lambda: music_traps.traps(setup))
    honest = steps.compare("honest", lambda: music_honest.honest(setup))
    words = steps.compare("honest-words", lambda: music_honest.words(setup))
    lists = steps.do("lists", lambda: music_lists.lists(setup))
    return steps.result(
        title=TITLE,
        summary=_summary(setup, sentiment, regressor, honest),
        sections=[
            music_data.section(setup, data),
            music_explored.section(setup, explored),
            music_similar.section(alike, alike_judged),
            music_features.section(features),
            music_feelings.section(told, sentiment),
            music_codes.section(codes),
            music_texts.section(texts),
            music_published.section(setup, regressor, claimed),
            music_traps.section(traps),
            music_honest.section(setup, honest, words),
            music_lists.section(setup, regressor["lists"], lists),
        ],
    )


def _summary(setup: Setup, sentiment: Found, regressor: Found, honest: EvaluationSummary) -> str:
    figures = regressor["figures"]
    right, always = music_feelings.accuracies(sentiment["published"])
    own, high = figures[music_regressor.ORIGINAL], figures[music_regressor.HIGHEST]
    table = honest.tables["rating"]
    bar, figure = table.best_trivial, table[music_honest.HONEST].metrics[table.primary]
    words = {"beats": "better than", "worse": "worse than", "no better": "no better than"}
    text = f"""
        A system for {CATEGORY} cleans Amazon's reviews and predicts their stars from 70 features,
        with a mean absolute error of .3398 and a mean squared error of 31.7. Here the same
        procedure runs on {setup.log.name}. It gives {average(own, "mae"):.4f} and
        {average(own, "mse"):.4f}; always saying the highest rating gives
        {average(high, "mae"):.4f} and {average(high, "mse"):.4f}.

        Its network of sentiment, published with 91.4 %, is right on {right:.1%} of the test rows;
        calling all reviews positive is right on {always:.1%}. The network that predicts stars is
        told what the user wrote in the very review, and a mean in which the answer is counted.
        With what is known beforehand, later reviews are predicted with an RMSE of
        {figure.value:.4f}, which is {words[figure.verdict or "no better"]} {bar.name}, the best
        answer that needs no network ({bar.metrics[table.primary].value:.4f}).
    """
    if setup.quick:
        text = (
            "This is a quick look: nothing is trained to its end, figures mean nothing.\n\n" + text
        )
    return text
