"""Autoencoders of rows of numbers: short codings from which rows are reconstructed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Any, Literal, Self

import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.encoders.tabular.pca import matrix_of
from penchant.errors import DataError, NotFittedError, ParameterError
from penchant.nn.dense import ACTIVATIONS, ActivationName, dense_layers
from penchant.nn.loop import GradientStep, Schedule, train
from penchant.nn.weights import weights_of, with_weights
from penchant.run import Run
from penchant.typing import Float32

_ROWS_AT_ONCE = 2**15


class AutoencoderLayers(nn.Module):
    """Dense layers down to the codings and, mirrored, back.

    The codings and the output are linear; all other layers have the activation.

    Args:
        n_features: numbers of a row.
        layers: units of each layer down to the codings, whose length is the last.
        activation: of the layers between.
        generator: source of the initial weights.
    """

    def __init__(
        self,
        n_features: int,
        layers: Sequence[int],
        activation: ActivationName,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        sizes = [n_features, *layers]
        self.encoder = dense_layers(sizes, generator)
        self.decoder = dense_layers(sizes[::-1], generator)
        self.activation = ACTIVATIONS[activation]

    def encode(self, x: Tensor) -> Tensor:
        """float[n, layers[-1]], the codings of float[n, n_features]."""
        return self._through(self.encoder, x)

    def decode(self, codes: Tensor) -> Tensor:
        """float[n, n_features]."""
        return self._through(self.decoder, codes)

    def forward(self, x: Tensor) -> Tensor:
        """float[n, n_features], the reconstruction."""
        return self.decode(self.encode(x))

    def _through(self, layers: nn.ModuleList, x: Tensor) -> Tensor:
        for layer in layers[:-1]:
            x = self.activation(layer(x))
        last: Tensor = layers[-1](x)
        return last


@dataclass(kw_only=True, eq=False)
class FeatureAutoencoder:
    """Learns to reconstruct rows through a narrow layer, whose values are the codings.

    With one linear layer and enough training it finds the subspace of the principal components
    (Baldi and Hornik, "Neural Networks and Principal Component Analysis", 1989), though neither
    orthogonal nor sorted directions. The defaults are a published one: 70 standardised features to
    5 and back, 355 + 420 = 775 parameters, plain gradient descent, squared error. With several
    layers it is a stacked autoencoder.

    Attributes:
        layers: units of each layer down to the codings.
        activation: of layers that are neither codings nor output.
        noise: standard deviation of noise that is added to rows in training (Vincent et al. 2008).
        optimiser: `sgd`, or `adam`.
        learning_rate: of the optimiser.
        batch_size: rows in a batch.
        epochs: the most passes over the rows.
        patience: epochs without a better validation loss before stopping.
        seed: decides everything random.

    Fitted state: `curve_` with a row for each epoch, `best_epoch_`, and the weights.
    """

    layers: tuple[int, ...] = (5,)
    activation: ActivationName = "relu"
    noise: float = 0.0
    optimiser: Literal["sgd", "adam"] = "sgd"
    learning_rate: float = 1e-4
    batch_size: int = 32
    epochs: int = 10
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible parameters."""
        self.layers = tuple(int(n) for n in self.layers)
        if not self.layers or min(self.layers) < 1:
            raise ParameterError(f"Every layer has at least one unit, not {self.layers}.")
        if self.activation not in ACTIVATIONS:
            raise ParameterError(f"The activation is one of {', '.join(ACTIVATIONS)}.")
        if self.optimiser not in ("sgd", "adam"):
            raise ParameterError(f"The optimiser is sgd or adam, not {self.optimiser!r}.")
        if min(self.learning_rate, self.batch_size, self.epochs) <= 0 or self.noise < 0:
            raise ParameterError(
                "Learning rate, batch size, epochs are above 0, noise is not below."
            )

    def fit(
        self,
        rows: npt.ArrayLike,
        validation: npt.ArrayLike | None = None,
        *,
        run: Run | None = None,
    ) -> Self:
        """Learn to reconstruct float[n_rows, n_features].

        Args:
            rows: of finite numbers, best standardised.
            validation: further rows; the epoch that reconstructs them best is kept.
            run: threads, progress and callbacks.

        Raises:
            DataError: rows are none, or not finite, or of different lengths.
        """
        x = torch.from_numpy(matrix_of(rows, "An autoencoder"))
        held = None
        if validation is not None:
            held = torch.from_numpy(matrix_of(validation, "An autoencoder"))
            if held.shape[1] != x.shape[1]:
                raise DataError(f"Training rows have {x.shape[1]} features, not {held.shape[1]}.")
        generator = torch.Generator().manual_seed(self.seed)
        network = AutoencoderLayers(x.shape[1], self.layers, self.activation, generator)
        make = torch.optim.SGD if self.optimiser == "sgd" else torch.optim.Adam
        optimiser = make(network.parameters(), lr=self.learning_rate, fused=True)

        def loss(batch: Tensor) -> Tensor:
            seen = batch
            if self.noise:
                seen = batch + self.noise * torch.randn(batch.shape, generator=generator)
            return functional.mse_loss(network(seen), batch)

        validate = None
        if held is not None:
            validate = lambda: float(functional.mse_loss(network(held), held))  # noqa: E731
        self.curve_, self.best_epoch_ = train(
            network,
            GradientStep(loss, [optimiser]),
            (x,),
            Schedule(epochs=self.epochs, batch_size=self.batch_size, patience=self.patience),
            generator=generator,
            validate=validate,
            run=run,
            name=type(self).__name__,
        )
        self.n_features_ = x.shape[1]
        self.weights_ = weights_of(network)
        return self

    def encode(self, rows: npt.ArrayLike) -> Float32:
        """float32[n, layers[-1]], the codings of float[n, n_features]."""
        return self._in_parts(self._network().encode, rows)

    def decode(self, codes: npt.ArrayLike) -> Float32:
        """float32[n, n_features], the rows that codings stand for."""
        return self._in_parts(self._network().decode, codes)

    def reconstruct(self, rows: npt.ArrayLike) -> Float32:
        """float32[n, n_features], what is left of rows after the narrow layer."""
        return self._in_parts(self._network(), rows)

    def n_parameters(self) -> int:
        """How many numbers were learned."""
        self._require_fitted()
        return sum(w.size for w in self.weights_.values())

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs, as arrays and plain values."""
        self._require_fitted()
        return {**asdict(self), "n_features": self.n_features_, "weights": self.weights_}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The autoencoder whose `state` this is."""
        made = cls(**{field.name: state[field.name] for field in fields(cls)})
        made.n_features_, made.weights_ = int(state["n_features"]), dict(state["weights"])
        return made

    def _network(self) -> AutoencoderLayers:
        self._require_fitted()
        make = partial(AutoencoderLayers, self.n_features_, self.layers, self.activation)
        return with_weights(make, self.weights_)

    def _require_fitted(self) -> None:
        if not hasattr(self, "weights_"):
            raise NotFittedError(f"{type(self).__name__} is not fitted yet: call fit first.")

    @torch.no_grad()
    def _in_parts(self, through: Any, rows: npt.ArrayLike) -> Float32:
        x = torch.from_numpy(matrix_of(rows, "An autoencoder"))
        return torch.cat([through(part) for part in torch.split(x, _ROWS_AT_ONCE)]).numpy()
