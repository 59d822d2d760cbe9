"""Readers of words: which of them mind the order, and what padding is."""

from __future__ import annotations

import pytest
import torch

from penchant.nn.text_reader import TextReader


def reader_of(kind, kernel=3):
    torch.manual_seed(0)
    return TextReader(9, 4, 6, kernel, kind, padding=0)


@pytest.mark.parametrize(("kind", "minds"), [("cnn", False), ("rnn", True), ("cnn+rnn", True)])
def test_recurrent_layers_mind_the_order_and_the_largest_value_does_not(kind, minds):
    reader = reader_of(kind, kernel=1)
    one, other = (reader.encode(torch.tensor([words])) for words in ([1, 2, 3], [3, 1, 2]))
    assert bool((one - other).abs().max() > 1e-4) == minds


def test_a_convolution_finds_a_phrase_wherever_it_stands():
    reader = reader_of("cnn")
    one, other = (
        reader.encode(torch.tensor([words])) for words in ([0, 0, 5, 6, 0, 0], [0, 5, 6, 0, 0, 0])
    )
    assert torch.allclose(one, other, atol=1e-6)


def test_places_without_a_word_have_no_vector_that_learns():
    reader = reader_of("cnn+rnn")
    reader.encode(torch.tensor([[0, 0, 4, 5]])).square().sum().backward()
    assert not reader.words.weight[0].any()
    assert not reader.words.weight.grad[0].any()
    assert reader.words.weight.grad[4].any()
