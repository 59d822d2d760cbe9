"""Write the lists of all users, part by part."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from penchant.batch.destinations import destination_of
from penchant.batch.parts import PartFolder
from penchant.batch.summary import ListCounts, ListSummary
from penchant.data.histories import Histories
from penchant.data.vocabulary import Id
from penchant.distributed import Executor, executor
from penchant.explanation import explain_lists
from penchant.models.base import Recommender
from penchant.models.empty_lists import report_groups
from penchant.models.lists import fallback_sentence
from penchant.repeats import Repeats
from penchant.rules import BoundRules, Rules, bind, recommend
from penchant.rules.lists import NONE_LEFT
from penchant.run import Run
from penchant.store import digest

logger = logging.getLogger(__name__)

_ROWS, _EXPLAINED_ROWS = 2**17, 2**13  # of a part
_REASONS = 3
_SPEAKERS = ("penchant.models.lists", "penchant.models.empty_lists")  # of each part's users


@dataclass(frozen=True)
class _Request:
    """What is asked for; `options` are those of `penchant.recommend`."""

    model: Recommender
    k: int
    explain: bool
    by_id: bool
    options: dict[str, Any]

    @property
    def users_per_part(self) -> int:
        """How many users' lists are made and stored at once."""
        return max(1, (_EXPLAINED_ROWS if self.explain else _ROWS) // self.k)

    def rows(self, users: Histories, first: int, run: Run) -> pl.DataFrame:
        """The lists of some users, with the column `position`, which counts from `first`."""
        if self.explain:
            table = explain_lists(
                self.model, users, self.k, reasons=_REASONS, run=run, **self.options
            )
        else:
            table = recommend(self.model, users, self.k, titles=True, run=run, **self.options)
        position = table["history"].cast(pl.Int64)
        columns = [(position + first).alias("position")]
        if self.by_id:
            columns.append(self.model.users_.take(users.users[position.to_numpy()]).alias("user"))
        return pl.DataFrame([*columns, *table.drop("history").iter_columns()])


def write_lists(
    model: Recommender,
    destination: str | Path,
    k: int = 10,
    *,
    users: Sequence[Id] | Histories | None = None,
    explain: bool = False,
    repeats: Repeats = "excluded",
    candidates: Sequence[Id] | None = None,
    exclude: Sequence[Id] | None = None,
    rules: Rules | BoundRules | None = None,
    overwrite: bool = False,
    fingerprint: str | None = None,
    run: Run | None = None,
) -> ListSummary:
    """Write the lists of all users to a file or a table, in memory that does not grow with users.

    Parts of some users each are stored in a folder beside the destination, and put together in the
    end. A run that was stopped goes on where it was, and at no time is a part of the lists at the
    destination: it holds the old ones or the new ones.

    Args:
        model: a fitted model.
        destination: a file whose ending is .parquet, .csv, .jsonl or .xlsx, or the URL of a
            database, whose table `lists`, or that of `?table=`, is made or gets other rows.
        k: items for each user.
        users: ids of known users, or histories, or None for all known users.
        explain: whether to add the reasons of each place; see `penchant.explain_lists`.
        repeats: whether lists may hold items of the history, or hold nothing else.
        candidates: the only items to choose from; a warning names those that are not known.
        exclude: items to leave out; likewise.
        rules: what lists may hold and in which order; see `penchant.recommend`.
        overwrite: whether to start anew where parts of another run are left, and to replace a
            table that has other columns.
        fingerprint: of the model, by which parts of another one are told; by default made of what
            it learned from and its parameters.
        run: threads and progress; with `ray` the parts are made by the workers of a cluster.

    Returns:
        What the lists hold.

    Raises:
        ParameterError: k is below 1, the destination is not one that can be written, or has parts
            of another run or is being written by another process, or does not hold so many rows,
            or the cluster is not there.
        DataError: the database cannot be written, its table has other columns, or a file that the
            rules name cannot be read.
        UnknownIdError: a user is not known, or none of the candidates or excluded items.
        MissingExtraError: a driver of the database, XlsxWriter or Ray is asked for and not
            installed.
    """
    started, run = time.perf_counter(), run or Run()
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    chosen = model.items_.selection(candidates, exclude)
    # From here on without the ids that are not known, of which a warning has told.
    options: dict[str, Any] = {"repeats": repeats}
    if chosen is not None:
        options["candidates"] = model.items_.take(chosen)
    why_none = {}
    if rules is not None:
        rules = options["rules"] = bind(rules, model)
        chosen, why_none = rules.candidates(chosen), {"otherwise": NONE_LEFT}
    request = _Request(model, k, explain, users is not histories, options)
    place = destination_of(destination)
    with _one_report():
        empty = request.rows(histories.block(0, 0), 0, run.silent())
    place.check(empty.drop("position").schema, k * len(histories), overwrite=overwrite)
    counts = ListCounts(model, repeats, chosen, why_none)
    facts = {
        "bundle": fingerprint or _fingerprint(model),
        "k": k,
        "reasons": explain,
        "repeats": repeats,
        "choice of items": "all" if chosen is None else digest(chosen),
        "set of rules": "none" if rules is None else _digest_of_rules(rules),
        "choice of users": "all" if users is None else _digest_of_users(histories),
    }
    size = request.users_per_part
    n_parts = max(1, -(-len(histories) // size))
    folder = PartFolder(place.parts, facts, n_parts)
    with executor(run) as workers, folder.opened(overwrite=overwrite):
        _make_parts(request, histories, folder, workers, run)
        for n, path in enumerate(folder.parts()):
            first = n * size
            part = pl.read_parquet(path, columns=["position", "item", "fallback"])
            counts.add(part, histories.block(first, first + size), first)
        place.write(folder.parts(), run)
        folder.remove()
    _report(counts)
    return counts.summary(str(place), k, time.perf_counter() - started)


@dataclass(frozen=True)
class _Part:
    """One part that is to be made: its number, and the users from place `first` on."""

    number: int
    first: int
    users: Histories


def _rows_of(shared: tuple[_Request, Run], part: _Part) -> pl.DataFrame:
    """What a part holds, wherever it is made."""
    request, run = shared
    return request.rows(part.users, part.first, run)


def _make_parts(
    request: _Request, histories: Histories, folder: PartFolder, workers: Executor, run: Run
) -> None:
    """Make the parts that are missing; whoever makes them, this process alone stores them."""
    size, missing = request.users_per_part, folder.missing()
    parts = (_Part(n, n * size, histories.block(n * size, (n + 1) * size)) for n in missing)
    n_users = sum(min(len(histories), (n + 1) * size) - n * size for n in missing)
    with run.progress.task("lists", n_users) as task, _one_report():
        for part, rows in workers.results(_rows_of, (request, run.silent()), parts):
            folder.write(part.number, rows)
            task.advance(len(part.users))


@contextmanager
def _one_report() -> Iterator[None]:
    """Keep the parts from telling who has no list and who gets popular items: it is told once."""
    loggers = [logging.getLogger(name) for name in _SPEAKERS]

    def pass_by(record: logging.LogRecord) -> bool:
        return False

    for speaker in loggers:
        speaker.addFilter(pass_by)
    try:
        yield
    finally:
        for speaker in loggers:
            speaker.removeFilter(pass_by)


def _report(counts: ListCounts) -> None:
    """Tell who has no list, and who gets what is popular."""
    groups = counts.without_list.values()
    report_groups(
        [(group.examples, group.users) for group in groups],
        counts.n_users,
    )
    n_lists = counts.n_users - sum(group.users for group in groups)
    sentence = fallback_sentence(n_lists, counts.n_popular, counts.n_filled)
    if sentence:
        logger.info(sentence)


def _fingerprint(model: Recommender) -> str:
    """What tells a model in memory from others: parameters, and the events that it knows."""
    log = model.histories_
    known = [log.items, log.offsets, log.ratings, log.weights]
    return digest([repr(model), model.log_fingerprint_, known])


def _digest_of_users(users: Histories) -> str:
    return digest([users.users, users.offsets, users.items, users.ratings, users.weights])


def _digest_of_rules(rules: BoundRules) -> str:
    diversity = rules.rules.diversity
    return digest(
        [
            rules.allowed,
            rules.excluded_pairs,
            rules.caps,
            [[boost.title, boost.places, boost.factor] for boost in rules.boosts],
            rules.categories,
            None if diversity is None else diversity.model_dump(mode="json"),
        ]
    )
