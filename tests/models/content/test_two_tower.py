"""Two towers: the formula, new items by content, new users by history, and the loss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import sparse

from penchant.bundle import restore, save
from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.metrics import NDCG, Ranked
from penchant.models import TwoTower, make
from penchant.nn.content.two_tower import TwoTowerNetwork, mean_vectors, softmax_step
from penchant.testing import planted_pairs
from penchant.topk import top_k

SMALL = {"dim": 8, "hidden": 16, "batch_size": 20, "learning_rate": 0.01, "epochs": 30}
COLD = 6


@pytest.fixture(scope="module")
def log(pictured_log):
    return pictured_log


@pytest.fixture(scope="module")
def model(log):
    return TwoTower(**SMALL).fit(log)


def network_of(n_items=9, n_inputs=4, dim=3, hidden=5):
    generator = torch.Generator().manual_seed(0)
    content = torch.randn(n_items, n_inputs, generator=generator)
    return TwoTowerNetwork(content, dim, hidden, generator), generator


def test_scores_are_the_formula(log, model):
    users = log.histories.take([3, 11])
    scores = model.scores(users)
    for n in range(2):
        mine = users.items[users.offsets[n] : users.offsets[n + 1]]
        x = model.item_vectors_[mine].sum(axis=0) / np.sqrt(len(mine))
        hidden = np.maximum(model.user_hidden_weight_ @ x + model.user_hidden_bias_, 0)
        p = x + model.user_output_weight_ @ hidden + model.user_output_bias_
        wanted = model.item_vectors_ @ p + model.item_bias_
        np.testing.assert_allclose(scores[n], wanted, atol=1e-4)


def test_an_items_vector_is_that_of_its_content_and_its_own():
    network, _ = network_of()
    items = torch.tensor([1, 4, 5])
    found = network.item_vectors(items, torch.tensor([1.0, 0.0, 1.0])).detach()
    hidden = torch.relu(network.content_hidden(network.content[items]))
    of_content = network.content_output(hidden).detach()
    own = network.items.weight[items]
    torch.testing.assert_close(found[[0, 2]], (of_content + own)[[0, 2]])
    torch.testing.assert_close(found[1], of_content[1])


def test_sums_over_histories_are_divided_by_the_root_of_their_length():
    histories = sparse.csr_array(np.array([[1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]], np.float32))
    vectors = torch.arange(8.0).view(4, 2).requires_grad_()
    found = mean_vectors(histories, vectors)
    rows = [(vectors[0] + vectors[2]) / 2**0.5, torch.zeros(2), vectors.sum(0) / 2]
    torch.testing.assert_close(found, torch.stack(rows))
    found.sum().backward()
    assert vectors.grad[1].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("sampled", [False, True])
def test_the_first_loss_is_the_softmax_over_the_candidates(sampled):
    """Users of one event each foretell it from nothing, so that all is known beforehand."""
    network, generator = network_of()
    bought = np.array([0, 2, 2, 5, 2, 0])
    events = sparse.csr_array((np.ones(6, np.float32), (range(6), bought)), shape=(6, 9))
    with torch.no_grad():
        q = network.eval().item_vectors(torch.arange(9))
        p = network.user_vectors(torch.zeros(1, 3))
        logits = (p @ q[:, :3].T + q[:, 3])[0]
    warm, share = [0, 2, 5], torch.tensor([2.0, 3.0, 1.0]) / 6
    if sampled:
        logits[warm] -= torch.log(1 - (1 - share) ** 6)
    wanted = np.mean([float(logits[warm].logsumexp(0) - logits[item]) for item in bought])
    step = softmax_step(
        network.train(),
        events,
        learning_rate=0.01,
        id_dropout=0.0,
        dropout=0.0,
        l2=0.0,
        sampled=sampled,
        generator=generator,
    )
    assert float(step(torch.arange(6))) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("full_softmax", [20_000, 0])
def test_new_items_are_ranked_by_their_content(log, full_softmax):
    model = TwoTower(**SMALL, full_softmax_items=full_softmax).fit(log)
    cold = np.flatnonzero(log.item_counts == 0)
    assert len(cold) == COLD
    scores = model.scores(log.histories)[:, cold]
    mine = np.arange(log.n_users)[:, None] % 2 == cold % 2
    worst, best = scores[mine].reshape(-1, 3).min(1), scores[~mine].reshape(-1, 3).max(1)
    assert (worst > best).mean() > 0.95


def test_new_items_of_which_nothing_is_known_are_all_alike(log):
    model = TwoTower(**SMALL, vectors=0).fit(log)
    assert model.content_parts_ == []
    cold = log.item_counts == 0
    assert (model.item_vectors_[cold] == 0).all()
    assert (model.item_bias_[cold] == 0).all()


def test_known_and_new_users_are_answered_alike(log, model):
    strangers = replace(log.histories, users=np.full(log.n_users, -1, np.int32))
    np.testing.assert_array_equal(model.scores(strangers), model.scores(log.histories))
    nobody = model.scores(model.history([]))
    assert np.isfinite(nobody).all()


def test_a_corrected_sample_learns_what_the_whole_softmax_does(log):
    split = split_random(log, test=0.2)
    found = []
    for full_softmax in (20_000, 0):
        model = TwoTower(**SMALL, full_softmax_items=full_softmax).fit(split.train)
        lists, _ = top_k(model.scores, split.test.histories, 10)
        ranked = Ranked.of(lists, split.test.offsets, split.test.items)
        found.append(float(np.nanmean(NDCG(10)(ranked))))
    assert found[1] == pytest.approx(found[0], abs=0.08)


def test_validation_keeps_the_epoch_of_the_best_lists(log):
    split = split_random(log, validation=0.2)
    model = TwoTower(**SMALL | {"epochs": 60}, patience=3).fit(split.train, split.validation)
    losses = [row["validation_loss"] for row in model.curve_]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    lists, _ = top_k(model.scores, split.validation.histories, 100)
    ranked = Ranked.of(lists, split.validation.offsets, split.validation.items)
    assert 1 - np.nanmean(NDCG(100)(ranked)) == pytest.approx(min(losses), abs=1e-5)
    assert model.refit(log).epochs == model.best_epoch_


def test_parameters_are_those_of_both_towers(log, model):
    items = log.n_items * 9 + (5 * 16 + 16) + (16 * 9 + 9)
    users = (8 * 16 + 16) + (16 * 8 + 8)
    assert model.n_parameters() == items + users


def test_save_and_restore(tmp_path):
    log = planted_pairs(cold_items=2)
    model = TwoTower(**SMALL | {"epochs": 2}).fit(log)
    back = restore(save(model, tmp_path / "bundle"))
    np.testing.assert_array_equal(back.scores(log.histories), model.scores(log.histories))


def test_a_log_of_one_event_is_learned_from():
    log = planted_pairs()
    one = log.subset(np.arange(len(log)) == 0)
    assert np.isfinite(TwoTower(**SMALL).fit(one).scores(one.histories)).all()


def test_impossible_parameters_are_refused():
    with pytest.raises(ParameterError, match="id_dropout cannot be"):
        TwoTower(id_dropout=1.0)
    assert make("two-tower:vectors=2,full_softmax_items=0").vectors == 2
