"""When networks stop, where they start and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.errors import PenchantError
from penchant.nn.per_user.batches import UserData
from penchant.nn.per_user.training import train_networks
from penchant.run import Run
from support.user_networks import (
    LSTM,
    NO_FORGET,
    STEPS,
    config_of,
    contradicting,
    probabilities,
)


def validation_losses(shape, weights, patterns, validation):
    chances = probabilities(shape, weights, patterns)
    return [
        -np.log(np.where(user.likes, p[user.patterns], 1 - p[user.patterns])).mean()
        for p, user in zip(chances, validation, strict=True)
    ]


def test_without_validation_a_network_waits_for_a_lower_training_loss(data):
    patterns, users = data
    # So fast that losses jump up and down.
    changes = {"learning_rate": 0.5, "epochs": 12}
    all_epochs, _, _ = train_networks(LSTM, config_of(**changes), users, patterns)
    weights, epochs, _ = train_networks(LSTM, config_of(patience=2, **changes), users, patterns)
    assert 1 <= epochs.min() < epochs.max() <= 12
    for network, epoch in enumerate(epochs):
        until = config_of(**changes | {"epochs": int(epoch)})
        alone, _, _ = train_networks(LSTM, until, [users[network]], patterns)
        np.testing.assert_allclose(weights[network], alone[0], atol=1e-3)
    assert not np.allclose(weights, all_epochs, atol=1e-2)


def test_validation_events_decide_the_epoch_whose_weights_are_kept(data):
    patterns, users = data
    validation = contradicting(users)
    changes = {"epochs": 10, "learning_rate": 0.02}
    weights, epochs, curve = train_networks(
        LSTM, config_of(patience=3, **changes), users, patterns, validation=validation
    )
    after = [
        validation_losses(
            LSTM,
            train_networks(LSTM, config_of(**changes | {"epochs": e}), users, patterns)[0],
            patterns,
            validation,
        )
        for e in range(1, 11)
    ]
    kept = validation_losses(LSTM, weights, patterns, validation)
    for network, epoch in enumerate(epochs):
        seen = [after[e][network] for e in range(min(10, epoch + 3))]
        assert int(np.argmin(seen)) + 1 == epoch
        assert kept[network] == pytest.approx(min(seen), abs=1e-5)
    # Nobody trains after the last network has stopped.
    assert len(curve) == min(10, epochs.max() + 3)


def test_a_network_without_validation_events_uses_its_training_loss(data):
    patterns, users = data
    config = config_of(patience=2, epochs=6, learning_rate=0.02)
    _, by_training, _ = train_networks(LSTM, config, users, patterns)
    _, by_validation, _ = train_networks(
        LSTM, config, users, patterns, validation=contradicting(users)
    )
    differ = by_training != by_validation
    assert differ.any()
    one = int(np.flatnonzero(differ)[0])
    validation = contradicting(users)
    validation[one] = None
    _, epochs, _ = train_networks(LSTM, config, users, patterns, validation=validation)
    by_validation[one] = by_training[one]
    np.testing.assert_array_equal(epochs, by_validation)


def test_training_goes_on_from_given_weights(data):
    patterns, users = data
    start = np.stack([LSTM.initial(user.rng(77)).numpy() for user in users])
    given = start.copy()
    still = config_of(learning_rate=0.0)
    weights, _, _ = train_networks(LSTM, still, users, patterns, start=start)
    for found, wanted in zip(
        LSTM.views(torch.from_numpy(weights)), LSTM.views(torch.from_numpy(given)), strict=True
    ):
        if found.dim() == 3 and found.shape[1] == LSTM.hidden + 2:
            found, wanted = found[:, : LSTM.hidden], wanted[:, : LSTM.hidden]
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    moved, _, _ = train_networks(LSTM, config_of(), users, patterns, start=start)
    assert np.abs(moved - weights).max() > 1e-3
    np.testing.assert_array_equal(start, given)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize(("shape", "dropout"), [(LSTM, 0.0), (NO_FORGET, 0.5)])
def test_one_pattern_alone_can_be_learned(shape, dropout, value):
    patterns = np.full((1, STEPS), value, np.uint8)
    users = [UserData(np.zeros(8, np.int64), np.ones(8, bool), key) for key in range(2)]
    config = config_of(dropout=dropout, epochs=60, learning_rate=0.05)
    weights, _, curve = train_networks(shape, config, users, patterns)
    assert (probabilities(shape, weights, patterns) > 0.9).all()
    assert curve[-1]["loss"] < curve[0]["loss"]


def test_a_loss_that_is_not_finite_is_refused(data):
    patterns, users = data
    start = np.full((len(users), LSTM.row_size), np.nan, np.float32)
    with pytest.raises(PenchantError, match=r"not finite in epoch 1: lower the learning rate\."):
        train_networks(LSTM, config_of(), users, patterns, start=start, run=Run(threads=2))
