"""What networks over features share: standardised inputs and targets, and the loss."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from penchant.models.feature_based.base import RatingFeatures
from penchant.models.fitted_attributes import Declarations, booleans, floats, plain
from penchant.typing import Float32

FURTHEST = 4.0
"""Standard deviations beyond which an input counts no more."""


class StandardisedFeatures(RatingFeatures):
    """A learner on features with a mean of 0 and a deviation of 1.

    An input that is not known is 0, and a further input says so. Targets are standardised, too,
    unless they are likes.
    """

    fitted_attributes: ClassVar[Declarations] = {
        "input_means_": floats("n_inputs"),
        "input_spreads_": floats("n_inputs", low=5e-7),
        "sometimes_unknown_": booleans("n_inputs"),
        "output_": plain(list[float], 2),
    }

    def _standardise(self, inputs: Float32, truth: Float32) -> None:
        """Learn means and deviations of the training rows."""
        known = ~np.isnan(inputs)
        counts = np.maximum(known.sum(0), 1)
        centred = np.where(known, inputs, 0).astype(np.float64)
        self.input_means_ = (centred.sum(0) / counts).astype(np.float32)
        centred -= self.input_means_ * known
        spreads = np.sqrt((centred**2).sum(0) / counts)
        self.input_spreads_ = np.where(spreads > 1e-6, spreads, 1).astype(np.float32)
        self.sometimes_unknown_ = ~known.all(0)
        scale = float(truth.std(dtype=np.float64)) or 1.0
        self.output_ = [0.0, 1.0] if self.is_logistic else [float(truth.mean()), scale]

    @property
    def _width(self) -> int:
        """How many numbers `_prepared` makes of a row."""
        return len(self.input_means_) + int(self.sometimes_unknown_.sum())

    def _loss(self, output: Tensor, truth: Tensor) -> Tensor:
        if self.is_logistic:
            return functional.binary_cross_entropy_with_logits(output, truth)
        return functional.mse_loss(output, truth)

    def _scaled(self, truth: Float32) -> Tensor:
        mean, scale = self.output_
        return torch.tensor((truth - mean) / scale, dtype=torch.float32)

    def _prepared(self, inputs: Float32) -> Tensor:
        """float32[n, n_inputs + n sometimes unknown], standardised."""
        scaled = (inputs - self.input_means_) / self.input_spreads_
        unknown = np.isnan(scaled)
        np.clip(np.where(unknown, 0, scaled), -FURTHEST, FURTHEST, out=scaled)
        return torch.from_numpy(
            np.hstack([scaled, unknown[:, self.sometimes_unknown_]]).astype(np.float32)
        )
