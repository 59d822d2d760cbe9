"""The memory of a recurrent layer's steps, for many networks at once, as views made in bulk.

Making a view costs as much as a small computation, and a batch has hundreds of them.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from penchant.nn.per_user.cells import RecurrentCell, StepGradients, StepTensors


class BufferPool:
    """Named buffers that are kept from batch to batch, because fresh memory costs time."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def take(self, name: str, *shape: int) -> Tensor:
        """float32[shape] with its last content; zeros at first."""
        size = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.numel() < size:
            buffer = self._buffers[name] = torch.zeros(size)
        return buffer[:size].view(shape)


class StepBuffers(NamedTuple):
    """The tensors of all steps of a batch.

    The rows of a step follow those of the step before, network by network. A step has at least
    as many rows as the one before, whose rows go on as its first.

    Attributes:
        states: float32[networks, all rows, (memory,) output of the step before,
            input, 1].
        sums: float32[networks, all rows, n_blocks * hidden]: first what is added to the sums from
            elsewhere, then planes, then the gradient of the sums.
        inputs: for each step the part of `states` that weights apply to.
        projected: for each step the part of `sums`.
        gradients: for each step float32[1 or 2, networks, rows, hidden], the gradients of the
            output of the step before and of its memory; and one more for the last step.
        forward: the cell's tensors.
        back: the cell's tensors on the way back.
        whole: the cell's tensors of all steps, one after the other; those of outputs are not.
        scratch: float32[networks, all rows, hidden].
    """

    states: Tensor
    sums: Tensor
    inputs: tuple[Tensor, ...]
    projected: tuple[Tensor, ...]
    gradients: tuple[Tensor, ...]
    forward: tuple[StepTensors, ...]
    back: tuple[StepGradients, ...]
    whole: StepTensors
    scratch: Tensor


class _Scratch(NamedTuple):
    """Buffers that steps of the same number of rows share."""

    sums: Tensor
    planes: Tensor
    gates: Tensor
    rest: Tensor
    blocks: tuple[Tensor, ...]
    gradients: tuple[Tensor, Tensor]  # of steps of even and of odd number


def make_step_buffers(
    cell: RecurrentCell, hidden: int, pool: BufferPool, n: int, sizes: tuple[int, ...]
) -> StepBuffers:
    """The tensors for n networks and steps of so many rows."""
    blocks, take, total, last = cell.n_blocks, pool.take, sum(sizes), len(sizes) - 1
    width, gates = blocks * hidden, cell.n_gates * hidden
    carried = (1 + cell.has_memory) * hidden
    states = take("states", n, total, carried + 2)
    sums = take("sums", n, total, width)
    parts = list(sizes)

    def by_step(x: Tensor) -> tuple[Tensor, ...]:
        return tuple(x.split_with_sizes(parts, 1))

    scratch = {}
    for rows in set(sizes):
        planes = take("slopes", n, rows, width)
        scratch[rows] = _Scratch(
            take("joint", n, rows, width),
            planes,
            planes[..., :gates],
            planes[..., gates:],
            planes.view(n, rows, blocks, hidden).unbind(2),
            (take("even", 2, n, rows, hidden), take("odd", 2, n, rows, hidden)),
        )
    # A step writes into the first rows of the next one; the rows between are the next one's own.
    written = [sizes[0]]
    for rows, following in pairwise(sizes):
        written += [rows, following - rows]
    by_block = sums.view(n, total, blocks, hidden)
    whole = StepTensors(
        sums=sums,
        planes=sums,
        gates=sums[..., :gates],
        rest=sums[..., gates:],
        blocks=by_block.unbind(2),
        by_block=by_block,
        last_output=states[..., carried - hidden : carried],
        output=states,
        last_memory=states[..., :hidden],
        memory=states,
        saved=take("kept", n, total, hidden),
    )
    out = [
        *whole.last_output.split_with_sizes(written, 1)[1::2],
        take("output", n, sizes[-1], hidden),
    ]
    after = [
        *whole.last_memory.split_with_sizes(written, 1)[1::2],
        take("memory", n, sizes[-1], hidden),
    ]
    projected = by_step(sums)
    forward = tuple(
        StepTensors(*tensors)
        for tensors in zip(
            [scratch[rows].sums for rows in sizes],
            projected,
            by_step(whole.gates),
            by_step(whole.rest),
            zip(*(by_step(block) for block in whole.blocks), strict=True),
            by_step(by_block),
            by_step(whole.last_output),
            out,
            by_step(whole.last_memory),
            after,
            by_step(whole.saved),
            strict=True,
        )
    )
    gradients = [scratch[rows].gradients[t % 2] for t, rows in enumerate(sizes)]
    gradients.append(scratch[sizes[-1]].gradients[(last + 1) % 2])
    back = []
    for t, rows in enumerate(sizes):
        dh, dc = gradients[t + 1].unbind()
        if dh.shape[1] > rows:
            dh, dc = dh[:, :rows], dc[:, :rows]
        shared = scratch[rows]
        carry = gradients[t][1]
        back.append(
            StepGradients(dh, dc, carry, shared.planes, shared.gates, shared.rest, shared.blocks)
        )
    return StepBuffers(
        states=states,
        sums=sums,
        inputs=by_step(states[..., carried - hidden :]),
        projected=projected,
        gradients=tuple(gradients),
        forward=forward,
        back=tuple(back),
        whole=whole,
        scratch=take("scratch", n, total, hidden),
    )
