"""What is in a log: counts, shapes and quality, as figures and as charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.exploration.log_exploration import explore
else:
    __getattr__ = exporter(
        __name__,
        {
            "explore": "log_exploration",
        },
    )

__all__ = [
    "explore",
]
