from __future__ import annotations

import torch

from penchant.nn.negatives import WarmNegatives, labelled_examples, pairwise_examples

# Of 60 items the even ones have events: one each of many users, and those of two more.
EVEN = set(range(0, 60, 2))
USERS = torch.tensor([0, 0, 1])
ITEMS = torch.tensor([2, 4, 4])
MANY = torch.tensor(sorted(EVEN))


def negatives():
    users = torch.cat([USERS, torch.arange(9, 9 + len(MANY))])
    items = torch.cat([ITEMS, MANY])
    return WarmNegatives(users, items, 300, torch.Generator().manual_seed(0))


def test_all_other_items_with_events_are_drawn_and_nothing_else():
    made = negatives()
    drawn, owner = made.epoch(), made.users.repeat(300)
    wanted = {0: EVEN - {2, 4}, 1: EVEN - {4}, 9: EVEN - {0}}
    assert {u: set(drawn[owner == u].tolist()) for u in wanted} == wanted


def test_held_out_items_are_no_negatives():
    """Nor are those that nobody had in training, of which one is held out here."""
    users, items = torch.tensor([0, 1, 3]), torch.tensor([6, 5, 8])
    drawn = negatives().draw_for(users, items)
    owner = users.repeat(300)
    wanted = {0: EVEN - {2, 4, 6}, 1: EVEN - {4}, 3: EVEN - {8}}
    assert {u: set(drawn[owner == u].tolist()) for u in wanted} == wanted


def test_as_truths_and_as_pairs():
    users, items, drawn = torch.tensor([0, 1]), torch.tensor([3, 4]), torch.tensor([7, 8, 9, 5])
    u, i, truth = labelled_examples(users, items, drawn)
    assert list(zip(u.tolist(), i.tolist(), truth.tolist(), strict=True)) == [
        (0, 3, 1),
        (1, 4, 1),
        (0, 7, 0),
        (1, 8, 0),
        (0, 9, 0),
        (1, 5, 0),
    ]
    pairs = pairwise_examples(users, items, drawn)
    assert torch.stack(pairs, 1).tolist() == [[0, 3, 7], [1, 4, 8], [0, 3, 9], [1, 4, 5]]
