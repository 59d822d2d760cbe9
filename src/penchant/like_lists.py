"""Which unseen items a user will like, and which not, with the chance of either."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.holdout import Rows
from penchant.data.tables import titles_of
from penchant.data.target import Like
from penchant.data.vocabulary import Id
from penchant.errors import ParameterError
from penchant.models.base import Recommender
from penchant.models.empty_lists import EmptyList, empty_lists, report_empty_lists
from penchant.models.protocols import RatesRows
from penchant.nn.loop import threads
from penchant.repeats import Repeats
from penchant.rules import BoundRules, Rules, bind
from penchant.run import Run
from penchant.topk import refuse_nan, require_length, tie_order
from penchant.typing import Bool, Float32, Int32, Int64

logger = logging.getLogger(__name__)

NO_LIKES = "the model predicts no like"
"""Why a user has no list where items are left."""

_ROWS = 2**18  # the most questions that a model is wanted at once, but for a single user's
_FURTHER = ("genres", "year")  # columns of the item table that are shown where they are there


def likes(
    model: Recommender,
    users: Sequence[Id] | Histories | None = None,
    k: int | None = None,
    *,
    dislikes: bool = True,
    rules: Rules | BoundRules | None = None,
    repeats: Repeats = "excluded",
    candidates: Sequence[Id] | pl.Series | None = None,
    exclude: Sequence[Id] | pl.Series | None = None,
    threshold: float = 0.5,
    run: Run | None = None,
) -> pl.DataFrame:
    """Say of every unseen item whether a user will like it, and how sure that is.

    This is for models that predict the chance of a like: those whose `target` is a `Like`.

    Args:
        model: a fitted model.
        users: ids of known users, or histories, or None for all known users.
        k: only the k surest likes of each user, and the k surest dislikes; None for all items.
        dislikes: whether items that the user will not like are given, too.
        rules: which items may be listed, and for whom; the order is that of chances, whatever they
            say of it.
        repeats: whether lists may hold items of the history, or hold nothing else.
        candidates: the only items to judge; a warning names those that are not known.
        exclude: items to leave out, such as what is out of stock; likewise.
        threshold: the chance from which an item counts as a like.
        run: threads and progress.

    Returns:
        A frame with `user` (or `history`, the position, where histories were given), `item`,
        `title`, `genres` and `year` (where the item table has them), `like`, `confidence` (the
        chance that this is so), `chance` (of a like), and `rank` among all items wanted for, from
        1 for the surest like to the surest dislike. Items of equal chance stand in the order of a
        fixed shuffle. Users of whom nothing can be said, such as those who have had every item,
        have no row; a warning names them and says why. For all users without k the frame has a
        row for each user and unseen item: `likes_in_parts` gives it piece by piece.

    Raises:
        NotFittedError: the model has not been fitted.
        ParameterError: the model predicts no likes, or an argument is impossible.
        UnknownIdError: a user is not known, or none of the candidates or excluded items.
        PenchantError: a prediction is NaN.

    Example:
        >>> from penchant.testing import planted_ratings
        >>> model = make("dot:target=like>=4,epochs=2").fit(planted_ratings())
        >>> found = pn.likes(model, [1], k=2)
        >>> len(found), found["like"].dtype
        (2, Boolean)
    """
    parts = likes_in_parts(
        model,
        users,
        k,
        dislikes=dislikes,
        rules=rules,
        repeats=repeats,
        candidates=candidates,
        exclude=exclude,
        threshold=threshold,
        run=run,
    )
    return pl.concat(list(parts), rechunk=True)


def likes_in_parts(
    model: Recommender,
    users: Sequence[Id] | Histories | None = None,
    k: int | None = None,
    *,
    dislikes: bool = True,
    rules: Rules | BoundRules | None = None,
    repeats: Repeats = "excluded",
    candidates: Sequence[Id] | pl.Series | None = None,
    exclude: Sequence[Id] | pl.Series | None = None,
    threshold: float = 0.5,
    run: Run | None = None,
) -> Iterator[pl.DataFrame]:
    """The frame of `likes` in parts of some users each, for more than fits into memory.

    Arguments and errors are those of `likes`. There is at least one part.
    """
    if k is not None:
        require_length(k, "the number of likes")
    if not 0 <= threshold <= 1:
        raise ParameterError(f"threshold is a chance, from 0 to 1, and not {threshold}.")
    model.histories_of([])  # refuses a model that is not fitted
    if not (isinstance(model, RatesRows) and isinstance(model.target, Like)):
        raise ParameterError(
            f"{type(model).__name__} does not predict likes: use a model that does, such as "
            "per-user, attribute-network, dot:target=like>=4 or user-majority."
        )
    histories = users if isinstance(users, Histories) else model.histories_of(users)
    model.require_own_items(histories)
    chosen = model.items_.selection(candidates, exclude)
    bound = None if rules is None else bind(rules, model)
    if bound is not None:
        chosen = bound.candidates(chosen)
        if bound.rules.reorders:
            logger.info(
                "Likes stand in the order of their chances: what rules say of at_most, boost and "
                "diversity is for recommended lists."
            )
    predictor = _LikePredictor(
        model, users is not histories, k, dislikes, bound, repeats, chosen, threshold
    )
    return predictor.parts(histories, run or Run())


class _LikePredictor:
    """Makes the parts; see `likes` for the arguments."""

    def __init__(
        self,
        model: Recommender,
        by_id: bool,
        k: int | None,
        dislikes: bool,
        rules: BoundRules | None,
        repeats: Repeats,
        chosen: Int32 | None,
        threshold: float,
    ) -> None:
        self.model, self.by_id = model, by_id
        self.k, self.dislikes, self.rules = k, dislikes, rules
        self.repeats, self.chosen, self.threshold = repeats, chosen, threshold
        table, every = model.item_table_, np.arange(len(model.items_))
        self.ties = tie_order(len(every))
        titles = titles_of(model.items_, table, every)
        self.shown = [model.items_.ids.alias("item"), pl.Series("title", titles, pl.String)]
        if table is not None:
            self.shown += [table[name] for name in _FURTHER if name in table.columns]

    def parts(self, histories: Histories, run: Run) -> Iterator[pl.DataFrame]:
        size = max(1, _ROWS // max(histories.n_items, 1))
        empty: list[EmptyList] = []
        with run.progress.task("likes", len(histories)) as task:
            for start in range(0, max(len(histories), 1), size):
                block = histories.block(start, start + size)
                part, listed = self._part(block, start, run)
                empty += self._empty_lists(block, start, listed)
                yield part
                task.advance(len(block))
        report_empty_lists(empty, len(histories))

    def _empty_lists(self, users: Histories, first: int, listed: Bool) -> list[EmptyList]:
        vocabulary, positions = self.model.users_, np.flatnonzero(~listed).tolist()
        empty = empty_lists(
            vocabulary, users, positions, self.chosen, repeats=self.repeats, otherwise=NO_LIKES
        )
        return [replace(each, position=each.position + first) for each in empty]

    def _part(self, users: Histories, first: int, run: Run) -> tuple[pl.DataFrame, Bool]:
        """The rows of some users, and bool[n_users] of who has any."""
        history, items, chance = self._predicted(users, run)
        order = np.lexsort((self.ties[items], -chance, history))
        history, items, chance = history[order], items[order], chance[order]
        like = chance >= self.threshold
        wanted = np.bincount(history, minlength=len(users))
        place = np.arange(len(history)) - (np.cumsum(wanted) - wanted)[history]
        keep = like | self.dislikes
        if self.k is not None:
            keep &= np.where(like, place, wanted[history] - 1 - place) < self.k
        listed = np.bincount(history[keep], minlength=len(users)) > 0
        frame = self._frame(
            users,
            first,
            history=history[keep],
            items=items[keep],
            chance=chance[keep],
            like=like[keep],
            rank=place[keep] + 1,
        )
        return frame, listed

    def _predicted(self, users: Histories, run: Run) -> tuple[Int32, Int32, Float32]:
        """Position of the user, item, and chance of a like of every row that is wanted for."""
        wanted = np.full((len(users), users.n_items), self.chosen is None)
        if self.chosen is not None:
            wanted[:, self.chosen] = True
        had = np.zeros(wanted.shape, np.bool_)
        had[users.rows, users.items] = True
        if self.repeats != "allowed":
            wanted &= had if self.repeats == "only" else ~had
        if self.rules is not None:
            every = np.arange(users.n_items, dtype=np.int32)
            wanted &= ~self.rules.excludes(users, np.broadcast_to(every, wanted.shape))
        history, items = (index.astype(np.int32) for index in np.nonzero(wanted))
        if not len(items):
            return history, items, np.zeros(0, np.float32)
        assert isinstance(self.model, RatesRows)
        with threads(run, len(items)):
            chance = self.model.predict(Rows(users, history, items))
        refuse_nan(chance)
        return history, items, np.clip(chance, 0, 1)

    def _frame(
        self,
        users: Histories,
        first: int,
        *,
        history: Int32,
        items: Int32,
        chance: Float32,
        like: Bool,
        rank: Int64,
    ) -> pl.DataFrame:
        if self.by_id:
            who = self.model.users_.take(users.users[history]).alias("user")
        else:
            who = pl.Series("history", history.astype(np.int64) + first)
        columns = [
            who,
            *(column.gather(items) for column in self.shown),
            pl.Series("like", like),
            pl.Series("confidence", np.where(like, chance, 1 - chance)),
            pl.Series("chance", chance),
            pl.Series("rank", rank.astype(np.int32)),
        ]
        return pl.DataFrame(columns)
