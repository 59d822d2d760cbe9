"""For whom a command answers: users of the log, or somebody new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.ids import IDS, resolve_users
from penchant.cli.new_user import RATED, read_new_user
from penchant.errors import ParameterError

if TYPE_CHECKING:
    from penchant.data.histories import Histories
    from penchant.data.vocabulary import Id
    from penchant.models.base import Recommender


@dataclass(frozen=True)
class UserOptions:
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

    rated: Annotated[
        list[str] | None,
        typer.Option(
            help=f"For someone new who rated this: {RATED}; again for more.", show_default=False
        ),
    ] = None
    disliked: Annotated[
        list[str] | None,
        typer.Option(
            help="For someone new who dislikes these items; written as for --items.",
            show_default=False,
        ),
    ] = None
    dislike_title: Annotated[
        list[str] | None,
        typer.Option(
            help="For someone new who dislikes this title; again for more.", show_default=False
        ),
    ] = None

    @property
    def new(self) -> bool:
        """Whether it is somebody new."""
        titles = self.like_title or self.rated or self.dislike_title
        return self.items is not None or self.disliked is not None or bool(titles)

    def check(self, *, everybody: bool) -> None:
        """Check before long work that it is said for whom.

        Args:
            everybody: whether nobody named means all users.

        Raises:
            ParameterError: it is not said, or both users of the log and somebody new are named.
        """
        if self.new and self.user:
            raise ParameterError(
                "--user is for users of the log; --items, --like-title, --rated, --disliked and "
                "--dislike-title are for someone new: use one or the other."
            )
        if not self.new and not self.user and not everybody:
            raise ParameterError(
                "Say for whom: --user ID; --items, --like-title or --rated for someone new; or "
                "-o FILE for all users."
            )

    def of(self, model: Recommender) -> tuple[list[Id] | Histories | None, dict[Any, str]]:
        """The users as a model takes them (None for all), and titles for what is shown to them.

        Raises:
            UnknownIdError: a user, an item or a title is not known to the model.
            ParameterError: what somebody new says of items makes no sense for this model.
        """
        if self.new:
            new_user = read_new_user(
                model,
                items=self.items or (),
                like_titles=self.like_title or (),
                rated=self.rated or (),
                disliked=self.disliked or (),
                dislike_titles=self.dislike_title or (),
            )
            return new_user.history(model), {0: new_user.describe(model)}
        if self.user:
            return resolve_users(model, self.user), {}
        return None, {}
