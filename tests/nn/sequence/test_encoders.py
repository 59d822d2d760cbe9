"""No place sees those after it, padding changes nothing, and dropout keeps the mean."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from penchant.nn.embedding_rows import RowTable
from penchant.nn.sampled_softmax import Candidates
from penchant.nn.sequence.dropout import ByteDropout
from penchant.nn.sequence.encoder import SequenceEncoder
from penchant.nn.sequence.graph import GraphEncoder
from penchant.nn.sequence.network import (
    SequenceBatches,
    SequenceNetwork,
    encode,
    initialise,
    item_table,
    optimisers,
)
from penchant.nn.sequence.recurrent import RecurrentEncoder
from penchant.nn.sequence.transformer import SelfAttentionEncoder
from penchant.nn.sequence.windows import Windows

ENCODERS: dict[str, Callable[[], SequenceEncoder]] = {
    "sasrec": lambda: SelfAttentionEncoder(8, 20, 2, 2, 0.2, "sasrec", torch.Generator()),
    "ligr": lambda: SelfAttentionEncoder(8, 20, 2, 1, 0.2, "ligr", torch.Generator()),
    "lstm": lambda: RecurrentEncoder(8, 12, 1, "lstm", 0.2, torch.Generator()),
    "gru": lambda: RecurrentEncoder(8, 12, 2, "gru", 0.2, torch.Generator()),
    "graph": lambda: GraphEncoder(8, 2, 0.2, torch.Generator()),
}


@pytest.fixture(params=ENCODERS)
def network(request: pytest.FixtureRequest) -> SequenceNetwork:
    network = SequenceNetwork(nn.Embedding(30, 8), ENCODERS[request.param]())
    initialise(network, torch.Generator().manual_seed(0))
    return network.eval()


@torch.no_grad()
def _states(network: SequenceNetwork, items: Tensor) -> Tensor:
    """float32[n, length, dim], at all places."""
    places = torch.arange(items.numel())
    return network.states(network.vectors()[items], items, places).view(*items.shape, -1)


def test_no_place_sees_those_after_it(network: SequenceNetwork) -> None:
    items = torch.randint(30, (3, 10), generator=torch.Generator().manual_seed(1))
    other = items.clone()
    other[:, 6:] = other[:, :4]
    states, others = (_states(network, some) for some in (items, other))
    torch.testing.assert_close(states[:, :6], others[:, :6])
    assert not torch.isclose(states[:, 6:], others[:, 6:]).all(2).any()


def test_a_batch_gives_what_each_history_gives_alone(network: SequenceNetwork) -> None:
    rng = np.random.default_rng(0)
    lengths = np.array([5, 0, 1, 30, 12, 20])
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    items = rng.integers(0, 30, offsets[-1])
    together = encode(network, items, offsets, 20)
    for row, (start, stop) in enumerate(pairwise(offsets)):
        alone = encode(network, items[start:stop], np.array([0, stop - start]), 20)
        np.testing.assert_allclose(together[row], alone[0], rtol=1e-4, atol=1e-5)
    assert not together[1].any()
    assert together[0].any()


def test_order_counts(network: SequenceNetwork) -> None:
    ends = np.array([0, 3])
    one = encode(network, np.array([1, 2, 3]), ends, 20)
    assert not np.allclose(one, encode(network, np.array([2, 1, 3]), ends, 20), atol=1e-4)


def test_dropout_keeps_the_mean_and_zeroes_the_share() -> None:
    x = torch.ones(300, 501)
    dropout = ByteDropout(0.3, torch.Generator().manual_seed(0))
    y = dropout(x)
    assert abs(float((y == 0).float().mean()) - 0.3) < 0.01
    assert abs(float(y.mean()) - 1) < 0.01
    assert not torch.equal(y, dropout(x))
    assert dropout.eval()(x) is x
    assert ByteDropout(0.0, None)(x) is x


@pytest.mark.parametrize("negatives", [None, 6])
def test_a_cycle_is_learned(negatives: int | None) -> None:
    generator = torch.Generator().manual_seed(0)
    items = np.tile(np.arange(10), 30)
    windows = Windows(items, np.arange(0, 301, 30), 8)
    table = nn.Embedding(10, 8) if negatives is None else item_table(10, 8, generator)
    network = SequenceNetwork(table, ENCODERS["sasrec"]())
    initialise(network, generator)
    drawn = None if negatives is None else Candidates(torch.ones(10), 0.5, negatives, generator)
    batches = SequenceBatches(windows, 40, generator)
    step = batches.step(network, drawn, optimisers(network, 1e-2, 0.0))
    network.train()
    for _ in range(30):
        losses = [float(step(number[None])) for number in batches.epoch()[0]]
    assert np.mean(losses) < 0.5
    states = encode(network.eval(), items[:30], np.array([0, 3, 30]), 20)
    vectors = network.items.weight.detach().numpy()
    assert (states @ vectors.T).argmax(1).tolist() == [3, 0]
    assert isinstance(network.items, RowTable) == (negatives is not None)


def test_a_scale_makes_scores_cosines(network: SequenceNetwork) -> None:
    scaled = SequenceNetwork(network.items, network.encoder, scale=7.0).eval()
    states = encode(scaled, np.array([1, 2, 3]), np.array([0, 3]), 20)
    assert np.linalg.norm(states[0]) == pytest.approx(7, rel=1e-5)
    np.testing.assert_allclose(scaled.vectors().detach().norm(dim=1), 1, rtol=1e-5)
    assert np.linalg.norm(network.vectors().detach(), axis=1).std() > 0.01
