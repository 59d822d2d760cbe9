from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from penchant.nn.autoencoder.sparse_batches import (
    SparseBatch,
    SparseLinear,
    batch_at_pairs,
    dropped,
)


@pytest.fixture
def matrix():
    rng = np.random.default_rng(0)
    table = rng.normal(size=(7, 11)) * (rng.random((7, 11)) < 0.3)
    table[3] = 0
    return sparse.csr_array(table.astype(np.float32))


def weights(rows, columns, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=generator, requires_grad=True)


def test_dense_is_the_matrix(matrix):
    np.testing.assert_array_equal(SparseBatch(matrix).dense().numpy(), matrix.toarray())


def test_times_and_its_gradient_are_those_of_the_dense_product(matrix):
    mine, theirs = weights(11, 4, 1), weights(11, 4, 1)
    slope = torch.randn(7, 4)
    (SparseBatch(matrix).times(mine) * slope).sum().backward()
    found = SparseBatch(matrix).times(mine)
    wanted = torch.from_numpy(matrix.toarray()) @ theirs
    (wanted * slope).sum().backward()
    torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(mine.grad, theirs.grad)
    assert (found[3] == 0).all()


def test_times_with_other_values(matrix):
    weight = weights(11, 4, 1)
    values = torch.arange(matrix.nnz, dtype=torch.float32)
    other = matrix.copy()
    other.data = values.numpy()
    SparseBatch(matrix).times(weight, values).sum().backward()
    wanted = torch.from_numpy(other.toarray().sum(0))[:, None].expand(11, 4)
    torch.testing.assert_close(weight.grad, wanted)


def test_dots_and_their_gradients_are_those_of_the_dense_product(matrix):
    batch = SparseBatch(matrix)
    mine, theirs = (
        [weights(7, 5, 1), weights(11, 5, 2)],
        [weights(7, 5, 1), weights(11, 5, 2)],
    )
    slope = torch.randn(matrix.nnz)
    found = batch.dots(*mine)
    (found * slope).sum().backward()
    wanted = (theirs[0] @ theirs[1].T)[batch.rows, batch.columns]
    (wanted * slope).sum().backward()
    torch.testing.assert_close(found, wanted)
    for a, b in zip(mine, theirs, strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def test_pairs_that_stand_twice_stay_twice():
    rows, columns = np.array([2, 0, 2, 2]), np.array([1, 3, 1, 0])
    batch, order = batch_at_pairs(rows, columns, (3, 4))
    left, right = weights(3, 5, 1), weights(4, 5, 2)
    found = batch.dots(left, right)
    torch.testing.assert_close(found, (left[rows[order]] * right[columns[order]]).sum(1))
    assert len(found) == 4


def test_a_layer_adds_its_bias(matrix):
    layer = SparseLinear(11, 3)
    with torch.no_grad():
        layer.weight.normal_()
        layer.bias.copy_(torch.tensor([1.0, 2.0, 3.0]))
    found = layer(SparseBatch(matrix))
    torch.testing.assert_close(found[3], layer.bias)


def test_dropping_keeps_the_expected_sum_and_is_decided_by_the_generator():
    values = torch.ones(20_000)
    found = [dropped(values, 0.25, torch.Generator().manual_seed(s)) for s in (1, 1, 2)]
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    assert float((found[0] == 0).float().mean()) == pytest.approx(0.25, abs=0.02)
    assert float(found[0].mean()) == pytest.approx(1, abs=0.02)
    assert dropped(values, 0.0, torch.Generator()) is values
