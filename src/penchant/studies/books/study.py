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
    networks,
    published,
    recommendations,
    seed_comparison,
    transform_tuning,
)
from penchant.studies.books.alternative_models import AlternativeModels
from penchant.studies.books.evaluation import BooksEvaluation
from penchant.studies.books.networks import JACCARD, how_many
from penchant.studies.books.setup import EVERYTHING, PUBLISHED_SEED, BooksSetup, draw_readers
from penchant.studies.study import Steps, StudyResult

TITLE = "Books: recommend or not, by Jaccard similarity and dot-product networks"
DATA = "book-crossing"
SMALL_DATA = "book-crossing"
SMALL_OPTIONS = MappingProxyType({"readers": 1500})
VERSION = 1

_QUICK_EPOCHS = 2


def run(
    log: Dataset | None = None,
    *,
    seed: int = PUBLISHED_SEED,
    run: Run | None = None,
    like: Annotated[float, Field(gt=1, le=10)] = 8.0,
    epochs: Annotated[int, Field(ge=1)] = 25,
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
        shared_embeddings=shared_embeddings,
        seeds=min(seeds, 1) if quick else seeds,
        stack=stack,
        quick=quick,
    )
    steps = Steps("books", log, version=VERSION, seed=seed, options=options, run=run)
    models = networks.train_published(steps, setup)
    claims = steps.do("claims", list[str], lambda: published.check_claims(setup))
    chain = embedding_chain.train_shared(steps, setup)
    tuning = steps.do(
        "tuning",
        transform_tuning.TransformTuning,
        lambda: transform_tuning.tune_transform(setup),
    )
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
        summary=_summary(setup, best, evaluated),
        sections=[
            data.section(setup),
            published.section(setup, models, claims),
            *([embedding_chain.section(setup, models.networks, chain)] if chain else []),
            moved_threshold.section(setup, models),
            transform_tuning.section(setup, tuning),
            honest_comparison.section(setup, alternatives, evaluated),
            *([seed_comparison.section(best, seed_results)] if seed_results else []),
            recommendations.section(best, lists),
        ],
    )


def _summary(setup: BooksSetup, best: str, evaluated: BooksEvaluation) -> str:
    weak = honest_comparison.not_better(evaluated)
    auc = honest_comparison.auc_of(evaluated.known_users)
    baseline = evaluated.known_users.tables["like"].best_trivial.name
    f1s = {name: evaluated.f1[name].f1 for name in JACCARD}
    share = evaluated.likes
    text = f"""
        A comparison on Book-Crossing asks of each rating whether the book was to be recommended,
        which is a rating of {setup.like:g} or more, and goes by F1. Its networks with dropout
        reach .7329, and that is exactly what whoever recommends everything reaches on that set:
        most ratings are {setup.like:g} or more ({share:.1%} of the test rows here, where
        “{EVERYTHING}” has {2 * share / (1 + share):.4f}).

        {how_many(weak)} published networks are no better than that here. The
        “adjusted” ratings, which seem to lift Jaccard from {f1s["Jaccard (original)"]:.3f} to
        {f1s["Jaccard (adjusted)"]:.3f}, only lower the threshold. By AUC, which no threshold can
        flatter, Jaccard has {auc["Jaccard (original)"]:.3f} on known users and {baseline}, without
        any model of taste, {auc[baseline]:.3f}; {best}, chosen on validation rows, {auc[best]:.3f},
        which is {honest_comparison.verdict_on(best, evaluated.known_users)}.
    """
    return setup.notice(text)
