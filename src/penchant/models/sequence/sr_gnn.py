"""A gated network on the graph of a history's items."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from penchant.costs import PASS
from penchant.models.fitted_attributes import Declarations, floats, linear_layer
from penchant.models.parameters import Space
from penchant.models.sequence.base import SequenceNetworkModel
from penchant.nn.sequence.encoder import SequenceEncoder
from penchant.nn.sequence.graph import GraphEncoder


class SRGNN(SequenceNetworkModel):
    """A network on the graph of a history: its items, with an edge from each to the next.

    Wu et al., "Session-based Recommendation with Graph Neural Networks" (2019). Each training
    event has the graph of what came before it, so that time grows with `max_length`. With a
    `scale` it is NISER: Gupta et al., "NISER: Normalized Item and Session Representations to
    Handle Popularity Bias" (2019).

    Attributes:
        max_length: how many of a history's last events are in the graph.
        scale: scores are this times the cosine of vector and state; none for plain products.
        steps: how often each item hears of those before and after it.
    """

    max_length: Annotated[int, Field(gt=0, le=2**12), Space(10, 50, log=True)] = 20
    scale: Annotated[float | None, Field(gt=0, le=1000), Space(5, 50, log=True)] = 16.0
    steps: Annotated[int, Field(gt=0), Space(1, 3)] = 1

    fitted_attributes: ClassVar[Declarations] = {
        "cell_weight_ih_": floats("n_gates", "n_heard"),
        "cell_weight_hh_": floats("n_gates", "dim"),
        "cell_bias_ih_": floats("n_gates"),
        "cell_bias_hh_": floats("n_gates"),
        **linear_layer("query", "dim", "dim"),
        "key_weight_": floats("dim", "dim"),
        "attention_weight_": floats(1, "dim"),
        **linear_layer("out", "dim", "n_read"),
    }

    def _encoder_work(self) -> float:
        nodes = (self.max_length + 1) / 2
        of_node = self.steps * (9 * self.dim + 12 * PASS) + self.dim + 6 * PASS
        return self.dim * (nodes * of_node + 3 * self.dim)

    def _encoder(self, generator: torch.Generator | None) -> SequenceEncoder:
        return GraphEncoder(self.dim, self.steps, self.dropout, generator)
