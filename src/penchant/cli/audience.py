"""For whom a command answers: users of the log, or somebody new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.ids import IDS, known_ids, known_users
from penchant.cli.titles import items_of_titles
from penchant.errors import ParameterError

if TYPE_CHECKING:
    from penchant.data.histories import Histories
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender

_NAMED = 5  # items that somebody new likes, in the title of a list


@dataclass(frozen=True)
class Audience:
    """The options that say for whom."""

    user: Annotated[
        list[str] | None,
        typer.Option("--user", "-u", help="A user of the log; again for more.", show_default=False),
    ] = None
    items: Annotated[
        list[str] | None,
        typer.Option(help=f"For someone new who likes these items: {IDS}.", show_default=False),
    ] = None
    like_title: Annotated[
        list[str] | None,
        typer.Option(
            help="For someone new who likes this title, or its beginning or a part; again for "
            "more.",
            show_default=False,
        ),
    ] = None

    @property
    def new(self) -> bool:
        """Whether it is somebody new."""
        return self.items is not None or bool(self.like_title)

    def check(self, *, everybody: bool) -> None:
        """Check before long work that it is said for whom.

        Args:
            everybody: whether nobody named means all users.

        Raises:
            ParameterError: it is not said, or both users of the log and somebody new are named.
        """
        if self.new and self.user:
            raise ParameterError(
                "--user is for users of the log, --items and --like-title for a new one: use one "
                "or the other."
            )
        if not self.new and not self.user and not everybody:
            raise ParameterError(
                "Say for whom: --user ID, --items or --like-title for someone new, or -o FILE for "
                "all users."
            )

    def of(self, model: Recommender) -> tuple[list[Id] | Histories | None, dict[Any, str]]:
        """The users as a model takes them (None for all), and titles for what is shown to them.

        Raises:
            UnknownIdError: a user, an item or a title is not known to the model.
        """
        if self.new:
            liked = known_ids(model.items_, self.items or (), "items liked")
            if self.like_title:
                liked += items_of_titles(model, self.like_title)
            return newcomer(model, liked), {0: _title(model, liked)}
        if self.user:
            return known_users(model, self.user), {}
        return None, {}


def newcomer(model: Recommender, items: list[Id]) -> Histories:
    """The history of someone new who likes these items: rated as high as anything was.

    Raises:
        UnknownIdError: an item is not known to the model.
    """
    known = model.histories_.ratings
    ratings = None if known is None or not len(known) else [float(known.max())] * len(items)
    return model.history(items, ratings)


def _title(model: Recommender, liked: list[Id]) -> str:
    """What stands above a list for someone new."""
    if not liked:
        return "For someone new"
    titles = titles_of_ids(model, liked[:_NAMED])
    more = f" and {len(liked) - _NAMED:,} more" if len(liked) > _NAMED else ""
    return f"For someone who likes {', '.join(titles)}{more}"


def titles_of_ids(model: Recommender, items: list[Id]) -> list[str]:
    """The titles of items, or their ids where no title is known."""
    from penchant.data.dataset import titles_of

    return titles_of(model.items_, model.item_table_, model.items_.indices(items))
