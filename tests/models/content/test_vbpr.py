"""VBPR: the formula, new items by content, and rows of new users."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from penchant.bundle import restore, save
from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.models import VBPR
from penchant.nn.content import vbpr as vbpr_network
from penchant.nn.content.vbpr import VBPRNetwork
from penchant.nn.dot.fold_in import UserEvents
from penchant.testing import planted_pairs

SMALL = {"dim": 6, "content_dim": 4, "batch_size": 128, "learning_rate": 0.02, "epochs": 15}
COLD = 6


@pytest.fixture(scope="module")
def log(pictured_log):
    return pictured_log


@pytest.fixture(scope="module")
def model(log):
    return VBPR(**SMALL).fit(log)


def test_the_loss_is_that_of_the_formula():
    generator = torch.Generator().manual_seed(0)
    content = torch.randn(7, 5, generator=generator)
    network = VBPRNetwork(content, 4, 3, 2, generator).eval()
    network.slope.data.normal_(generator=generator)
    network.items.weight[:, 3].normal_(generator=generator)

    def x(u, i):
        p, q = network.users.weight[u], network.items.weight[i]
        seen = network.embedding.detach().T @ content[i]
        return q[3] + p[:3] @ q[:3] + p[3:] @ seen + network.slope.detach() @ content[i]

    users, items, others = [0, 3, 3], [1, 2, 6], [4, 4, 0]
    pairs = list(zip(users, items, others, strict=True))
    plain = -torch.stack([functional.logsigmoid(x(u, i) - x(u, j)) for u, i, j in pairs]).mean()
    batch = [torch.tensor(part) for part in (users, items, others)]
    torch.testing.assert_close(network(*batch).detach(), plain)
    rows = [
        (network.users.weight[u].square().sum()) + network.items.weight[[i, j]].square().sum()
        for u, i, j in pairs
    ]
    shared = network.embedding.square().sum() + network.slope.square().sum()
    wanted = plain + 0.3 * torch.stack(rows).mean() + 0.2 * shared.detach()
    torch.testing.assert_close(network(*batch, l2=0.3, l2_content=0.2).detach(), wanted)
    vectors, biases = network.item_factors(network.items.weight)
    scores = network.users.weight.numpy() @ vectors.T + biases
    assert scores[3, 6] == pytest.approx(float(x(3, 6)), abs=1e-5)


def test_gradients_are_those_of_finite_differences():
    generator = torch.Generator().manual_seed(2)
    content = torch.randn(5, 4, generator=generator).double()
    network = VBPRNetwork(content, 3, 2, 2, generator).double().eval()
    network.slope.data.normal_(generator=generator)
    batch = [torch.tensor(part) for part in ([0, 2, 2], [1, 2, 4], [3, 3, 0])]

    def loss() -> torch.Tensor:
        return network(*batch, l2=0.3, l2_content=0.2)

    for weight in network.parameters():
        (gradient,) = torch.autograd.grad(loss(), [weight])
        for place in np.ndindex(*weight.shape):
            around = []
            for step in (1e-5, -1e-5):
                weight.data[place] += step
                around.append(float(loss().detach()))
                weight.data[place] -= step
            slope = (around[0] - around[1]) / 2e-5
            assert float(gradient[place]) == pytest.approx(slope, abs=1e-7)


def test_scores_are_the_sum_over_pairs(log, model):
    """Every score by itself, in plain Python."""
    some = [0, 7, 30]
    scores = model.scores(log.histories.take(some))
    for n, user in enumerate(some):
        row = model.user_rows_[user].tolist()
        for item in range(0, log.n_items, 5):
            vector, bias = model.item_vectors_[item].tolist(), float(model.item_bias_[item])
            by_hand = bias + sum(a * b for a, b in zip(row, vector, strict=True))
            assert scores[n, item] == pytest.approx(by_hand, abs=1e-5)
    assert model.item_vectors().shape == (log.n_items, 10)


def test_new_items_are_ranked_by_their_content_alone(log, model):
    cold = np.flatnonzero(log.item_counts == 0)
    assert len(cold) == COLD
    assert (model.item_vectors_[cold, :6] == 0).all()
    scores = model.scores(log.histories)[:, cold]
    mine = np.arange(log.n_users)[:, None] % 2 == cold % 2
    worst, best = scores[mine].reshape(-1, 3).min(1), scores[~mine].reshape(-1, 3).max(1)
    assert (worst > best).mean() > 0.9


def test_without_content_it_is_bpr(log):
    model = VBPR(**SMALL, vectors=0).fit(log)
    assert model.content_parts_ == []
    assert model.item_vectors().shape == (log.n_items, 6)
    assert (model.scores(log.histories)[:, log.item_counts == 0] == 0).all()
    assert model.n_parameters() == log.n_users * 6 + log.n_items * 7


def test_parameters_are_counted(log, model):
    assert model.n_parameters() == log.n_users * 10 + log.n_items * 7 + 5 * 4 + 5


@pytest.mark.parametrize("cells", [2**22, 64])
def test_a_new_users_row_is_the_minimum_of_the_same_loss(log, model, monkeypatch, cells):
    monkeypatch.setattr(vbpr_network, "_CELLS", cells)
    strangers = replace(log.histories, users=np.full(log.n_users, -1, np.int32)).take([0, 5, 9])
    rows = model.user_rows(strangers)
    user_events = UserEvents.with_negatives(strangers, model.negatives, model.seed)
    z, b = (torch.from_numpy(a).double() for a in (model.item_vectors_, model.item_bias_))
    for n in range(3):
        inside = slice(user_events.offsets[n], user_events.offsets[n + 1])
        items, truth = user_events.items[inside], user_events.targets[inside]
        own, others = items[truth == 1], items[truth == 0]
        pairs = [
            (own[place % len(own)], other)
            for place, other in enumerate(others)
            if log.item_counts[other] > 0
        ]
        i, j = (torch.tensor(part) for part in zip(*pairs, strict=True))
        row = torch.tensor(rows[n].astype(float), requires_grad=True)
        above = (z[i] - z[j]) @ row + b[i] - b[j]
        loss = functional.softplus(-above).mean() + (model.l2 + 1e-6) * row.square().sum()
        loss.backward()
        np.testing.assert_allclose(row.grad.numpy(), 0, atol=1e-4)
        assert np.abs(rows[n]).max() > 0.05


def test_folding_in_is_like_training(log, model):
    strangers = replace(log.histories, users=np.full(log.n_users, -1, np.int32))
    one, two = model.scores(log.histories).ravel(), model.scores(strangers).ravel()
    assert np.corrcoef(one, two)[0, 1] > 0.75
    assert (model.user_rows(model.history([])) == 0).all()
    everything = model.history(log.items.ids.to_list())
    assert (model.user_rows(everything) == 0).all()  # nothing is left to set it above


def test_rows_that_nothing_teaches_are_zeros(log):
    keep = log.events["user"].to_numpy() != 5
    model = VBPR(**SMALL).fit(log.subset(keep))
    assert (model.user_rows_[5] == 0).all()
    assert np.abs(model.user_rows(log.histories.take([5]))).max() > 0.05


def test_validation_decides_when_to_stop(log):
    split = split_random(log, validation=0.2)
    model = VBPR(**SMALL | {"epochs": 80, "l2": 0.0}, patience=2)
    model.fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert len(losses) == model.best_epoch_ + 2 < 80
    assert model.refit(log).epochs == model.best_epoch_


def test_save_and_restore(tmp_path):
    log = planted_pairs(cold_items=2)
    model = VBPR(**SMALL | {"epochs": 2}).fit(log)
    back = restore(save(model, tmp_path / "bundle"))
    strangers = replace(log.histories, users=np.full(log.n_users, -1, np.int32))
    for users in (log.histories, strangers):
        np.testing.assert_array_equal(back.scores(users), model.scores(users))


def test_impossible_parameters_are_refused():
    with pytest.raises(ParameterError, match="content_dim cannot be 0"):
        VBPR(content_dim=0)
