"""DenseWeights of a network as one vector, for compiled loops."""

from __future__ import annotations

from typing import NamedTuple

from penchant.compiled import compiled_inline
from penchant.typing import Float32, Int64


class DenseWeights(NamedTuple):
    """Everything learned but the tables, as one vector, or likewise gradients.

    Attributes:
        sizes: int64[n_layers], the units of each.
        starts: int64[n_layers], where the weights of each begin, inputs by units, before its bias.
        weights: float32[n], those of the layers, of products, of the last units, and the offset.
    """

    sizes: Int64
    starts: Int64
    weights: Float32


@compiled_inline
def first_weights(layers: DenseWeights, users: bool, mlp_dim: int) -> Float32:
    """float32[mlp_dim, units], what the first layer makes of users' vectors, or of items'."""
    units = layers.sizes[0]
    start = 0 if users else mlp_dim * units
    return layers.weights[start : start + mlp_dim * units].reshape(mlp_dim, units)


@compiled_inline
def layer_weights(layers: DenseWeights, layer: int) -> Float32:
    """float32[inputs, units] of a layer behind the first."""
    units, inputs = layers.sizes[layer], layers.sizes[layer - 1]
    start = layers.starts[layer]
    return layers.weights[start : start + inputs * units].reshape(inputs, units)


@compiled_inline
def layer_bias(layers: DenseWeights, layer: int, inputs: int) -> Float32:
    """float32[units], of a layer that takes so many inputs."""
    units = layers.sizes[layer]
    start = layers.starts[layer] + inputs * units
    return layers.weights[start : start + units]


@compiled_inline
def product_weights(layers: DenseWeights, dim: int) -> Float32:
    """float32[dim], the weights of products."""
    start = len(layers.weights) - 1 - layers.sizes[-1] - dim
    return layers.weights[start : start + dim]


@compiled_inline
def unit_weights(layers: DenseWeights) -> Float32:
    """float32[units], the weights of the last layer's units."""
    start = len(layers.weights) - 1 - layers.sizes[-1]
    return layers.weights[start : start + layers.sizes[-1]]
