"""Texts as numbers: tokens, n-grams, TF-IDF, vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.encoders.text.autoencoder import Reader, TextAutoencoder
    from penchant.encoders.text.tokens import Tokeniser
else:
    __getattr__ = exporter(
        __name__,
        {
            "Reader": "autoencoder",
            "TextAutoencoder": "autoencoder",
            "Tokeniser": "tokens",
        },
    )

__all__ = [
    "Reader",
    "TextAutoencoder",
    "Tokeniser",
]
