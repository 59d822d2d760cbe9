"""The best items by products of vectors, without looking at every item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.retrieval.build import build_index
    from penchant.retrieval.products import ProductVectors, product_vectors
    from penchant.retrieval.retriever import attach, detach, retriever_of
    from penchant.retrieval.state import IndexFacts, facts_of, forget

__all__ = [
    "IndexFacts",
    "ProductVectors",
    "attach",
    "build_index",
    "detach",
    "facts_of",
    "forget",
    "product_vectors",
    "retriever_of",
]

__getattr__ = exporter(
    __name__,
    {
        "IndexFacts": "state",
        "ProductVectors": "products",
        "attach": "retriever",
        "build_index": "build",
        "detach": "retriever",
        "facts_of": "state",
        "forget": "state",
        "product_vectors": "products",
        "retriever_of": "retriever",
    },
)
