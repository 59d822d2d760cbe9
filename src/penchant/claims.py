"""Compare a published metric value with the trivial answers on the same data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.required import require_log
from penchant.data.splits import Split
from penchant.data.target import Like
from penchant.errors import ParameterError
from penchant.evaluation import evaluate
from penchant.metrics import Bootstrap, ListMetric, Metric, RowMetric, interval, parse, replicates
from penchant.notebook import ShownAsText
from penchant.typing import Float32, Float64, Int64

ClaimVerdict = Literal["better", "no better"]
_CONSTANTS = ("always-yes", "always-no")


@dataclass(frozen=True)
class Baseline:
    """A trivial answer and its metric value.

    Attributes:
        name: such as `always-yes` or `user-mean`.
        value: the metric.
        low: the lower end of the interval over users.
        high: the upper end.
    """

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Claim(ShownAsText):
    """A published metric value, and what anybody gets without learning.

    Attributes:
        published: the value.
        metric: the metric's name.
        higher_is_better: the metric's direction.
        baselines: the trivial answers, the best first.
        verdict: "no better" unless the published value lies beyond the interval of the best
            trivial answer.
        rows: how many rows, or users of a ranking, the trivial answers were evaluated on.
        data: what they were evaluated on.
    """

    published: float
    metric: str
    higher_is_better: bool
    baselines: tuple[Baseline, ...]
    verdict: ClaimVerdict
    rows: int
    data: str

    @property
    def best(self) -> Baseline:
        """The best trivial answer."""
        return self.baselines[0]

    @property
    def sentence(self) -> str:
        """The verdict in words, such as "no better than always-yes (.7319)".

        Where something trivial that learns is best, the value of a constant is added.
        """
        best = self.best
        spread = f"{_short(best.value)}, interval {_short(best.low)} to {_short(best.high)}"
        constant = next((a for a in self.baselines if a.name in _CONSTANTS), best)
        rest = "" if constant is best else f"; {constant.name} has {_short(constant.value)}"
        return (
            f"{self.metric} {_short(self.published)} is {self.verdict} than {best.name} "
            f"({spread}) on {self.data}{rest}."
        )

    def of(self, published: float) -> Claim:
        """Another published value of the same metric beside the same trivial answers.

        Raises:
            ParameterError: the value is not finite, or the metric cannot have it.
        """
        _check_published(published, parse(self.metric))
        verdict = _verdict(published, self.best, higher_is_better=self.higher_is_better)
        return replace(self, published=published, verdict=verdict)

    def frame(self) -> pl.DataFrame:
        """The published value and all trivial answers: name, value, low, high."""
        published = {"name": "published", "value": self.published, "low": None, "high": None}
        return pl.DataFrame([published, *map(asdict, self.baselines)], infer_schema_length=None)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return asdict(self) | {"sentence": self.sentence}

    def __str__(self) -> str:
        width = max(len(a.name) for a in self.baselines)
        lines = [
            f"  {a.name:<{width}}  {_short(a.value)}  [{_short(a.low)}, {_short(a.high)}]"
            for a in self.baselines
        ]
        return "\n".join([self.sentence, *lines])


def claim(
    published: float,
    *,
    on: Split | Dataset,
    metric: str,
    like: float | None = None,
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Claim:
    """Compare a published metric value with the trivial answers on the same data.

    On a split, trivial answers learn from the training events and are evaluated on the test
    events. On a whole log they are evaluated on all of its rows, as a value that was computed
    without a test part is: constants, and the means of the very rows.

    The published value's own uncertainty is not known, so that "better" says only that it is more
    than the best trivial answer reaches on other draws of these users.

    Args:
        published: the value, a share and not a percentage where the metric is one.
        on: the split or log.
        metric: its name, such as `f1`, `like-accuracy`, `rmse` or `ndcg@10`.
        like: the rating from which an event is a like; by default the upper quarter of the scale.
        replicates: bootstrap resamples of the users; of the rows where there is one user only.
        level: of the intervals.
        seed: of the bootstrap.

    Raises:
        ParameterError: the value is not finite, or the metric cannot have it (a percentage of a
            share); the metric is unknown, is no merit, as coverage is none, or asks for a ranking
            of a whole log; or there are no ratings for it.

    Example:
        >>> split = pn.split_per_user(planted_pairs())
        >>> print(pn.claim(0.05, on=split, metric="ndcg@10").verdict)
        no better
    """
    measure = parse(metric)
    _check_published(published, measure)
    if not isinstance(on, Split):
        require_log(on)
    log = on.log if isinstance(on, Split) else on
    if measure.task != "ranking" and not log.has_ratings:
        raise ParameterError(f"The metric {metric} judges ratings, and {log.name!r} has none.")
    threshold = None
    if log.has_ratings:
        threshold = log.like_threshold if like is None else like
    bootstrap = Bootstrap(replicates, level, seed)
    if isinstance(on, Split):
        table = evaluate(
            {}, on, [measure], like=threshold, replicates=replicates, level=level, seed=seed
        ).table()
        baselines = [
            Baseline(entry.name, value.value, value.low, value.high)
            for entry in table.entries
            if math.isfinite((value := entry.metrics[table.primary]).value)
        ]
        rows = table.users if measure.task == "ranking" else table.rows
        data = f"the test part of {log.name}"
        if isinstance(measure, RowMetric):
            assert on.test.ratings is not None
            baselines += _constants(
                measure,
                on.test.ratings,
                on.test.rows.history.astype(np.int64),
                threshold,
                bootstrap,
            )
    else:
        if not isinstance(measure, RowMetric):
            raise ParameterError(
                f"The metric {metric} judges lists: give a split, not a whole log."
            )
        user = np.unique(log.events["user"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        baselines = _constants(measure, log.ratings, user, threshold, bootstrap)
        baselines += _means(measure, log, user, threshold, bootstrap)
        rows, data = len(log), f"all rows of {log.name}"
    higher = measure.higher_is_better
    baselines.sort(key=lambda a: (-a.value if higher else a.value, not a.name.startswith("always")))
    return Claim(
        published=published,
        metric=measure.name,
        higher_is_better=higher,
        baselines=tuple(baselines),
        verdict=_verdict(published, baselines[0], higher_is_better=higher),
        rows=rows,
        data=data,
    )


def _check_published(published: float, metric: Metric) -> None:
    """Refuse what is no value of the metric, and metrics that are no merit."""
    if not math.isfinite(published):
        raise ParameterError(f"A published figure is a number, not {published}.")
    if isinstance(metric, ListMetric):
        raise ParameterError(
            f"{metric.name} describes lists and is no merit, so that no value of it is better than "
            "that of trivial answers: claim a metric of what is right, such as ndcg@10."
        )
    low, high = metric.bounds
    if low <= published <= high:
        return
    extent = f"from {low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
    is_percentage = high == 1 and high < published <= 100
    hint = f": as a share, {published:g} % is {published / 100:g}" if is_percentage else ""
    raise ParameterError(f"{metric.name} is {extent}, and cannot be {published:g}{hint}.")


def _verdict(published: float, best: Baseline, *, higher_is_better: bool) -> ClaimVerdict:
    """Whether a value lies beyond the interval of the best trivial answer."""
    beyond = published > best.high if higher_is_better else published < best.low
    return "better" if beyond else "no better"


def _constants(
    metric: RowMetric,
    ratings: Float32,
    user: Int64,
    threshold: float | None,
    bootstrap: Bootstrap,
) -> list[Baseline]:
    """The constant decisions, where the metric takes decisions."""
    if metric.takes != "decision" or threshold is None:
        return []
    truth = Like(threshold).of_ratings(ratings).astype(float)
    constants = {"always-yes": np.ones(len(truth)), "always-no": np.zeros(len(truth))}
    baselines = [_baseline(n, metric, v, truth, user, bootstrap) for n, v in constants.items()]
    return [baseline for baseline in baselines if math.isfinite(baseline.value)]


def _means(
    metric: RowMetric,
    log: Dataset,
    user: Int64,
    threshold: float | None,
    bootstrap: Bootstrap,
) -> list[Baseline]:
    """The means of the very rows, for metrics of ratings and scores."""
    if metric.takes == "decision":
        return []
    truth = log.ratings.astype(float)
    if metric.task == "like":
        assert threshold is not None
        truth = Like(threshold).of_ratings(log.ratings).astype(float)
    item = np.unique(log.events["item"].to_numpy(), return_inverse=True)[1]
    means = {"global-mean": np.full(len(truth), truth.mean())}
    for name, group in (("user-mean", user), ("item-mean", item)):
        means[name] = (np.bincount(group, truth) / np.bincount(group))[group]
    return [_baseline(n, metric, v, truth, user, bootstrap) for n, v in means.items()]


def _baseline(
    name: str,
    metric: RowMetric,
    values: Float64,
    truth: Float64,
    user: Int64,
    bootstrap: Bootstrap,
) -> Baseline:
    group = user if len(user) and user.max() > 0 else np.arange(len(user))
    resampled = replicates(metric, values, truth, group, bootstrap.replicates, bootstrap.seed)
    low, high = interval(resampled, bootstrap.level)
    return Baseline(name, metric(values, truth), float(low), float(high))


def _short(value: float) -> str:
    """Four decimals, without the zero before the point."""
    return f"{value:.4f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.4f}"
