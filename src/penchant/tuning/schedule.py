"""Which trial is made when, and by whom, until all are finished or have taken too long."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from penchant.distributed import Executor
from penchant.errors import PenchantError
from penchant.results.tuning.trial import Trial, value_text
from penchant.run import ProgressTask, Run
from penchant.tuning.attempt import Attempt, Draft, TrialSetup, attempt
from penchant.tuning.journal import Journal
from penchant.tuning.search import SearchStrategy

logger = logging.getLogger(__name__)

_Key = tuple[str, ...]  # values as texts


class TrialSchedule:
    """The trials of a tuning: those that are finished, those that are being made, and the others.

    Where scores decide what is tried next, trials are made in rounds of as many as can be made at
    once: all of a round are drawn before any of them is told to the search. In one process a round
    is a trial. Where scores decide nothing, there are no rounds to wait for.

    Args:
        search: says what to try.
        journal: keeps finished trials; other processes may add to it.
        seconds: once all trials together have taken so long, no further one begins.

    Attributes:
        finished: by number.
        errors: why trials of this process failed.
    """

    def __init__(self, search: SearchStrategy, journal: Journal, seconds: float) -> None:
        self.finished: dict[int, Trial] = {}
        self.errors: list[Exception] = []
        self._search, self._journal, self._seconds = search, journal, seconds
        self._first = 1  # all numbers below it are finished
        self._by_values: dict[_Key, Trial] = {}
        self._untold: list[Trial] = []
        self._claims: dict[int, ExitStack] = {}  # of trials that are being made
        self._same_values: dict[_Key, list[int]] = {}  # further numbers, of values being tried

    def run_all(self, setup: TrialSetup, workers: Executor, run: Run) -> None:
        """Make the trials that nobody has made yet."""
        with run.progress.task("tuning", self._search.total) as task:
            try:
                self._gather(setup, task)
                if self.finished:
                    logger.info(
                        f"Going on with the study {self._journal}: {len(self.finished)} of "
                        f"{max(self._search.total, len(self.finished))} trials are there."
                    )
                while self._goes_on():
                    drafts = self._drafts(setup, task, workers.slots)
                    if self._search.adaptive:
                        drafts = iter(list(drafts))
                    for draft, made in workers.results(attempt, setup, drafts, waiting=0):
                        self._keep(draft, made)
                        self._gather(setup, task)
            finally:
                for claim in self._claims.values():
                    claim.close()

    def reason(self) -> Exception:
        """Why all trials have failed."""
        problems = [str(trial.problem) for _, trial in sorted(self.finished.items())]
        if len(set(problems)) > 1:
            return PenchantError(
                f"All {len(problems)} trials have failed, the first because: {problems[0]}"
            )
        return self.errors[0] if self.errors else PenchantError(problems[0])

    def _goes_on(self) -> bool:
        """Whether a further trial may begin."""
        while self._first in self.finished:
            self._first += 1
        spent = sum(trial.seconds for trial in self.finished.values())
        return self._first <= self._search.total and spent < self._seconds

    def _drafts(self, setup: TrialSetup, task: ProgressTask, slots: int) -> Iterator[Draft]:
        """What nobody has tried yet nor is at, each claimed until it is kept; of one round."""
        most = slots if self._search.adaptive else self._search.total
        for _ in range(most):
            if not self._goes_on():
                return
            numbers = range(self._first, self._search.total + 1)
            left = (n for n in numbers if n not in self.finished and n not in self._claims)
            claim = ExitStack()
            # To wait for others while they may be waiting for this process would be for ever.
            number = claim.enter_context(self._journal.claim(left, wait=not self._claims))
            if number is None:
                return
            self._claims[number] = claim
            self._gather(setup, task)
            if number in self.finished:
                self._release(number)
                continue
            self._tell()
            values = self._search.values(number)
            key = _key(values)
            if key in self._same_values:
                self._same_values[key].append(number)
            elif key in self._by_values:
                self._repeat(self._by_values[key], number)
                self._gather(setup, task)
            else:
                self._same_values[key] = []
                yield Draft(number, values)

    def _keep(self, draft: Draft, made: Attempt) -> None:
        """Note a trial, and those of the same values that have waited for it."""
        trial = replace(made.trial, values=draft.values)  # the very ones, no worker's copies
        if made.error is not None:
            self.errors.append(made.error)
        self._journal.add(trial)
        self._release(trial.number)
        for number in self._same_values.pop(_key(trial.values)):
            self._repeat(trial, number)

    def _repeat(self, known: Trial, number: int) -> None:
        """Note what values came to that were tried before."""
        self._journal.add(replace(known, number=number, seconds=0.0))
        self._release(number)

    def _release(self, number: int) -> None:
        self._claims.pop(number).close()

    def _gather(self, setup: TrialSetup, task: ProgressTask) -> None:
        """Take in the trials that were finished since the last time, by whichever process."""
        for trial in self._journal.new():
            if trial.number not in self.finished:
                self.finished[trial.number] = trial
                self._by_values.setdefault(_key(trial.values), trial)
                self._untold.append(trial)
                score = "failed" if trial.score is None else f"{trial.score:.4f}"
                task.advance(note=f"{setup.metric.name} {score}")

    def _tell(self) -> None:
        """Tell the search what it does not know yet, in an order that no worker's speed decides."""
        for trial in sorted(self._untold, key=lambda trial: trial.number):
            self._search.tell(trial)
        self._untold = []


def _key(values: Mapping[str, Any]) -> _Key:
    return tuple(map(value_text, values.values()))
