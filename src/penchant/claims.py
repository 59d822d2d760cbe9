"""A published figure beside the trivial answers on the same data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.splits import Split
from penchant.data.target import Like, default_like_threshold
from penchant.errors import ParameterError
from penchant.evaluation import evaluate
from penchant.metrics import RowMetric, interval, parse, replicates
from penchant.typing import Float32, Float64, Int64

Verdict = Literal["better", "no better"]
_CONSTANTS = ("always-yes", "always-no")


@dataclass(frozen=True)
class Answer:
    """What a trivial answer reaches.

    Attributes:
        name: such as `always-yes` or `user-mean`.
        value: its figure.
        low: the lower end of the interval over users.
        high: the upper end.
    """

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Claim:
    """A published figure and what anybody gets without learning.

    Attributes:
        published: the figure.
        metric: what it is.
        higher_is_better: the metric's direction.
        answers: the trivial answers, the best first.
        verdict: "no better" unless the published figure lies beyond the interval of the best
            trivial answer.
        rows: how many rows, or users of a ranking, the answers were judged on.
        data: what they were judged on.
    """

    published: float
    metric: str
    higher_is_better: bool
    answers: tuple[Answer, ...]
    verdict: Verdict
    rows: int
    data: str

    @property
    def best(self) -> Answer:
        """The best trivial answer."""
        return self.answers[0]

    @property
    def sentence(self) -> str:
        """The verdict in words, such as "no better than always-yes (.7319)".

        Where something trivial that learns is best, what a constant has is said, too.
        """
        best = self.best
        spread = f"{_short(best.value)}, interval {_short(best.low)} to {_short(best.high)}"
        constant = next((a for a in self.answers if a.name in _CONSTANTS), best)
        rest = "" if constant is best else f"; {constant.name} has {_short(constant.value)}"
        return (
            f"{self.metric} {_short(self.published)} is {self.verdict} than {best.name} "
            f"({spread}) on {self.data}{rest}."
        )

    def frame(self) -> pl.DataFrame:
        """The published figure and all answers: name, value, low, high."""
        own = {"name": "published", "value": self.published, "low": None, "high": None}
        return pl.DataFrame([own, *map(asdict, self.answers)], infer_schema_length=None)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        return asdict(self) | {"sentence": self.sentence}

    def __str__(self) -> str:
        wide = max(len(a.name) for a in self.answers)
        lines = [
            f"  {a.name:<{wide}}  {_short(a.value)}  [{_short(a.low)}, {_short(a.high)}]"
            for a in self.answers
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
    """Put a published figure beside the trivial answers on the same data.

    On a split, trivial answers learn from the training events and are judged on the test events.
    On a whole log they are judged on all of its rows, as a figure that was computed without a
    test part is: constants, and the means of the very rows.

    The published figure's own uncertainty is not known, so that "better" says only that it is
    more than the best trivial answer reaches on other draws of these users.

    Args:
        published: the figure.
        on: the split or log.
        metric: its name, such as `f1`, `like-accuracy`, `rmse` or `ndcg@10`.
        like: the rating from which an event is a like; by default the upper quarter of the scale.
        replicates: bootstrap resamples of the users; of the rows where there is one user only.
        level: of the intervals.
        seed: of the bootstrap.

    Raises:
        ParameterError: the figure is not finite, the metric is unknown or asks for a ranking of a
            whole log, or there are no ratings for it.
    """
    judge = parse(metric)
    if not math.isfinite(published):
        raise ParameterError(f"A published figure is a number, not {published}.")
    log = on.log if isinstance(on, Split) else on
    if judge.task != "ranking" and not log.has_ratings:
        raise ParameterError(f"The metric {metric} judges ratings, and {log.name!r} has none.")
    cut = None
    if log.has_ratings:
        cut = default_like_threshold(log.rating_range) if like is None else like
    bootstrap = _Bootstrap(replicates, level, seed)
    if isinstance(on, Split):
        table = evaluate(
            {}, on, [judge], like=cut, replicates=replicates, level=level, seed=seed
        ).table()
        answers = [
            Answer(e.name, figure.value, figure.low, figure.high)
            for e in table.entries
            if math.isfinite((figure := e.metrics[table.primary]).value)
        ]
        rows = table.users if judge.task == "ranking" else table.rows
        data = f"the test part of {log.name}"
        if isinstance(judge, RowMetric):
            assert on.test.ratings is not None
            answers += _constants(
                judge, on.test.ratings, on.test.rows.history.astype(np.int64), cut, bootstrap
            )
    else:
        if not isinstance(judge, RowMetric):
            raise ParameterError(
                f"The metric {metric} judges lists: give a split, not a whole log."
            )
        user = np.unique(log.events["user"].to_numpy(), return_inverse=True)[1].astype(np.int64)
        answers = _constants(judge, log.ratings, user, cut, bootstrap)
        answers += _means(judge, log, user, cut, bootstrap)
        rows, data = len(log), f"all rows of {log.name}"
    higher = judge.higher_is_better
    answers.sort(key=lambda a: (-a.value if higher else a.value, not a.name.startswith("always")))
    best = answers[0]
    beyond = published > best.high if higher else published < best.low
    return Claim(
        published=published,
        metric=judge.name,
        higher_is_better=higher,
        answers=tuple(answers),
        verdict="better" if beyond else "no better",
        rows=rows,
        data=data,
    )


@dataclass(frozen=True)
class _Bootstrap:
    replicates: int
    level: float
    seed: int


def _constants(
    metric: RowMetric,
    ratings: Float32,
    user: Int64,
    cut: float | None,
    bootstrap: _Bootstrap,
) -> list[Answer]:
    """Yes to everything and no to everything, where the metric takes decisions."""
    if metric.takes != "decision" or cut is None:
        return []
    truth = Like(cut).of_ratings(ratings).astype(float)
    said = {"always-yes": np.ones(len(truth)), "always-no": np.zeros(len(truth))}
    found = [_answer(n, metric, v, truth, user, bootstrap) for n, v in said.items()]
    return [answer for answer in found if math.isfinite(answer.value)]


def _means(
    metric: RowMetric,
    log: Dataset,
    user: Int64,
    cut: float | None,
    bootstrap: _Bootstrap,
) -> list[Answer]:
    """The means of the very rows, for metrics of ratings and scores."""
    if metric.takes == "decision":
        return []
    truth = log.ratings.astype(float)
    if metric.task == "like":
        assert cut is not None
        truth = Like(cut).of_ratings(log.ratings).astype(float)
    item = np.unique(log.events["item"].to_numpy(), return_inverse=True)[1]
    said = {"global-mean": np.full(len(truth), truth.mean())}
    for name, group in (("user-mean", user), ("item-mean", item)):
        said[name] = (np.bincount(group, truth) / np.bincount(group))[group]
    return [_answer(n, metric, v, truth, user, bootstrap) for n, v in said.items()]


def _answer(
    name: str,
    metric: RowMetric,
    values: Float64,
    truth: Float64,
    user: Int64,
    bootstrap: _Bootstrap,
) -> Answer:
    group = user if len(user) and user.max() > 0 else np.arange(len(user))
    drawn = replicates(metric, values, truth, group, bootstrap.replicates, bootstrap.seed)
    low, high = interval(drawn, bootstrap.level)
    return Answer(name, metric(values, truth), float(low), float(high))


def _short(value: float) -> str:
    """Four decimals, without the zero before the point."""
    return f"{value:.4f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.4f}"
