"""How a command divides a log, or takes it as files divide it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.log_options import ContentOptions, LogOptions, TableOptions
from penchant.errors import ParameterError
from penchant.repeats import Repeats
from penchant.run import Run

if TYPE_CHECKING:
    from penchant.data.dataset import Dataset
    from penchant.data.origin import Layout
    from penchant.data.splits import Split

logger = logging.getLogger(__name__)

Kind = Literal[
    "time",
    "random",
    "per-user",
    "leave-last-out",
    "next-basket",
    "sessions",
    "users",
    "cold-items",
    "k-fold",
]

Given = Annotated[
    str,
    typer.Option(
        metavar="SHARE|FILE",
        help="Share of the events of held-out users that are known (--split users); or, with a "
        "file of test events, the file that has known events of which no model learns.",
    ),
]
Augment = Annotated[
    bool,
    typer.Option(
        "--augment",
        help="Predict every item but the first of a held-out session (--split sessions), or of a "
        "sequence for validation beside a file of test events.",
    ),
]
Folds = Annotated[int, typer.Option(min=2, help="How many folds (--split k-fold).")]
Fold = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Which fold judges, from 1 (--split k-fold); compare takes all by default.",
        show_default=False,
    ),
]
JudgedRepeats = Annotated[
    Repeats | None,
    typer.Option(
        help="Whether lists may hold what a user has had, or hold nothing else; by default "
        "they may where the log has orders, and in --split sessions.",
        show_default=False,
    ),
]
RelevantEvents = Annotated[
    Literal["all", "liked"] | None,
    typer.Option(
        help="Which held-out events a list should have: by default all, or likes with --positive.",
        show_default=False,
    ),
]


GIVEN_SHARE = "0.8"
_TEST_SHARE = "0.1"
_AUGMENT_ALONE = (
    "--augment goes with --split sessions, or with a share for validation of sequences beside a "
    "file of test events (--validation 0.1): leave it out."
)


@dataclass(frozen=True)
class SplitOptions:
    """The kind of split, its shares and its seed."""

    split: Annotated[
        Kind | None,
        typer.Option(
            help="How to hold out events; by default sessions where the log has them and times, "
            "time where every event has one, each user's latest events where only their order is "
            "known, otherwise random. users and cold-items hold out users or items whole, by "
            "shares of these.",
            show_default=False,
        ),
    ] = None
    validation: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE|FILE",
            help="Share of events that decide when to stop and what is best, by default 0.1; with "
            "a file of test events the file that has them or a share of the training events, by "
            "default none.",
            show_default=False,
        ),
    ] = None
    test: Annotated[
        str,
        typer.Option(
            metavar="SHARE|FILE",
            help="Share of events that judge; or a file of them, LOG having the training events.",
        ),
    ] = _TEST_SHARE
    published_split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Take the test events that were published with the data set: u1 to u5, ua and ub "
            "of movielens-100k, ncf of movielens-1m (99 negatives for each).",
            show_default=False,
        ),
    ] = None
    given: Given = GIVEN_SHARE
    augment: Augment = False
    folds: Folds = 5
    fold: Fold = None
    repeats: JudgedRepeats = None
    seed: Annotated[int, typer.Option(min=0, help="Decides everything random.")] = 0

    @property
    def all_folds(self) -> bool:
        """Whether each fold is to judge in turn."""
        return self.split == "k-fold" and self.fold is None

    @property
    def has_files(self) -> bool:
        """Whether the test events are in files of their own."""
        return self.published_split is not None or _number(self.test) is None

    def read(
        self, log: LogOptions, tables: TableOptions, content: ContentOptions, run: Run
    ) -> Split:
        """Read the log and divide it, or read the files that divide it.

        Raises:
            DataError: something cannot be read, or the log cannot be divided in this way.
            ParameterError: options do not go together, or the shares are impossible.
        """
        if not self.has_files:
            return self.cut(log.read(run, tables, content))
        if self.published_split is not None and self.test != _TEST_SHARE:
            raise ParameterError("--published-split has test events already: leave out --test.")
        if self.split is not None or log.reading.filters.k_core is not None:
            given = "--split" if self.split is not None else "--k-core"
            files = (
                f"--test {self.test}"
                if self.published_split is None
                else f"--published-split {self.published_split}"
            )
            raise ParameterError(
                f"{given} cannot be used with {files}: the files say which events are "
                "held out; leave it out."
            )
        split = (
            self._of_files(log, run)
            if self.published_split is None
            else self._as_published(log, self.published_split, run)
        )
        joined = tables.join(split.log, log.reading.file.encoding) if tables.given else split.log
        return self._with_repeats(replace(split, log=content.encode(joined, run)))

    def _as_published(self, log: LogOptions, name: str, run: Run) -> Split:
        from penchant.cli.published_splits import read_published_split
        from penchant.data.predefined import hold_out_validation

        split = read_published_split(log, name, run)
        share = self.validation_share(0.0)
        return hold_out_validation(split, share, self.seed) if share else split

    def _of_files(self, log: LogOptions, run: Run) -> Split:
        from penchant.auditing.from_files import split_of_files
        from penchant.data.predefined import hold_out_last_sequences, hold_out_validation

        share = 0.0 if self.validation is None else _number(self.validation)
        train = log.read(run)
        file = replace(log.reading.file, layout=log.reading.file.layout or _layout(train))
        known = None if _number(self.given) is not None else self.given
        reading = replace(log.reading, file=file)
        held_out = [
            None if source is None else reading.read(source, run, strict=log.strict, warn=False)
            for source in (self.test, self.validation if share is None else None, known)
        ]
        split = split_of_files(train, held_out[0], held_out[1], given=held_out[2])
        of_sequences = train.origin.layout == "sequences"
        if self.augment and not (share and of_sequences):
            raise ParameterError(_AUGMENT_ALONE)
        if share and of_sequences:
            if not self.augment and split.test.prefix_groups is not None:
                logger.info(
                    "Test lines are prefixes of sequences, of all lengths, and validation predicts "
                    "last items alone: --augment makes it alike."
                )
            split = hold_out_last_sequences(split, share, augment=self.augment)
        elif share:
            split = hold_out_validation(split, share, self.seed)
        logger.info(f"{split.sentence} --test with a share divides one log instead.")
        return split

    def validation_share(self, default: float) -> float:
        """The share of validation events.

        Raises:
            ParameterError: it is a file.
        """
        return default if self.validation is None else _share(self.validation, "--validation")

    def cut(self, log: Dataset) -> Split:
        """Divide the log.

        Raises:
            DataError: the log cannot be divided in this way.
            ParameterError: the shares are impossible.
        """
        return self._with_repeats(self._divide(log))

    def _with_repeats(self, split: Split) -> Split:
        return split if self.repeats is None else replace(split, repeat_rule=self.repeats)

    def _divide(self, log: Dataset) -> Split:
        from penchant.data import splitting

        if self.augment and self.split != "sessions":
            raise ParameterError(_AUGMENT_ALONE)
        validation = self.validation_share(0.1)
        test, seed = _share(self.test, "--test"), self.seed
        match self.split:
            case "time":
                return splitting.split_by_time(log, validation=validation, test=test)
            case "random":
                return splitting.split_random(log, validation=validation, test=test, seed=seed)
            case "per-user":
                return splitting.split_per_user(log, validation=validation, test=test, seed=seed)
            case "leave-last-out":
                return splitting.split_leave_last_out(log, validation=validation > 0)
            case "next-basket":
                return splitting.split_next_basket(log, validation=validation > 0)
            case "sessions":
                return splitting.split_sessions(
                    log, validation=validation, test=test, augment=self.augment
                )
            case "users":
                return splitting.split_users(
                    log,
                    validation=validation,
                    test=test,
                    given=_share(self.given, "--given"),
                    seed=seed,
                )
            case "cold-items":
                return splitting.split_cold_items(log, validation=validation, test=test, seed=seed)
            case "k-fold":
                if self.fold is None or self.fold > self.folds:
                    raise ParameterError(
                        f"Name the fold that judges, from --fold 1 to --fold {self.folds}; "
                        "penchant compare takes all of them."
                    )
                folds = splitting.k_fold(log, self.folds, validation=validation, seed=seed)
                return folds[self.fold - 1]
            case None:
                return splitting.split(log, validation=validation, test=test, seed=seed)

    def resolved(self, split: Split) -> dict[str, Any]:
        """The options that give this split again, for the command line that does so."""
        kind = {"fold": "k-fold", "predefined": None}.get(split.kind, split.kind)
        return {
            "split": kind,
            "validation": self.validation or (None if self.has_files else "0.1"),
            "given": self.given if kind == "users" or _number(self.given) is None else None,
            "folds": self.folds if kind == "k-fold" else None,
            "repeats": self.repeats,
        }


def _layout(log: Dataset) -> Layout | None:
    """The layout that held-out files have, too, however few lines these are."""
    return None if log.origin.layout == "columns" else log.origin.layout


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _share(text: str, option: str) -> float:
    share = _number(text)
    if share is None:
        raise ParameterError(
            f"{option} {Path(text).name} is no share such as 0.1; a file of such events goes with "
            "a file of test events, --test FILE."
        )
    return share
