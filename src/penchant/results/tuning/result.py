"""What a tuning comes to: its trials, the best of them, and where that lies on an edge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Literal

import polars as pl
from rich.console import Console
from rich.text import Text

from penchant.data.splits import TEST, TRAIN, VALIDATION, Split
from penchant.errors import ParameterError
from penchant.json_values import json_value
from penchant.models import spec_of
from penchant.models.base import Recommender
from penchant.results.output import Output
from penchant.results.tables import CustomMetric
from penchant.results.tuning.trial import Range, RangeEnd, Trial, value_text
from penchant.run import versions

Maker = Callable[..., Recommender]


@dataclass(frozen=True, kw_only=True, eq=False)
class Tuning(Output):
    """All trials on one split. Nothing here has seen a test event.

    Attributes:
        model: what was tuned: a model, or a function that makes one.
        split: the split; only its training and validation events were used.
        metric: the metric's name.
        higher_is_better: whether high values of it are good.
        like: the rating from which an event is a like; None without ratings.
        method: how values were chosen: `grid`, `random` or `tpe`.
        seed: decided what was drawn.
        space: what could be tried, by name.
        trials: in the order of trying; one of them at least has a score.
        planned: how many trials there were to be; fewer were made where somebody interrupted or
            the minutes were over.
        custom_metrics: what to know of the metric where it is not one of this package, by name.
        minutes: no trial began once all together had taken so long; None had no limit.
        relevant: which validation events lists were judged by, `all` or `liked`; None where the
            metric judges no lists.

    Example:
        >>> split = pn.split_per_user(planted_pairs(n_users=50), validation=0.2, test=0.2)
        >>> tuning = pn.tune(make("ease"), split, "ndcg@10", space={"l2": [1, 10, 100]})
        >>> tuning.frame().columns
        ['trial', 'l2', 'ndcg@10', 'seconds', 'problem']
        >>> model = tuning.best().fit(split.train)
    """

    model: Recommender | Maker = field(repr=False)
    split: Split
    metric: str
    higher_is_better: bool
    like: float | None
    method: str
    seed: int
    space: Mapping[str, Range]
    trials: tuple[Trial, ...] = field(repr=False)
    planned: int
    minutes: float | None = None
    custom_metrics: Mapping[str, CustomMetric] = field(default_factory=dict, repr=False)
    relevant: Literal["all", "liked"] | None = None

    def __post_init__(self) -> None:
        if all(trial.score is None for trial in self.trials):
            raise ParameterError("A tuning needs a trial that has not failed.")

    @property
    def best_trial(self) -> Trial:
        """The best trial; of equal ones the first."""
        return self.ranked[0]

    @property
    def ranked(self) -> list[Trial]:
        """The trials with a score, the best first."""
        known = [(trial.score, trial) for trial in self.trials if trial.score is not None]
        sign = -1 if self.higher_is_better else 1
        return [trial for _, trial in sorted(known, key=lambda pair: sign * pair[0])]

    def best(self) -> Recommender:
        """A new, unfitted model with the best values.

        What validation settled while it was fitted, such as a number of epochs, is not set:
        `tuning.best().fit(split.train, split.validation).refit(log)` settles it again and learns
        from the whole log.
        """
        make: Maker = self.model.clone if isinstance(self.model, Recommender) else self.model
        return make(**self.best_trial.values)

    @property
    def best_name(self) -> str:
        """The best model as a text that `make` and the command line take, such as `ease:l2=300`."""
        return spec_of(self.best())

    @property
    def edges(self) -> dict[str, RangeEnd]:
        """Parameters whose best value lies at an end of what was tried, and at which.

        A better value may lie beyond. See `Range.edge` for what counts. Where several trials are
        equally good, all of them must lie at that end.
        """
        best = [trial for trial in self.ranked if trial.score == self.best_trial.score]
        edges: dict[str, RangeEnd] = {}
        for name, range_ in self.space.items():
            ends = {range_.edge(trial.values[name]) for trial in best}
            end = ends.pop()
            if end is not None and not ends:
                edges[name] = end
        return edges

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped it before its last trial."""
        return len(self.trials) < self.planned and not self.out_of_time

    @property
    def out_of_time(self) -> bool:
        """Whether the minutes were over before its last trial."""
        if self.minutes is None or len(self.trials) == self.planned:
            return False
        return sum(trial.seconds for trial in self.trials) >= 60 * self.minutes

    def best_so_far(self) -> list[float | None]:
        """The best score up to each trial, None before the first score."""
        better = max if self.higher_is_better else min

        def step(best: float | None, new: float | None) -> float | None:
            return better((s for s in (best, new) if s is not None), default=None)

        return list(accumulate((trial.score for trial in self.trials), step))

    def frame(self) -> pl.DataFrame:
        """One row a trial.

        Returns:
            A frame with `trial`, a column for each parameter (numbers, or texts where values are
            not all numbers), the metric, `seconds` and `problem`.
        """
        trials = self.trials
        columns = [pl.Series("trial", [t.number for t in trials])]
        columns += [_column(name, [t.values[name] for t in trials]) for name in self.space]
        columns += [
            pl.Series(self.metric, [t.score for t in trials], pl.Float64),
            pl.Series("seconds", [t.seconds for t in trials], pl.Float64),
            pl.Series("problem", [t.problem for t in trials], pl.String),
        ]
        return pl.DataFrame(columns)

    def heat_map(self, rows: str | None = None, columns: str | None = None) -> pl.DataFrame:
        """The score for each pair of values of two parameters that were given as lists.

        Args:
            rows: the parameter whose values name the rows; by default the first one.
            columns: the parameter whose values name the columns; by default the second one.

        Returns:
            A frame whose first column, called after `rows`, has its values as texts; each other
            column is called after a value of `columns`. Where there are further parameters, a
            cell is the best over their values; it is null where nothing with a score was tried.

        Raises:
            ParameterError: there are no two such parameters.
        """
        lists = [name for name, range_ in self.space.items() if range_.values]
        if rows is None and columns is None and len(lists) >= 2:
            rows, columns = lists[:2]
        if rows not in lists or columns not in lists or rows == columns:
            raise ParameterError(
                "A heat map needs two parameters that were given as lists, and there are "
                f"{', '.join(lists) or 'none'}."
            )
        assert rows is not None
        assert columns is not None
        scores: dict[tuple[str, str], float | None] = {}
        for trial in self.ranked:  # the best first, so that it keeps its place
            pair = value_text(trial.values[rows]), value_text(trial.values[columns])
            scores.setdefault(pair, trial.score)
        names = [value_text(value) for value in self.space[rows].values]
        return pl.DataFrame(
            [pl.Series(rows, names)]
            + [
                pl.Series(
                    f"{columns}={across}", [scores.get((n, across)) for n in names], pl.Float64
                )
                for across in map(value_text, self.space[columns].values)
            ]
        )

    @property
    def sentences(self) -> list[str]:
        """What was found, for a person: the best, its edges, and what went wrong."""
        best = self.best_trial
        sentences = [f"Best {self.metric} on validation: {best.score:.4f} with {self.best_name}."]
        if best.settled:
            settled = ", ".join(f"{name}={value}" for name, value in best.settled.items())
            sentences.append(f"Validation settled {settled} for it.")
        sentences += [
            f"{name} is best at {value_text(best.values[name])}, at the {end} end of what was "
            f"tried: try {'lower' if end == 'low' else 'higher'} values."
            for name, end in self.edges.items()
        ]
        problems = [trial.problem for trial in self.trials if trial.problem is not None]
        if problems:
            sentences.append(
                f"{len(problems)} of {len(self.trials)} trials failed, the first because: "
                f"{problems[0]}"
            )
        if self.out_of_time:
            sentences.append(
                f"The {self.minutes:g} minutes were over after {len(self.trials)} of "
                f"{self.planned} trials."
            )
        if self.interrupted:
            sentences.append(f"Interrupted after {len(self.trials)} of {self.planned} trials.")
        return sentences

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON."""
        best, split = self.best_trial, self.split
        sides = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
        plain: dict[str, Any] = json_value(
            {
                "model": spec_of(self.model) if isinstance(self.model, Recommender) else None,
                "metric": self.metric,
                "higher_is_better": self.higher_is_better,
                "like": self.like,
                "relevant": self.relevant,
                "repeats": self.split.repeats,
                "method": self.method,
                "seed": self.seed,
                "log": {"name": split.log.name, "fingerprint": split.log.fingerprint},
                "split": {
                    "kind": split.kind,
                    "sentence": split.sentence,
                    "fingerprint": split.fingerprint,
                }
                | {side: int((split.sides == n).sum()) for side, n in sides.items()},
                "space": {name: range_.to_dict() for name, range_ in self.space.items()},
                "trials": [trial.to_dict() for trial in self.trials],
                "best": best.to_dict() | {"model": self.best_name},
                "edges": self.edges,
                "minutes": self.minutes,
                "out_of_time": self.out_of_time,
                "interrupted": self.interrupted,
                "versions": versions(),
            }
        )
        return plain

    def render(self, console: Console) -> None:
        """Print the sentences to a Rich console."""
        for sentence in self.sentences:
            console.print(Text(sentence), soft_wrap=True)


def _column(name: str, values: list[Any]) -> pl.Series:
    """Whole numbers, numbers or texts, whichever holds all values."""
    kinds = {type(value) for value in values if value is not None}
    if kinds and kinds <= {int, float}:
        return pl.Series(name, values, pl.Int64 if kinds == {int} else pl.Float64, strict=False)
    return pl.Series(name, [None if v is None else str(v) for v in values], pl.String)
