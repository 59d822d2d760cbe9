"""An autoencoder whose weights fade with the distance between learned places of its units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from penchant.nn.autoencoder.sparse_batches import SparseBatch
from penchant.nn.loop import TrainingStep

_SPREAD = 1e-3  # standard deviation of the initial places
_HISTORY = 10  # steps that L-BFGS remembers


class KernelWeights(nn.Module):
    """W max(0, 1 - |u - v|^2), where u and v are places of the inputs and of the outputs.

    Müller, Martel and Indiveri, "Kernelized Synaptic Weight Matrices" (2018), section 3.

    Args:
        n_inputs: rows of the weights.
        n_outputs: columns of the weights.
        kernel_dim: length of the places.
        n_biases: length of the biases.
    """

    def __init__(self, n_inputs: int, n_outputs: int, kernel_dim: int, n_biases: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_inputs, n_outputs))
        self.inputs = nn.Parameter(torch.empty(n_inputs, kernel_dim))
        self.outputs = nn.Parameter(torch.empty(n_outputs, kernel_dim))
        self.bias = nn.Parameter(torch.empty(n_biases))

    def initialise(self, generator: torch.Generator) -> None:
        """Set the initial values."""
        nn.init.xavier_uniform_(self.weight, generator=generator)
        nn.init.normal_(self.inputs, 0, _SPREAD, generator=generator)
        nn.init.normal_(self.outputs, 0, _SPREAD, generator=generator)
        nn.init.zeros_(self.bias)

    def kernel(self) -> Tensor:
        """float32[n_inputs, n_outputs], from 0 to 1."""
        squares = self.inputs.square().sum(1)[:, None] + self.outputs.square().sum(1)
        apart = squares - 2 * self.inputs @ self.outputs.T
        return (1 - apart.clamp(min=0)).clamp(min=0)

    def forward(self, l2: float, l2_kernel: float) -> tuple[Tensor, Tensor]:
        """The weights that count, and what they cost: l2 |W|^2 + l2_kernel |kernel|^2."""
        kernel = self.kernel()
        cost = l2 * self.weight.square().sum() + l2_kernel * kernel.square().sum()
        return self.weight * kernel, cost


class KernelAutoencoder(nn.Module):
    """A sparse vector, hidden layers, and linear units for the wanted entries of the vector.

    Args:
        n_columns: length of the vectors.
        hidden: units of each hidden layer.
        kernel_dim: length of the places of units.
        activation: of the hidden units.
    """

    def __init__(
        self,
        n_columns: int,
        hidden: Sequence[int],
        kernel_dim: int,
        activation: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.activation = activation
        sizes = [(n_columns, hidden[0]), *pairwise(hidden)]
        self.layers = nn.ModuleList(KernelWeights(a, b, kernel_dim, b) for a, b in sizes)
        self.output = KernelWeights(n_columns, hidden[-1], kernel_dim, n_columns)

    def initialise(self, generator: torch.Generator) -> None:
        """Set the initial weights."""
        for layer in [*self.layers, self.output]:
            layer.initialise(generator)

    def encode(
        self,
        batch: SparseBatch,
        l2: float = 0,
        l2_kernel: float = 0,
        *,
        values: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """float32[n_rows, hidden], and what the weights cost.

        Args:
            batch: the vectors.
            l2: see `KernelWeights.forward`.
            l2_kernel: likewise.
            values: float32[n_entries] in place of the batch's own.
        """
        found, cost = torch.empty(0), torch.zeros(())
        for place, layer in enumerate(self.layers):
            assert isinstance(layer, KernelWeights)  # the list says that it holds modules
            weight, more = layer(l2, l2_kernel)
            sums = batch.times(weight, values) if place == 0 else found @ weight
            found = self.activation(sums + layer.bias)
            cost = cost + more
        return found, cost

    def units(self) -> Tensor:
        """float32[n_columns, hidden], the weights of the output units that count."""
        found: Tensor = self.output(0, 0)[0]
        return found

    def objective(
        self,
        batch: SparseBatch,
        truth: Tensor,
        l2: float,
        l2_kernel: float,
        encoded: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Half the squared errors at the batch's entries, and half of what all weights cost.

        Args:
            batch: the vectors.
            truth: float32[n_entries].
            l2: see `KernelWeights.forward`.
            l2_kernel: likewise.
            encoded: what `encode` gives, where the network sees something else than the batch.
        """
        hidden, cost = self.encode(batch, l2, l2_kernel) if encoded is None else encoded
        units, more = self.output(l2, l2_kernel)
        found = batch.dots(hidden, units) + self.output.bias[batch.columns]
        total: Tensor = ((found - truth).square().sum() + cost + more) / 2
        return total


def lbfgs_step(
    objective: Callable[[], Tensor], network: nn.Module, steps: int, scale: float
) -> TrainingStep:
    """So many steps of L-BFGS on all rows; `scale` times the objective before them is the loss."""
    optimiser = torch.optim.LBFGS(
        network.parameters(),
        max_iter=steps,
        history_size=_HISTORY,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = objective()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    def step(*_: Tensor) -> Tensor:
        return optimiser.step(closure).detach() * scale  # type: ignore[no-untyped-call,no-any-return]

    return step
