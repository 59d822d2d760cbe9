"""`penchant update`: a bundle that takes in new events."""

from __future__ import annotations

import logging
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.bundle_options import ClassOptions
from penchant.cli.command import command
from penchant.cli.files import bundle_place
from penchant.cli.kept_options import AsGiven
from penchant.cli.run_context import Session
from penchant.cli.store_options import StoreLogOptions
from penchant.errors import DataError, ParameterError
from penchant.wording import counted

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.dataset import Dataset
    from penchant.data.vocabulary import Vocabulary
    from penchant.models.base import Recommender

logger = logging.getLogger(__name__)

_NAMED = 10  # unknown items that are named on standard error
_RESULTS = {
    "exact": ("taken in", ", and is what a new fit to all events would be"),
    "fold-in": (
        "taken in",
        ", by some rounds from the vectors it had: that is near to a new fit to all events, and "
        "not equal to it",
    ),
    "histories": (
        "taken in",
        ", into the histories that it recommends from, with its weights as they were: train it "
        "again now and then, and for new items",
    ),
    "continued": ("gone on learning from", ""),
}
"""By the kind of an update: what the model has done, and what it is then."""


@command
def update(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    log: StoreLogOptions,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The updated bundle's folder.", show_default=False),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Put the updated bundle in the place of DIR.")
    ] = False,
    skip_unknown_items: Annotated[
        bool,
        typer.Option(
            "--skip-unknown-items", help="Leave out events with items the bundle does not know."
        ),
    ] = False,
    as_given: AsGiven = False,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """Let a bundle take in new events of a LOG, such as yesterday's orders, or of a service."""
    destination = bundle_place(folder, output, in_place=in_place)

    from penchant.bundle import save
    from penchant.models.protocols import Updates
    from penchant.models.table import names_of

    model = class_options.restore(folder)
    if not isinstance(model, Updates):
        able = ", ".join(names_of(Updates))
        raise ParameterError(
            f"{type(model).__name__} cannot take in new events, as {able} can: learn it again "
            "from all events with penchant train."
        )
    events, remember = log.read_new(session.run, model, folder, as_given=as_given)
    if events is None:
        _answer_nothing_new(session, folder, model)
        return
    data, left_out = _events(events, model, skip=skip_unknown_items)
    before, started = _Sizes.of(model), time.perf_counter()
    model.update(data, run=session.run)
    seconds = time.perf_counter() - started
    save(model, destination, overwrite=in_place, before_placing=remember)
    added = _Sizes.of(model).less(before, getattr(model, "n_taken_back", 0))
    kind = getattr(model, "update_kind", "continued")
    if left_out:
        named = ", ".join(str(item) for item in left_out[:_NAMED])
        more = f" and {len(left_out) - _NAMED:,} more" if len(left_out) > _NAMED else ""
        items = counted(len(left_out), "item")
        logger.info(f"Left out {items} that the bundle does not know: {named}{more}.")
    reproduce = session.reproduce_command(**log.harmless) + (
        "" if in_place else f" -o {shlex.quote(str(destination))}"
    )
    if session.json:
        session.reply(
            {
                "bundle": str(destination),
                "model": repr(model),
                "log": {"name": data.name, "events": len(data), "fingerprint": data.fingerprint},
                "update": kind,
                "new_events": added.events,
                "known_events": len(data) - added.events,
                "taken_back_events": getattr(model, "n_taken_back", 0),
                "users": data.n_users,
                "new_users": added.users,
                "new_items": added.items,
                "left_out_items": left_out,
                "update_seconds": seconds,
                "reproduce": reproduce,
            }
        )
        return
    print(_sentence(model, data, added, kind, seconds) + f" It is in {destination}.")
    names = shlex.join([str(destination), "--user", str(data.users[0])])
    logger.info(f"Next: penchant recommend {names}")
    if not in_place:
        logger.info(f"Again: {reproduce}")


def _answer_nothing_new(session: Session, folder: Path, model: Recommender) -> None:
    if session.json:
        session.reply({"bundle": str(folder), "model": repr(model), "new_events": 0})
    else:
        print(f"Nothing in the store is new to {model!r}: {folder} is as it was.")


@dataclass(frozen=True)
class _Sizes:
    """How many events, users and items a model knows."""

    events: int
    users: int
    items: int

    @classmethod
    def of(cls, model: Recommender) -> _Sizes:
        return cls(model.histories_.n_events, len(model.users_), len(model.items_))

    def less(self, before: _Sizes, n_taken_back: int) -> _Sizes:
        """What has come in; so many of the events before are cancelled since."""
        return _Sizes(
            self.events + n_taken_back - before.events,
            self.users - before.users,
            self.items - before.items,
        )


def _sentence(model: Recommender, data: Dataset, added: _Sizes, kind: str, seconds: float) -> str:
    """What has been learned from how many events, and what that has made of the model."""
    n_taken_back = getattr(model, "n_taken_back", 0)
    if not (added.events or added.items or n_taken_back):
        return f"Nothing in {data.name!r} is new to {model!r}: it is as it was."
    verb, result = _RESULTS[kind]
    users = f"{counted(data.n_users, 'user')}, {added.users:,} of them new"
    items = "" if kind == "continued" else f", with {counted(added.items, 'new item')}"
    events = counted(added.events, "event")
    return f"{model!r} has {verb} {events} of {users}{items}, in {seconds:.1f} s{result}."


def _events(log: Dataset, model: Recommender, *, skip: bool) -> tuple[Dataset, list[int | str]]:
    """The log under ids of the bundle's types, and the unknown items that were left out."""
    import polars as pl

    from penchant.data.dataset import Dataset

    frame = log.frame()
    users, items = _ids(frame["user"], model.users_), _ids(frame["item"], model.items_, lose=skip)
    left_out: list[int | str] = []
    table, anonymous = log.item_table, log.anonymous_frame()
    if skip:
        is_known = pl.Series(model.items_.indices(items) >= 0)
        left_out = frame["item"].filter(~is_known).unique().sort().to_list()
        frame, users, items = frame.filter(is_known), users.filter(is_known), items.filter(is_known)
        if not len(frame):
            raise DataError(
                f"The bundle knows none of the items of {log.name!r}: is it of another log?"
            )
        table = anonymous = None
    if table is not None:
        table = table.with_columns(_ids(table["item"], model.items_).alias("item"))
    if anonymous is not None:
        anonymous = anonymous.with_columns(_ids(anonymous["item"], model.items_).alias("item"))
    frame = frame.with_columns(users.alias("user"), items.alias("item"))
    data = Dataset.from_frame(
        frame,
        item_table=table,
        name=log.name,
        scale=log.scale,
        positive=log.positive,
        in_sessions=log.in_sessions,
        origin=log.origin,
        anonymous=anonymous,
    )
    return data, left_out


def _ids(ids: pl.Series, vocabulary: Vocabulary, *, lose: bool = False) -> pl.Series:
    """The ids as integers or strings, whichever the vocabulary has.

    Args:
        ids: as the log has them.
        vocabulary: of the bundle.
        lose: make those null that cannot be cast, instead of refusing them.

    Raises:
        UnknownIdError: the vocabulary has integers, and an id is none.
    """
    import polars as pl

    if vocabulary.kind == "string":
        return ids.cast(pl.String)
    integers = ids.cast(pl.Int64, strict=False)
    if not lose and integers.null_count():
        vocabulary.cast(str(ids.filter(integers.is_null())[0]))
    return integers
