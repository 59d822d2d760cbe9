"""Autoencoders of interactions with a multinomial likelihood, variational and denoising."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field
from scipy import sparse
from torch import Tensor, nn

from penchant.data.histories import Histories
from penchant.data.holdout import Holdout
from penchant.models.autoencoders.base import UserAutoencoder
from penchant.models.fitted_attributes import Declarations, floats
from penchant.models.parameters import Space
from penchant.models.shared.trained_rows import of_all_items
from penchant.models.shared.validation import ndcg_loss
from penchant.nn.autoencoder.sparse_batches import SparseBatch, SparseLinear, dropped
from penchant.nn.loop import GradientStep, TrainingStep
from penchant.nn.replay import UPDATE_RATE
from penchant.nn.weights import squared_norm
from penchant.typing import Float32


class MultinomialNetwork(nn.Module):
    """n_items, hidden, latent, hidden and n_items units; tanh but for the code and the output.

    Args:
        n_items: length of the input and of the output.
        hidden: units of the second and of the fourth layer.
        dim: length of the code.
        code: outputs of the layer that makes the code: `dim`, or twice that for a mean and a
            log variance each.
    """

    def __init__(self, n_items: int, hidden: int, latent: int, code: int) -> None:
        super().__init__()
        self.encoder = SparseLinear(n_items, hidden)
        self.code = nn.Linear(hidden, code)
        self.decoder = nn.Linear(latent, hidden)
        self.output = nn.Linear(hidden, n_items)

    def encode(self, batch: SparseBatch, values: Tensor | None = None) -> Tensor:
        """float32[n_users, code]."""
        found: Tensor = self.code(torch.tanh(self.encoder(batch, values)))
        return found

    def decode(self, z: Tensor) -> Tensor:
        """float32[n_users, n_items], the logits of the items, from float32[n_users, latent]."""
        found: Tensor = self.output(torch.tanh(self.decoder(z)))
        return found


class _Multinomial(UserAutoencoder[MultinomialNetwork]):
    """What both autoencoders share.

    Attributes:
        hidden: units between the items and the code.
        dim: length of the code.
        dropout: share of a user's events that are hidden from the network at each step.
        l2: weight decay, added to the loss.
        learning_rate: of Adam.
        batch_size: users in a batch.
        epochs: the most passes over the users.
        patience: epochs without a better validation nDCG@100 before stopping.
        update_epochs: passes over the vectors of updated users, among as many others.
    """

    hidden: Annotated[int, Field(gt=0), Space(64, 1024, log=True)] = 600
    dim: Annotated[int, Field(gt=0), Space(16, 512, log=True)] = 200
    dropout: Annotated[float, Field(ge=0, lt=1), Space(0, 0.8)] = 0.5
    l2: Annotated[float, Field(ge=0), Space(1e-4, 1, log=True)] = 0.0
    learning_rate: Annotated[float, Field(gt=0), Space(1e-4, 1e-2, log=True)] = 1e-3
    batch_size: Annotated[int, Field(gt=0), Space(50, 1000, log=True)] = 100
    epochs: Annotated[int, Field(gt=0)] = 27
    patience: Annotated[int | None, Field(gt=0)] = 5
    update_epochs: Annotated[int, Field(gt=0)] = 5

    data_parallel: ClassVar[bool] = True
    fitted_attributes: ClassVar[Declarations] = {
        "encoder_weight_": floats("n_trained", "hidden"),
        "encoder_bias_": floats("hidden"),
        "code_weight_": floats("n_codes", "hidden"),
        "code_bias_": floats("n_codes"),
        "decoder_weight_": floats("hidden", "dim"),
        "decoder_bias_": floats("hidden"),
        "output_weight_": floats("n_trained", "hidden"),
        "output_bias_": floats("n_trained"),
    }

    @property
    def uses_weights(self) -> bool:
        """True: the input and the likelihood are of the events' weights."""
        return True

    @property
    def _code(self) -> int:
        """Outputs of the layer that makes the code."""
        return self.dim

    @abstractmethod
    def _sampled(self, code: Tensor, progress: float, noise: torch.Generator) -> tuple[Tensor, Any]:
        """The codes to decode while training, and the mean penalty on them.

        Args:
            code: float32[n_users, code], what `encode` gave.
            progress: epochs passed so far, counted in batches.
            noise: source of random numbers.
        """

    def _make_network(self, n_items: int) -> MultinomialNetwork:
        return MultinomialNetwork(n_items, self.hidden, self.dim, self._code)

    def _initialise(self, network: MultinomialNetwork, generator: torch.Generator) -> None:
        for name, weight in network.named_parameters():
            if name.endswith("bias"):
                nn.init.trunc_normal_(weight, std=0.001, a=-0.002, b=0.002, generator=generator)
            else:
                nn.init.xavier_uniform_(weight, generator=generator)

    def _vectors(self, users: Histories) -> sparse.csr_array:
        """csr[n_users, n_items], interactions or their weights, each row of unit length."""
        matrix = users.matrix("weight")
        lengths = np.diff(matrix.indptr)
        if users.weights is None:
            matrix.data = _unit_rows(matrix)
        else:
            rows = np.repeat(np.arange(len(users)), lengths)
            squares = np.bincount(rows, matrix.data.astype(np.float64) ** 2, len(users))
            matrix.data = (matrix.data / np.sqrt(squares)[rows]).astype(np.float32)
        return matrix

    def _training_step(
        self,
        network: MultinomialNetwork,
        vectors: sparse.csr_array,
        generator: torch.Generator,
        passed: int,
    ) -> TrainingStep:
        rate = self.learning_rate * (UPDATE_RATE if passed else 1)
        optimiser = torch.optim.Adam(network.parameters(), lr=rate, fused=True)
        n_batches, steps = -(-vectors.shape[0] // self.batch_size), 0
        weighted = not np.array_equal(vectors.data, _unit_rows(vectors))
        start = [w.detach().clone() for w in network.parameters()] if passed and self.l2 else None

        def loss(rows: Tensor) -> Tensor:
            nonlocal steps
            batch = SparseBatch(vectors[rows.numpy()])
            code = network.encode(batch, dropped(batch.values, self.dropout, generator))
            z, penalty = self._sampled(code, passed + steps / n_batches, generator)
            steps += 1
            logits = network.decode(z)
            # The sum over a user's events of -log softmax, without a dense table of events;
            # weights are relative to their mean.
            events = batch.offsets.diff()
            hits = logits.flatten().gather(0, batch.rows * batch.shape[1] + batch.columns)
            if weighted:
                total = torch.zeros(len(rows)).index_add_(0, batch.rows, batch.values)
                hits = hits * batch.values * (events / total)[batch.rows]
            hit = hits.sum()
            value: Tensor = (events * torch.logsumexp(logits, 1)).sum() - hit
            value = value / len(rows) + penalty
            if self.l2:
                value = value + self.l2 * squared_norm(network.parameters(), start)
            return value

        return GradientStep(loss, [optimiser])

    def _validation_loss(self, network: MultinomialNetwork, holdout: Holdout) -> float:
        return ndcg_loss(partial(self._logits, network), holdout)

    def _logits(self, network: MultinomialNetwork, users: Histories) -> Float32:
        with torch.no_grad():
            code = network.encode(SparseBatch(self._inputs(users)))
            logits = network.decode(code[:, : self.dim]).numpy()
        # Items without units come last.
        lowest = logits.min(1, keepdims=True, initial=0) - 1
        return of_all_items(logits, self.trained_items_, users.n_items, lowest)

    def _scores(self, users: Histories) -> Float32:
        return self._logits(self._fitted(), users)


def _unit_rows(matrix: sparse.csr_array) -> Float32:
    """float32[n_entries], equal entries that make each row as long as 1."""
    lengths = np.diff(matrix.indptr)
    return np.repeat(1 / np.sqrt(np.maximum(lengths, 1)), lengths).astype(np.float32)


class MultDAE(_Multinomial):
    """A denoising autoencoder of interactions with a multinomial likelihood.

    A user's events, some of them hidden, scaled to unit length, are compressed to a code and
    expanded to a distribution over all items, which is trained to give the user's events a high
    likelihood. Liang et al., "Variational Autoencoders for Collaborative Filtering" (2018),
    section 2.4. Every event counts alike, whatever its rating; new users are answered from their
    history. With a validation holdout the epoch of the best nDCG@100 is kept, the paper's
    criterion: lists are what the model is for, and its likelihood is not their quality.

    `update` trains the network further with the users who have new events, among as many
    others.
    """

    epochs: Annotated[int, Field(gt=0)] = 10

    def _sampled(self, code: Tensor, progress: float, noise: torch.Generator) -> tuple[Tensor, Any]:
        return code, 0.0


class MultVAE(_Multinomial):
    """A variational autoencoder of interactions with a multinomial likelihood.

    As `MultDAE`, but the code is drawn from a normal distribution that the encoder describes,
    whose Kullback-Leibler divergence from the standard normal is added to the loss, with a weight
    that grows linearly to `beta`: Liang et al., "Variational Autoencoders for Collaborative
    Filtering" (2018), eq. 7. Scores come from the mean of the distribution.

    `update` trains the network further with the users who have new events, among as many
    others.

    Attributes:
        beta: final weight of the divergence.
        annealing: epochs over which the weight grows.
    """

    beta: Annotated[float, Field(ge=0), Space(0.01, 1, log=True)] = 0.2
    annealing: Annotated[float, Field(ge=0)] = 10.0

    @property
    def _code(self) -> int:
        return 2 * self.dim

    def _sampled(self, code: Tensor, progress: float, noise: torch.Generator) -> tuple[Tensor, Any]:
        mean, log_variance = code[:, : self.dim], code[:, self.dim :]
        draw = torch.randn(mean.shape, generator=noise)
        divergence = 0.5 * (log_variance.exp() + mean.square() - 1 - log_variance).sum(1).mean()
        beta = self.beta * min(1.0, progress / self.annealing if self.annealing else 1.0)
        return torch.addcmul(mean, draw, (0.5 * log_variance).exp()), beta * divergence
