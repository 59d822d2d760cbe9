"""Book-Crossing: Jaccard and dot-product networks that are to recommend books or not."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from penchant.data.dataset import Dataset
from penchant.data.sources import load
from penchant.run import Run
from penchant.studies.books import data as books_data
from penchant.studies.books import evaluation as books_judged
from penchant.studies.books import honest as books_honest
from penchant.studies.books import networks as books_networks
from penchant.studies.books import published as books_published
from penchant.studies.books import recommendations as books_recommended
from penchant.studies.books import seeds as books_seeds
from penchant.studies.books import shared_embeddings as books_shared
from penchant.studies.books import strong_models as books_strong
from penchant.studies.books import threshold_trap as books_trap
from penchant.studies.books import tuned_transform as books_tuned
from penchant.studies.books.networks import JACCARD, how_many
from penchant.studies.books.setup import EVERYTHING, PUBLISHED_SEED, Found, Setup, drawn
from penchant.studies.study import EvaluationSummary, Steps, StudyResult

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
    log = log if readers is None else drawn(log, readers, seed)
    setup = Setup(
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
    published = books_networks.published(steps, setup)
    claimed = steps.do("claims", lambda: books_published.claims(setup))
    chain = books_shared.shared(steps, setup)
    tuning = steps.do("tuning", lambda: books_tuned.tuned(setup))
    strong = books_strong.strong(steps, setup)
    judged = steps.do("judged", lambda: books_judged.judged(setup, published, strong))
    best = strong["best"]
    over_seeds = books_seeds.seeds(steps, setup, best)
    lists = steps.do("recommended", lambda: books_recommended.recommended(setup, best))
    return steps.result(
        title=TITLE,
        summary=_summary(setup, published, strong, judged),
        sections=[
            books_data.section(setup),
            books_published.section(setup, published, claimed),
            *([books_shared.section(setup, published, chain)] if chain else []),
            books_trap.section(setup, published),
            books_tuned.section(setup, tuning),
            books_honest.section(setup, published, strong, judged),
            *([books_seeds.section(setup, best, over_seeds)] if over_seeds else []),
            books_recommended.section(best, lists),
        ],
    )


def _summary(setup: Setup, published: Mapping[str, Found], strong: Found, judged: Found) -> str:
    weak = books_honest.not_better(judged)
    warm = EvaluationSummary.load(judged["warm"])
    auc = books_honest.auc_of(warm)
    bar = warm.tables["like"].best_trivial.name
    best = strong["best"]
    f1s = {name: judged["f1"][name]["f1"] for name in JACCARD}
    share = judged["likes"]
    text = f"""
        A comparison on Book-Crossing asks of each rating whether the book was to be recommended,
        which is a rating of {setup.like:g} or more, and goes by F1. Its networks with dropout
        reach .7329, and that is exactly what whoever recommends everything reaches on that set:
        most ratings are {setup.like:g} or more ({share:.1%} of the test rows here, where
        “{EVERYTHING}” has {2 * share / (1 + share):.4f}).

        {how_many(weak)} published networks are no better than that here. The
        “adjusted” ratings, which seem to lift Jaccard from {f1s["Jaccard (original)"]:.3f} to
        {f1s["Jaccard (adjusted)"]:.3f}, only lower the threshold. By AUC, which no threshold can
        flatter, Jaccard has {auc["Jaccard (original)"]:.3f} on known users and {bar}, without any
        model of taste, {auc[bar]:.3f}; {best}, chosen on validation rows, {auc[best]:.3f}, which
        is {books_honest.verdict_on(best, warm)}.
    """
    if setup.quick:
        text = (
            "This is a quick look: nothing is trained to its end, figures mean nothing.\n\n" + text
        )
    return text
