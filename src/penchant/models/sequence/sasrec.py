"""Self-attention over the items of a history, in their order."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field

from penchant.costs import PASS
from penchant.errors import ParameterError
from penchant.models.fitted_attributes import Declarations, floats, layer_norm, linear_layer
from penchant.models.parameters import Space
from penchant.models.sequence.base import SequenceNetworkModel
from penchant.nn.sequence.encoder import SequenceEncoder
from penchant.nn.sequence.transformer import Block, SelfAttentionEncoder


class _SelfAttention(SequenceNetworkModel):
    """What both kinds of blocks share.

    Attributes:
        blocks: how many blocks of attention and feed-forward layers.
        heads: of attention in each; `dim` is a multiple of it.
        precision: with `bfloat16`, training rounds the factors of the products of linear layers and
            of a softmax over all items to 8 bits, and sums them up in float32. Processors with
            instructions for it (AMX) take about half the time.
    """

    blocks: Annotated[int, Field(gt=0), Space(1, 4)] = 2
    heads: Annotated[int, Field(gt=0)] = 1
    precision: Literal["float32", "bfloat16"] = "float32"

    fitted_attributes: ClassVar[Declarations] = {
        "positions_": floats("max_length", "dim"),
        **linear_layer("blocks_*_attention_query", "dim", "dim"),
        **linear_layer("blocks_*_attention_key_value", "n_key_value", "dim"),
        **linear_layer("blocks_*_attention_out", "dim", "dim"),
        **layer_norm("blocks_*_before_attention", "dim"),
        **layer_norm("blocks_*_before_layers", "dim"),
        **layer_norm("norm", "dim"),
    }

    _block: ClassVar[Block]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dim % self.heads:
            raise ParameterError(
                f"{type(self).__name__}: dim={self.dim} cannot be divided among "
                f"heads={self.heads}: make it a multiple."
            )

    def _encoder_work(self) -> float:
        inner = {"sasrec": 6, "ligr": 12}[self._block] * self.dim**2
        return self.blocks * float(inner + self.dim * (self.max_length + 10 * PASS))

    def _encoder(self, generator: torch.Generator | None) -> SequenceEncoder:
        return SelfAttentionEncoder(
            self.dim,
            self.max_length,
            self.blocks,
            self.heads,
            self.dropout,
            self._block,
            generator,
            rounded=self.precision == "bfloat16",
        )


class SASRec(_SelfAttention):
    """Blocks of self-attention in which each event sees those before it.

    Kang and McAuley, "Self-attentive Sequential Recommendation" (2018), with a cross-entropy over
    all or many items in place of one negative an event, which makes it better than what came
    after it: Klenitskiy and Vasilev, "Turning Dross Into Gold Loss: is BERT4Rec really better
    than SASRec?" (2023). Places are counted from the beginning of what is read.
    """

    fitted_attributes: ClassVar[Declarations] = {
        **linear_layer("blocks_*_first", "dim", "dim"),
        **linear_layer("blocks_*_second", "dim", "dim"),
    }

    _block: ClassVar[Block] = "sasrec"


class ESASRec(_SelfAttention):
    """SASRec with gated blocks, wider inner layers and a sampled softmax.

    Tikhonovich et al., "eSASRec: Enhancing Transformer-based Recommendations in a Modular
    Fashion" (2025).
    """

    fitted_attributes: ClassVar[Declarations] = {
        **linear_layer("blocks_*_attention_gate", "dim", "dim"),
        **linear_layer("blocks_*_layers_gate", "dim", "dim"),
        **linear_layer("blocks_*_first", "n_inner", "dim"),
        **linear_layer("blocks_*_second", "dim", "n_gated"),
    }

    _block: ClassVar[Block] = "ligr"
