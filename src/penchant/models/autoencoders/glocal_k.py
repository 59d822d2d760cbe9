"""An autoencoder with kernelised weights that is fine-tuned on convolved ratings."""

from __future__ import annotations

import copy
from functools import partial
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field

from penchant.costs import FittingCost
from penchant.data.dataset import Dataset
from penchant.errors import ParameterError
from penchant.models.autoencoders.kernelised import Encode, ItemRows, Kernelised
from penchant.models.fitted_attributes import CURVE, Declarations, floats, plain
from penchant.models.parameters import Space
from penchant.nn.autoencoder.global_kernel import GlobalKernelAutoencoder, Neighbourhoods
from penchant.nn.autoencoder.kernel_weights import KernelAutoencoder
from penchant.nn.autoencoder.masked import presence_inputs
from penchant.run import Run
from penchant.typing import Float32


class GLocalK(Kernelised):
    """Local kernels of weights, and a global kernel that is convolved with the ratings.

    Han et al., "GLocal-K: Global and Local Kernels for Recommender Systems" (2021). The network
    is trained as in SparseFC (see `Kernelised`); the mean over users of what it then predicts of
    each item is mapped to a kernel, the ratings as a picture of items and users are convolved
    with it, and the whole is fine-tuned. Items and users stand in the picture by their numbers
    of ratings, where the paper has them by their ids, and the kernel starts as the one that
    changes nothing, where the paper draws it at random, so that fine tuning starts from what
    training came to. Cells without ratings in their neighbourhood are never computed.

    The paper keeps the epoch of the best test RMSE, so that its figures are the best of some
    hundred; here validation rows choose the epochs of both stages, and no fine tuning at all
    where it does not make them better. Without a validation holdout all epochs are trained, which
    is why the default of fine tuning, where more rounds soon fit noise, is small.

    `update` computes the vectors of the users with new ratings anew, and no weight of the
    network.

    Attributes:
        kernel_size: of the sides of the global kernel, an odd number.
        fine_tuning_epochs: the most rounds of `steps` of L-BFGS after `epochs`.
    """

    kernel_size: Annotated[int, Field(gt=0)] = 3
    fine_tuning_epochs: Annotated[int, Field(ge=0), Space(0, 20)] = 2

    event_bytes: ClassVar[float] = 1300.0
    fitted_attributes: ClassVar[Declarations] = {
        "global_kernel_": floats("kernel_size", "kernel_size"),
        "fine_tuning_curve_": CURVE,
        "best_fine_tuning_epoch_": plain(int),
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kernel_size % 2 == 0:
            raise ParameterError(
                f"The global kernel needs a middle: kernel_size={self.kernel_size} is no odd "
                "number."
            )

    def _cost(self, train: Dataset) -> FittingCost:
        cost = super()._cost(train)
        cells = self.kernel_size**2 * len(train)
        more = 1 + self.fine_tuning_epochs / self.epochs
        per_cell = 12.0 * self.hidden[0] * self.steps * self.fine_tuning_epochs
        return FittingCost(
            memory=cost.memory + 4.0 * cells * (self.kernel_size**2 + 16),
            multiply_adds=more * cost.multiply_adds + per_cell * cells,
        )

    def _settled(self) -> dict[str, Any]:
        return {**super()._settled(), "fine_tuning_epochs": self.best_fine_tuning_epoch_}

    def _train(
        self, network: KernelAutoencoder, rows: ItemRows, generator: torch.Generator, run: Run
    ) -> Encode:
        local = self._train_local(network, rows, generator, run)
        identity = np.zeros((self.kernel_size, self.kernel_size), np.float32)
        identity[self.kernel_size // 2, self.kernel_size // 2] = 1
        self.global_kernel_: Float32 = identity
        self.fine_tuning_curve_, self.best_fine_tuning_epoch_ = [], 0
        if not self.fine_tuning_epochs:
            return local
        shown = rows.vectors.copy()
        shown.data = presence_inputs(rows.vectors, self.presence).values.numpy()
        neighbourhoods = Neighbourhoods(shown, self.kernel_size)
        with torch.no_grad():
            mean_unit, mean_bias = network.units().mean(0), network.output.bias.mean()
            pooled = local(0, 0)[0] @ mean_unit + mean_bias + self.presence
        whole = GlobalKernelAutoencoder(network, pooled, self.kernel_size)
        encode: Encode = partial(whole.encode, neighbourhoods)
        before, validate = copy.deepcopy(network.state_dict()), rows.validation(network, local)
        with torch.no_grad():
            loss = np.inf if validate is None else validate()
        curve, best = self._descend(
            whole, network, encode, rows, self.fine_tuning_epochs, generator, run, " (fine tuning)"
        )
        self.fine_tuning_curve_ = curve
        if validate is not None and curve[best - 1]["validation_loss"] >= loss:
            network.load_state_dict(before)
            return local
        self.best_fine_tuning_epoch_ = best
        kernel = whole.kernel().detach().numpy()
        self.global_kernel_ = kernel.reshape(self.kernel_size, self.kernel_size)
        return encode
