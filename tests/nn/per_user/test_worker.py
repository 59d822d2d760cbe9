"""Processes train what threads would."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from penchant.errors import PenchantError
from penchant.nn.per_user import worker
from penchant.nn.per_user.activations import Sigmoid
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import Group, TrainingSetup, train_group
from penchant.nn.per_user.networks import NetworkShape
from penchant.nn.per_user.training import train_networks
from penchant.run import Run
from support.user_networks import (
    LSTM,
    NO_FORGET,
    Counting,
    config_of,
    contradicting,
)


def test_processes_learn_the_same(data, long, monkeypatch):
    patterns, users = data
    config = config_of(dropout=0.5, patience=2, learning_rate=0.1)
    validation = [None, *contradicting(users)[1:]]
    begun = []
    start = worker.Worker.__init__

    def counted(self, course):
        begun.append(course)
        start(self, course)

    monkeypatch.setattr(worker.Worker, "__init__", counted)
    progress = Counting()
    alone = train_networks(
        NO_FORGET, config, users, patterns, validation=validation, run=Run(threads=1)
    )
    assert not begun
    found = train_networks(
        NO_FORGET,
        config,
        users,
        patterns,
        validation=validation,
        run=Run(threads=2, progress=progress),
    )
    assert len(begun) == 2
    np.testing.assert_array_equal(found[0], alone[0])
    np.testing.assert_array_equal(found[1], alone[1])
    assert found[2] == alone[2]
    assert progress.done == progress.total == len(users) * config.epochs


def test_a_process_reports_errors_goes_on_and_its_end_is_an_error(data):
    patterns, users = data
    setup = TrainingSetup(LSTM, config_of(), patterns)
    users = sorted(users, key=lambda user: -len(user.patterns))
    start = np.full((len(users), LSTM.row_size), np.nan, np.float32)
    (process,) = worker.start_workers(setup, 1)
    try:
        with pytest.raises(PenchantError, match="not finite in epoch 1: lower the learning"):
            process.train(Group(users, start, None), lambda epochs: None)
        epochs_done = []
        trained = process.train(Group(users, None, None), epochs_done.append)
        alone = train_group(setup, Group(users, None, None), lambda epochs: None)
        for values, expected in zip(trained, alone, strict=True):
            np.testing.assert_array_equal(values, expected)
        assert epochs_done == [len(users)] * config_of().epochs
        process._process.kill()
        with pytest.raises(PenchantError, match="ended too early"):
            process.train(Group(users, None, None), lambda epochs: None)
    finally:
        process.close()


@pytest.mark.parametrize("command", ["raise SystemExit(1)", "print('hello')"])
def test_where_no_process_starts_threads_do_the_work(data, long, monkeypatch, command):
    patterns, users = data
    alone, _, _ = train_networks(LSTM, config_of(), users, patterns, run=Run(threads=1))
    monkeypatch.setattr(worker, "COMMAND", command)
    found, _, _ = train_networks(LSTM, config_of(), users, patterns, run=Run(threads=2))
    np.testing.assert_array_equal(found, alone)


def test_a_cell_without_a_name_is_left_to_threads(data, long):
    patterns, users = data
    mine = NetworkShape(CELLS["lstm"](Sigmoid(), Sigmoid()), 7, 4)
    found, _, _ = train_networks(mine, config_of(), users, patterns, run=Run(threads=2))
    alone, _, _ = train_networks(mine, config_of(), users, patterns, run=Run(threads=1))
    np.testing.assert_array_equal(found, alone)


def test_a_script_without_a_guard_is_not_run_again(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            print("once")
            import numpy as np
            from penchant.nn.per_user import training
            from penchant.nn.per_user.activations import ACTIVATIONS
            from penchant.nn.per_user.cells import CELLS
            from penchant.nn.per_user.batches import UserData
            from penchant.nn.per_user.networks import NetworkShape
            from penchant.run import Run
            training.LONG_SECONDS, training.GROUP_NETWORKS = 0.0, 1
            shape = NetworkShape(CELLS["gru"](ACTIVATIONS["tanh"], ACTIVATIONS["sigmoid"]), 3, 2)
            config = training.TrainingConfig(
                output="sigmoid", epochs=1, batch_size=2, learning_rate=0.1, dropout=0.0,
                patience=None, seed=0,
            )
            users = [UserData(np.array([0, 1]), np.array([True, False]), k) for k in range(2)]
            patterns = np.array([[0, 1], [1, 0]], np.uint8)
            weights, _, _ = training.train_networks(
                shape, config, users, patterns, run=Run(threads=2)
            )
            print(weights.shape == (2, shape.row_size))
            """
        )
    )
    (tmp_path / "random.py").write_text("raise RuntimeError('a file of the user')")
    done = subprocess.run(
        [sys.executable, "-P", script],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.stdout.split() == ["once", "True"], done.stderr
