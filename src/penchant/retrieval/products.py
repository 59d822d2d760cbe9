"""Vectors whose inner products are a model's scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from penchant.data.histories import Histories
from penchant.errors import ParameterError
from penchant.models.autoencoders.user_units import UserUnits
from penchant.models.base import Recommender
from penchant.models.content.two_tower import TwoTower
from penchant.models.content.vbpr import VBPR
from penchant.models.dot.vectors import DotVectors
from penchant.models.factorisation.base import FeatureFactors
from penchant.models.factorisation.nmf import NMF
from penchant.models.graph.lightgcn import LightGCN
from penchant.models.hybrid.ridge_factors import RidgeFactors
from penchant.models.ials.model import IALS
from penchant.models.sequence.base import SequenceNetworkModel
from penchant.models.sequence.fpmc import FPMC
from penchant.models.shared.ranking_base import RankingFactorModel
from penchant.models.table import TABLE, find, spec_of
from penchant.typing import Bool, Float32


@dataclass(frozen=True, eq=False)
class ProductVectors:
    """Vectors of items, and what makes those of users.

    Attributes:
        items: float32[n_items, dim]; biases are further numbers of the vectors.
        known: bool[n_items], false for items of which the model knows nothing: whatever the product
            says, they come last.
        users: makes float32[n_users, dim] of histories.
    """

    items: Float32
    known: Bool
    users: Callable[[Histories], Float32]


def product_vectors(model: Recommender) -> ProductVectors | None:
    """The vectors whose products are the scores of a model; None where scores are no products."""
    for classes, make in _KINDS:
        if isinstance(model, classes):
            return make(model)
    return None


def require_product_vectors(model: Recommender, purpose: str) -> ProductVectors:
    """The same.

    Args:
        model: a fitted model.
        purpose: what vectors are for, as the subject of a sentence.

    Raises:
        ParameterError: the model's scores are no products; the sentence names models whose are.
    """
    vectors = product_vectors(model)
    if vectors is None:
        raise ParameterError(
            f"{purpose} needs a model whose scores are products of vectors of users and items, and "
            f"those of {spec_of(model)} are not: use one of {', '.join(product_names())}."
        )
    return vectors


def product_names() -> list[str]:
    """The names of models whose scores are products of vectors, with settings that may not be."""
    kinds = tuple(cls for classes, _ in _KINDS for cls in classes)
    return [name for name in TABLE if issubclass(find(name), kinds)]


def _plain(model: IALS | NMF) -> ProductVectors:
    return ProductVectors(model.item_vectors(), _every(model), model.user_vectors)


def _known(model: LightGCN | SequenceNetworkModel) -> ProductVectors:
    """Of models in which items without vectors come last."""
    items = model.item_vectors()
    return ProductVectors(items, np.asarray(items.any(axis=1)), model.user_vectors)


def _with_item_bias(model: RankingFactorModel | TwoTower | VBPR | FPMC) -> ProductVectors:
    def users(histories: Histories) -> Float32:
        return np.pad(model.user_vectors(histories), ((0, 0), (0, 1)), constant_values=1)

    items = np.column_stack([model.item_vectors(), model.item_bias_])
    known = model.trained_items_ if isinstance(model, FPMC) else _every(model)
    return ProductVectors(items, known, users)


def _with_biases(
    model: Any, offset: float, item_bias: Float32 | None, weight: float = 1.0
) -> ProductVectors:
    """Of models of ratings: weight (p . q) + b_u + b_i + offset, with `user_rows` p and b_u."""

    def users(histories: Histories) -> Float32:
        vectors, bias = model.user_rows(histories)
        ones = np.ones(len(vectors))
        found = np.column_stack([vectors * weight, ones, bias + offset])
        return np.asarray(found, np.float32)

    items = model.item_vectors()
    bias = np.zeros(len(items)) if item_bias is None else item_bias
    columns = np.column_stack([items, bias, np.ones(len(items))])
    return ProductVectors(np.asarray(columns, np.float32), _every(model), users)


def _dot(model: DotVectors) -> ProductVectors | None:
    if not model.head.is_plain:
        return None
    weight, offset = model.head.output.tolist()
    return _with_biases(model, offset, model.item_bias_ if model.biases else None, weight)


def _every(model: Recommender) -> Bool:
    return np.ones(len(model.items_), np.bool_)


_KINDS: tuple[tuple[tuple[type, ...], Callable[[Any], ProductVectors | None]], ...] = (
    ((IALS, NMF), _plain),
    ((LightGCN, SequenceNetworkModel), _known),
    ((RankingFactorModel, TwoTower, VBPR, FPMC), _with_item_bias),
    ((DotVectors,), _dot),
    ((FeatureFactors,), lambda m: _with_biases(m, m.offset_, m.item_bias_)),
    ((RidgeFactors,), lambda m: _with_biases(m, m.mean_, m.item_bias_)),
    ((UserUnits,), lambda m: _with_biases(m, 0.0, m.item_bias_)),
)
