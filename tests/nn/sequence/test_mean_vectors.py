"""The mean vectors of what items are linked to."""

from __future__ import annotations

import torch
from scipy import sparse

from penchant.nn.sequence.mean_vectors import MeanVectors


def test_means_of_all_items_and_of_some() -> None:
    links = sparse.csr_array([[1.0, 0, 1], [0, 0, 0], [0, 2, 0]])
    means = MeanVectors(links, 2)
    with torch.no_grad():
        means.weight.copy_(torch.tensor([[1.0, 2], [3, 4], [5, 8]]))
    expected = torch.tensor([[3.0, 5], [0, 0], [3, 4]])
    torch.testing.assert_close(means(), expected)
    torch.testing.assert_close(means(torch.tensor([2, 0, 2])), expected[[2, 0, 2]])
