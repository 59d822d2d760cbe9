"""Of whom a model knows something, as `Recommender.has_evidence` says of new users."""

from __future__ import annotations

import numpy as np

from penchant.export.history import History
from penchant.models.base import Recommender
from penchant.models.graph.lightgcn import LightGCN
from penchant.models.sequence.base import SequenceNetworkModel
from penchant.models.sequence.fpmc import FPMC
from penchant.typing import Bool


def is_known(model: Recommender, history: History) -> str:
    """bool[n_users, 1], whether a history has an event that tells the model something."""
    g = history.graph
    telling = history.positive if model.learns_interactions else history.valid
    items = _telling_items(model)
    if items is not None and not items.all():
        known = g.op("Gather", g.constant(np.append(items, False)), history.items)
        telling = g.op("And", telling, known)
        if isinstance(model, FPMC):
            later = history.after(history.as_floats(history.positive))
            telling = g.op("And", telling, g.op("Less", later, g.floats(model.window)))
    return g.op("Greater", g.sum(history.as_floats(telling), 1), g.floats(0))


def _telling_items(model: Recommender) -> Bool | None:
    """bool[n_items], those of which something was learned; None where all count."""
    if isinstance(model, SequenceNetworkModel):
        return np.isin(np.arange(len(model.items_)), model.trained_items_)
    if isinstance(model, LightGCN):
        return np.asarray(model.messages_.any(axis=1))
    if isinstance(model, FPMC):
        return np.asarray(model.source_vectors_.any(axis=1))
    return None
