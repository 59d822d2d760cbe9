"""Book-Crossing: Jaccard and dot-product networks that are to recommend books or not."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from penchant.data import Dataset
from penchant.data.sources import load
from penchant.run import Run
from penchant.studies.books import (
    alternative_models,
    data,
    embedding_chain,
    evaluation,
    honest_comparison,
    moved_threshold,
    opening,
    published,
    recommendations,
    seed_comparison,
    training,
    transform_tuning,
)
from penchant.studies.books.alternative_models import AlternativeModels
from penchant.studies.books.evaluation import BooksEvaluation
from penchant.studies.books.plan import usual_seconds
from penchant.studies.books.setup import (
    LEARNING_RATE,
    PUBLISHED_SEED,
    BooksSetup,
    draw_readers,
    is_published,
)
from penchant.studies.study import Steps, StudyResult

TITLE = "Books: recommend or not, by Jaccard similarity and dot-product networks"
DATA = "book-crossing"
SMALL_DATA = "book-crossing"
SMALL_OPTIONS = MappingProxyType({"readers": 12_000, "learning_rate": 0.01})
VERSION = 2

_QUICK_EPOCHS = 2


def run(
    log: Dataset | None = None,
    *,
    seed: int = PUBLISHED_SEED,
    run: Run | None = None,
    like: Annotated[float, Field(gt=1, le=10)] = 8.0,
    epochs: Annotated[int, Field(ge=1)] = 25,
    learning_rate: Annotated[float, Field(gt=0, le=0.1)] = LEARNING_RATE,
    shared_embeddings: bool = False,
    seeds: Annotated[int, Field(ge=0, le=20)] = 3,
    readers: Annotated[int | None, Field(ge=100)] = None,
    stack: bool = False,
    quick: bool = False,
) -> StudyResult:
    """Reproduce the comparison as published, show what its scores hide, and judge it honestly.

    Args:
        log: ratings from 1 to 10; by default Book-Crossing.
        seed: decides everything random, the split among it; 13 as published.
        run: threads, progress and where to keep steps.
        like: the rating from which a book is to be recommended.
        epochs: the most epochs of the networks that are stopped early.
        learning_rate: of the published networks; few ratings make few steps, and need longer ones.
        shared_embeddings: whether each published network goes on from the embeddings of the one
            before, as in the original.
        seeds: on how many further splits the best model is compared with biases; 0 on none.
        readers: how many readers take part, drawn at random; None for all.
        stack: whether a stack of boosted trees and a dense network takes part, too, which is a
            little better than the trees and takes six times as long.
        quick: cuts training to a few epochs and all to one seed: a look at the page within
            seconds, whose figures mean nothing.

    Raises:
        DataError: the log has no ratings from 1 to 10.
    """
    run = run or Run()
    log = load(DATA, run=run) if log is None else log
    options = {
        "like": like,
        "epochs": epochs,
        "learning_rate": learning_rate,
        "shared_embeddings": shared_embeddings,
        "seeds": seeds,
        "readers": readers,
        "stack": stack,
        "quick": quick,
    }
    log = log if readers is None else draw_readers(log, readers, seed)
    setup = BooksSetup(
        log=log,
        seed=seed,
        run=run,
        like=like,
        epochs=min(epochs, _QUICK_EPOCHS) if quick else epochs,
        learning_rate=learning_rate,
        shared_embeddings=shared_embeddings,
        seeds=min(seeds, 1) if quick else seeds,
        stack=stack,
        quick=quick,
        same_data=is_published(log),
    )
    plan = usual_seconds(setup)
    steps = Steps("books", log, version=VERSION, seed=seed, options=options, plan=plan, run=run)
    models = training.train_published(steps, setup)
    claims = (
        steps.do("claims", list[str], lambda: published.check_claims(setup))
        if setup.same_data
        else []
    )
    chain = embedding_chain.train_shared(steps, setup)
    trials = transform_tuning.tune_transform(steps, setup)
    alternatives = steps.do(
        "alternatives",
        AlternativeModels,
        lambda: alternative_models.compare_alternatives(setup),
    )
    evaluated = steps.do(
        "evaluation",
        BooksEvaluation,
        lambda: evaluation.evaluate_models(setup, models, alternatives),
    )
    best = alternatives.best
    seed_results = seed_comparison.compare_over_seeds(steps, setup, best)
    lists = steps.do(
        "recommendations",
        recommendations.BookLists,
        lambda: recommendations.recommend_books(setup, best),
    )
    return steps.result(
        title=TITLE,
        opening=opening.open_page(best, evaluated),
        sections=[
            data.section(setup),
            published.section(setup, models, claims),
            *([embedding_chain.section(setup, models.networks, chain)] if chain else []),
            moved_threshold.section(setup, models),
            transform_tuning.section(setup, trials),
            honest_comparison.section(setup, alternatives, evaluated),
            *([seed_comparison.section(best, seed_results)] if seed_results else []),
            recommendations.section(best, lists),
        ],
    )
