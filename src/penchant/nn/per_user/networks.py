"""Networks of one shape with weights of their own: embedding, recurrent layer, one output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from penchant.nn.per_user.cells import RecurrentCell
from penchant.nn.per_user.recurrence import RecurrentLayer
from penchant.nn.per_user.shared_prefixes import PrefixRows
from penchant.nn.per_user.step_buffers import BufferPool

OutputActivation = Literal["sigmoid", "hard-sigmoid"]
CLIP = 1e-7
"""Probabilities of a hard sigmoid are kept this far from 0 and 1 in the loss, as in Keras."""


ALIGNED = 16
"""Numbers in 64 bytes."""


class WeightViews(NamedTuple):
    """Views of the weights of many networks, the networks first.

    `recurrent` is [networks, hidden + 2, width]; its last two rows are scratch, see
    `RecurrentLayer`.
    """

    recurrent: Tensor
    kernel: Tensor  # [networks, dim, width]
    bias: Tensor  # [networks, width]
    embedding: Tensor  # [networks, 2, dim]
    head: Tensor  # [networks, hidden]
    head_bias: Tensor  # [networks]


@dataclass(frozen=True)
class NetworkShape:
    """The sizes of a network, and where its weights lie in one row of numbers.

    Of an embedding only the two rows that inputs select are kept: no other one ever gets a
    gradient.

    Attributes:
        cell: the recurrent cell.
        hidden: units of the recurrent layer.
        dim: length of an embedded input.
    """

    cell: RecurrentCell
    hidden: int
    dim: int

    @property
    def width(self) -> int:
        """Sums of the recurrent layer."""
        return self.cell.n_blocks * self.hidden

    @property
    def _shapes(self) -> list[tuple[int, ...]]:
        return [
            (self.hidden + 2, self.width),
            (self.dim, self.width),
            (self.width,),
            (2, self.dim),
            (self.hidden,),
            (),
        ]

    @property
    def row_size(self) -> int:
        """Numbers in a row, rounded up so that rows start where vector registers like it."""
        return -(-self._used // ALIGNED) * ALIGNED

    @property
    def n_weights(self) -> int:
        """Numbers in a row that are learned: neither scratch nor always zero."""
        return self._used - 2 * self.width - self.cell.n_fixed(self.hidden, self.dim)

    @property
    def _used(self) -> int:
        return sum(torch.Size(shape).numel() for shape in self._shapes)

    def views(self, flat: Tensor) -> WeightViews:
        """The weights of float32[networks, row_size] by name, without a copy."""
        views, start = [], 0
        for shape in self._shapes:
            stop = start + torch.Size(shape).numel()
            views.append(flat[:, start:stop].view(len(flat), *shape))
            start = stop
        return WeightViews(*views)

    def initial(self, rng: np.random.Generator) -> Tensor:
        """float32[row_size], the weights of one network as Keras draws them.

        Kernels are Glorot uniform, recurrent weights orthogonal, embeddings uniform within .05,
        biases zero except where the cell sets them.
        """
        flat = torch.zeros(1, self.row_size)
        w = self.views(flat)
        tall = torch.from_numpy(rng.standard_normal((self.width, self.hidden), np.float32))
        q, r = torch.linalg.qr(tall)
        w.recurrent[0, : self.hidden] = (q * r.diagonal().sign()).T

        def fill(part: Tensor, limit: float) -> None:
            drawn = rng.random(part.numel(), np.float32) * 2 - 1
            part.copy_(torch.from_numpy(drawn * np.float32(limit)).view(part.shape))

        fill(w.kernel, (6 / (self.dim + self.width)) ** 0.5)
        fill(w.embedding, 0.05)
        fill(w.head, (6 / (self.hidden + 1)) ** 0.5)
        self.cell.initial_bias(w.bias.view(1, self.cell.n_blocks, self.hidden))
        self.cell.remove_fixed(w.recurrent, w.kernel)
        w.recurrent[:, self.hidden :] = 0
        return flat[0]


class DropoutMasks(NamedTuple):
    """The dropout masks of a batch: zeros and ones.

    Inputs of 1, which are few, are kept apart from those of 0, because an embedded input is its
    value's embedding times its mask: two products of masks and weights give all projections.
    """

    zeros: Tensor  # float32[networks, all rows, dim], zero where an input is 1
    ones: Tensor  # float32[networks, the most inputs of 1, dim], zero where there are fewer
    where: Tensor  # int64[inputs of 1], their rows among those of all networks
    places: Tensor  # int64[inputs of 1], where `ones`, flat, has their masks
    sources: Tensor  # int64[networks * the most], the inverse; any row of that network's if none
    output: Tensor  # float32[networks, rows of the last step, hidden]


class UserBatch(NamedTuple):
    """One batch of each network.

    PrefixRows with the same inputs may be given once, with how often they stand for themselves.
    """

    rows: PrefixRows
    counts: Tensor  # float32[networks, rows of the last step], how many events a row stands for
    likes: Tensor  # float32[networks, rows of the last step], how many of these are likes
    masks: DropoutMasks | None = None


class UserNetworks:
    """Computes outputs, losses and gradients of many networks at once.

    Args:
        shape: the shape of each network.
        output: what turns the last sum into a probability; `hard-sigmoid` is
            clip(0.2 x + 0.5, 0, 1).
        dropout: share of embedded inputs and of outputs that masks drop; the rest is scaled up.
    """

    def __init__(self, shape: NetworkShape, output: OutputActivation, dropout: float = 0.0) -> None:
        self.shape, self.output, self.scale = shape, output, 1 / (1 - dropout)
        self.pool = BufferPool()
        self.layer = RecurrentLayer(shape.cell, shape.hidden, self.pool)

    def gradient(self, weights: WeightViews, gradient: WeightViews, batch: UserBatch) -> Tensor:
        """Write the gradient of each network's mean loss and return the summed losses.

        Returns:
            float32[networks], the binary cross-entropy summed over each network's events.
        """
        rows, masks = batch.rows, batch.masks
        self._fill_scratch(weights, masked=masks is not None)
        sums = self.layer.prepare(rows)
        if masks is not None:
            self._project(weights, masks, sums)
        h = self.layer.forward(weights.recurrent, rows, add=masks is not None)
        if masks is not None:
            h = (h * masks.output).mul_(self.scale)
        logits = torch.bmm(h, weights.head[:, :, None])[..., 0] + weights.head_bias[:, None]
        losses, slope = self._loss(logits, batch)
        slope /= batch.counts.sum(1, keepdim=True)
        torch.bmm(h.transpose(1, 2), slope[..., None], out=gradient.head[:, :, None])
        torch.sum(slope, 1, out=gradient.head_bias)
        dh = slope[..., None] * weights.head[:, None]
        if masks is not None:
            dh.mul_(masks.output).mul_(self.scale)
        sums = self.layer.backward(weights.recurrent, rows, dh, gradient.recurrent)
        hidden = self.shape.hidden
        gradient.bias.copy_(gradient.recurrent[:, hidden + 1])
        if masks is not None:
            self._masked_gradient(weights, gradient, masks, sums)
        else:
            # The scratch rows' gradient is that of the difference of both values and of value 0.
            one = gradient.recurrent[:, hidden]
            either = torch.stack([gradient.bias - one, one], 1)
            torch.bmm(weights.embedding.transpose(1, 2), either, out=gradient.kernel)
            torch.bmm(either, weights.kernel.transpose(1, 2), out=gradient.embedding)
        gradient.recurrent[:, hidden:] = 0
        self.shape.cell.remove_fixed(gradient.recurrent, gradient.kernel)
        return losses

    def logits(self, weights: WeightViews, tree: list[tuple[Tensor, Tensor]]) -> Tensor:
        """float32[networks, patterns], the last sums for each pattern of a `prefix_tree`."""
        self._fill_scratch(weights, masked=False)
        h = self.layer.output(weights.recurrent, tree)
        return torch.bmm(h, weights.head[:, :, None])[..., 0] + weights.head_bias[:, None]

    def probabilities(self, logits: Tensor) -> Tensor:
        """The chance of a like."""
        if self.output == "sigmoid":
            return logits.sigmoid()
        return (0.2 * logits + 0.5).clamp_(0, 1)

    def _fill_scratch(self, weights: WeightViews, masked: bool) -> None:
        """Write what each of the two input values adds to the sums; see `RecurrentLayer`."""
        rows = weights.recurrent[:, self.shape.hidden :]
        if masked:  # inputs are projected one by one
            rows[:, 0] = 0
            rows[:, 1] = weights.bias
            return
        values = torch.bmm(weights.embedding, weights.kernel)
        torch.sub(values[:, 1], values[:, 0], out=rows[:, 0])
        torch.add(values[:, 0], weights.bias, out=rows[:, 1])

    def _project(self, weights: WeightViews, masks: DropoutMasks, sums: Tensor) -> None:
        """Write what each embedded input, after dropout, adds to the sums."""
        kernels = self._scaled_kernels(weights)
        torch.bmm(masks.zeros, kernels[0], out=sums)
        ones = torch.bmm(masks.ones, kernels[1]).flatten(0, 1)
        sums.flatten(0, 1).index_copy_(0, masks.where, ones.index_select(0, masks.places))

    def _scaled_kernels(self, weights: WeightViews) -> Tensor:
        """float32[2, networks, dim, width], kernels times the embedding of each value."""
        n, length, width = weights.kernel.shape
        kernels = self.pool.take("kernels", 2, n, length, width)
        scaled = weights.embedding * self.scale
        for value in range(2):
            torch.mul(weights.kernel, scaled[:, value, :, None], out=kernels[value])
        return kernels

    def _masked_gradient(
        self, weights: WeightViews, gradient: WeightViews, masks: DropoutMasks, sums: Tensor
    ) -> None:
        """Gradients of kernel and embedding where each input has its own dropout mask."""
        n, length, width = weights.kernel.shape
        # Products of masks and slopes: both gradients follow from them. Not the difference of
        # all and `ones`: Adam makes much of rounding errors where the gradient is zero.
        chosen = sums.flatten(0, 1).index_select(0, masks.sources)
        chosen = chosen.view(n, masks.ones.shape[1], width)
        zeros, ones = self.pool.take("kernels", 2, n, length, width)
        torch.bmm(masks.zeros.transpose(1, 2), sums, out=zeros)
        torch.bmm(masks.ones.transpose(1, 2), chosen, out=ones)
        first, second = (weights.embedding * self.scale)[..., None].unbind(1)
        torch.mul(zeros, first, out=gradient.kernel).addcmul_(ones, second)
        torch.sum(zeros.mul_(weights.kernel), 2, out=gradient.embedding[:, 0])
        torch.sum(ones.mul_(weights.kernel), 2, out=gradient.embedding[:, 1])
        gradient.embedding.mul_(self.scale)

    def _loss(self, logits: Tensor, batch: UserBatch) -> tuple[Tensor, Tensor]:
        """The losses summed over each network's rows, and their slope in the logits."""
        counts, likes = batch.counts, batch.likes
        if self.output == "sigmoid":
            losses = torch.nn.functional.softplus(logits) * counts - logits * likes
            return losses.sum(1), logits.sigmoid() * counts - likes
        p = (0.2 * logits + 0.5).clamp(CLIP, 1 - CLIP)
        losses = -(likes * p.log() + (counts - likes) * (-p).log1p())
        inside = (p > CLIP) & (p < 1 - CLIP)
        slope = 0.2 * ((counts - likes) / (1 - p) - likes / p) * inside
        return losses.sum(1), slope
