"""Networks over fields against their formulas."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from penchant.nn.fields import CrossHead, CrossLayer, DeepFMHead, FieldNetwork, FieldTable

N_FIELDS, DIM, N_NUMBERS = 3, 2, 4


def generator_of(seed=0):
    return torch.Generator().manual_seed(seed)


def table_of():
    """Owners with an id, up to two labels, and one further field; the last one is unknown."""
    index = np.array([[0, 3, 4, 6], [1, 4, 7, 7], [2, 7, 7, 5], [7, 7, 7, 7]])
    table = FieldTable(index, (1, 2, 1), 7, DIM, generator_of()).eval()
    table.table.weight[:-1].normal_(generator=generator_of(1))
    return table


def inputs():
    g = generator_of(2)
    fields, numbers = torch.randn(5, N_FIELDS, DIM, generator=g), torch.randn(5, 4, generator=g)
    return fields.double(), torch.randn(5, generator=g).double(), numbers.double()


def moved(head):
    """With no weight at 0."""
    with torch.no_grad():
        for weight in head.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator_of(3)) * 0.3)
    return head.double().eval()


def test_a_field_is_the_mean_of_its_features():
    table = table_of()
    rows = table.table.weight
    vectors, weights, _ = table(torch.tensor([0, 1, 3]))
    torch.testing.assert_close(vectors[0, 1], (rows[3] + rows[4])[:DIM] / 2)
    torch.testing.assert_close(vectors[1, 1], rows[4, :DIM])
    assert (vectors[1, 2] == 0).all()
    assert (vectors[2] == 0).all()
    wanted = rows[0, DIM] + (rows[3] + rows[4])[DIM] / 2 + rows[6, DIM]
    torch.testing.assert_close(weights[0], wanted)
    hidden, _, _ = table(torch.tensor([0, 1]), torch.tensor([True, False]))
    assert (hidden[0, 0] == 0).all()
    torch.testing.assert_close(hidden[0, 1:], vectors[0, 1:])
    torch.testing.assert_close(hidden[1], vectors[1])


def test_features_without_events_are_left_out_and_squares_add_up():
    table = table_of()
    owners = np.array([0, 0, 0, 1])
    table.count(owners)
    rows = table.table.weight
    _, _, squares = table(torch.from_numpy(owners))
    assert float(squares.sum()) == pytest.approx(float(rows[[0, 1, 3, 4, 6]].square().sum()))
    collapsed, weights = table.collapsed()
    assert collapsed.shape == (4, 3, DIM)
    assert (collapsed[2:] == 0).all()  # neither its id nor its label occurs
    assert weights.shape == (4,)


@pytest.mark.parametrize("layers", [(), (5, 3)])
def test_deep_fm_is_a_machine_beside_layers(layers):
    head = moved(DeepFMHead(N_FIELDS, DIM, N_NUMBERS, layers, generator=generator_of()))
    fields, weights, numbers = inputs()
    found = head(fields, weights, numbers)
    for n in range(5):
        features = [*fields[n], *(x * v for x, v in zip(numbers[n], head.vectors, strict=True))]
        wanted = head.offset[0] + weights[n] + numbers[n] @ head.weights
        wanted = wanted + sum(a @ b for a, b in combinations(features, 2))
        if layers:
            x = torch.cat([fields[n].flatten(), numbers[n]])
            for layer in head.deep.of:
                x = torch.relu(layer.weight @ x + layer.bias)
            wanted = wanted + (head.output.weight @ x + head.output.bias)[0]
        torch.testing.assert_close(found[n], wanted)


@pytest.mark.parametrize(("rank", "experts"), [(0, 1), (2, 1), (2, 3)])
def test_a_cross_layer_is_the_formula(rank, experts):
    layer = moved(CrossLayer(6, rank, experts, generator_of()))
    first, x = torch.randn(2, 4, 6, generator=generator_of(5)).double()
    found = layer(first, x)
    for n in range(4):
        if not rank:
            inner = layer.full.T @ x[n]
        elif experts == 1:
            inner = layer.up[0].T @ (layer.down[0].T @ x[n])
        else:
            shares = torch.softmax(layer.gate.T @ x[n], 0)
            inner = torch.zeros(6).double()
            for e in range(experts):
                low = torch.tanh(layer.middle[e].T @ torch.tanh(layer.down[e].T @ x[n]))
                inner += shares[e] * (layer.up[e].T @ low)
        torch.testing.assert_close(found[n], first[n] * (inner + layer.bias) + x[n])


@pytest.mark.parametrize("structure", ["parallel", "stacked"])
@pytest.mark.parametrize("layers", [(), (5, 3)])
def test_dense_layers_stand_beside_or_behind_the_cross_layers(structure, layers):
    kind = {"cross_layers": 2, "rank": 2, "experts": 1, "structure": structure}
    head = moved(CrossHead(N_FIELDS, DIM, N_NUMBERS, layers, **kind, generator=generator_of()))
    fields, weights, numbers = inputs()
    first = torch.cat([fields.flatten(1), numbers], 1)
    x = head.cross[1](first, head.cross[0](first, first))
    last = head.deep(first if structure == "parallel" else x)
    if structure == "parallel" and layers:
        last = torch.cat([x, last], 1)
    elif not layers:
        last = x
    wanted = last @ head.output.weight[0] + head.output.bias[0] + weights
    torch.testing.assert_close(head(fields, weights, numbers), wanted)


def test_a_network_joins_both_sides():
    users, items = table_of(), table_of()
    head = DeepFMHead(6, DIM, N_NUMBERS, (), generator=generator_of()).eval()
    network = FieldNetwork(users, items, head).eval()
    pairs = torch.tensor([0, 2]), torch.tensor([1, 3])
    numbers = torch.ones(2, N_NUMBERS)
    output, _ = network(*pairs, numbers)
    (p, a, _), (q, b, _) = users(pairs[0]), items(pairs[1])
    torch.testing.assert_close(output, head(torch.cat([p, q], 1), a + b, numbers))
