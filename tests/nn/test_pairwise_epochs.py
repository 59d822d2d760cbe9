"""Epochs of pairs by compiled loops: what is drawn, the step for a pair, and threads."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from penchant.compiled import AVAILABLE
from penchant.nn.pairwise import PairwiseFactors, first_violation

if not AVAILABLE:
    pytest.skip("numba is not installed", allow_module_level=True)

import numba

from penchant.nn.known_pairs import is_known, known_pairs
from penchant.nn.pairwise_epochs import MOST_GROUPS, PairwiseEpochs
from penchant.nn.pairwise_loops import learn_pair, warp_weight
from penchant.nn.splitmix64 import below, splitmix64

RATE, L2 = np.float32(0.05), np.float32(0.02)


def some_events(n_users=400, n_items=300, n=4000):
    rng = np.random.default_rng(0)
    keys = np.unique(rng.integers(0, n_users * n_items, n))
    return torch.tensor(keys // n_items), torch.tensor(keys % n_items)


def epochs_of(users, items, loss="bpr", negatives=1, l2=0.0, shape=(400, 300)):
    generator = torch.Generator().manual_seed(0)
    network = PairwiseFactors(*shape, 8, generator)
    step = PairwiseEpochs(
        network,
        loss,
        learning_rate=0.1,
        l2=l2,
        negatives=negatives,
        users=users,
        items=items,
        generator=generator,
    )
    return network, step


@pytest.mark.parametrize("warp", [False, True])
@pytest.mark.parametrize("size", [0.1, 1.0])
def test_a_pair_changes_rows_by_its_gradients(warp, size):
    rng = np.random.default_rng(1)
    p, q, r = ((size * rng.standard_normal(n)).astype(np.float32) for n in (7, 8, 8))
    squares = [np.array([s], np.float32) for s in (0.1, 0.2, 0.3)]
    tensors = [torch.tensor(x, requires_grad=True) for x in (p, q, r)]
    u, i, j = tensors
    above = u @ (i - j)[:7] + i[7] - j[7]
    weight = np.float32(0.7) if warp else np.float32(0)
    loss = 0.7 * (1 - above) if warp else torch.nn.functional.softplus(-above)
    (loss + float(L2) / 2 * sum(x.square().sum() for x in tensors)).backward()
    a, b = learn_pair(p, q, r, *squares, weight, RATE, L2)
    assert a + math.log1p(b) == pytest.approx(loss.item(), rel=1e-5)
    for row, sum_, before, start in zip((p, q, r), squares, tensors, (0.1, 0.2, 0.3), strict=True):
        gradient = before.grad.numpy()
        assert sum_[0] == pytest.approx(start + (gradient**2).mean(), rel=1e-5)
        expected = before.detach().numpy() - RATE * gradient / np.sqrt(sum_[0])
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-6)


def test_a_pair_that_is_clear_by_one_changes_nothing_in_warp():
    p, q, r = (np.full(4, x, np.float32) for x in (1, 1, -1))
    squares = [np.ones(1, np.float32) for _ in range(3)]
    assert learn_pair(p[:3], q, r, *squares, np.float32(0.5), RATE, L2) == (0, 0)
    assert (q == 1).all()
    assert all(s[0] == 1 for s in squares)


def test_weights_of_ranks_are_those_of_batches():
    above = torch.full((6, 6), 2.0).tril(-1)  # the first violation is at places 0 to 5
    _, weights = first_violation(above, 101)
    found = [float(warp_weight(trial, 101)) for trial in range(6)]
    assert found == pytest.approx(weights.tolist(), rel=1e-6)


def test_the_filter_has_all_pairs():
    users, items = some_events()
    known = known_pairs(users, items, (401, 300))
    assert known.offsets[-1] == len(users)
    assert np.bitwise_count(known.bloom).sum() <= len(users)
    events = set(zip(users.tolist(), items.tolist(), strict=True))
    for user in (0, 17, 399):
        said = [is_known(known, user, item) for item in range(300)]
        assert said == [(user, item) in events for item in range(300)]
        mine = known.items[known.offsets[user] : known.offsets[user + 1]]
        assert mine.tolist() == sorted(items[users == user].tolist())


def test_random_numbers_are_even():
    numbers = [below(np.uint64(splitmix64(np.uint64(n))), 7) for n in range(7000)]
    counts = np.bincount(numbers, minlength=7)
    assert len(counts) == 7
    assert abs(counts - 1000).max() < 150  # five standard deviations


@pytest.mark.parametrize("loss", ["bpr", "warp"])
def test_all_threads_give_the_same(loss):
    users, items = some_events()
    found = []
    before = numba.get_num_threads()
    try:
        for threads in {1, min(2, numba.config.NUMBA_NUM_THREADS)}:
            numba.set_num_threads(threads)
            network, step = epochs_of(users, items, loss, negatives=3)
            assert step.n_groups == 4  # of 64 items or more
            losses = [float(step(users, items)) for _ in range(3)]
            found.append((losses, network.users.numpy(), network.items.numpy()))
    finally:
        numba.set_num_threads(before)
    assert found[0][0][-1] < found[0][0][0]
    for losses, *tables in found[1:]:
        assert losses == found[0][0]
        for table, first in zip(tables, found[0][1:], strict=True):
            np.testing.assert_array_equal(table, first)


def test_groups_share_events_and_items():
    users, items = some_events(4000, 3000, 60_000)
    _, step = epochs_of(users, items, shape=(4000, 3000))
    assert step.n_groups == MOST_GROUPS
    groups = step._groups()
    assert sorted(groups.members) == torch.unique(items).tolist()
    for group in range(MOST_GROUPS):
        members = groups.members[groups.offsets[group] : groups.offsets[group + 1]]
        assert (groups.of_items[members] == group).all()
    sizes = np.bincount(groups.of_users[users.numpy()], minlength=MOST_GROUPS)
    assert sizes.min() > 0.9 * sizes.max()
    assert (step._groups().members != groups.members).any()


def test_drawn_items_are_all_others_with_events_alike():
    """Items that a user never had sink alike; those that it had, or that nobody had, do not."""
    users = torch.arange(200).repeat_interleave(4)
    items = (torch.arange(4)[None] + 4 * (torch.arange(200) % 50)[:, None]).flatten()
    network, step = epochs_of(users, items, shape=(200, 210))
    for _ in range(30):
        step(users, items)
    bias = network.items[:, 8].numpy()
    assert (bias[200:] == 0).all()  # of which there are no events
    assert abs(bias[:200].mean()) < 0.1
    assert bias[:200].std() < 0.3
    scores = network.users.numpy() @ network.items[:, :8].numpy().T + bias
    own = scores[users.numpy(), items.numpy()].mean()
    assert own > scores[:, :200].mean() + 1


def test_events_of_users_that_have_everything_are_left_out():
    users, items = torch.arange(6).repeat_interleave(5), torch.arange(5).repeat(6)
    network, step = epochs_of(users, items, shape=(6, 5))
    before = network.items.clone()
    assert float(step(users, items)) == 0
    torch.testing.assert_close(network.items, before)
