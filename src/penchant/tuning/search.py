"""Ways to choose which hyper-parameters to try next: all, at random, or where it went well."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from penchant.errors import MissingExtraError, ParameterError, require
from penchant.results.tuning.trial import Range

Values = dict[str, Any]
_DIGITS = 4  # of a drawn number, so that its text is short and gives that very number again


class SearchStrategy(Protocol):
    """Gives values to try, one set after the other."""

    total: int

    def __iter__(self) -> Iterator[Values]:
        """The sets in the order of trying."""

    def tell(self, score: float | None) -> None:
        """What the last set was worth, None where it failed."""


class GridSearch:
    """All combinations of lists, the last parameter changing first."""

    def __init__(self, ranges: Mapping[str, Range]) -> None:
        if between := [name for name, range_ in ranges.items() if not range_.values]:
            raise ParameterError(
                f"A grid needs a list of values for every parameter: give one for {between[0]!r}, "
                "or take the method random."
            )
        self._ranges = ranges
        self.total = math.prod(len(range_.values) for range_ in ranges.values())

    def __iter__(self) -> Iterator[Values]:
        for values in itertools.product(*(range_.values for range_ in self._ranges.values())):
            yield dict(zip(self._ranges, values, strict=True))

    def tell(self, score: float | None) -> None:
        """A grid goes on whatever the score."""


class RandomSearch:
    """Independent draws, the first of them being the model as it is given.

    Bergstra and Bengio, "Random Search for Hyper-Parameter Optimization" (2012).
    """

    def __init__(
        self, ranges: Mapping[str, Range], trials: int, seed: int, *, start: Values | None
    ) -> None:
        self._ranges, self._seed, self._start = ranges, seed, start
        self.total = trials

    def __iter__(self) -> Iterator[Values]:
        rng = np.random.default_rng(self._seed)
        for number in range(self.total):
            drawn = {name: _drawn(range_, rng) for name, range_ in self._ranges.items()}
            yield self._start if number == 0 and self._start is not None else drawn

    def tell(self, score: float | None) -> None:
        """Draws do not depend on scores."""


class TpeSearch:
    """Draws that good trials lead, the first of them being the model as it is given.

    The tree-structured Parzen estimator of Bergstra et al., "Algorithms for Hyper-Parameter
    Optimization" (2011), by the package optuna.
    """

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
        self._ranges, self._start, self.total = ranges, start, trials
        before = self._optuna.logging.get_verbosity()
        self._optuna.logging.set_verbosity(self._optuna.logging.ERROR)
        self._study = self._optuna.create_study(
            direction="maximize" if higher_is_better else "minimize",
            sampler=self._optuna.samplers.TPESampler(seed=seed),
        )
        self._optuna.logging.set_verbosity(before)
        if start is not None:
            self._study.enqueue_trial(
                {n: _place(r, start[n]) if r.values else start[n] for n, r in ranges.items()}
            )
        self._trial: Any = None

    def __iter__(self) -> Iterator[Values]:
        for number in range(self.total):
            self._trial = self._study.ask()
            values = {name: self._suggested(name, r) for name, r in self._ranges.items()}
            yield self._start if number == 0 and self._start is not None else values

    def tell(self, score: float | None) -> None:
        """Good scores draw the next trials near."""
        if score is None:
            self._study.tell(self._trial, state=self._optuna.trial.TrialState.FAIL)
        else:
            self._study.tell(self._trial, score)

    def _suggested(self, name: str, range_: Range) -> Any:
        if range_.values:
            places = list(range(len(range_.values)))
            return range_.values[self._trial.suggest_categorical(name, places)]
        how = self._trial.suggest_int if range_.whole else self._trial.suggest_float
        return _short(range_, how(name, range_.low, range_.high, log=range_.log))


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
