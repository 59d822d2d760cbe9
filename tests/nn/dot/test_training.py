from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch

from penchant.nn.dot.network import DotNetwork, Head
from penchant.nn.dot.training import Examples, Objective, step_by_hand, training_step
from penchant.nn.embedding_rows import RowTable
from penchant.nn.loop import GradientStep


class Recorder:
    """An optimiser that keeps the gradients and updates nothing."""

    def __init__(self, network):
        self.network = network

    def zero_grad(self):
        for table in (self.network.users, self.network.items):
            table.touched.clear()
        self.network.head.output.grad = None

    def step(self):
        tables = (self.network.users, self.network.items)
        found = [t.touched[0][2].grad for t in tables]
        self.found = [*found, self.network.head.output.grad]


def a_network(dim=3, *, biases=True, by_rows=True, **options):
    generator = torch.Generator().manual_seed(1)
    network = DotNetwork(6, 5, dim, biases=biases, by_rows=by_rows, generator=generator, **options)
    with torch.no_grad():
        for table in (network.users, network.items):
            table.weight.copy_(torch.randn(table.weight.shape, generator=generator))
    return network.train()


USERS, ITEMS = torch.tensor([0, 1, 1, 5]), torch.tensor([4, 4, 2, 0])
TRUTH = {"bce": torch.tensor([1.0, 0, 1, 0])}
RATINGS = torch.tensor([5.0, 1, 4, 2])


