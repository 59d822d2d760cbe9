"""The factorisation machine and hybrid factors, and the network they share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from penchant.data.splitting import split_random
from penchant.errors import ParameterError
from penchant.features.categorical import CategoricalFeatures
from penchant.metrics import AUC
from penchant.models import Bias, FactorisationMachine, HybridFactors
from penchant.models.factorisation.network import FeatureNetwork
from penchant.testing import planted_attributes, planted_pairs

SMALL = {"dim": 4, "l2": 3, "batch_size": 64, "learning_rate": 0.03}


def bags(rng, n, size, width):
    index = np.full((n + 1, width), size)
    for owner in range(n):
        some = rng.permutation(size)[: rng.integers(1, width + 1)]
        index[owner, : len(some)] = some
    return CategoricalFeatures(index, size)


@pytest.mark.parametrize("within", [True, False])
def test_the_network_is_a_sum_over_pairs_of_features(within):
    rng = np.random.default_rng(0)
    generator = torch.Generator().manual_seed(0)
    users, items = bags(rng, 5, 8, 3), bags(rng, 7, 10, 4)
    network = FeatureNetwork(users, items, 3, within=within, generator=generator).eval()
    for side in (network.users, network.items):
        side.table.weight[:-1].normal_(generator=generator)
    network.offset.data.fill_(0.3)
    user, item = torch.tensor([0, 4, 2]), torch.tensor([6, 1, 3])
    found = network(user, item)[0].detach()
    for place, (u, i) in enumerate(zip(user, item, strict=True)):
        mine = [network.users.table.weight[n] for n in users.index[u] if n < users.size]
        theirs = [network.items.table.weight[n] for n in items.index[i] if n < items.size]
        pairs = [(a, b) for a in mine for b in theirs]
        if within:
            for side in (mine, theirs):
                pairs += [(a, b) for n, a in enumerate(side) for b in side[:n]]
        wanted = 0.3 + sum(float(r[3]) for r in (*mine, *theirs))
        wanted += sum(float(a[:3] @ b[:3]) for a, b in pairs)
        assert float(found[place]) == pytest.approx(wanted, abs=1e-5)


def test_penalties_of_a_feature_add_up_to_its_ridge():
    """Whatever the number of its events."""
    index = np.array([[0, 2], [1, 2], [3, 3]])
    side_bags = CategoricalFeatures(index, 3)
    generator = torch.Generator().manual_seed(0)
    network = FeatureNetwork(side_bags, side_bags, 2, within=False, generator=generator).eval()
    network.users.table.weight[:-1].normal_(generator=generator)
    owners = np.array([0, 0, 0, 1])
    network.users.count(owners)
    _, _, penalties = network.users(torch.from_numpy(owners), (2.0, 5.0))
    rows = network.users.table.weight[:3]
    wanted = 2 * rows[:, :2].square().sum() + 5 * rows[:, 2].square().sum()
    assert float(penalties.sum()) == pytest.approx(float(wanted), rel=1e-5)


@pytest.fixture(scope="module")
def liked():
    return split_random(planted_attributes(n_users=150), validation=0.15, test=0.2)


def test_labels_make_the_machine_better_than_biases(liked):
    model = FactorisationMachine(target="like>=4", **SMALL).fit(liked.train, liked.validation)
    truth = (liked.test.ratings >= 4).astype(float)
    biases = AUC()(Bias().fit(liked.train).predict(liked.test.rows), truth)
    assert AUC()(model.predict(liked.test.rows), truth) > biases + 0.05


def test_a_new_item_is_what_its_table_says(liked):
    """Of items without training events those of a liked genre come first."""
    log = planted_attributes(n_users=150)
    item = log.events["item"].to_numpy()
    cold = np.isin(item, np.arange(0, log.n_items, 6))
    model = FactorisationMachine(target="like>=4", **SMALL).fit(log.subset(~cold))
    asked = log.subset(cold)
    user, item = (asked.events[c].to_numpy() for c in ("user", "item"))
    scores = model.scores(log.subset(~cold).histories)[user, item]
    assert AUC()(scores, (asked.ratings >= 4).astype(float)) > 0.65


def test_folding_in_is_like_training(liked):
    model = FactorisationMachine(**SMALL).fit(liked.train)
    known = liked.train.histories
    stranger = replace(known, users=np.full(len(known), -1, np.int32))
    one, two = (model.scores(users).ravel() for users in (known, stranger))
    assert np.corrcoef(one, two)[0, 1] > 0.9


@pytest.mark.parametrize("loss", ["bpr", "logistic"])
def test_hybrid_factors_rank_what_is_like_the_history(loss):
    log = planted_pairs(n_users=120)
    split = split_random(log, validation=0, test=0.2)
    model = HybridFactors(loss=loss, dim=8, l2=3, batch_size=128, learning_rate=0.03)
    scores = model.fit(split.train).scores(split.train.histories)
    groups = np.arange(log.n_items) % 2
    assert (scores[::2][:, groups == 0].mean() > scores[::2][:, groups == 1].mean()) & (
        scores[1::2][:, groups == 1].mean() > scores[1::2][:, groups == 0].mean()
    )


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ParameterError, match="hybrid-factors"):
        FactorisationMachine(target="interaction")
    with pytest.raises(ParameterError, match="loss bce needs targets of 0 and 1"):
        FactorisationMachine(loss="bce")
    squared = FactorisationMachine(loss="mse", target="like>=4")
    assert squared.loss_name == "mse"


def test_features_beyond_a_few_count_as_a_few_together():
    """Twelve labels of one item count like eight, and its id whole; fewer count as they are."""
    index = np.array([[0, *range(2, 14)], [1, 2, *[14] * 11], [14] * 13])
    generator = torch.Generator().manual_seed(0)
    side = (
        FeatureNetwork(
            CategoricalFeatures(index, 14),
            CategoricalFeatures(index, 14),
            3,
            within=False,
            generator=generator,
        )
        .eval()
        .users
    )
    side.table.weight[:-1].normal_(generator=generator)
    vectors, biases, _ = side(torch.tensor([0, 1]))
    rows = side.table.weight
    wanted = torch.stack([rows[0] + rows[2:14].sum(0) * 8 / 12, rows[1] + rows[2]])
    torch.testing.assert_close(torch.cat([vectors, biases[:, None]], 1), wanted)


def test_many_labels_do_not_make_learning_overshoot():
    """Hundreds of labels an item that say nothing; new items come with as many."""
    log = planted_attributes(cold_items=4)
    rng = np.random.default_rng(0)
    names = np.array([f"label {n}" for n in range(300)])
    labels = [list(rng.choice(names, 120, replace=False)) for _ in range(log.n_items)]
    noisy = replace(
        log,
        item_table=log.items.ids.alias("item").to_frame().with_columns(labels=pl.Series(labels)),
    )
    split = split_random(noisy, validation=0.1, test=0.1)
    model = FactorisationMachine(batch_size=256).fit(split.train, split.validation)
    usual = split.train.ratings.std()
    error = model.predict(split.test.rows) - split.test.ratings
    assert np.sqrt(np.square(error).mean()) < 1.05 * usual
    assert max(row["validation_loss"] for row in model.curve_) < 1.5 * usual**2
    everything = model.scores(noisy.histories)[:, noisy.item_counts == 0]
    assert 1 < everything.min() <= everything.max() < 5
