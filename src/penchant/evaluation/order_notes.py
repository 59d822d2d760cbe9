"""A sentence on what models of order lose where histories are shuffled."""

from __future__ import annotations

import math
from collections.abc import Mapping

from penchant.results.finding import share
from penchant.results.formatting import quoted
from penchant.results.order_loss import OrderLoss


def order_notes(losses: Mapping[str, OrderLoss]) -> tuple[str, ...]:
    """What models lose without the order of histories, in one sentence; none without models."""
    if not losses:
        return ()
    parts = "; ".join(f"{quoted([name])[0]} {_words(loss)}" for name, loss in losses.items())
    metric = next(iter(losses.values())).metric
    return (f"{metric} with the order of each history shuffled: {parts}.",)


def _words(loss: OrderLoss) -> str:
    if not math.isfinite(loss.low):
        return f"{loss.shuffled:.4f} instead of {loss.value:.4f}"
    interval = f"[{loss.low:+.4f}, {loss.high:+.4f}]"
    if loss.uses_order:
        return f"loses {loss.loss:.4f} {interval}, {share(loss.share)} of {loss.value:.4f}"
    return f"loses nothing that can be seen ({loss.loss:+.4f} {interval} of {loss.value:.4f})"
