from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.compiled import AVAILABLE
from penchant.nn import negatives
from penchant.nn.negatives import (
    UniformNegatives,
    WarmNegatives,
    labelled_examples,
    pairwise_examples,
)


def events(n_users=20, n_items=30, per_user=10):
    generator = torch.Generator().manual_seed(3)
    users = torch.arange(n_users).repeat_interleave(per_user)
    items = torch.cat(
        [torch.randperm(n_items, generator=generator)[:per_user] for _ in range(n_users)]
    )
    return users, items


def sampler_of(users, items, n_items=30, seed=0):
    return UniformNegatives(users, items, n_items, torch.Generator().manual_seed(seed))


def pairs(users, items):
    return set(zip(users.tolist(), items.tolist(), strict=True))


def test_negatives_are_never_training_events():
    users, items = events()
    asked = users.repeat(50)
    drawn = sampler_of(users, items).draw(asked, rounds=60)
    assert not pairs(users, items) & pairs(asked, drawn)


def test_few_rounds_leave_few_hits():
    users, items = events()
    asked = users.repeat(100)
    drawn = sampler_of(users, items).draw(asked)
    known = pairs(users, items)
    hits = sum(p in known for p in zip(asked.tolist(), drawn.tolist(), strict=True))
    assert hits / len(asked) < 3 * (1 / 3) ** 5


def test_everything_else_is_drawn_equally_often():
    users, items = events()
    asked = torch.zeros(20_000, dtype=torch.int64)
    counts = torch.bincount(sampler_of(users, items).draw(asked, rounds=40), minlength=30)
    mine = items[users == 0]
    assert (counts[mine] == 0).all()
    rest = counts[counts > 0]
    assert len(rest) == 20
    assert rest.min() > 850
    assert rest.max() < 1150


def test_a_user_who_has_everything_does_not_hang():
    users, items = torch.zeros(5, dtype=torch.int64), torch.arange(5)
    assert len(sampler_of(users, items, n_items=5).draw(users)) == 5


def test_mix_marks_events_and_negatives():
    users, items = events()
    who, what, truth = sampler_of(users, items).mix(users, items, 3)
    n = len(users)
    assert len(who) == len(what) == len(truth) == 4 * n
    assert truth.dtype == torch.float32
    assert truth.sum() == n
    assert torch.equal(who[truth == 1], users)
    assert torch.equal(what[truth == 1], items)
    assert torch.bincount(who[truth == 0]).tolist() == [30] * 20


@pytest.mark.skipif(not AVAILABLE, reason="numba is not installed")
def test_many_events_are_drawn_against_by_a_loop(monkeypatch):
    monkeypatch.setattr(negatives, "_LARGE", 10)
    users, items = (column.int() for column in events())
    sampler = sampler_of(users, items)
    asked = users.long().repeat(50)
    drawn = sampler.draw(asked, rounds=60)
    assert drawn.dtype == torch.int64
    assert not pairs(users, items) & pairs(asked, drawn)
    counts = torch.bincount(drawn[asked == 0], minlength=30)
    assert torch.count_nonzero(counts) == 20
    assert "_keys" not in vars(sampler)
    further = (
        torch.tensor([3, 3]),
        torch.arange(30)[~torch.isin(torch.arange(30), items[users == 3])][:2],
    )
    left = sampler.beside(*further).draw(torch.full((2000,), 3), rounds=60)
    assert len(left.unique()) == 18
    assert not set(left.tolist()) & set(further[1].tolist())


def test_draws_are_fresh_and_seeded():
    users, items = events()
    one, two = sampler_of(users, items), sampler_of(users, items)
    first = one.draw(users)
    assert torch.equal(first, two.draw(users))
    assert not torch.equal(first, one.draw(users))


def test_a_table_and_a_search_draw_the_same(monkeypatch):
    users, items = events()
    by_table = sampler_of(users, items)
    monkeypatch.setattr(negatives, "_TABLE_CELLS", 0)
    by_search = sampler_of(users, items)
    assert by_table._table is not None
    assert by_search._table is None
    asked = torch.cat([users, torch.tensor([25])]).repeat(50)  # one user beyond the table
    assert torch.equal(by_table.draw(asked), by_search.draw(asked))


