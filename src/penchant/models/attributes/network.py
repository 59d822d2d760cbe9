"""One network that predicts from an item's attributes whether a user will like it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout, Rows
from penchant.models.attributes.base import AttributeModel
from penchant.models.attributes.profiles import (
    N_OVERALL,
    N_PER_ATTRIBUTE,
    LikeCounts,
    ProfilePrior,
    Profiles,
    count_likes,
    like_rates,
    liked_events,
)
from penchant.models.fitted_attributes import TRAINING, Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.nn.attribute_networks import (
    CellName,
    FeedForwardBody,
    LikeClassifier,
    RecurrentBody,
)
from penchant.nn.loop import Curve, GradientStep, Schedule, Tensors
from penchant.nn.loop import train as train_network
from penchant.nn.replay import UPDATE_RATE, rehearsal
from penchant.nn.weights import to_continue, weights_of, with_weights
from penchant.run import Run
from penchant.typing import Float32, Int32, Int64

_BLOCK = 2**15  # rows of a prediction


class AttributeNetwork(AttributeModel):
    """A network over an item's binary attributes and a profile of what the user has liked so far.

    It is one network in place of one for each user: a user's likes enter as a profile, counted
    from the history, so that it serves users and items it has never seen. In training an event is
    left out of its own user's profile, which would otherwise give the answer away. An event of a
    history without ratings counts as a like, since somebody chose it. An item whose attributes are
    not known has none of them. An update continues with the new events, among as many others,
    whose users are shown with all events that they have had by then.

    Attributes:
        architecture: `feed-forward` sees profile, attributes and their products at once;
            `recurrent` reads the attributes one by one, each with its part of the profile.
        cell: of the recurrent architecture, `gru` or `lstm`.
        hidden: units of a hidden or recurrent layer; None is 64 for the first, 16 for the second.
        layers: hidden or recurrent layers.
        damping: how many events at the expected share of likes each count starts with.
        item_rate: whether the share of likes that the item itself has in training is one more
            input. It makes predictions much better, and no longer those from attributes alone.
        history_dropout: share of training events whose user is shown without history, so that
            the network learns to predict for an unknown user.
        dropout: share of the last layer that is dropped in training.
        weight_decay: of AdamW.
        learning_rate: of AdamW.
        batch_size: rows in a batch.
        epochs: the most passes over the events.
        patience: epochs without a better validation loss before stopping.
        min_delta: an improvement must be larger than this.
        update_epochs: passes over the new events of an update, among as many others.
    """

    architecture: Literal["feed-forward", "recurrent"] = "feed-forward"
    cell: CellName = "lstm"
    hidden: Annotated[int | None, Field(gt=0), Space(8, 256, log=True)] = None
    layers: Annotated[int, Field(gt=0), Space(1, 3)] = 1
    damping: Annotated[float, Field(gt=0), Space(0.5, 50, log=True)] = 10.0
    item_rate: bool = False
    history_dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.3)] = 0.02
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.5)] = 0.0
    weight_decay: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.01
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-1, log=True)] = 0.003
    batch_size: Annotated[int, Field(gt=0), Space(256, 16384, log=True)] = 1024
    epochs: Annotated[int, Field(gt=0)] = 30
    patience: Annotated[int | None, Field(gt=0)] = 5
    min_delta: Annotated[float, Field(ge=0)] = 0.0
    update_epochs: Annotated[int, Field(gt=0)] = 5

    data_parallel: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        **TRAINING,
        "like_shares_": floats("n_shares"),
        "attribute_shares_": floats("n_attributes"),
        "mean_log_events_": plain(float),
        "item_events_": floats("items", low=0, optional=True),
        "item_likes_": floats("items", low=0, optional=True),
        "rate_": floats(1, optional=True),
        "body_*_weight_": floats("n_*", "n_*_inputs"),
        "body_*_bias_": floats("n_*", optional=True),
        "body_layer_weight_ih_l*_": floats("n_gates", "n_l*_inputs", optional=True),
        "body_layer_weight_hh_l*_": floats("n_gates", "n_units", optional=True),
        "body_layer_bias_ih_l*_": floats("n_gates", optional=True),
        "body_layer_bias_hh_l*_": floats("n_gates", optional=True),
    }

    # Fitting

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self._read_log(train)
        prior = ProfilePrior.estimate(self._counts(train.histories), self.damping)
        self.like_shares_ = prior.like_shares.numpy()
        self.attribute_shares_ = prior.attribute_shares.numpy()
        self.mean_log_events_ = prior.mean_log_events
        if self.item_rate:
            self.item_events_ = self.item_likes_ = np.zeros(train.n_items, np.float32)
        self._count_items(train.histories)
        self.curve_, self.best_epoch_ = self._train(
            self._network,
            train.histories,
            self._training_rows(train.histories),
            self.epochs,
            torch.Generator().manual_seed(self.seed),
            validation=validation,
            run=run,
        )

    def _update(self, new: Dataset, known: Histories, places: Int64, run: Run) -> None:
        self._count_items(new.histories)
        new_rows, all_rows = self._training_rows(new.histories), self._training_rows(known)
        rows = [torch.cat(parts) for parts in zip(new_rows, all_rows, strict=True)]
        generator = torch.Generator().manual_seed(self.seed)
        changed = np.arange(len(rows[0])) < len(new_rows[0])
        draw = rehearsal(changed, np.ones_like(changed), self.batch_size, generator)

        def epoch() -> Tensors:
            (drawn,) = draw()
            return tuple(part[drawn] for part in rows)

        start = partial(to_continue, self._network, self.fitted_state())
        self._train(start, known, epoch, self.update_epochs, generator, UPDATE_RATE, run=run)

    def _train(
        self,
        make_network: Callable[[], LikeClassifier],
        users: Histories,
        rows: Callable[[], Tensors] | Tensors,
        epochs: int,
        generator: torch.Generator,
        rate: float = 1.0,
        *,
        validation: Holdout | None = None,
        run: Run,
    ) -> tuple[Curve, int]:
        """Train a network on rows of users, at a share of the learning rate, and keep it."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            network = make_network()
            adam = torch.optim.AdamW(
                network.parameters(),
                lr=self.learning_rate * rate,
                weight_decay=self.weight_decay,
            )
            loss = partial(self._loss, network, self._prior(), self._counts(users), generator)
            trained = train_network(
                network,
                GradientStep(loss, [adam]),
                rows,
                Schedule(
                    epochs=epochs,
                    batch_size=self.batch_size,
                    patience=self.patience,
                    min_delta=self.min_delta,
                ),
                generator=generator,
                validate=None if validation is None else self._validation(network, validation),
                run=run,
                name=f"{type(self).__name__}({self.target})",
            )
        vars(self).update(weights_of(network))
        return trained

    def _training_rows(self, users: Histories) -> Tensors:
        """User, pattern, like, like rate of the item without this event, and weight of each row.

        Events of a user that are alike in pattern and like are one row: left out of the profile
        they leave the same one.
        """
        liked, items = liked_events(users, self.target), users.items.astype(np.int64)
        column = items if self.item_rate else self.pattern_of_item_[items]
        width = int(column.max()) + 1
        key, times = np.unique((users.rows * width + column) * 2 + (liked > 0), return_counts=True)
        user, column, likes = key // (2 * width), key // 2 % width, (key % 2).astype(np.float32)
        rates = np.zeros(len(key), np.float32)
        if self.item_rate:
            events = self.item_events_[column] - 1
            rates = self._rates(events, self.item_likes_[column] - likes)
            column = self.pattern_of_item_[column]
        # The mean of the weights is 1, so that the mean of weighted losses is that of all events.
        weight = (times / times.mean()).astype(np.float32)
        return tuple(torch.from_numpy(a) for a in (user, column, likes, rates, weight))

    def _loss(
        self,
        network: LikeClassifier,
        prior: ProfilePrior,
        counts: LikeCounts,
        generator: torch.Generator,
        users: Tensor,
        pattern: Tensor,
        likes: Tensor,
        rates: Tensor,
        weight: Tensor,
    ) -> Tensor:
        """The mean cross-entropy of a batch of `_training_rows`."""
        patterns = torch.from_numpy(self.patterns_).float()[pattern]
        profiles = prior.profiles(counts.take(users).without(patterns, likes))
        if self.history_dropout:
            keep = (torch.rand(len(users), generator=generator) >= self.history_dropout).float()
            profiles = Profiles(
                profiles.overall * keep[:, None], profiles.by_attribute * keep[:, None, None]
            )
        logits = network(profiles.overall, profiles.by_attribute, patterns, rates)
        return functional.binary_cross_entropy_with_logits(logits, likes, weight=weight)

    def _validation(self, network: LikeClassifier, holdout: Holdout) -> Callable[[], float]:
        assert holdout.ratings is not None  # a part of the same log as training
        inputs = self._inputs(holdout.rows)
        likes = torch.from_numpy(self.target.of_ratings(holdout.ratings))
        bce = functional.binary_cross_entropy_with_logits
        return lambda: float(bce(network.in_blocks(inputs, _BLOCK), likes))

    # Inputs of the network

    def profiles(self, users: Histories) -> Profiles:
        """The profile of each user that the network sees."""
        return self._prior().profiles(self._counts(users))

    def _counts(self, users: Histories) -> LikeCounts:
        return count_likes(users, liked_events(users, self.target), self.item_attributes_)

    def _prior(self) -> ProfilePrior:
        return ProfilePrior(
            torch.from_numpy(self.like_shares_),
            torch.from_numpy(self.attribute_shares_),
            self.mean_log_events_,
            self.damping,
        )

    def _count_items(self, users: Histories) -> None:
        if self.item_rate:
            likes = np.bincount(users.items, liked_events(users, self.target), users.n_items)
            events = np.bincount(users.items, minlength=users.n_items)
            self.item_events_ = (self.item_events_ + events).astype(np.float32)
            self.item_likes_ = (self.item_likes_ + likes).astype(np.float32)

    def _rates(self, events: Float32, likes: Float32) -> Float32:
        return like_rates(events, likes, self.like_shares_[0], self.damping)

    def _item_rates(self) -> Float32:
        if not self.item_rate:
            return np.zeros(len(self.item_attributes_), np.float32)
        return self._rates(self.item_events_, self.item_likes_)

    def _inputs(self, rows: Rows) -> Tensors:
        """The arguments of the network for each row."""
        profiles = self.profiles(rows.histories)
        user, item = torch.tensor(rows.history), np.maximum(rows.items, 0)
        known = torch.from_numpy(rows.items >= 0)
        patterns = torch.from_numpy(self.item_attributes_[item]) * known[:, None]
        rates = torch.from_numpy(self._item_rates()[item]) * known
        return profiles.overall[user], profiles.by_attribute[user], patterns.float(), rates

    # Predicting

    def _network(self) -> LikeClassifier:
        recurrent = self.architecture == "recurrent"
        sizes: dict[str, Any] = {
            "hidden": self.hidden or (16 if recurrent else 64),
            "layers": self.layers,
            "dropout": self.dropout,
        }
        body: FeedForwardBody | RecurrentBody
        if recurrent:
            body = RecurrentBody(N_OVERALL, N_PER_ATTRIBUTE, cell=self.cell, **sizes)
        else:
            body = FeedForwardBody(N_OVERALL, len(self.attributes_), N_PER_ATTRIBUTE, **sizes)
        return LikeClassifier(body, with_rate=self.item_rate)

    def _fitted_network(self) -> LikeClassifier:
        return with_weights(self._network, vars(self))

    @torch.no_grad()
    def _scores(self, users: Histories) -> Float32:
        network, profiles = self._fitted_network(), self.profiles(users)
        patterns = torch.from_numpy(self.patterns_).float()
        logits = network.body.all_pairs(profiles.overall, profiles.by_attribute, patterns).numpy()
        scores: Float32 = logits[:, self.pattern_of_item_]
        if network.rate is not None:
            scores += float(network.rate) * self._item_rates()
        return scores

    @torch.no_grad()
    def predict(self, rows: Rows) -> Float32:
        """float32[n_rows], the probability of a like."""
        network = self._fitted_network()
        return network.in_blocks(self._inputs(rows), _BLOCK).sigmoid().numpy()

    @torch.no_grad()
    def attribute_effects(self, user: Histories, items: Int32) -> Float32:
        """float32[n_items, n_attributes], see `penchant.models.protocols.ExplainsAttributes`.

        Scores are logits, so that an effect of 1 multiplies the odds of a like by e.
        """
        network, profiles = self._fitted_network(), self.profiles(user)
        patterns = torch.from_numpy(self.item_attributes_[items]).float()
        item, attribute = patterns.nonzero().T
        without = patterns[item]
        without[torch.arange(len(item)), attribute] = 0
        both = torch.cat([patterns, without])
        logits = network.body.all_pairs(profiles.overall, profiles.by_attribute, both)[0]
        effects = torch.zeros_like(patterns)
        effects[item, attribute] = logits[item] - logits[len(patterns) :]
        return effects.numpy()
