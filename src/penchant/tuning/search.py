"""Ways to choose which hyper-parameters to try next: all, at random, or where it went well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from penchant.errors import MissingExtraError, ParameterError, require
from penchant.results.tuning.trial import Range, Trial

Values = dict[str, Any]
_DIGITS = 4  # of a drawn number, so that its text is short and gives that very number again


class SearchStrategy(Protocol):
    """Gives values to try for each trial, which has a number from 1.

    Attributes:
        total: how many trials there are.
        adaptive: whether what is tried depends on the trials that were told.
    """

    total: int
    adaptive: bool

    def values(self, number: int) -> Values:
        """What a trial is to try."""

    def tell(self, trial: Trial) -> None:
        """What a trial came to."""


class GridSearch:
    """All combinations of lists, the last parameter changing first."""

    adaptive = False

    def __init__(self, ranges: Mapping[str, Range]) -> None:
        if between := [name for name, range_ in ranges.items() if not range_.values]:
            raise ParameterError(
                f"A grid needs a list of values for every parameter: give one for {between[0]!r}, "
                "or take the method random."
            )
        self._ranges = ranges
        self.total = math.prod(len(range_.values) for range_ in ranges.values())

    def values(self, number: int) -> Values:
        """A combination, by its place among all of them."""
        place, chosen = number - 1, []
        for range_ in reversed(list(self._ranges.values())):
            place, own = divmod(place, len(range_.values))
            chosen.append(range_.values[own])
        return dict(zip(self._ranges, reversed(chosen), strict=True))

    def tell(self, trial: Trial) -> None:
        """A grid goes on whatever the score."""


class RandomSearch:
    """Independent draws, the first of them being the model as it is given.

    Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization" (2012).
    """

    adaptive = False

    def __init__(
        self, ranges: Mapping[str, Range], trials: int, seed: int, *, start: Values | None
    ) -> None:
        self._ranges, self._start = ranges, start
        self._rng, self._drawn = np.random.default_rng(seed), list[Values]()
        self.total = trials

    def values(self, number: int) -> Values:
        """A draw, which is the same whatever was asked for before."""
        while len(self._drawn) < number:
            drawn = {name: _drawn(range_, self._rng) for name, range_ in self._ranges.items()}
            self._drawn.append(drawn)
        return self._start if number == 1 and self._start is not None else self._drawn[number - 1]

    def tell(self, trial: Trial) -> None:
        """Draws do not depend on scores."""


class TpeSearch:
    """Draws that good trials lead, the first of them being the model as it is given.

    The tree-structured Parzen estimator of Bergstra et al., "Algorithms for Hyper-Parameter
    Optimization" (2011), by the package optuna. A draw depends on the seed, the trial's number and
    the trials that were told until then, so that a search that goes on later draws the same.
    """

    adaptive = True

    def __init__(
        self,
        ranges: Mapping[str, Range],
        trials: int,
        seed: int,
        *,
        higher_is_better: bool,
        start: Values | None,
    ) -> None:
        try:
            self._optuna = require("optuna", "tune")
        except MissingExtraError as error:
            raise MissingExtraError(f"{error} Or take the method random.") from error
        self._ranges, self._start, self._seed, self.total = ranges, start, seed, trials
        self._space = {name: self._distribution(range_) for name, range_ in ranges.items()}
        before = self._optuna.logging.get_verbosity()
        self._optuna.logging.set_verbosity(self._optuna.logging.ERROR)
        self._study = self._optuna.create_study(
            direction="maximize" if higher_is_better else "minimize"
        )
        self._optuna.logging.set_verbosity(before)

    def values(self, number: int) -> Values:
        """A draw near good trials."""
        if number == 1 and self._start is not None:
            return self._start
        seed = int(np.random.SeedSequence([abs(self._seed), number]).generate_state(1)[0])
        self._study.sampler = self._optuna.samplers.TPESampler(seed=seed)
        draft = self._study.ask(self._space)
        # Of no account to the sampler: what was tried, with few digits, is told in its place.
        self._study.tell(draft, state=self._optuna.trial.TrialState.FAIL)
        return {
            name: range_.values[draft.params[name]]
            if range_.values
            else _short(range_, draft.params[name])
            for name, range_ in self._ranges.items()
        }

    def tell(self, trial: Trial) -> None:
        """Good scores draw the next trials near; a failure is of no account.

        Nor is the model as it is given where a value of it lies outside of what is drawn, or where
        the log decides on it.
        """
        if trial.score is None or not all(
            range_.spans(trial.values[name]) for name, range_ in self._ranges.items()
        ):
            return
        params = {
            name: _place(range_, trial.values[name]) if range_.values else trial.values[name]
            for name, range_ in self._ranges.items()
        }
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=params, distributions=self._space, value=trial.score
            )
        )

    def _distribution(self, range_: Range) -> Any:
        kinds = self._optuna.distributions
        if range_.values:
            return kinds.CategoricalDistribution(tuple(range(len(range_.values))))
        kind = kinds.IntDistribution if range_.whole else kinds.FloatDistribution
        return kind(range_.low, range_.high, log=range_.log)


def start_of(ranges: Mapping[str, Range], params: Mapping[str, Any]) -> Values | None:
    """A model's own values, None where one of them may not be tried."""
    start = {name: params[name] for name in ranges if name in params}
    good = len(start) == len(ranges) and all(r.holds(start[n]) for n, r in ranges.items())
    return start if good else None


def _drawn(range_: Range, rng: np.random.Generator) -> Any:
    if range_.values:
        return range_.values[int(rng.integers(len(range_.values)))]
    assert range_.low is not None
    assert range_.high is not None
    # Each whole number stands for what is rounded to it, so that the ends are as likely as others.
    pad = 0.5 if range_.whole else 0.0
    low, high = range_.low - pad, range_.high + pad
    if range_.log:
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = float(rng.uniform(low, high))
    return _short(range_, value)


def _short(range_: Range, value: float) -> float | int:
    """A number of few digits inside the range, whole where it must be."""
    assert range_.low is not None
    assert range_.high is not None
    digits = round(value) if range_.whole else float(f"{value:.{_DIGITS}g}")
    kept = min(max(digits, range_.low), range_.high)
    return int(kept) if range_.whole else float(kept)


def _place(range_: Range, value: Any) -> int:
    return range_.values.index(value)