def test_further_pairs_can_be_avoided():
    users, items = events()
    further = torch.arange(20), torch.full((20,), 29)
    asked = users.repeat(50)
    drawn = sampler_of(users, items).beside(*further).draw(asked, rounds=60)
    assert not (pairs(users, items) | pairs(*further)) & pairs(asked, drawn)


# Of 60 items the even ones have events: one each of many users, and those of two more.
EVEN = set(range(0, 60, 2))
USERS = torch.tensor([0, 0, 1])
ITEMS = torch.tensor([2, 4, 4])
MANY = torch.tensor(sorted(EVEN))


def warm_negatives():
    users = torch.cat([USERS, torch.arange(9, 9 + len(MANY))])
    items = torch.cat([ITEMS, MANY])
    return WarmNegatives(users, items, 300, torch.Generator().manual_seed(0))


def test_all_other_items_with_events_are_drawn_and_nothing_else():
    negatives = warm_negatives()
    drawn, owner = negatives.epoch(), negatives.users.repeat(300)
    wanted = {0: EVEN - {2, 4}, 1: EVEN - {4}, 9: EVEN - {0}}
    assert {u: set(drawn[owner == u].tolist()) for u in wanted} == wanted


def test_held_out_items_are_no_negatives():
    """Nor are those that nobody had in training, of which one is held out here."""
    users, items = torch.tensor([0, 1, 3]), torch.tensor([6, 5, 8])
    drawn = warm_negatives().draw_for(users, items)
    owner = users.repeat(300)
    wanted = {0: EVEN - {2, 4, 6}, 1: EVEN - {4}, 3: EVEN - {8}}
    assert {u: set(drawn[owner == u].tolist()) for u in wanted} == wanted


def test_examples_with_labels_and_in_pairs():
    users, items, drawn = torch.tensor([0, 1]), torch.tensor([3, 4]), torch.tensor([7, 8, 9, 5])
    u, i, labels = labelled_examples(users, items, drawn)
    assert list(zip(u.tolist(), i.tolist(), labels.tolist(), strict=True)) == [
        (0, 3, 1),
        (1, 4, 1),
        (0, 7, 0),
        (1, 8, 0),
        (0, 9, 0),
        (1, 5, 0),
    ]
    examples = pairwise_examples(users, items, drawn)
    assert torch.stack(examples, 1).tolist() == [[0, 3, 7], [1, 4, 8], [0, 3, 9], [1, 4, 5]]


def test_items_beside_events_are_none_of_the_users_and_all_others_equally_often(monkeypatch):
    users, items = events()
    for compiled in {negatives.AVAILABLE, False}:
        monkeypatch.setattr(negatives, "AVAILABLE", compiled)
        sampler = sampler_of(users, items)
        rows = torch.cat([sampler.with_negatives(users, items, 3) for _ in range(300)])
        asked = users.repeat(300)
        assert torch.equal(rows[:, 0], items.repeat(300))
        known = pairs(users, items)
        hits = [p in known for p in zip(asked.tolist(), rows[:, 1].tolist(), strict=True)]
        assert np.mean(hits) < 3 * (1 / 3) ** 5
        counts = torch.bincount(rows[asked == 0, 1:].flatten(), minlength=30)
        counts[items[users == 0]] = 0
        assert (counts > 0).sum() == 20
        assert (counts[counts > 0] / counts.sum() * 20 - 1).abs().max() < 0.2


def test_items_are_drawn_for_users_without_events():
    sampler = sampler_of(torch.tensor([0]), torch.tensor([0]), n_items=2)
    rows = sampler.with_negatives(torch.tensor([5, 0]), torch.tensor([1, 0]), 40)
    assert set(rows[0, 1:].tolist()) == {0, 1}
    assert rows[1, 0] == 0
    assert rows[1, 1:].float().mean() > 0.8  # few rounds leave few hits
