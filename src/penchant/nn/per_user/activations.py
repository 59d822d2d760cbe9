"""Activations and their slopes, which are written in terms of what the activation gave."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor

CellActivation = Literal["sigmoid", "tanh"]


class Activation(ABC):
    """A function applied to each element, whose slope follows from its value.

    Each is `outer * sigmoid(inner * x) + shift`.
    """

    inner: ClassVar[float]
    outer: ClassVar[float]
    shift: ClassVar[float]

    @abstractmethod
    def apply(self, x: Tensor, out: Tensor) -> None:
        """Write the function of `x` into `out`, which may be `x`."""

    @abstractmethod
    def slope(self, gradient: Tensor, value: Tensor, out: Tensor) -> None:
        """Write the gradient with respect to the input into `out`, which may be `gradient`."""


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    inner, outer, shift = 1.0, 1.0, 0.0

    def apply(self, x: Tensor, out: Tensor) -> None:
        """The sigmoid."""
        torch.sigmoid(x, out=out)

    def slope(self, gradient: Tensor, value: Tensor, out: Tensor) -> None:
        """Gradient * value * (1 - value)."""
        torch.ops.aten.sigmoid_backward.grad_input(gradient, value, grad_input=out)


class Tanh(Activation):
    """The hyperbolic tangent."""

    inner, outer, shift = 2.0, 2.0, -1.0

    def apply(self, x: Tensor, out: Tensor) -> None:
        """2 / (1 + exp(-2 x)) - 1, which takes half the time of `torch.tanh`."""
        torch.mul(x, 2, out=out).sigmoid_().mul_(2).sub_(1)

    def slope(self, gradient: Tensor, value: Tensor, out: Tensor) -> None:
        """Gradient * (1 - value²)."""
        torch.ops.aten.tanh_backward.grad_input(gradient, value, grad_input=out)


ACTIVATIONS: dict[str, Activation] = {"sigmoid": Sigmoid(), "tanh": Tanh()}
