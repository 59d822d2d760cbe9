"""Published data sets by name: where they are, how they are read, which splits they have."""

from penchant.data.fetching.locate import LocalCopy
from penchant.data.sources.catalogue import CATALOGUE, PublishedDataset, is_published
from penchant.data.sources.loading import fetch, load, load_split, load_tags, split_names
from penchant.data.sources.published_splits import PublishedSplit

__all__ = [
    "CATALOGUE",
    "LocalCopy",
    "PublishedDataset",
    "PublishedSplit",
    "fetch",
    "is_published",
    "load",
    "load_split",
    "load_tags",
    "split_names",
]
