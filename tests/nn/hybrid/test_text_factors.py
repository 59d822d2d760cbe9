"""The network of texts: words foretold, hidden words, and texts without words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.nn.hybrid.text_factors import TextFactorNetwork

TOKENS = torch.tensor([[0, 0, 1, 2], [0, 0, 0, 0], [3, 3, 1, 2]])


def network_of():
    torch.manual_seed(1)
    return TextFactorNetwork(6, 3, 5, 3, "cnn", n_users=2, reconstructs=True)


def test_the_loss_on_words_is_the_mean_of_their_log_chances():
    network = network_of()
    rows = torch.randn(3, 3, generator=torch.Generator().manual_seed(2))
    logits = (network.decoder(rows) @ network.words.weight.T).detach().numpy()
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    words = [(0, 1), (0, 2), (2, 3), (2, 3), (2, 1), (2, 2)]
    expected = -np.mean([np.log(chances[row, word]) for row, word in words])
    assert float(network.word_loss(rows, TOKENS).detach()) == pytest.approx(expected, rel=1e-5)


def test_a_text_without_words_says_nothing():
    network = network_of()
    priors = network.priors(TOKENS).detach().numpy()
    assert not priors[1].any()
    assert priors[0].any()
    assert network.all_priors(TOKENS).numpy() == pytest.approx(priors, abs=1e-6)


def test_hidden_words_are_drawn_by_the_generator():
    network = network_of()
    plain = network.priors(TOKENS)
    drawn = [network.priors(TOKENS, 0.5, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], plain)
