"""A log divided into training, validation and test events.

A split carries a description, its seed, the rule for ties in time, and a fingerprint that changes
with the log or with any event's side.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from penchant.data.dataset import Dataset
from penchant.data.holdout import Holdout
from penchant.data.sessions import numbers_of_sessions
from penchant.errors import DataError
from penchant.repeats import Repeats
from penchant.typing import Bool, Int32, UInt8
from penchant.wording import counted

TRAIN, VALIDATION, TEST, UNUSED, GIVEN = 0, 1, 2, 3, 4


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """A log divided into training events and held-out events.

    Attributes:
        log: the whole log.
        sides: uint8[n_events], 0 for training, 1 validation, 2 test, 3 unused, 4 given: history
            of held-out users, of which no model learns.
        kind: `random`, `per-user`, `leave-last-out`, `next-basket`, `sessions`, `time`,
            `fold`, `users`, `cold-items` or `predefined`.
        sentence: how the split was made, for a person.
        ties: what happens to events of equal time, or why that does not matter.
        seed: the seed that decided the sides, None where nothing was random.
        candidates: int32[n_test_users, n], the items to rank for each test user in ascending
            order of user index, padded with -1; None ranks all items.
        negatives: how many negatives each candidate list holds, 0 where all items are ranked.
        by_time: whether held-out events come after the given ones of their user; None where the
            kind says so.
        repeat_rule: whether lists for held-out users may hold items of their histories; see
            `repeats` for what None means.

    Example:
        >>> split = pn.split_random(planted_pairs(n_users=50), validation=0, test=0.1)
        >>> print(split.sentence)
        10% for test drawn at random by row (seed 0), whatever their user and time.
    """

    log: Dataset
    sides: UInt8
    kind: str
    sentence: str
    ties: str
    seed: int | None = None
    candidates: Int32 | None = None
    negatives: int = 0
    by_time: bool | None = None
    repeat_rule: Repeats | None = None

    def __post_init__(self) -> None:
        for side, noun in ((TRAIN, "training"), (TEST, "test")):
            if not (self.sides == side).any():
                raise DataError(
                    f"The split leaves no {noun} events: {counted(len(self.log), 'event')} of "
                    f"{counted(self.log.n_users, 'user')} are too few for it."
                )

    def __repr__(self) -> str:
        parts = np.bincount(self.sides, minlength=5)
        return (
            f"Split({self.kind}: {parts[TRAIN]:,} training, {parts[VALIDATION]:,} validation, "
            f"{counted(parts[TEST], 'test event')})"
        )

    @property
    def repeats(self) -> Repeats:
        """Whether lists may hold items of histories; by default where the log has orders."""
        return self.repeat_rule or ("allowed" if self.log.has_orders else "excluded")

    @cached_property
    def train(self) -> Dataset:
        """The training events, under the vocabularies of the whole log.

        Events without a user are among what is learned from, as far as these are `unspoiled`.
        """
        return self._learned(self.sides == TRAIN)

    @cached_property
    def train_and_validation(self) -> Dataset:
        """What is learned from once validation has settled everything; see `train`.

        Given events of users who have no test events are history of validation, and among it. A
        sequence that validation has many prefixes of is learned from once.
        """
        users = self.log.events["user"].to_numpy()
        tested, trained, repeated = np.zeros((3, self.log.n_users), np.bool_)
        tested[users[self.sides == TEST]] = True
        trained[users[self.sides == TRAIN]] = True
        if self.validation is not None:
            repeated[self.validation.histories.users[self.validation.shorter_prefixes]] = True
        given = (self.sides == GIVEN) & ~tested[users]
        learned = np.isin(self.sides, (TRAIN, VALIDATION)) | given
        return self._learned(learned & (trained | ~repeated)[users])

    def _learned(self, learned: Bool) -> Dataset:
        part, anonymous = self._part(learned), self.log.anonymous
        if anonymous is None:
            return part
        for keep in self.unspoiled(anonymous, learned):
            if keep is not None:
                kept = anonymous.filter(pl.Series(keep))
                part = replace(part, anonymous=kept if len(kept) else None)
        return part

    def unspoiled(
        self, events: pl.DataFrame, learned: Bool | None = None
    ) -> tuple[Bool | None, Bool | None]:
        """Which further events may be learned from without a look at what is held out.

        Args:
            events: of nobody in the log, with the log's item indices and `time` where known.
            learned: bool[n_events], which events of the log are learned from; by default those for
                training.

        Returns:
            Two of bool[n], both None where the kind of split holds out nothing of the sort. By
            time and by sessions: whether each is from before what is held out begins, which an
            event without a time is not known to be. With cold items: whether its item is none.
        """
        learned = self.sides == TRAIN if learned is None else learned
        before = cold = None
        if self.kind in ("time", "sessions"):
            before = np.zeros(len(events), np.bool_)
            if "time" in events.columns:
                start = self.log.events["time"].filter(pl.Series(self._held_out(learned))).min()
                before = (events["time"] < start).fill_null(False).to_numpy()
        elif self.kind == "cold-items":
            held_out = self.log.events["item"].filter(pl.Series(~learned)).unique()
            cold = ~np.isin(events["item"].to_numpy(), held_out.to_numpy())
        return before, cold

    def _held_out(self, learned: Bool) -> Bool:
        """bool[n_events], what is held out while some events are learned from, sessions whole."""
        if self.kind != "sessions":
            return ~learned
        # A session is held out from its first event on, which is given or of no use.
        sessions = numbers_of_sessions(self.log)
        order = self.log.event_order
        judges = (np.isin(self.sides, (VALIDATION, TEST)) & ~learned)[order]
        held_out = np.zeros(len(self.log), np.bool_)
        held_out[order] = np.isin(sessions, sessions[judges])
        return held_out

    @cached_property
    def validation(self) -> Holdout | None:
        """The validation events, with training and given events as histories; None without any."""
        held_out = self.log.subset(self.sides == VALIDATION)
        if not len(held_out):
            return None
        has_given = (self.sides == GIVEN).any()
        known = self.log.subset(np.isin(self.sides, (TRAIN, GIVEN))) if has_given else self.train
        return Holdout.of(known, held_out, item_pool=self._pool(held_out), repeats=self.repeats)

    @cached_property
    def test(self) -> Holdout:
        """The test events, with training, validation and given events as histories."""
        held_out = self.log.subset(self.sides == TEST)
        known = self._part(self.is_known)
        return Holdout.of(
            known,
            held_out,
            self.candidates,
            item_pool=self._pool(held_out),
            repeats=self.repeats,
        )

    @property
    def is_known(self) -> Bool:
        """bool[n_events], whether an event is known before the test events."""
        known: Bool = np.isin(self.sides, (TRAIN, VALIDATION, GIVEN))
        return known

    def _pool(self, held_out: Dataset) -> Int32 | None:
        """int32[n], the items that are ranked first of all: the cold ones, where these judge."""
        if self.kind != "cold-items":
            return None
        return np.unique(held_out.events["item"].to_numpy())

    def _part(self, keep: Bool) -> Dataset:
        """Most of the log, whose histories come in the order of the log's: it is sorted once."""
        return self.log if keep.all() else self.log.part(keep)

    @cached_property
    def fingerprint(self) -> str:
        """The first 16 hexadecimal digits of a SHA-256 over the log and every event's side."""
        digest = hashlib.sha256(self.log.fingerprint.encode())
        digest.update(self.sides.tobytes())
        if self.candidates is not None:
            digest.update(np.ascontiguousarray(self.candidates).tobytes())
        if self.repeats != "excluded":
            digest.update(self.repeats.encode())
        return digest.hexdigest()[:16]

    def describe(self) -> dict[str, object]:
        """The split's description, sizes and fingerprint, as results report them."""
        counts = np.bincount(self.sides, minlength=5).tolist()
        return {
            "kind": self.kind,
            "sentence": self.sentence,
            "ties": self.ties,
            "seed": self.seed,
            "fingerprint": self.fingerprint,
            "train": counts[TRAIN],
            "validation": counts[VALIDATION],
            "test": counts[TEST],
            "unused": counts[UNUSED],
            "given": counts[GIVEN],
            "test_users": self.test.n_users,
            "test_users_without_history": self.test.n_new_users,
            "negatives": self.negatives,
            "repeats": self.repeats,
        }
