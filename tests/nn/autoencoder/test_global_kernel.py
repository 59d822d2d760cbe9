"""The global kernel against a dense convolution, and its gradients against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.signal import correlate2d

from penchant.nn.autoencoder.global_kernel import GlobalKernelAutoencoder, Neighbourhoods
from penchant.nn.autoencoder.kernel_weights import KernelAutoencoder


def a_matrix(rows=9, columns=7, seed=3):
    """With an empty row and an empty column, out of the order of their counts."""
    rng = np.random.default_rng(seed)
    dense = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < 0.35)
    dense[2], dense[:, 1] = 0, 0
    return dense.astype(np.float32)


def convolved(dense, kernel):
    """The sums of products over neighbours, rows and columns by their counts."""
    rows = np.argsort(-(dense != 0).sum(1), kind="stable")[: (dense != 0).any(1).sum()]
    columns = np.argsort(-(dense != 0).sum(0), kind="stable")[: (dense != 0).any(0).sum()]
    found = np.zeros_like(dense)
    picture = dense[np.ix_(rows, columns)]
    found[np.ix_(rows, columns)] = correlate2d(picture, kernel, mode="same")
    return found


@pytest.mark.parametrize("size", [1, 3, 5])
def test_sums_over_neighbours_are_those_of_a_dense_convolution(size):
    dense = a_matrix()
    kernel = np.random.default_rng(5).normal(size=(size, size)).astype(np.float32)
    around = Neighbourhoods(sparse.csr_array(dense), size)
    batch = around.batch
    batch.values = around.around @ torch.from_numpy(kernel.ravel())
    assert batch.dense().numpy() == pytest.approx(convolved(dense, kernel), abs=1e-5)


def test_cells_without_a_neighbour_have_no_entry():
    dense = np.zeros((50, 60), np.float32)
    dense[range(50), range(50)] = 1
    around = Neighbourhoods(sparse.csr_array(dense), 3)
    assert len(around.batch.columns) == 50 + 4 * 49 + 2 * 48 - 49 * 2


def test_no_entries():
    around = Neighbourhoods(sparse.csr_array((3, 4), dtype=np.float32), 3)
    assert around.around.shape == (0, 9)
    assert around.batch.dense().shape == (3, 4)


def network_and_neighbourhoods():
    generator = torch.Generator().manual_seed(1)
    local = KernelAutoencoder(7, (4, 3), 2, torch.sigmoid)
    local.initialise(generator)
    whole = GlobalKernelAutoencoder(local, torch.randn(5, generator=generator), 3)
    return whole, Neighbourhoods(sparse.csr_array(np.abs(a_matrix())), 3)


def test_before_training_it_changes_nothing():
    whole, around = network_and_neighbourhoods()
    plain = Neighbourhoods(sparse.csr_array(np.abs(a_matrix())), 1)
    plain.batch.values = plain.around[:, 0]
    found, expected = whole.encode(around)[0], whole.local.encode(plain.batch)[0]
    assert found.detach().numpy() == pytest.approx(expected.detach().numpy(), abs=1e-6)


def test_gradients_of_the_kernel_are_differences_of_the_output():
    whole, around = network_and_neighbourhoods()

    def total():
        return whole.encode(around)[0].square().sum()

    total().backward()
    slope = whole.weight.grad.numpy().copy()
    step = 1e-2
    for place in [(0, 0), (2, 4), (4, 7)]:
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                whole.weight[place] += sign * step
                values.append(float(total()))
                whole.weight[place] -= sign * step
        assert slope[place] == pytest.approx(
            (values[0] - values[1]) / (2 * step), rel=0.02, abs=1e-3
        )
