"""Features of pairs of a user and an item, counted in a log and its tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penchant.features.attribute_tables import Tables
from penchant.features.cross_fitting import folds, one_fold, out_of_fold
from penchant.features.feature_set import FeatureSet
from penchant.lazy import exporter

if TYPE_CHECKING:
    from penchant.features.item_content import ItemContent
    from penchant.features.labels import label_key
    from penchant.features.pictures import COLUMN as PICTURE_COLUMN
    from penchant.features.pictures import with_pictures
    from penchant.features.sentences import COLUMN as SENTENCE_COLUMN
    from penchant.features.sentences import sentences_installed, with_sentences
else:
    __getattr__ = exporter(
        __name__,
        {
            "ItemContent": "item_content",
            "PICTURE_COLUMN": "pictures:COLUMN",
            "SENTENCE_COLUMN": "sentences:COLUMN",
            "label_key": "labels",
            "sentences_installed": "sentences",
            "with_pictures": "pictures",
            "with_sentences": "sentences",
        },
    )

__all__ = [
    "PICTURE_COLUMN",
    "SENTENCE_COLUMN",
    "FeatureSet",
    "ItemContent",
    "Tables",
    "folds",
    "label_key",
    "one_fold",
    "out_of_fold",
    "sentences_installed",
    "with_pictures",
    "with_sentences",
]
