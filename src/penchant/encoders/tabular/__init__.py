"""Short codings of rows of numbers: PCA and autoencoders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.encoders.tabular.autoencoder import FeatureAutoencoder
    from penchant.encoders.tabular.pca import PrincipalComponents
else:
    __getattr__ = exporter(
        __name__,
        {
            "FeatureAutoencoder": "autoencoder",
            "PrincipalComponents": "pca",
        },
    )

__all__ = [
    "FeatureAutoencoder",
    "PrincipalComponents",
]
