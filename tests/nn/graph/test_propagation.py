"""Propagation over the graph against the matrices of the paper."""

import numpy as np
import torch
from scipy import sparse

from penchant.nn.graph.propagation import Propagation


def _case():
    generator = np.random.default_rng(0)
    dense = generator.random((7, 5)) * (generator.random((7, 5)) < 0.5)
    dense[3], dense[:, 2] = 0, 0  # a user and an item without events
    x = sparse.csr_array(dense.astype(np.float32))
    both = np.block([[np.zeros((7, 7)), dense], [dense.T, np.zeros((5, 5))]])
    degrees = both.sum(1)
    scale = np.divide(1, np.sqrt(degrees), out=np.zeros(12), where=degrees > 0)
    users, items = (torch.randn(n, 4, generator=torch.manual_seed(1)) for n in (7, 5))
    return x, scale[:, None] * both * scale, users, items


def test_means_are_those_of_powers_of_the_normalised_adjacency_matrix():
    x, a, users, items = _case()
    first = np.vstack([users, items])
    wanted = sum(np.linalg.matrix_power(a, k) @ first for k in range(4)) / 4
    found = Propagation(x, 3)(users, items)
    np.testing.assert_allclose(np.vstack(found), wanted, atol=1e-6)


def test_the_propagation_of_slopes_is_the_gradient():
    x, _, users, items = _case()
    propagation = Propagation(x, 2)
    slopes = torch.randn(7, 4), torch.randn(5, 4)
    back = propagation(*slopes)
    inputs = users.requires_grad_(), items.requires_grad_()
    means = propagation(*inputs)
    # embedding_bag has no gradient by weights, but one by rows.
    total = sum((mean * slope).sum() for mean, slope in zip(means, slopes, strict=True))
    for found, wanted in zip(back, torch.autograd.grad(total, inputs), strict=True):
        torch.testing.assert_close(found, wanted)


def test_messages_of_a_users_events_add_up_to_the_layers_above_the_lowest():
    x, _, users, items = _case()
    propagation = Propagation(x, 3)
    totals = torch.from_numpy(x.sum(axis=1))
    summed = torch.from_numpy(x @ propagation.messages(users, items).numpy())
    summed /= totals.clamp(min=1e-12).sqrt()[:, None]
    torch.testing.assert_close(users / 4 + summed, propagation(users, items)[0])
