"""Predictions of another program, judged beside trivial answers on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from penchant.auditing.material import Contender, Material, Predicted
from penchant.data.splits import TEST
from penchant.data.target import Like, default_like
from penchant.metrics import AUC, RMSE, Metric, RowMetric, compare, holm, replicates, verdict
from penchant.typing import Float64, Int64

_REPLICATES = 1000
_TRIVIAL = ("global-mean", "user-mean", "item-mean", "bias")


def judged(material: Material) -> Material:
    """The material with contenders for its foreign predictions, and trivial answers beside them."""
    foreign = {n: p for n, p in material.predictions.items() if p.foreign and p.truth is not None}
    if material.split is None or not foreign:
        return material
    trivial = _trivial(material)
    by_task: dict[Literal["rating", "like"], dict[str, Predicted]] = {"rating": {}, "like": {}}
    for name, predicted in foreign.items():
        by_task["rating" if _is_rating(predicted) else "like"][name] = predicted
    found = list(material.contenders)
    for task, own in by_task.items():
        if own:
            found += _contenders(material, task, own, trivial)
    return replace(material, contenders=tuple(found))


def _is_rating(predicted: Predicted) -> bool:
    """Whether predictions are on the scale of the ratings."""
    assert predicted.truth is not None
    values = predicted.values[np.isfinite(predicted.values)]
    if not len(values):
        return False
    low, high = float(predicted.truth.min()), float(predicted.truth.max())
    reach = max(high - low, 1e-9)
    return bool(low - reach / 2 <= np.median(values) <= high + reach / 2) and not (
        values.min() >= 0 and values.max() <= 1 and low >= 1
    )


def _contenders(
    material: Material,
    task: Literal["rating", "like"],
    own: Mapping[str, Predicted],
    trivial: Mapping[str, Float64],
) -> list[Contender]:
    """All of one task on the rows that every contender has a prediction for."""
    metric: RowMetric = RMSE() if task == "rating" else AUC()
    truth = next(iter(own.values())).truth
    assert truth is not None
    if task == "like":
        threshold = default_like(material.events_of.rating_range)
        truth = Like(threshold).of_ratings(truth).astype(float)
    rows = np.all([np.isfinite(p.values) for p in own.values()], axis=0)
    if rows.sum() < 2 or (task == "like" and np.ptp(truth[rows]) == 0):
        return []
    user: Int64 = np.unique(material.test_users[rows], return_inverse=True)[1].astype(np.int64)
    answers = {n: v[rows] for n, v in trivial.items()} | {n: p.values[rows] for n, p in own.items()}
    value = {n: metric(v, truth[rows]) for n, v in answers.items()}
    drawn = {
        n: replicates(metric, v, truth[rows], user, _REPLICATES, material.seed)
        for n, v in answers.items()
    }
    return against_trivial(task, metric, value, drawn, tuple(trivial), int(user.max()) + 1)


def against_trivial(
    task: str,
    metric: Metric,
    value: Mapping[str, float],
    drawn: Mapping[str, Float64],
    trivial: Sequence[str],
    users: int,
) -> list[Contender]:
    """Contenders with verdicts against the best of the trivial answers among them.

    Args:
        task: `ranking`, `rating` or `like`.
        metric: what decides.
        value: its figure by name, trivial answers' among them.
        drawn: float64[n_replicates] of each, on the same resamples of the users.
        trivial: the names of trivial answers.
        users: how many there are.
    """
    bars = np.stack([drawn[n] for n in trivial], 1)
    own = [name for name in value if name not in trivial]
    results = {
        n: compare(
            drawn[n],
            value[n],
            bars,
            np.array([value[t] for t in trivial]),
            higher_is_better=metric.higher_is_better,
        )
        for n in own
    }
    corrected = holm([c.p_value for c in results.values()])
    found = [
        Contender(n, task, True, metric.name, value[n], users=users, added=True) for n in trivial
    ]
    for (name, c), p in zip(results.items(), corrected, strict=True):
        said = verdict(c.gain, c.low, c.high, float(p))
        gain = (c.gain, c.low, c.high)
        found.append(
            Contender(name, task, False, metric.name, value[name], said, *gain, users, added=True)
        )
    return found


def _trivial(material: Material) -> dict[str, Float64]:
    """float64[n_test] of each trivial answer, in the order of the log's test events."""
    from penchant.models import find

    assert material.split is not None
    split = material.split
    held = split.log.subset(split.sides == TEST).events.with_row_index("at")
    order = ["user", "time"] if "time" in held.columns else ["user"]
    at = held.sort(order, maintain_order=True)["at"].to_numpy()  # as `Holdout.of` orders them
    answers = {}
    for name in _TRIVIAL:
        model = find(name)().fit(split.train)
        values = np.empty(len(at))
        values[at] = model.predict(split.test.rows)  # type: ignore[attr-defined]
        answers[name] = values
    return answers
