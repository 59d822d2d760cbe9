"""A group of users for whom one list is made, and how their wishes are combined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from penchant.cli.ids import IDS, resolve_users
from penchant.cli.item_options import ItemChoice
from penchant.cli.run_context import Session
from penchant.cli.user_options import UserOptions
from penchant.errors import ParameterError

if TYPE_CHECKING:
    import polars as pl

    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender


@dataclass(frozen=True)
class GroupOptions:
    """The options of lists for a group."""

    group: Annotated[
        list[str] | None,
        typer.Option(
            help=f"One list for these users of the log together: {IDS}.", show_default=False
        ),
    ] = None
    how: Annotated[
        Literal["average", "least-misery", "most-pleasure"],
        typer.Option(help="Whose wishes count in a group: everybody's, the least, or the most."),
    ] = "average"
    values: Annotated[
        Literal["ranks", "scores"],
        typer.Option(help="What a group combines: places of items, or standardised scores."),
    ] = "ranks"

    def check(self, users: UserOptions, *, explain: bool) -> None:
        """Check before long work that a group stands alone.

        Raises:
            ParameterError: single users are named, too, or reasons asked for.
        """
        if self.group is None:
            if self.how != "average" or self.values != "ranks":
                raise ParameterError("--how and --values are for a group: name one with --group.")
            return
        if users.user or users.new:
            raise ParameterError("--group is for users of the log, and makes one list for them.")
        if explain:
            raise ParameterError(
                "--explain is for single users: the list of a group has each member's own place."
            )

    def list_for(
        self, model: Recommender, k: int, choice: ItemChoice
    ) -> tuple[pl.DataFrame, list[Id]]:
        """The list, with a first column `group` of the members' ids, and the members.

        Raises:
            UnknownIdError: a member is not known to the model.
            ParameterError: nobody is named, or nothing is left for the group.
        """
        import polars as pl

        from penchant.group_lists import recommend_group

        members = self._members(model)
        table = recommend_group(
            model, members, k, how=self.how, values=self.values, titles=True, **vars(choice)
        )
        name = pl.lit(", ".join(map(str, members))).alias("group")
        return table.select(name, pl.all()), members

    def _members(self, model: Recommender) -> list[Id]:
        from penchant.data.reading.id_lists import split_ids

        assert self.group is not None
        members = resolve_users(model, split_ids(model.users_, self.group))
        if not members:
            raise ParameterError("--group names nobody: give the ids of its members.")
        return members


def show_group(session: Session, table: pl.DataFrame, members: list[Id]) -> None:
    """Print the list of a group, with the members' own places."""
    import polars as pl
    from rich.table import Table
    from rich.text import Text

    headings = {"rank": "", "item": "item", "title": "title", "score": "score"}
    if table["title"].equals(table["item"].cast(pl.String).alias("title")):
        del headings["title"]  # the log has none
    grid = Table(box=None)
    for column, heading in headings.items():
        number = column in ("rank", "score")
        grid.add_column(heading, justify="right" if number else "left", no_wrap=column == "item")
    for member in members:
        grid.add_column(f"for {member}", justify="right")
    with_rules = "rule" in table.columns
    if with_rules:
        grid.add_column("by rule")
    for row in table.iter_rows(named=True):
        cells: list[Any] = [row[column] for column in headings]
        cells[-1] = f"{row['score']:.3f}"
        cells += row["places"]
        cells += [row["rule"] or ""] if with_rules else []
        grid.add_row(*(Text(str(cell)) for cell in cells))
    session.console.print()
    names = ", ".join(map(str, members))
    session.console.print(Text(f"For {names} together", style="italic"))
    session.console.print(grid)
