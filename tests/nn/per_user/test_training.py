"""Training does not depend on groups, and goes on where it was interrupted."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.nn.per_user import training
from penchant.nn.per_user.training import CHECKPOINT_FOLDER, train_networks
from penchant.run import Run
from support.user_networks import (
    LSTM,
    NO_FORGET,
    Counting,
    config_of,
    probabilities,
)


@pytest.mark.parametrize(
    ("shape", "dropout"), [(LSTM, 0.0), (NO_FORGET, 0.5)], ids=["lstm", "no-forget"]
)
def test_groups_do_not_change_what_is_learned(data, monkeypatch, shape, dropout):
    patterns, users = data
    config = config_of(dropout=dropout)
    together, _, first = train_networks(shape, config, users, patterns)
    monkeypatch.setattr(training, "GROUP_NETWORKS", 3)
    apart, _, second = train_networks(shape, config, users, patterns, run=Run(threads=2))
    some, _, _ = train_networks(shape, config, users[2:4], patterns)
    found = [probabilities(shape, w, patterns) for w in (together, apart)]
    np.testing.assert_allclose(*found, atol=1e-5)
    np.testing.assert_allclose(probabilities(shape, some, patterns), found[0][2:4], atol=1e-5)
    for one, other in zip(first, second, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=1e-5)


class Interrupting(Counting):
    """Progress that is interrupted after so much is done."""

    def __init__(self, after):
        super().__init__()
        self.after = after

    def advance(self, amount=1, note=""):
        super().advance(amount)
        if self.done > self.after:
            raise KeyboardInterrupt


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupted_training_goes_on(data, long, tmp_path, monkeypatch, threads):
    patterns, users = data
    config = config_of()
    whole = train_networks(LSTM, config, users, patterns, run=Run(threads=1))
    run = Run(threads=threads, output=tmp_path, progress=Interrupting(6 * config.epochs))
    with pytest.raises(KeyboardInterrupt):
        train_networks(LSTM, config, users, patterns, run=run)
    kept = list((tmp_path / CHECKPOINT_FOLDER).iterdir())
    assert kept
    # Another training finds nothing of use to it, and leaves what it finds.
    other = config_of(seed=6)
    again = train_networks(LSTM, other, users, patterns, run=Run(threads=1, output=tmp_path))
    np.testing.assert_array_equal(
        again[0], train_networks(LSTM, other, users, patterns, run=Run(threads=1))[0]
    )
    assert sorted((tmp_path / CHECKPOINT_FOLDER).iterdir()) == sorted(kept)
    trained = []
    real = training.train_group
    monkeypatch.setattr(training, "train_group", lambda *a: (trained.append(a[1]), real(*a))[1])
    progress = Counting()
    run = Run(threads=1, output=tmp_path, progress=progress)
    found = train_networks(LSTM, config, users, patterns, run=run)
    assert len(trained) == 3 - len(kept)
    np.testing.assert_array_equal(found[0], whole[0])
    assert found[2] == whole[2]
    assert progress.done == progress.total
    assert not (tmp_path / CHECKPOINT_FOLDER).exists()
