"""`penchant recall`: what a user's own network was before its updates."""

from __future__ import annotations

import logging
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.bundle_options import ClassOptions
from penchant.cli.command import command
from penchant.cli.files import bundle_place
from penchant.cli.ids import resolve_users
from penchant.cli.lists import as_json, lists_for, show
from penchant.cli.run_context import Session
from penchant.errors import ParameterError
from penchant.wording import counted

if TYPE_CHECKING:
    from penchant.data.vocabulary import Id

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _State:
    """A state of a user's network, and what it says of items.

    Attributes:
        state: its number; None for the current one.
        events: that it has learned from.
        right: how many of the user's ratings it takes for what they are, likes or not.
        ratings: of the user.
        likes: items not had that it calls likes.
        unseen: items that the user has not had.
    """

    state: int | None
    events: int
    right: int
    ratings: int
    likes: int
    unseen: int


@command
def recall(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A bundle's folder.")],
    user: Annotated[str, typer.Argument(metavar="USER", help="A user of the log.")],
    state: Annotated[
        int | None,
        typer.Option(
            "--state",
            "-s",
            min=0,
            help="Show what this earlier state recommends, or put it back.",
            show_default=False,
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Items in the list of a state.")] = 10,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Put the state back, in a bundle in this new folder.",
            show_default=False,
        ),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Put the state back in the bundle itself.")
    ] = False,
    class_options: ClassOptions,
    session: Session,
) -> None:
    """List what a user's network was before updates, show it, or put it back."""
    destination = None
    if output is not None or in_place:
        if state is None:
            raise ParameterError("Say with --state which earlier state is to be put back.")
        destination = bundle_place(folder, output, in_place=in_place)

    from penchant.bundle import save
    from penchant.models.protocols import Recalls
    from penchant.models.table import names_of

    model = class_options.restore(folder)
    if not isinstance(model, Recalls):
        able = ", ".join(names_of(Recalls))
        raise ParameterError(
            f"{type(model).__name__} keeps no earlier states, as {able} does: they are kept when "
            "penchant update changes a user's network."
        )
    (who,) = resolve_users(model, [user])
    states = _states(model, who)
    facts: dict[str, Any] = {"model": repr(model), "user": who, "states": list(map(asdict, states))}
    if state is None:
        _answer(session, facts, states, folder, who)
        return
    earlier = model.as_of(who, state)
    lists = lists_for(earlier, [who], k, run=session.run, why=False)
    if destination is not None:
        save(model.recall(who, state), destination, overwrite=in_place)
        facts["bundle"] = str(destination)
    if session.json:
        session.reply(facts | {"state": state, "lists": as_json(lists)})
        return
    if destination is None:
        show(session, lists, {who: f"For user {who}, by the state {state} of their network"})
        logger.info(
            f"Put it back: penchant recall {shlex.quote(str(folder))} {who} --state {state} "
            "--in-place"
        )
        return
    print(
        f"The network of user {who} is again its state {state}; it is in {destination}. What it "
        f"was until now is kept as its state {model.earlier_states(who)['state'].to_list()[-1]}."
    )


def _answer(
    session: Session, facts: dict[str, Any], states: list[_State], folder: Path, user: Id
) -> None:
    """List the states."""
    if session.json:
        session.reply(facts)
        return
    from rich.table import Table

    grid = Table(box=None)
    for heading in ("state", "learned from", "right on", "calls likes"):
        grid.add_column(heading, justify="right")
    for each in states:
        grid.add_row(
            "now" if each.state is None else str(each.state),
            counted(each.events, "event"),
            f"{each.right:,} of {each.ratings:,} ratings",
            f"{each.likes:,} of {each.unseen:,} unseen items",
        )
    session.console.print(grid)
    if len(states) == 1:
        logger.info(f"The network of user {user} has no earlier state: it was never updated.")
        return
    logger.info(
        f"Next: penchant recall {shlex.quote(str(folder))} {user} --state {states[0].state}"
    )


def _states(model: Any, user: Id) -> list[_State]:
    """The states of a user's network, the current one last."""
    earlier = model.earlier_states(user)
    numbers, events = earlier["state"].to_list(), earlier["events"].to_list()
    states = [
        _describe(model.as_of(user, number), user, number, n)
        for number, n in zip(numbers, events, strict=True)
    ]
    now = int(model.learned_events_[model.users_.index(user)])
    return [*states, _describe(model, user, None, now)]


def _describe(model: Any, user: Id, state: int | None, events: int) -> _State:
    """What a state says of the items that the user has had, and of the others."""
    import numpy as np

    from penchant.data.holdout import Rows

    history = model.histories_of([user])
    items = np.arange(len(model.items_), dtype=np.int32)
    likes = model.predict(Rows(history, np.zeros(len(items), np.int32), items)) >= 0.5
    truth = model.target.of_ratings(history.ratings) > 0
    unseen = np.setdiff1d(items, history.items)
    return _State(
        state=state,
        events=events,
        right=int((likes[history.items] == truth).sum()),
        ratings=len(truth),
        likes=int(likes[unseen].sum()),
        unseen=len(unseen),
    )
