from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from penchant.encoders.sentiment.cnn.network import WordCNN, WordCNNShape
from penchant.encoders.sentiment.cnn.training_steps import Repeats, TableSteps
from penchant.errors import ParameterError

SHAPES = (
    WordCNNShape(),
    WordCNNShape(words=7, length=9, dim=4, filters=5, kernel=3, pool=3, hidden=6, outputs=1),
)


def tokens_of(shape, n, seed=0):
    """Short texts, many of them equal, padded in front."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(1, shape.words, (n, shape.length))
    tokens[np.arange(shape.length) < shape.length - rng.integers(0, 4, n)[:, None]] = 0
    return torch.from_numpy(tokens)


def plain(network, tokens):
    """The network as it is usually written."""
    shape = network.shape
    words = functional.embedding(tokens, network.embedding).transpose(1, 2)
    kernel = network.kernel.view(shape.dim, shape.kernel, shape.filters).permute(2, 0, 1)
    seen = torch.relu(functional.conv1d(words, kernel, network.bias))
    flat = functional.max_pool1d(seen, shape.pool).transpose(1, 2).flatten(1)
    hidden = torch.relu(flat @ network.hidden + network.hidden_bias)
    return hidden @ network.out + network.out_bias


def test_the_published_size():
    network = WordCNN(WordCNNShape())
    sizes = [p.numel() for p in network.parameters()]
    parts = (sizes[0], sum(sizes[1:3]), sum(sizes[3:5]), sum(sizes[5:]))
    assert parts == (15_000, 153_728, 23_070, 62)
    assert sum(sizes) == 191_860


@pytest.mark.parametrize("shape", SHAPES)
def test_looking_up_is_convolving(shape):
    network = WordCNN(shape, torch.Generator().manual_seed(1))
    network.bias.data.normal_(0, 0.1)
    tokens = tokens_of(shape, 50)
    torch.testing.assert_close(network(tokens), plain(network, tokens), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [1, 16, 300])
def test_the_gradient_by_hand_is_the_automatic_one(shape, n):
    network = WordCNN(shape, torch.Generator().manual_seed(1))
    for name in ("bias", "hidden_bias", "out_bias", "embedding"):
        network.get_parameter(name).data.normal_(0, 0.1, generator=torch.Generator().manual_seed(2))
    tokens = tokens_of(shape, n)
    draw = torch.Generator().manual_seed(3)
    wanted = (torch.rand(n, shape.outputs, generator=draw) < 0.7).float()
    weight = torch.rand(n, generator=draw) + 0.5
    each = functional.binary_cross_entropy_with_logits(
        plain(network, tokens), wanted, reduction="none"
    )
    expected = (each.mean(1) * weight).mean()
    expected.backward()
    repeats = Repeats.of(tokens, shape)
    steps = TableSteps(network, 1e-3, repeats)
    loss = steps.differentiate(repeats.text, wanted, weight)
    assert float(loss) == pytest.approx(float(expected.detach()), abs=1e-5)
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(steps.gradients[name], parameter.grad, atol=1e-5, rtol=1e-4)


def test_steps_are_adams():
    shape = SHAPES[1]
    tokens = tokens_of(shape, 64)
    wanted, weight = (tokens.sum(1, keepdim=True) > 6).float(), torch.ones(64)
    ours = WordCNN(shape, torch.Generator().manual_seed(1))
    theirs = WordCNN(shape, torch.Generator().manual_seed(1))
    repeats = Repeats.of(tokens, shape)
    steps = TableSteps(ours, 1e-2, repeats)
    adam = torch.optim.Adam(theirs.parameters(), 1e-2, eps=1e-7)
    for start in (0, 16, 32, 48, 0, 16):
        part = slice(start, start + 16)
        steps(repeats.text[part], wanted[part], weight[part])
        adam.zero_grad()
        functional.binary_cross_entropy_with_logits(
            plain(theirs, tokens[part]), wanted[part]
        ).backward()
        adam.step()
    for name, parameter in ours.named_parameters():
        expected = theirs.get_parameter(name)
        torch.testing.assert_close(parameter, expected, atol=2e-4, rtol=1e-3)


def test_repeats_say_what_texts_hold():
    shape = SHAPES[1]
    tokens = tokens_of(shape, 40)
    found = Repeats.of(tokens, shape)
    assert len(found.cells) < 40
    wide = shape.kernel + shape.pool - 1
    for row in range(40):
        for cell in range(shape.cells):
            start = cell * shape.pool
            seen = found.windows[found.cells[found.text[row], cell]]
            assert seen.tolist() == tokens[row, start : start + wide].tolist()


def test_texts_too_short_for_the_kernel():
    with pytest.raises(ParameterError, match="take longer texts"):
        WordCNNShape(length=8, kernel=8)
    with pytest.raises(ParameterError, match="at least 1"):
        WordCNNShape(dim=0)
