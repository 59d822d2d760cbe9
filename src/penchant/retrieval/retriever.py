"""Lists of a model by its index, where that was measured to pay."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from penchant.data.histories import Histories
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.repeats import Repeats
from penchant.retrieval.index import ListIndex
from penchant.retrieval.products import ProductVectors, product_vectors
from penchant.retrieval.state import IndexFacts, digest_of, facts_of, index_of
from penchant.run import Run
from penchant.topk import top_k
from penchant.typing import Bool, Float32, Int32

logger = logging.getLogger(__name__)

FEW = 16  # users up to whom the time of one user's list counts
_USERS = 1024  # whose vectors are made at once


class Retriever:
    """Makes the lists of one model with its index, and exactly where that would be wrong or slow.

    Lists are exact for users of whom the model knows nothing, where the index and the whole ranking
    leave fewer items than asked for, and where places are filled by popularity.

    Args:
        model: a fitted model with an index.
        index: of its vectors.
        products: these vectors.
        facts: what was measured of the index.
    """

    def __init__(
        self, model: Recommender, index: ListIndex, products: ProductVectors, facts: IndexFacts
    ) -> None:
        self.index, self.products, self.facts = index, products, facts
        self._learned = model.fitted_state()

    def fits(self, model: Recommender) -> bool:
        """Whether the model is as it was when its index was read; attributes are only replaced."""
        state = vars(model)
        return all(state.get(name) is value for name, value in self._learned.items())

    def top_items(
        self,
        model: Recommender,
        users: Histories,
        k: int,
        *,
        repeats: Repeats,
        candidates: Int32 | None,
        run: Run | None,
    ) -> tuple[Int32, Float32] | None:
        """As `Recommender.top_items`; None where exact search is to answer all."""
        if repeats == "only" or k < 1 or not len(users):
            return None
        if not self.facts.pays(len(users), FEW) or not self.fits(model):
            return None
        return self.lists(model, users, k, repeats=repeats, candidates=candidates, run=run)

    def lists(
        self,
        model: Recommender,
        users: Histories,
        k: int,
        *,
        repeats: Repeats = "excluded",
        candidates: Int32 | None = None,
        probes: int | None = None,
        run: Run | None = None,
    ) -> tuple[Int32, Float32]:
        """The same whether or not it pays.

        Args:
            model: the model.
            users: the histories.
            k: length of the lists, at least 1.
            repeats: `excluded` or `allowed`.
            candidates: item indices to choose from; None for all.
            probes: lists to look at; those of `facts` by default.
            run: threads and progress, of what is exact.
        """
        if repeats == "only":
            raise ParameterError("An index finds no lists of what users had: ask without it.")
        probes = probes or self.facts.probes
        fallback, index = model.fallback, self.index
        order = fallback.order
        assert order is not None
        lists = np.full((len(users), k), -1, np.int32)
        values = np.full((len(users), k), -np.inf, np.float32)
        known = fallback.has_evidence(users)
        exact = ~known
        among = allowed = None
        if candidates is not None:
            among, allowed = self._among(candidates, probes)
        for start in range(0, len(users), _USERS):
            block = users.block(start, start + _USERS)
            queries = self.products.users(block)
            for row in np.flatnonzero(known[start : start + _USERS]):
                wanted = max(k, 2)  # one score does not tell whether all are equal
                seen = None
                if repeats == "excluded":
                    seen = block.items[block.offsets[row] : block.offsets[row + 1]]
                if among is not None:
                    found = index.search_among(queries[row], wanted, among, order, seen)
                else:
                    found = index.search(
                        queries[row], wanted, probes, order, left_out=seen, allowed=allowed
                    )
                exact[start + row] = self._is_doubtful(found[1], k, fallback.no_evidence_score)
                items, scores = (part[:k] for part in found)
                lists[start + row, : len(items)] = items
                values[start + row, : len(items)] = scores
        rest = np.flatnonzero(exact)
        if len(rest):
            lists[rest], values[rest] = top_k(
                model.scores,
                users.take(rest),
                k,
                repeats=repeats,
                candidates=candidates,
                fallback=fallback,
                cells=model.block_cells,
                run=run,
            )
        return lists, values

    def _among(self, candidates: Int32, probes: int) -> tuple[Int32 | None, Bool | None]:
        """The candidates to look at all of, or bool[n] of the index' places, which are ones."""
        candidates = np.unique(candidates)
        among = candidates[self.index.places[candidates] >= 0]
        if self.index.is_few(len(among), probes):
            return among, None
        allowed = np.zeros(len(self.index.order), np.bool_)
        allowed[self.index.places[among]] = True
        return None, allowed

    @staticmethod
    def _is_doubtful(scores: Float32, k: int, no_evidence: float | None) -> bool:
        """Whether a list is too short, or has places that popularity may have to fill."""
        if len(scores) < max(k, 2) or scores[0] == scores[-1]:
            return True
        return no_evidence is not None and bool((scores[:k] <= no_evidence).any())


def attach(model: Recommender) -> Retriever | None:
    """Let a model that has an index answer by it; None where it has none that fits.

    An index of earlier vectors, such as after an update, is left alone and said to be.

    Raises:
        ValueError: the index is damaged.
    """
    detach(model)
    facts = facts_of(model)
    if facts is None:
        return None
    products = product_vectors(model)
    if products is None:
        raise ValueError("the model has an index, and its scores are no products of vectors")
    if digest_of(products.items) != facts.vectors:
        logger.warning(
            "The index is of what the model was before an update, and lists are made without it: "
            "make it again with penchant index or pn.build_index."
        )
        return None
    retriever = Retriever(model, index_of(model, products, facts), products, facts)
    vars(model)[_ATTRIBUTE] = retriever
    return retriever


def detach(model: Recommender) -> None:
    """Let a model answer exactly; its index stays what it would be saved with."""
    vars(model).pop(_ATTRIBUTE, None)


def retriever_of(model: Recommender) -> Retriever | None:
    """What answers for a model by its index; None where it answers exactly."""
    found: Any = vars(model).get(_ATTRIBUTE)
    return found if isinstance(found, Retriever) and found.fits(model) else None


_ATTRIBUTE = "retriever"
