"""Self-attention over sequences of items, each place seeing those before it and itself."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.nn.sequence.dropout import ByteDropout
from penchant.nn.sequence.encoder import SequenceEncoder

Block = Literal["sasrec", "ligr"]


class CausalAttention(nn.Module):
    """Several heads of attention to the places before and the own one.

    Args:
        dim: length of the vectors.
        heads: a divisor of it.
        dropout: share of the outputs' units that training leaves out.
        generator: decides which.
    """

    def __init__(
        self, dim: int, heads: int, dropout: float, generator: torch.Generator | None
    ) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(dim, dim)
        self.key_value = nn.Linear(dim, 2 * dim)
        self.out = nn.Linear(dim, dim)
        self.dropout = ByteDropout(dropout, generator)

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        """float32[n, length, dim] of queries and of what they look at, both of that shape."""
        n, length, dim = x.shape
        shape = n, length, self.heads, dim // self.heads
        key, value = self.key_value(x).chunk(2, dim=-1)
        q, k, v = (part.reshape(shape).transpose(1, 2) for part in (self.query(query), key, value))
        # Rounded, its backward pass takes twice as long as in float32.
        with torch.autocast(x.device.type, enabled=False):
            q, k, v = (part.float() for part in (q, k, v))
            found = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.dropout(self.out(found.transpose(1, 2).reshape(n, length, dim)))  # type: ignore[no-any-return]


class SASRecBlock(nn.Module):
    """Kang and McAuley, "Self-attentive Sequential Recommendation" (2018), section III.B."""

    def __init__(
        self, dim: int, heads: int, dropout: float, generator: torch.Generator | None
    ) -> None:
        super().__init__()
        self.attention = CausalAttention(dim, heads, dropout, generator)
        self.before_attention, self.before_layers = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.first, self.second = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.dropout = ByteDropout(dropout, generator)

    def forward(self, x: Tensor) -> Tensor:
        """float32[n, length, dim] to the same."""
        x = x + self.attention(self.before_attention(x), x)
        hidden = self.dropout(functional.relu(self.first(self.before_layers(x))))
        found: Tensor = x + self.dropout(self.second(hidden))
        return found


class LiGRBlock(nn.Module):
    """Borisyuk et al., "From Features to Transformers" (2025): what is added passes a gate.

    With SwiGLU in its feed-forward part, as in Tikhonovich et al., "eSASRec: Enhancing
    Transformer-based Recommendations in a Modular Fashion" (2025).
    """

    def __init__(
        self, dim: int, heads: int, dropout: float, generator: torch.Generator | None
    ) -> None:
        super().__init__()
        self.attention = CausalAttention(dim, heads, dropout, generator)
        self.before_attention, self.before_layers = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention_gate, self.layers_gate = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.first, self.second = nn.Linear(dim, 4 * dim), nn.Linear(2 * dim, dim)
        self.dropout = ByteDropout(dropout, generator)

    def forward(self, x: Tensor) -> Tensor:
        """float32[n, length, dim] to the same."""
        normed = self.before_attention(x)
        x = x + torch.sigmoid(self.attention_gate(x)) * self.attention(normed, normed)
        gate, linear = self.first(self.before_layers(x)).chunk(2, dim=-1)
        change = self.dropout(self.second(functional.silu(gate) * linear))
        found: Tensor = x + torch.sigmoid(self.layers_gate(x)) * change
        return found


_BLOCKS: dict[Block, type[SASRecBlock | LiGRBlock]] = {"sasrec": SASRecBlock, "ligr": LiGRBlock}


class SelfAttentionEncoder(SequenceEncoder):
    """Vectors of items in, for each place a vector out whose products with items' score them.

    Args:
        dim: length of the vectors.
        max_length: the most places.
        blocks: how many blocks of attention and feed-forward layers.
        heads: of attention in each.
        dropout: share of units that training leaves out.
        block: kind of the blocks.
        generator: decides which units are left out.
        rounded: whether training rounds the factors of linear layers to bfloat16.
    """

    def __init__(
        self,
        dim: int,
        max_length: int,
        blocks: int,
        heads: int,
        dropout: float,
        block: Block,
        generator: torch.Generator | None = None,
        *,
        rounded: bool = False,
    ) -> None:
        super().__init__()
        self.rounded = rounded
        self.positions = nn.Parameter(torch.empty(max_length, dim))
        self.dropout = ByteDropout(dropout, generator)
        make = _BLOCKS[block]
        self.blocks = nn.ModuleList(make(dim, heads, dropout, generator) for _ in range(blocks))
        self.norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """float32[n, length, dim] to the same."""
        x = self.dropout(x + self.positions[: x.shape[1]])
        rounded = self.rounded and self.training
        with torch.autocast(x.device.type, torch.bfloat16, enabled=rounded):
            for block in self.blocks:
                x = block(x)
        found: Tensor = self.norm(x)
        return found
