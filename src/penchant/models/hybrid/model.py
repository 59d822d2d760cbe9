"""A hybrid network of ratings, texts and pictures."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import BeforeValidator, Field
from scipy.special import expit
from torch import Tensor

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.data.target import Interaction, Like, Rating, Target
from penchant.encoders.tabular.pca import PrincipalComponents
from penchant.errors import DataError, ParameterError
from penchant.features.item_content import ItemContent
from penchant.models.base import Recommender, Signal
from penchant.models.fitted_attributes import (
    TRAINING,
    Declarations,
    booleans,
    floats,
    plain,
)
from penchant.models.parameters import AnyTarget, Layers, Space
from penchant.models.shared.content_kinds import PARTS, Kinds
from penchant.models.shared.fitted_users import FittedUsers
from penchant.nn.dot.fold_in import UserEvents
from penchant.nn.dot.training import Objective
from penchant.nn.hybrid.network import HybridNetwork, Matrix
from penchant.nn.hybrid.training import LEAST_RIDGE, fit_user_rows, hybrid_step
from penchant.nn.loop import Schedule, Tensors
from penchant.nn.loop import train as train_network
from penchant.nn.negatives import WarmNegatives, labelled_examples
from penchant.nn.removal import of_events, row_falls
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import AnyArray, Bool, Float32, Int32

Loss = Literal["auto", "mse", "mae", "bce"]

RATING: Target = Rating()
_ROWS_AT_ONCE = 2**15


class HybridRecommender(FittedUsers, Recommender):
    """A network that joins matrix factorisation, dense layers, texts and pictures.

    Four branches: (A) the cosine of a user's and an item's vector; (B) a dense layer over a second
    pair of vectors; (C) one over the vector of the item's text and (D) one over that of its
    picture, with a dense layer over both; then two linear layers. As published it is
    `content=text;picture` with absolute error and a learning rate of .01 that decays: 187,025
    parameters and 64 for each user and item.

    Each branch can be left out. `matrix=product,hidden=64x32x16x8,content=none,target=interaction`
    is neural matrix factorisation; with `hidden=` empty it is its generalised matrix
    factorisation, with `matrix=none` its perceptron (He et al., "Neural Collaborative Filtering",
    2017).

    In training, users and items are now and then shown as unknown ones, so that a new item gets
    its place from its content (Volkovs et al., "DropoutNet", 2017). A new user's vectors are
    fitted to the history, all else held fixed.

    Attributes:
        target: `rating`, `adjusted(5,1)`, `like>=4` or `interaction`.
        loss: `mse`, `mae`, `bce`; `auto` is bce for likes and interactions, otherwise mae.
        content: kinds of content that take part: `table` (categories and numbers of the item
            table), `text` and `picture` (columns of arrays), as far as the log has them.
        matrix: `cosine`, `product` or `none`: branch A.
        hidden: units of branch B's layers; empty leaves it out.
        dim: length of each of the vectors.
        text_dim: length of the texts' vectors.
        picture_dim: to which length pictures' vectors are brought where they are longer.
        reviews: whether items' training reviews are part of their text.
        id_dropout: the share of events whose item, and of others whose user, is shown as unknown.
        dropout: share of branch B's numbers that is dropped in training.
        negatives: negatives for each event where the target is `interaction`, drawn from items
            that have training events.
        learning_rate: of Adam.
        learning_rate_decay: the rate is divided by 1 + this for each step.
        optimiser: `rows` updates the rows of a batch alone; `dense` all rows, moments included, as
            ordinary Adam does.
        output_start: what the output says before training: the `median` of the targets, or `zero`,
            as was published.
        batch_size: events in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: what counts as better.
    """

    target: AnyTarget = RATING
    loss: Loss = "auto"
    content: Kinds = "table;text;picture"
    matrix: Annotated[Matrix, BeforeValidator(lambda value: value or "none")] = "cosine"
    hidden: Layers = (16,)
    dim: Annotated[int, Field(gt=0), Space(4, 128, log=True)] = 32
    text_dim: Annotated[int, Field(gt=0)] = 64
    picture_dim: Annotated[int, Field(gt=0)] = 512
    reviews: bool = False
    id_dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.1
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.1
    negatives: Annotated[int, Field(gt=0), Space(1, 20)] = 4
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.01
    learning_rate_decay: Annotated[float, Field(ge=0)] = 1e-4
    optimiser: Literal["rows", "dense"] = "rows"
    output_start: Literal["median", "zero"] = "median"
    batch_size: Annotated[int, Field(gt=0), Space(32, 8192, log=True)] = 256
    epochs: Annotated[int, Field(gt=0)] = 20
    patience: Annotated[int | None, Field(gt=0)] = 3
    min_delta: Annotated[float, Field(ge=0)] = 0.0

    signal: ClassVar[Signal] = "ratings"
    bookkeeping: ClassVar[frozenset[str]] = frozenset({"trained_"})
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "content_": plain(list[str], "n_contents"),
        "trained_": booleans("users"),
        "n_parameters_": plain(int),
        "users_rows_": floats("users+1", "n_state"),
        "items_rows_": floats("items+1", "n_state"),
        "*_rows_": floats("items", "n_*_columns", optional=True),
        "layers_*_weight_": floats("n_units_*", "n_inputs_*", optional=True),
        "layers_*_bias_": floats("n_units_*", optional=True),
        "content_*_weight_": floats("n_content_*", "n_content_*_inputs", optional=True),
        "content_*_bias_": floats("n_content_*", optional=True),
        "joint_weight_": floats("n_joint", "n_joint_inputs", optional=True),
        "joint_bias_": floats("n_joint", optional=True),
        "last_weight_": floats("n_last", "n_last_inputs"),
        "last_bias_": floats("n_last"),
        "output_weight_": floats(1, "n_last"),
        "output_bias_": floats(1),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.matrix == "none" and not self.hidden and not self.content:
            raise ParameterError(f"{type(self).__name__} needs one branch at least.")
        if self.loss == "bce" and not isinstance(self.target, Like | Interaction):
            raise ParameterError(
                f"The loss bce needs targets of 0 and 1, and the target is {self.target}: use "
                "like>=4 or interaction, or the loss mae."
            )

    @property
    def is_logistic(self) -> bool:
        """Whether outputs pass through a sigmoid."""
        return self._objective.loss == "bce"

    @property
    def _objective(self) -> Objective:
        if self.loss != "auto":
            return Objective(self.loss)
        return Objective("bce" if isinstance(self.target, Like | Interaction) else "mae")

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        if self.target.needs_ratings and not train.has_ratings:
            raise DataError(
                f"The target {self.target} needs ratings, and the log {train.name!r} has none: "
                "use target=interaction."
            )
        generator = torch.Generator().manual_seed(self.seed)
        sizes = {"text_dim": self.text_dim, "picture_dim": self.picture_dim}
        read = _content_of(train, self.content, **sizes, reviews=self.reviews, seed=self.seed)
        self.content_ = list(read)
        if not read and self.matrix == "none" and not self.hidden:
            raise DataError(
                f"The log {train.name!r} has none of the content {self.content}, and the model no "
                "other branch: give an item table with it, or use matrix=cosine."
            )
        vars(self).update({f"{kind}_rows_": rows for kind, rows in read.items()})
        network = self._new(train.n_users, train.n_items, generator)
        if self.learns_interactions:
            train = train.positives
        self.trained_, warm = train.user_counts > 0, train.item_counts > 0
        users, items = (torch.tensor(train.events[c].to_numpy()).long() for c in ("user", "item"))
        negatives = WarmNegatives(users, items, self.negatives, generator)
        arrays: Tensors | Callable[[], Tensors]
        if isinstance(self.target, Interaction):
            arrays = lambda: labelled_examples(users, items, negatives.epoch())  # noqa: E731
        else:
            truth = self.target.of_ratings(train.ratings)
            arrays = users, items, torch.tensor(truth)
            if self.output_start == "median" and not self.is_logistic:
                network.output.bias.data.fill_(float(np.median(truth)))
        validate = None
        if validation is not None:
            some = validation.positives if self.learns_interactions else validation
            held = self._held(some, negatives)
            # Those without training events are asked as they will be when predicting.
            u = torch.where(torch.from_numpy(self.trained_)[held[0]], held[0], train.n_users)
            i = torch.where(torch.from_numpy(warm)[held[1]], held[1], train.n_items)
            validate = lambda: float(self._objective.mean(network(u, held[1], i), held[2]))  # noqa: E731
        self.curve_, self.best_epoch_ = train_network(
            network,
            hybrid_step(
                network,
                self._objective,
                learning_rate=self.learning_rate,
                decay=self.learning_rate_decay,
                unknown=self.id_dropout,
                every_row=self.optimiser == "dense",
                generator=generator,
            ),
            arrays,
            Schedule.of(self),
            generator=generator,
            validate=validate,
            run=run,
            name=f"{type(self).__name__}({self.target})",
        )
        network.eval()
        self._keep(network, warm)

    @property
    def learns_interactions(self) -> bool:
        """Whether the target is an event, whatever its rating."""
        return isinstance(self.target, Interaction)

    def _new(
        self, n_users: int, n_items: int, generator: torch.Generator | None = None
    ) -> HybridNetwork:
        units = {"table": 64, "text": 64, "picture": 256}
        return HybridNetwork(
            n_users,
            n_items,
            [(torch.from_numpy(vars(self)[f"{k}_rows_"]), units[k]) for k in self.content_],
            dim=self.dim,
            matrix=self.matrix,
            layers=self.hidden,
            joint=128,
            last=64,
            dropout=self.dropout,
            generator=generator,
        )

    def _keep(self, network: HybridNetwork, warm: Bool) -> None:
        """The network, and a row for each user and item; that of unknown ones where untrained."""
        self.n_parameters_ = network.n_weights()
        kept = weights_of(network)
        users, items = (kept.pop(f"{name}_state_")[:, 0] for name in ("users", "items"))
        # The last row of each stands for unknown ones, and where training has not been.
        self.users_rows_: Float32 = users.copy()
        self.users_rows_[:-1][~self.trained_] = users[-1]
        self.items_rows_: Float32 = items.copy()
        self.items_rows_[:-1][~warm] = items[-1]
        vars(self).update(kept)

    def _held(self, validation: Holdout, negatives: WarmNegatives) -> Tensors:
        """Users, items and truths of held-out events; -1 is unknown."""
        users, items = (torch.tensor(a).long() for a in (validation.rows.users, validation.items))
        if isinstance(self.target, Interaction):
            return labelled_examples(users, items, negatives.draw_for(users, items))
        assert validation.ratings is not None  # a part of the same log as training
        return users, items, torch.tensor(self.target.of_ratings(validation.ratings))

    def n_parameters(self) -> int:
        """Numbers of the network, with the vectors of all users and items."""
        self._require_fitted()
        return self.n_parameters_

    # What was learned

    def _network(self) -> HybridNetwork:
        """The layers alone, in double precision; tables have no rows."""
        width = self.users_rows_.shape[1]
        empty = np.zeros((1, 3, width), np.float32)
        state = {**vars(self), "users_state_": empty, "items_state_": empty}
        return with_weights(partial(self._new, 0, 0), state).double()

    @torch.no_grad()
    def _of_items(self, network: HybridNetwork, items: AnyArray) -> Tensor | None:
        """float64[n, joint], what content says of int[n] items; zeros of content for unknown."""
        if not self.content_:
            return None
        rows = torch.from_numpy(np.where(items < 0, 0, items)).long()
        found = network.content_features(rows)
        if (items < 0).any():
            found = torch.where(
                torch.from_numpy(items < 0)[:, None], network.unknown_content(), found
            )
        return found

    def item_rows(self, items: AnyArray) -> Float32:
        """float32[n, width], the vectors of int[n] items; of an unknown one the common row."""
        rows: Float32 = self.items_rows_[items]
        return rows

    def user_rows(self, users: Histories) -> Float32:
        """float32[n_users, width]: as trained, or fitted to the history, or the common row."""
        rows: Float32 = self.users_rows_[users.users]
        trained = self._are_trained(users)
        new = np.flatnonzero(~trained & (users.lengths > 0))
        if (
            len(new)
            and rows.shape[1]
            and (user_events := self._user_events(users.take(new))) is not None
        ):
            network = self._network()
            content = self._of_items(network, user_events.items)
            q = self.item_rows(user_events.items)
            rows[new] = fit_user_rows(
                network, self._objective, user_events, self.users_rows_[-1], q, content
            )
        return rows

    def _falls(self, user: Histories, items: Int32) -> Float32 | None:
        events = self._user_events(user)
        if events is None or not len(events.items) or not self.users_rows_.shape[1]:
            return None
        network = self._network()
        q, asked = (torch.from_numpy(self.item_rows(i)).double() for i in (events.items, items))
        of_events_items, of_asked = (self._of_items(network, i) for i in (events.items, items))
        falls = row_falls(
            self._objective,
            events,
            lambda rows: network.combine(rows, q, of_events_items),
            self.user_rows(user)[0],
            2 * LEAST_RIDGE * len(events.items),
            lambda rows: network.combine(rows, asked, of_asked),
            len(asked),
        )
        return of_events(falls, events.items, user)

    def _user_events(self, users: Histories) -> UserEvents | None:
        if isinstance(self.target, Interaction):
            return UserEvents.with_negatives(users.positives, self.negatives, self.seed)
        if users.ratings is None:
            return None
        truth = self.target.of_ratings(users.ratings).astype(np.float64)
        return UserEvents(users.offsets, users.items.astype(np.int64), truth)

    @torch.no_grad()
    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], predictions on the scale of the target."""
        network = self._network()
        users = self.user_rows(rows.histories)
        found = np.empty(len(rows))
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            items = rows.items[part]
            p = torch.from_numpy(users[rows.history[part]]).double()
            q = torch.from_numpy(self.item_rows(items)).double()
            found[part] = network.combine(p, q, self._of_items(network, items)).numpy()
        return np.asarray(expit(found) if self.is_logistic else found, np.float32)

    @torch.no_grad()
    def _scores(self, users: Histories) -> Float32:
        network = self._network()
        items = np.arange(users.n_items)
        p = torch.from_numpy(self.user_rows(users)).double()
        q = torch.from_numpy(self.item_rows(items)).double()
        return network.all_pairs(p, q, self._of_items(network, items)).float().numpy()


def _content_of(
    train: Dataset, kinds: str, *, text_dim: int, picture_dim: int, reviews: bool, seed: int
) -> dict[str, Float32]:
    """float32[n_items, n] for each kind that the log has, zeros for items without any.

    Args:
        train: the log; texts and pictures are compressed as suits items with events.
        kinds: joined by `;`.
        text_dim: length of the texts' vectors.
        picture_dim: to which length those of pictures are brought where they are longer.
        reviews: whether items' training reviews are part of their text.
        seed: of the texts' vectors.
    """
    content = {}
    for kind in kinds.split(";") if kinds else ():
        try:
            item_content = ItemContent.of(
                train, PARTS[kind], dim=text_dim, reviews=reviews, seed=seed
            )
        except DataError:  # the log has none of this kind
            continue
        rows = item_content.together()
        if kind == "picture" and rows.shape[1] > picture_dim:
            has_picture = (rows != 0).any(axis=1)
            warm = rows[has_picture & (train.item_counts > 0)]
            components = PrincipalComponents(dim=min(picture_dim, len(warm) - 1)).fit(warm)
            rows = np.where(has_picture[:, None], components.encode(rows), np.float32(0))
        content[kind] = rows
    return content
