"""Finding and downloading published data sets: cache, mirror, address, wheel."""

from penchant.data.fetching.locate import default_mirror

__all__ = ["default_mirror"]
