"""Checks of a log's quality, its summary, and filters of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.data.quality.distributions import column_distributions
    from penchant.data.quality.filters import k_core, where
else:
    __getattr__ = exporter(
        __name__,
        {
            "column_distributions": "distributions",
            "k_core": "filters",
            "where": "filters",
        },
    )

__all__ = [
    "column_distributions",
    "k_core",
    "where",
]
