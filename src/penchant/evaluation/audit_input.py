"""What a comparison hands to the audit: its split, answers and figures."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.auditing.material import Contender, Listed, Material, Predicted
from penchant.data.splits import Split
from penchant.evaluation.figures import Answers


def material_of(
    split: Split,
    ranked: Sequence[Answers],
    rated: Sequence[Answers],
    contenders: tuple[Contender, ...],
    seed: int,
) -> Material:
    """Everything that the audit can look at after a comparison.

    Predictions and truth are both on the scale of the model's own target.
    """
    lists = {
        a.name: Listed(split.test.histories.users, a.values.lists, "ranking" in a.baseline_for)
        for a in ranked
        if a.values is not None
        and a.values.lists is not None
        and len(a.values.lists) == split.test.n_users
    }
    predictions = {}
    user = split.test.rows.history.astype(np.int64)
    for a in rated:
        if a.predictions is None or a.target is None or split.test.ratings is None:
            continue
        truth = a.target.of_ratings(split.test.ratings).astype(float)
        predictions[a.name] = Predicted(
            a.predictions.astype(float), truth, user, trivial=bool(a.baseline_for)
        )
    return Material(
        split=split, contenders=contenders, predictions=predictions, lists=lists, seed=seed
    )
