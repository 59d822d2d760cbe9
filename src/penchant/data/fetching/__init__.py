"""Finding and downloading published data sets: cache, mirror, address, wheel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.data.fetching.locate import default_mirror
else:
    __getattr__ = exporter(
        __name__,
        {
            "default_mirror": "locate",
        },
    )

__all__ = [
    "default_mirror",
]
