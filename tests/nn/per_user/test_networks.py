"""Many networks at once must be what each would be alone, in ordinary PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from penchant.nn.per_user.activations import ACTIVATIONS
from penchant.nn.per_user.batches import keep_mask, n_random_bytes
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.networks import NetworkShape, UserNetworks
from penchant.nn.per_user.shared_prefixes import prefix_tree
from penchant.nn.per_user.training import train_networks
from penchant.run import Run
from support.user_networks import STEPS, config_of, patterns_and_users, shape_of


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    """Autograd's small steps gain nothing from more threads and lose much."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


SHAPES = [
    ("lstm", 7, "sigmoid", "sigmoid", "sigmoid", 0.0),
    ("lstm", 70, "tanh", "sigmoid", "sigmoid", 0.0),
    ("no-forget", 5, "sigmoid", "tanh", "hard-sigmoid", 0.5),
    ("no-forget", 5, "tanh", "sigmoid", "sigmoid", 0.3),
    ("no-forget", 5, "tanh", "sigmoid", "hard-sigmoid", 0.0),
    ("gru", 6, "tanh", "sigmoid", "sigmoid", 0.0),
    ("gru", 70, "tanh", "sigmoid", "sigmoid", 0.5),
]


class Alone(torch.nn.Module):
    """The same network, written with autograd and for one user."""

    def __init__(self, cell, units, activation, recurrent_activation, output, dropout, start):
        super().__init__()
        self.cell, self.units, self.output, self.dropout = cell, units, output, dropout
        self.act, self.gate = getattr(torch, activation), getattr(torch, recurrent_activation)
        w = shape_of(cell, units).views(start[None])
        self.names = ("recurrent", "kernel", "bias", "embedding", "head", "head_bias")
        for name in self.names:
            self.register_parameter(name, torch.nn.Parameter(getattr(w, name)[0].clone()))

    def forward(self, inputs, input_mask=None, output_mask=None):
        """float32[rows], the last sums of int64[rows, steps] inputs."""
        embedded = self.embedding[inputs]  # rows, steps, embedding
        if input_mask is not None:
            embedded = embedded * input_mask / (1 - self.dropout)
        u = self.units
        h, c = (torch.zeros(len(inputs), u) for _ in range(2))
        for t in range(inputs.shape[1]):
            x = embedded[:, t] @ self.kernel + self.bias
            r = h @ self.recurrent[:u]
            if self.cell == "lstm":
                i, f, o, g = (x + r).split(u, 1)
                c = self.gate(f) * c + self.gate(i) * self.act(g)
                h = self.gate(o) * self.act(c)
            elif self.cell == "no-forget":
                i, o, g = (x + r).split(u, 1)
                h = self.gate(o) * self.act(self.gate(i) * self.act(g))
            else:
                z, s = (self.gate(x[:, k : k + u] + r[:, k : k + u]) for k in (0, u))
                hidden = embedded[:, t] @ self.kernel[:, 3 * u :] + self.bias[3 * u :]
                n = self.act(hidden + s * (r[:, 2 * u : 3 * u] + self.bias[2 * u : 3 * u]))
                h = (1 - z) * n + z * h
        if output_mask is not None:
            h = h * output_mask / (1 - self.dropout)
        return h @ self.head + self.head_bias

    def loss(self, logits, likes):
        if self.output == "sigmoid":
            return functional.binary_cross_entropy_with_logits(logits, likes)
        p = torch.clamp(0.2 * logits + 0.5, 1e-7, 1 - 1e-7)
        return functional.binary_cross_entropy(p, likes)

    def learn(self, user, patterns, seed, *, epochs, batch_size, learning_rate):
        """Train in the plain way, drawing orders and masks likewise."""
        rng = user.rng(seed)
        shape_of(self.cell, self.units).initial(rng)  # draws come after these
        adam = torch.optim.Adam(self.parameters(), lr=learning_rate, eps=1e-7)
        n, e, u = len(user.patterns), self.embedding.shape[1], self.units
        for _ in range(epochs):
            order = rng.permutation(n)
            batches = -(-n // batch_size)
            masks = [(None, None)] * batches
            if self.dropout:
                drawn = []
                for per_batch in (batch_size * STEPS * e, batch_size * u):
                    size = n_random_bytes(per_batch, self.dropout)
                    raw = np.frombuffer(rng.bytes(batches * size), np.uint8)
                    drawn.append(keep_mask(raw.reshape(batches, size), per_batch, self.dropout))
                masks = list(zip(*drawn, strict=True))
            for number, (inside, outside) in enumerate(masks):
                rows = order[number * batch_size : (number + 1) * batch_size]
                inputs = torch.from_numpy(patterns[user.patterns[rows]].astype(np.int64))
                likes = torch.from_numpy(user.likes[rows].astype(np.float32))
                if inside is not None:
                    inside = torch.from_numpy(inside.reshape(STEPS, batch_size, e))
                    inside = inside[:, : len(rows)].transpose(0, 1)
                    outside = torch.from_numpy(outside.reshape(batch_size, u))[: len(rows)]
                adam.zero_grad()
                self.loss(self(inputs, inside, outside), likes).backward()
                adam.step()
        with torch.no_grad():
            return self(torch.from_numpy(patterns.astype(np.int64))).numpy()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: f"{s[0]}-{s[1]}-{s[2]}-{s[4]}-{s[5]}")
def test_together_is_what_each_is_alone(shape):
    cell, units, activation, recurrent, output, dropout = shape
    patterns, users = patterns_and_users([23, 9, 31, 10, 1])
    network_shape = shape_of(cell, units, activation, recurrent)
    config = config_of(output=output, epochs=3, dropout=dropout)
    weights, epochs, curve = train_networks(
        network_shape, config, users, patterns, run=Run(threads=2)
    )
    tree = prefix_tree(torch.from_numpy(patterns.astype(np.float32)))
    networks = UserNetworks(network_shape, output)
    logits = networks.logits(network_shape.views(torch.from_numpy(weights)), tree).numpy()
    for user, together in zip(users, logits, strict=True):
        alone = Alone(*shape, network_shape.initial(user.rng(5)))
        expected = alone.learn(user, patterns, 5, epochs=3, batch_size=10, learning_rate=0.01)
        np.testing.assert_allclose(together, expected, atol=1e-5)
    assert (epochs == 3).all()
    assert [row["epoch"] for row in curve] == [1, 2, 3]


@pytest.mark.parametrize(
    ("cell", "hidden", "weights"),
    [("lstm", 100, 60_601), ("gru", 100, 45_601), ("no-forget", 18, 3845)],
)
def test_entries_that_are_always_zero_are_no_weights(cell, hidden, weights):
    """Two rows of an embedding, kernel, recurrent weights and biases of each gate, one output."""
    shape = NetworkShape(CELLS[cell](ACTIVATIONS["tanh"], ACTIVATIONS["sigmoid"]), hidden, 50)
    assert shape.n_weights == weights
    blocks = {"lstm": 4, "gru": 3, "no-forget": 3}[cell]
    biases = 4 * hidden if cell == "gru" else blocks * hidden  # of h_n and of x_n
    assert weights == 2 * 50 + blocks * hidden * (50 + hidden) + biases + hidden + 1
    row = shape.initial(np.random.default_rng(0))
    drawn = 2 * 50 + blocks * hidden * (50 + hidden) + hidden
    ones = hidden if cell == "lstm" else 0  # biases of forget gates
    assert int((row != 0).sum()) == drawn + ones