@pytest.mark.parametrize("loss", ["mse", "mae", "bce"])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(("dim", "biases"), [(3, True), (3, False), (1, True), (1, False)])
def test_the_step_by_hand_is_the_gradient(dim, biases, loss, dropout):
    objective, truth = Objective(loss, l2=0.3), TRUTH.get(loss, RATINGS)
    network = a_network(dim, biases=biases, dropout=dropout)
    state = network.generator.get_state()
    with torch.no_grad():
        network.head.output.copy_(torch.tensor([1.4, -0.3]))
    by_hand, by_torch = Recorder(network), Recorder(network)
    with torch.no_grad():
        value = step_by_hand(network, objective, by_hand, USERS, ITEMS, truth)
    by_torch.zero_grad()
    network.generator.set_state(state)
    wanted = objective.penalised(network, USERS, ITEMS, truth)
    wanted.backward()
    by_torch.step()
    torch.testing.assert_close(value, wanted.detach())
    for mine, theirs in zip(by_hand.found, by_torch.found, strict=True):
        torch.testing.assert_close(mine, theirs)
        assert theirs.abs().max() > 0


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("l2", [0.0, 0.2])
def test_dense_steps_by_hand_are_those_of_automatic_differentiation(dropout, l2):
    objective = Objective("mse", l2)
    by_hand, by_torch = (
        a_network(1, biases=False, by_rows=False, dropout=dropout) for _ in range(2)
    )
    step = training_step(by_hand, objective, 0.01)
    adam = torch.optim.Adam(by_torch.parameters(), 0.01, eps=1e-7, fused=True)
    automatic = GradientStep(partial(objective.penalised, by_torch), [adam])
    for _ in range(5):
        assert step(USERS, ITEMS, RATINGS) == pytest.approx(
            float(automatic(USERS, ITEMS, RATINGS)), rel=1e-6
        )
    for mine, theirs in zip(by_hand.parameters(), by_torch.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("options", [{}, {"layers": (4, 3), "skip": "first"}, {"skip": "dot"}])
def test_first_steps_by_rows_are_those_of_a_dense_adam(options):
    # Until rows that a batch leaves out matter, both are the same rule.
    by_rows, dense = (a_network(by_rows=b, **options) for b in (True, False))
    assert isinstance(by_rows.users, RowTable)
    assert isinstance(dense.users, torch.nn.Embedding)
    before = [w.detach().clone() for w in by_rows.head.parameters()]
    for network in (by_rows, dense):
        step = training_step(network, Objective("mse", 0.1), 0.01)
        for _ in range(3):
            step(USERS, ITEMS, RATINGS)
    torch.testing.assert_close(by_rows.users.weight, dense.users.weight.detach())
    torch.testing.assert_close(by_rows.items.weight, dense.items.weight.detach())
    pairs = zip(by_rows.head.parameters(), dense.head.parameters(), before, strict=True)
    for mine, theirs, start in pairs:
        torch.testing.assert_close(mine, theirs)
        assert (mine - start).abs().max() > 0.001


def test_the_head_can_be_left_alone():
    for options in ({}, {"layers": (4,)}):
        network = a_network(**options)
        before = {n: w.clone() for n, w in network.head.state_dict().items()}
        rows = network.users.weight.clone()
        training_step(network, Objective("mse"), 0.01, head=False)(USERS, ITEMS, RATINGS)
        for name, weight in network.head.state_dict().items():
            assert torch.equal(weight, before[name])
        assert not torch.equal(network.users.weight, rows)


def test_predictions_are_the_formula_of_dense_layers():
    network = a_network(2, layers=(4, 3), activation="relu", skip="first").eval()
    p, q = network.users.weight[USERS], network.items.weight[ITEMS]
    vectors = torch.cat([p[:, :2], q[:, :2]], dim=1)
    first, second = network.head.layers
    hidden = torch.relu((p[:, :2] * q[:, :2]).sum(1, keepdim=True) @ first.weight.T + first.bias)
    hidden = torch.relu(torch.cat([hidden, vectors], 1) @ second.weight.T + second.bias)
    *weight, offset = network.head.output
    wanted = hidden @ torch.stack(weight) + offset + p[:, 2] + q[:, 2]
    torch.testing.assert_close(network(USERS, ITEMS), wanted)


def test_all_pairs_and_rows_are_what_the_network_gives(monkeypatch):
    monkeypatch.setattr("penchant.nn.dot.network._BLOCK_CELLS", 40)  # many parts
    for options in ({"skip": "dot"}, {"layers": (5,), "skip": "dot", "activation": "sigmoid"}):
        network = a_network(3, biases=False, **options).eval()
        p, q = network.users.weight, network.items.weight
        table = network.head.all_pairs(p, q)
        for user in range(7):
            for item in range(6):
                wanted = network(torch.tensor([user]), torch.tensor([item]))
                torch.testing.assert_close(table[user, item], wanted[0])
        rows = network.head.row_pairs(p[USERS], q[ITEMS])
        torch.testing.assert_close(rows, table[USERS, ITEMS])


def test_dropout_is_of_vectors_in_training_alone():
    network = a_network(400, dropout=0.75)
    with torch.no_grad():
        for table in (network.users, network.items):
            table.weight.fill_(1)
            table.weight[:, -1] = 100
    dots = torch.cat([network(USERS, ITEMS).detach() for _ in range(200)]) - 200
    # A product of two numbers is kept with a chance of 1/16 and then is 16 times as large.
    assert float(dots.mean()) == pytest.approx(400, rel=0.05)
    assert float(dots.std()) == pytest.approx(16 * (400 * 15 / 256) ** 0.5, rel=0.1)
    assert (network.eval()(USERS, ITEMS) - 200 == 400).all()


@pytest.mark.parametrize(
    ("initialisation", "spread"), [("normal", 0.01), ("uniform", 0.1 / 12**0.5)]
)
def test_initial_vectors(initialisation, spread):
    generator = torch.Generator().manual_seed(0)
    options = {"biases": True, "by_rows": True, "generator": generator}
    network = DotNetwork(5000, 10, 4, initialisation=initialisation, **options)
    assert float(network.users.weight[:, :4].std()) == pytest.approx(spread, rel=0.05)
    assert (network.users.weight[:, 4] == 0).all()


def test_glorot_normal_weights():
    head = Head(8, (400, 300))
    head.initialise(torch.Generator().manual_seed(0))
    weight = head.layers[1].weight.detach()
    assert float(weight.std()) == pytest.approx((2 / 700) ** 0.5, rel=0.02)
    assert float(weight.abs().max()) <= 2 * (2 / 700) ** 0.5 / 0.8796
    assert (head.layers[1].bias == 0).all()
    generator = torch.Generator().manual_seed(0)
    options = {"biases": False, "by_rows": True, "generator": generator}
    network = DotNetwork(5000, 10, 4, initialisation="glorot-normal", **options)
    assert float(network.users.weight.std()) == pytest.approx((2 / 5005) ** 0.5, rel=0.05)


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 2),
        ({"skip": "dot"}, 4),
        ({"layers": (64, 32)}, 2 * 64 + 65 * 32 + 33),
        ({"layers": (64, 32), "skip": "first"}, 2 * 64 + 67 * 32 + 33),
        ({"layers": (64, 32), "skip": "dot"}, 4 * 64 + 65 * 32 + 33),
    ],
)
def test_the_published_network_has_the_published_number_of_weights(options, count):
    generator = torch.Generator().manual_seed(0)
    network = DotNetwork(
        77_805, 185_973, 1, biases=False, by_rows=True, generator=generator, **options
    )
    assert network.n_weights() == 77_806 + 185_974 + count
    assert network.users.weight.dtype == torch.float32


def test_examples_without_truths_are_events_against_drawn_items():
    rng = np.random.default_rng(0)
    users, items = rng.integers(20, size=60), rng.integers(50, size=60)
    generator = torch.Generator().manual_seed(0)
    examples = Examples(users, items, None, n_items=50, negatives=3, generator=generator)
    (one,), (two,) = examples.epoch(), examples.epoch()
    assert [len(a) for a in one] == [240] * 3
    assert float(one[2].mean()) == 0.25
    assert not torch.equal(one[1], two[1])
