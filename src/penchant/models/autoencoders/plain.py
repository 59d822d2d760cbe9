"""The plain autoencoder of whole rating vectors, in which an unseen item is a rating of 0."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor, nn

from penchant.data.dataset import Dataset
from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.autoencoders.base import UserAutoencoder
from penchant.models.fitted_attributes import Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.models.shared.fading import fading
from penchant.models.shared.trained_rows import of_all_items
from penchant.nn.autoencoder.sparse_batches import SparseBatch, SparseLinear
from penchant.nn.loop import GradientStep, TrainingStep
from penchant.run import Run
from penchant.topk import blocks
from penchant.typing import Float32

_NOTHING = np.zeros(1, np.float32)  # what a reconstruction without a unit is


class AutoencoderNetwork(nn.Module):
    """A vector of n_items, sigmoid hidden units, and linear units for the vector again.

    Args:
        n_items: length of the vectors.
        hidden: units between them.
    """

    def __init__(self, n_items: int, hidden: int) -> None:
        super().__init__()
        self.encoder = SparseLinear(n_items, hidden)
        self.decoder = nn.Linear(hidden, n_items)

    def forward(self, batch: SparseBatch) -> Tensor:
        """float32[n_rows, n_items], the reconstruction."""
        found: Tensor = self.decoder(torch.sigmoid(self.encoder(batch)))
        return found


class Autoencoder(UserAutoencoder[AutoencoderNetwork]):
    """Reconstructs each user's vector of ratings, in which an unseen item is a 0.

    One sigmoid layer between a vector of all items and itself, trained on the mean squared error
    of all entries, zeros included; the reconstruction ranks the unseen items. The defaults are
    those of a published system for MovieLens 1M: 256 hidden units, weights and biases drawn from
    a standard normal distribution, Adagrad with a rate of 0.1 from accumulators of 0.1
    (TensorFlow's), batches of 100 and 200 epochs.

    Nearly all entries are 0, so that predicting 0 everywhere is already a good answer by this
    loss, while weights drawn as widely as these start far worse: compare `curve_` with
    `loss_of_zeros`. `AutoRec` leaves unseen entries out of the loss instead. Where the log has no
    ratings, an event is a 1; a history without ratings counts each item at the mean rating. Where
    events have weights, one that has less than the mean of the user's comes as much closer to 0.

    `update` trains the network further with the users who have new events, among as many
    others.

    Attributes:
        hidden: units of the middle layer.
        initial_scale: standard deviation of the initial weights and biases.
        learning_rate: of Adagrad.
        initial_accumulator: what Adagrad's sums of squared gradients start from.
        batch_size: users in a batch.
        epochs: the most passes over the users.
        patience: epochs without a better validation loss before stopping; None trains them all.
        update_epochs: passes over the vectors of updated users, among as many others.
    """

    hidden: Annotated[int, Field(gt=0), Space(16, 1024, log=True)] = 256
    initial_scale: Annotated[float, Field(gt=0), Space(1e-3, 1, log=True)] = 1.0
    learning_rate: Annotated[float, Field(gt=0), Space(1e-3, 1, log=True)] = 0.1
    initial_accumulator: Annotated[float, Field(ge=0)] = 0.1
    batch_size: Annotated[int, Field(gt=0), Space(32, 1024, log=True)] = 100
    epochs: Annotated[int, Field(gt=0)] = 200
    patience: Annotated[int | None, Field(gt=0)] = None
    update_epochs: Annotated[int, Field(gt=0)] = 5

    data_parallel: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        "unrated_": plain(float),
        "has_ratings_": plain(bool),
        "encoder_weight_": floats("n_trained", "hidden"),
        "encoder_bias_": floats("hidden"),
        "decoder_weight_": floats("n_trained", "hidden"),
        "decoder_bias_": floats("n_trained"),
    }

    def _fit(self, train: Dataset, validation: Holdout | None, run: Run) -> None:
        self.unrated_ = float(train.ratings.mean(dtype=np.float64)) if train.has_ratings else 1.0
        self.has_ratings_ = train.has_ratings
        super()._fit(train, validation, run)

    @property
    def uses_weights(self) -> bool:
        """True: entries are smaller where events have little weight."""
        return True

    @property
    def learns_interactions(self) -> bool:
        """False: ratings are learned where the log has them."""
        return False

    def _make_network(self, n_items: int) -> AutoencoderNetwork:
        return AutoencoderNetwork(n_items, self.hidden)

    def _initialise(self, network: AutoencoderNetwork, generator: torch.Generator) -> None:
        for weight in network.parameters():
            nn.init.normal_(weight, std=self.initial_scale, generator=generator)

    def _training_step(
        self,
        network: AutoencoderNetwork,
        vectors: sparse.csr_array,
        generator: torch.Generator,
        passed: int,
    ) -> TrainingStep:
        optimiser = torch.optim.Adagrad(
            network.parameters(),
            lr=self.learning_rate,
            initial_accumulator_value=self.initial_accumulator,
            fused=True,
        )

        def loss(rows: Tensor) -> Tensor:
            batch = SparseBatch(vectors[rows.numpy()])
            error: Tensor = network(batch) - batch.dense()
            return error.square().mean()

        return GradientStep(loss, [optimiser])

    def _vectors(self, users: Histories) -> sparse.csr_array:
        """csr[n_users, n_items], what the network sees of each history."""
        if self.has_ratings_ and users.ratings is not None:
            vectors = users.matrix("rating")
        else:
            vectors = users.matrix("seen") * np.float32(self.unrated_)
        if (faded := fading(users)) is not None:
            vectors.data *= faded
        return vectors

    def _validation_loss(self, network: AutoencoderNetwork, holdout: Holdout) -> float:
        """The mean squared error against vectors with the held-out events in them."""
        seen, inputs = self._vectors(holdout.histories), self._inputs(holdout.histories)
        total = 0.0
        values = torch.full((len(holdout),), self.unrated_)
        if self.has_ratings_ and holdout.ratings is not None:
            values = torch.tensor(holdout.ratings)
        known = holdout.items >= 0
        for start, stop in blocks(*seen.shape):
            wanted = SparseBatch(seen[start:stop]).dense()
            here = np.arange(holdout.offsets[start], holdout.offsets[stop])
            here = here[known[here]]
            wanted[holdout.rows.history[here] - start, holdout.items[here]] = values[here]
            found = network(SparseBatch(inputs[start:stop])).numpy()
            every = torch.from_numpy(
                of_all_items(found, self.trained_items_, seen.shape[1], _NOTHING)
            )
            total += float((every - wanted).square().sum())
        return total / (seen.shape[0] * seen.shape[1])

    def loss_of_zeros(self, users: Histories) -> float:
        """The mean squared error, over all items, of predicting 0 for everything.

        This is what the losses in `curve_` must be compared with.
        """
        self._require_fitted()
        squares = np.square(self._vectors(users).data, dtype=np.float64).sum()
        return float(squares) / max(1, len(users) * users.n_items)

    def reconstruct(self, users: Histories) -> Float32:
        """float32[n_users, n_items], the network's output for each history.

        On the scale on which it was trained: ratings with 0 for unseen items, or interactions.
        All users are computed at once; pass blocks of many.

        Raises:
            NotFittedError: the model has not been fitted.
        """
        return self.scores(users)

    def _scores(self, users: Histories) -> Float32:
        outputs = self._fitted()(SparseBatch(self._inputs(users))).numpy()
        return of_all_items(outputs, self.trained_items_, users.n_items, _NOTHING)
