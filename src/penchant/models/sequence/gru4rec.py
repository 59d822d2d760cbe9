"""A recurrent network over the items of a history, in their order."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from pydantic import Field

from penchant.costs import PASS
from penchant.models.fitted_attributes import Declarations, floats, linear_layer
from penchant.models.parameters import Space
from penchant.models.sequence.base import SequenceNetworkModel
from penchant.nn.sequence.encoder import SequenceEncoder
from penchant.nn.sequence.recurrent import Cell, RecurrentEncoder


class GRU4Rec(SequenceNetworkModel):
    """A recurrent network that goes over whole sequences, learned by a softmax over many items.

    Hidasi et al., "Session-based Recommendations with Recurrent Neural Networks" (2016), with
    the loss and the shared negatives of Hidasi and Karatzoglou, "Recurrent Neural Networks with
    Top-k Gains for Session-based Recommendations" (2018), corrected for how often each is drawn,
    and with the vectors of items for weights of the output.

    Attributes:
        hidden: units of a layer.
        layers: of recurrent cells.
        cell: gated recurrent units, or long short-term memory.
    """

    hidden: Annotated[int, Field(gt=0), Space(32, 512, log=True)] = 128
    layers: Annotated[int, Field(gt=0), Space(1, 3)] = 1
    cell: Cell = "gru"

    fitted_attributes: ClassVar[Declarations] = {
        "units_weight_ih_l*_": floats("n_gates", "n_inputs_*", optional=True),
        "units_weight_hh_l*_": floats("n_gates", "hidden", optional=True),
        "units_bias_ih_l*_": floats("n_gates", optional=True),
        "units_bias_hh_l*_": floats("n_gates", optional=True),
        **linear_layer("out", "dim", "hidden"),
    }

    def _encoder_work(self) -> float:
        inputs = self.dim + (self.layers - 1) * self.hidden
        return float(
            (3 if self.cell == "gru" else 4)
            * self.hidden
            * (inputs + self.layers * (self.hidden + PASS))
        )

    def _encoder(self, generator: torch.Generator | None) -> SequenceEncoder:
        return RecurrentEncoder(
            self.dim, self.hidden, self.layers, self.cell, self.dropout, generator
        )
