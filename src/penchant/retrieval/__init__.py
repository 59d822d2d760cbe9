"""The best items by products of vectors, without looking at every item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.retrieval.products import ProductVectors, product_vectors

__all__ = ["ProductVectors", "product_vectors"]

__getattr__ = exporter(__name__, {"ProductVectors": "products", "product_vectors": "products"})
