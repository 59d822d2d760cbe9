from __future__ import annotations

import pytest
import torch

from penchant.nn.embedding_rows import RowAdam, RowTable


def train(n_steps, betas=(0.9, 0.999), lr=0.05):
    """The same batches through RowAdam and through torch's SparseAdam."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(8, 3, generator=generator)
    table = RowTable(start.clone())
    embedding = torch.nn.Embedding.from_pretrained(start.clone(), freeze=False, sparse=True)
    ours = RowAdam([table], lr=lr, betas=betas, eps=1e-7)
    theirs = torch.optim.SparseAdam(embedding.parameters(), lr=lr, betas=betas, eps=1e-7)
    for _ in range(n_steps):
        index = torch.randint(6, (5,), generator=generator)  # rows 6 and 7 are never touched
        truth = torch.randn(5, 3, generator=generator)
        for network, optimiser in ((table, ours), (embedding, theirs)):
            optimiser.zero_grad()
            (network(index) - truth).square().sum().backward()
            optimiser.step()
    return start, table.weight, embedding.weight.detach()


@pytest.mark.parametrize("n_steps", [1, 2, 40])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9)])
def test_equals_sparse_adam(n_steps, betas):
    start, found, wanted = train(n_steps, betas)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert not torch.allclose(start[:6], found[:6])
    assert torch.equal(start[6:], found[6:])


@pytest.mark.parametrize("n_steps", [1, 2, 40])
def test_every_row_equals_adam(n_steps):
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(8, 3, generator=generator)
    table = RowTable(start.clone())
    embedding = torch.nn.Embedding.from_pretrained(start.clone(), freeze=False)
    ours = RowAdam([table], lr=0.05, every_row=True)
    theirs = torch.optim.Adam(embedding.parameters(), lr=0.05, eps=1e-7)
    for _ in range(n_steps):
        twice = torch.randint(6, (2, 5), generator=generator)  # rows 6 and 7 are never touched
        truth = torch.randn(5, 3, generator=generator)
        for network, optimiser in ((table, ours), (embedding, theirs)):
            optimiser.zero_grad()
            (network(twice[0]) - network(twice[1]) - truth).square().sum().backward()
            optimiser.step()
    torch.testing.assert_close(table.weight, embedding.weight.detach(), rtol=1e-4, atol=1e-5)
    assert torch.equal(start[6:], table.weight[6:])
    assert (table.gradient == 0).all()


def test_gradients_of_a_row_that_stands_twice_add_up():
    table = RowTable(torch.zeros(3, 2))
    optimiser = RowAdam([table])
    table(torch.tensor([1, 1, 2])).sum().backward()
    optimiser.step()
    first_moment = table.state[:, 1, 0]
    assert first_moment[1] == pytest.approx(2 * float(first_moment[2]))
    assert first_moment[0] == 0
    assert (table.gradient == 0).all()


def test_dense_parameters_are_updated_as_by_adam():
    mine, other = (torch.nn.Parameter(torch.tensor([1.0, -2.0])) for _ in range(2))
    ours = RowAdam([], [mine], lr=0.1, eps=1e-8)
    theirs = torch.optim.Adam([other], lr=0.1)
    for n in range(5):
        for parameter, optimiser in ((mine, ours), (other, theirs)):
            optimiser.zero_grad()
            ((parameter - n) ** 2).sum().backward()
            optimiser.step()
    torch.testing.assert_close(mine, other)
    assert not torch.equal(mine, torch.tensor([1.0, -2.0]))


def test_zero_grad_forgets_what_was_touched():
    table = RowTable(torch.ones(3, 2))
    optimiser = RowAdam([table])
    table(torch.tensor([0])).sum().backward()
    optimiser.zero_grad()
    optimiser.step()
    assert (table.weight == 1).all()


def test_looking_up_without_training_records_nothing():
    table = RowTable(torch.arange(6.0).reshape(3, 2))
    index = torch.tensor([2, 0])
    table.eval()
    assert table(index).tolist() == [[4, 5], [0, 1]]
    assert not table.touched


def test_state_can_be_kept_and_loaded():
    table = RowTable(torch.ones(2, 2))
    kept = {name: value.clone() for name, value in table.state_dict().items()}
    optimiser = RowAdam([table], lr=0.1)
    table(torch.tensor([0])).sum().backward()
    optimiser.step()
    assert table.weight[0, 0] == pytest.approx(0.9)
    table.load_state_dict(kept)
    assert (table.weight == 1).all()


def test_a_table_looked_up_twice_in_a_batch_adds_up_both_gradients() -> None:
    weights = torch.arange(12.0).view(6, 2) / 10
    table, whole = RowTable(weights.clone()), RowTable(weights.clone())
    twice, once = RowAdam([table]), RowAdam([whole])
    first, second = torch.tensor([0, 1, 1]), torch.tensor([1, 4])
    for _ in range(3):
        twice.zero_grad()
        (table(first).square().sum() + table(second).square().sum()).backward()
        twice.step()
        once.zero_grad()
        whole(torch.cat([first, second])).square().sum().backward()
        once.step()
    assert torch.allclose(table.weight, whole.weight)
    assert not torch.equal(table.weight, weights)
