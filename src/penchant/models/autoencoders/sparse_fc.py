"""An autoencoder of items' ratings with two hidden layers and kernelised weights."""

from __future__ import annotations

import torch

from penchant.models.autoencoders.kernelised import Encode, ItemRows, Kernelised
from penchant.nn.autoencoder.kernel_weights import KernelAutoencoder
from penchant.run import Run


class SparseFC(Kernelised):
    """The autoencoder with kernelised weights (see `Kernelised`), as it is.

    Müller, Martel and Indiveri, "Kernelized Synaptic Weight Matrices" (2018). A validation
    holdout ends the training at the best RMSE.

    `update` computes the vectors of the users with new ratings anew, and no weight of the
    network.
    """

    def _train(
        self, network: KernelAutoencoder, rows: ItemRows, generator: torch.Generator, run: Run
    ) -> Encode:
        return self._train_local(network, rows, generator, run)
