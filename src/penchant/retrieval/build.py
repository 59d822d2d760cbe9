"""Making the index of a model, and measuring what it misses and saves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from penchant.data.histories import Histories
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.retrieval.index import ListIndex, list_index
from penchant.retrieval.products import require_product_vectors
from penchant.retrieval.retriever import Retriever, attach, detach
from penchant.retrieval.state import IndexFacts, digest_of, forget, keep
from penchant.run import Run, Silent
from penchant.typing import Int32

_USERS = 400  # half of whom choose how many lists are looked at, and half of whom judge it
_TIMED, _MANY = 12, 256  # users whose lists are timed one by one, and at once
_FIRST_PROBES = 2


def build_index(
    model: Recommender, *, recall: float = 0.98, k: int = 10, run: Run | None = None
) -> IndexFacts:
    """Give a model an index of its items' vectors, with which large catalogues are searched fast.

    Items are divided into lists of near ones, and a query looks at so many of these lists that the
    wanted share of the best items is found, over some users; how many are found of others is
    measured and kept with the index. The model then uses it for lists wherever it was measured to
    be faster than exact search, and `pn.save` keeps it in the bundle.

    Args:
        model: a fitted model whose scores are products of vectors.
        recall: share of the items of exact lists that is to be found, above 0 and at most 1.
        k: length of these lists.
        run: threads and progress.

    Returns:
        What was measured.

    Raises:
        ParameterError: the model's scores are no products of vectors, or recall or k impossible.
        NotFittedError: the model has not been fitted.

    Example:
        >>> model = make("ials").fit(planted_pairs())
        >>> pn.build_index(model).recall >= 0.98
        True
    """
    if not 0 < recall <= 1 or k < 1:
        raise ParameterError("The recall must be above 0 and at most 1, and k at least 1.")
    users = model.histories_of()
    products = require_product_vectors(model, "An index")
    detach(model)
    forget(model)
    run = run or Run()
    known = np.flatnonzero(products.known).astype(np.int32)
    if not len(known) or not len(users):
        raise ParameterError("An index needs a model that knows something of some items.")
    index = list_index(products.items, known, seed=model.seed, run=run)
    silent = replace(run, progress=Silent())
    rng = np.random.default_rng(model.seed)
    sample = np.sort(rng.permutation(len(users))[:_USERS])
    others = sample[1::2] if len(sample) > 1 else sample
    tuning, judging = users.take(sample[::2]), users.take(others)
    facts = IndexFacts(
        vectors=digest_of(products.items),
        lists=index.n_lists,
        probes=1,
        k=k,
        recall=0.0,
        users=len(judging),
        exact_seconds=0.0,
        index_seconds=0.0,
        exact_seconds_of_many=0.0,
        index_seconds_of_many=0.0,
    )
    retriever = Retriever(model, index, products, facts)
    probes = _probes(model, retriever, index, tuning, recall, k, silent)

    def by_index(some: Histories) -> Int32:
        return retriever.lists(model, some, k, probes=probes, run=silent)[0]

    def exactly(some: Histories) -> Int32:
        return model.top_items(some, k, run=silent)[0]

    of_one, of_many = _blocks(users, rng, 1, _TIMED), _blocks(users, rng, _MANY, 1)
    facts = facts.model_copy(
        update={
            "probes": probes,
            "recall": _recall(exactly(judging), by_index(judging)),
            "exact_seconds": _seconds(exactly, of_one),
            "index_seconds": _seconds(by_index, of_one),
            "exact_seconds_of_many": _seconds(exactly, of_many),
            "index_seconds_of_many": _seconds(by_index, of_many),
        }
    )
    keep(model, index, facts)
    attach(model)
    return facts


def _probes(
    model: Recommender,
    retriever: Retriever,
    index: ListIndex,
    users: Histories,
    recall: float,
    k: int,
    run: Run,
) -> int:
    """How many lists are looked at for the recall that is wanted, by doubling."""
    truth = model.top_items(users, k, run=run)[0]
    probes = min(_FIRST_PROBES, index.n_lists)
    while probes < index.n_lists:
        found = retriever.lists(model, users, k, probes=probes, run=run)[0]
        if _recall(truth, found) >= recall:
            break
        probes = min(2 * probes, index.n_lists)
    return probes


def _recall(truth: Int32, found: Int32) -> float:
    """The share of the items of some lists that others have, user by user."""
    wanted = truth >= 0
    hits = (truth[:, :, None] == found[:, None, :]).any(axis=2) & wanted
    return float(hits.sum() / max(1, wanted.sum()))


def _blocks(users: Histories, rng: np.random.Generator, size: int, n: int) -> list[Histories]:
    """Some blocks of users drawn at random."""
    size = min(size, len(users))
    return [users.take(np.sort(rng.permutation(len(users))[:size])) for _ in range(n)]


def _seconds(lists: Callable[[Histories], Int32], blocks: list[Histories]) -> float:
    """The median time of a user's list; what is computed once is computed before."""
    lists(blocks[0])
    seconds = []
    for block in blocks:
        started = time.perf_counter()
        lists(block)
        seconds.append((time.perf_counter() - started) / len(block))
    return float(np.median(seconds))
