from __future__ import annotations

import numpy as np
import pytest

from penchant.features import Tables, folds, out_of_fold
from penchant.metrics import AUC
from penchant.testing import planted_nothing


def test_every_event_is_held_out_once(books):
    seen = np.zeros(len(books), int)
    for known, rows, held in folds(books, 4, seed=1):
        seen[held] += 1
        assert len(known) + len(held) == len(books)
        events = books.events[held]
        assert np.array_equal(rows.items, events["item"].to_numpy())
        assert np.array_equal(rows.users, events["user"].to_numpy())
        assert rows.histories.n_events == len(known)
    assert (seen == 1).all()


def test_the_seed_decides(books):
    parts = [[held.tolist() for _, _, held in folds(books, 3, seed=s)] for s in (0, 0, 1)]
    assert parts[0] == parts[1] != parts[2]


def test_more_folds_than_events(books):
    few = books.subset(np.arange(3))
    assert [held.tolist() for _, _, held in folds(few, 5, seed=0)] in (
        [[a], [b], [c]] for a in range(3) for b in range(3) for c in range(3)
    )


def test_answers_come_in_the_order_of_events(books):
    found = out_of_fold(books, 5, 0, lambda known, rows: rows.items.astype(np.float32))
    assert np.array_equal(found, books.events["item"].to_numpy())


def test_features_do_not_tell_the_answer():
    """Where ratings are random, out-of-fold features say nothing of them, and others do."""
    log = planted_nothing(n_users=150)
    tables = Tables.of(log)
    truth = (log.ratings >= 4).astype(np.float64)
    whole = tables.fit(log, 4.0)
    column = whole.names.index("both biases")
    fair = out_of_fold(log, 10, 0, lambda known, rows: tables.fit(known, 4.0).of_rows(rows))
    everyone = next(iter(folds(log, 2, 0)))[1]  # any rows over all users
    own = type(everyone)(
        log.histories, log.events["user"].to_numpy(), log.events["item"].to_numpy()
    )
    told = whole.of_rows(own)
    assert AUC()(told[:, column], truth) > 0.65
    for place in range(fair.shape[1]):
        known = np.nan_to_num(fair[:, place])
        if known.std() > 0:
            assert AUC()(known, truth) == pytest.approx(0.5, abs=0.06), whole.names[place]
