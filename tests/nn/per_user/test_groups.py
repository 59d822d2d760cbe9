"""When networks stop, where they start, and that how the work is dealt out changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch

from penchant.errors import PenchantError
from penchant.nn.per_user import training, worker
from penchant.nn.per_user.activations import ACTIVATIONS, Sigmoid
from penchant.nn.per_user.batches import UserBatches, UserData
from penchant.nn.per_user.cells import CELLS
from penchant.nn.per_user.group import TrainingConfig
from penchant.nn.per_user.networks import NetworkShape, UserNetworks
from penchant.nn.per_user.shared_prefixes import prefix_tree
from penchant.nn.per_user.training import CHECKPOINT_FOLDER, train_networks
from penchant.run import Run

STEPS = 6
SIZES = [23, 9, 31, 10, 1, 23, 40, 12]
LSTM = NetworkShape(CELLS["lstm"](ACTIVATIONS["sigmoid"], ACTIVATIONS["sigmoid"]), 7, 4)
DROPPING = NetworkShape(CELLS["no-forget"](ACTIVATIONS["sigmoid"], ACTIVATIONS["tanh"]), 5, 4)


def teaching_of(**changes):
    usual = {
        "output": "sigmoid",
        "epochs": 4,
        "batch_size": 10,
        "learning_rate": 0.01,
        "dropout": 0.0,
        "patience": None,
        "seed": 5,
    }
    return TrainingConfig(**(usual | changes))


@pytest.fixture
def data():
    """Patterns and lessons."""
    rng = np.random.default_rng(1)
    patterns = np.unique(rng.integers(0, 2, (20, STEPS)).astype(np.uint8), axis=0)
    lessons = [
        UserData(rng.integers(len(patterns), size=n), rng.random(n) < 0.6, key)
        for key, n in enumerate(SIZES)
    ]
    return patterns, lessons


def chances(layout, weights, patterns):
    tree = prefix_tree(torch.from_numpy(patterns.astype(np.float32)))
    networks = UserNetworks(layout, "sigmoid")
    found = networks.logits(layout.views(torch.from_numpy(weights)), tree)
    return networks.probabilities(found).numpy().astype(float)


def validation_losses(layout, weights, patterns, checked):
    found = chances(layout, weights, patterns)
    return [
        -np.log(np.where(lesson.likes, p[lesson.patterns], 1 - p[lesson.patterns])).mean()
        for p, lesson in zip(found, checked, strict=True)
    ]


def opposite(lessons):
    """Validation events that say the contrary, so that learning makes them worse."""
    return [UserData(lesson.patterns, ~lesson.likes, lesson.key) for lesson in lessons]


def test_without_validation_a_network_waits_for_a_lower_training_loss(data):
    patterns, lessons = data
    # So fast that losses jump up and down.
    changes = {"learning_rate": 0.5, "epochs": 12}
    all_epochs, _, _ = train_networks(LSTM, teaching_of(**changes), lessons, patterns)
    weights, epochs, _ = train_networks(LSTM, teaching_of(patience=2, **changes), lessons, patterns)
    assert 1 <= epochs.min() < epochs.max() <= 12
    for network, epoch in enumerate(epochs):
        until = teaching_of(**changes | {"epochs": int(epoch)})
        alone, _, _ = train_networks(LSTM, until, [lessons[network]], patterns)
        np.testing.assert_allclose(weights[network], alone[0], atol=1e-3)
    assert not np.allclose(weights, all_epochs, atol=1e-2)


def test_validation_events_decide_the_epoch_whose_weights_are_kept(data):
    patterns, lessons = data
    checked = opposite(lessons)
    changes = {"epochs": 10, "learning_rate": 0.02}
    weights, epochs, curve = train_networks(
        LSTM, teaching_of(patience=3, **changes), lessons, patterns, validation=checked
    )
    after = [
        validation_losses(
            LSTM,
            train_networks(LSTM, teaching_of(**changes | {"epochs": e}), lessons, patterns)[0],
            patterns,
            checked,
        )
        for e in range(1, 11)
    ]
    kept = validation_losses(LSTM, weights, patterns, checked)
    for network, epoch in enumerate(epochs):
        seen = [after[e][network] for e in range(min(10, epoch + 3))]
        assert int(np.argmin(seen)) + 1 == epoch
        assert kept[network] == pytest.approx(min(seen), abs=1e-5)
    # Nobody trains after the last network has stopped.
    assert len(curve) == min(10, epochs.max() + 3)


def test_a_network_without_validation_events_uses_its_training_loss(data):
    patterns, lessons = data
    how = teaching_of(patience=2, epochs=6, learning_rate=0.02)
    _, by_training, _ = train_networks(LSTM, how, lessons, patterns)
    _, by_validation, _ = train_networks(LSTM, how, lessons, patterns, validation=opposite(lessons))
    differ = by_training != by_validation
    assert differ.any()
    one = int(np.flatnonzero(differ)[0])
    checked = opposite(lessons)
    checked[one] = None
    _, epochs, _ = train_networks(LSTM, how, lessons, patterns, validation=checked)
    by_validation[one] = by_training[one]
    np.testing.assert_array_equal(epochs, by_validation)


def test_training_goes_on_from_given_weights(data):
    patterns, lessons = data
    start = np.stack([LSTM.initial(lesson.rng(77)).numpy() for lesson in lessons])
    given = start.copy()
    still = teaching_of(learning_rate=0.0)
    weights, _, _ = train_networks(LSTM, still, lessons, patterns, start=start)
    for found, wanted in zip(
        LSTM.views(torch.from_numpy(weights)), LSTM.views(torch.from_numpy(given)), strict=True
    ):
        if found.dim() == 3 and found.shape[1] == LSTM.hidden + 2:
            found, wanted = found[:, : LSTM.hidden], wanted[:, : LSTM.hidden]
        torch.testing.assert_close(found, wanted, rtol=0, atol=0)
    moved, _, _ = train_networks(LSTM, teaching_of(), lessons, patterns, start=start)
    assert np.abs(moved - weights).max() > 1e-3
    np.testing.assert_array_equal(start, given)


@pytest.mark.parametrize(
    ("layout", "dropout"), [(LSTM, 0.0), (DROPPING, 0.5)], ids=["lstm", "no-forget"]
)
def test_groups_do_not_change_what_is_learned(data, monkeypatch, layout, dropout):
    patterns, lessons = data
    how = teaching_of(dropout=dropout)
    together, _, first = train_networks(layout, how, lessons, patterns)
    monkeypatch.setattr(training, "GROUP_NETWORKS", 3)
    apart, _, second = train_networks(layout, how, lessons, patterns, run=Run(threads=2))
    some, _, _ = train_networks(layout, how, lessons[2:4], patterns)
    found = [chances(layout, w, patterns) for w in (together, apart)]
    np.testing.assert_allclose(*found, atol=1e-5)
    np.testing.assert_allclose(chances(layout, some, patterns), found[0][2:4], atol=1e-5)
    for one, other in zip(first, second, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=1e-5)


def test_equal_patterns_of_a_batch_are_one_row(data):
    patterns, _ = data
    lesson = UserData(np.array([4, 2, 4, 4, 2]), np.array([True, False, False, True, True]), 0)
    lessons = UserBatches([lesson], patterns, batch_size=10, dropout=0.0, shape=LSTM)
    (batch,) = lessons.epoch([lesson.rng(0)])
    rows = sorted(zip(batch.counts[0].tolist(), batch.likes[0].tolist(), strict=True))
    assert rows == [(2, 1), (3, 2)]
    assert batch.rows.sizes[-1] == 2


def test_sequences_that_begin_alike_share_rows():
    patterns = np.array([[0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0], [1, 1, 0, 0]], np.uint8)
    lesson = UserData(np.repeat(np.arange(4), 10), np.ones(40, bool), 0)
    lessons = UserBatches([lesson], patterns, batch_size=40, dropout=0.0, shape=LSTM)
    (batch,) = lessons.epoch([lesson.rng(0)])
    assert batch.rows.sizes == (2, 4, 4, 4)  # 2, 3, 3, 4, made even
    assert batch.counts[0].tolist() == [10, 10, 10, 10]
    ends = batch.rows.inputs[0].split(batch.rows.sizes)
    assert sorted(zip(*(end[-4:].tolist() for end in ends[1:]), strict=True)) == [
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 1),
        (1, 0, 0),
    ]


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize(("layout", "dropout"), [(LSTM, 0.0), (DROPPING, 0.5)])
def test_one_pattern_alone_can_be_learned(layout, dropout, value):
    patterns = np.full((1, STEPS), value, np.uint8)
    lessons = [UserData(np.zeros(8, np.int64), np.ones(8, bool), key) for key in range(2)]
    how = teaching_of(dropout=dropout, epochs=60, learning_rate=0.05)
    weights, _, curve = train_networks(layout, how, lessons, patterns)
    assert (chances(layout, weights, patterns) > 0.9).all()
    assert curve[-1]["loss"] < curve[0]["loss"]


def test_a_loss_that_is_not_finite_is_refused(data):
    patterns, lessons = data
    start = np.full((len(lessons), LSTM.row_size), np.nan, np.float32)
    with pytest.raises(PenchantError, match=r"not finite in epoch 1: lower the learning rate\."):
        train_networks(LSTM, teaching_of(), lessons, patterns, start=start, run=Run(threads=2))


@pytest.fixture
def long(monkeypatch):
    """Every training counts as long, in groups of three."""
    monkeypatch.setattr(training, "LONG_SECONDS", 0.0)
    monkeypatch.setattr(training, "GROUP_NETWORKS", 3)


class Counting:
    """Progress that adds up."""

    def __init__(self):
        self.total = self.done = 0

    def task(self, description, total=None):
        self.total = total
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def advance(self, amount=1, note=""):
        self.done += amount


def test_processes_learn_the_same(data, long, monkeypatch):
    patterns, lessons = data
    how = teaching_of(dropout=0.5, patience=2, learning_rate=0.1)
    checked = [None, *opposite(lessons)[1:]]
    begun = []
    start = worker.Worker.__init__

    def counted(self, course):
        begun.append(course)
        start(self, course)

    monkeypatch.setattr(worker.Worker, "__init__", counted)
    progress = Counting()
    alone = train_networks(DROPPING, how, lessons, patterns, validation=checked, run=Run(threads=1))
    assert not begun
    found = train_networks(
        DROPPING, how, lessons, patterns, validation=checked, run=Run(threads=2, progress=progress)
    )
    assert len(begun) == 2
    np.testing.assert_array_equal(found[0], alone[0])
    np.testing.assert_array_equal(found[1], alone[1])
    assert found[2] == alone[2]
    assert progress.done == progress.total == len(lessons) * how.epochs


def test_a_process_says_what_is_wrong_as_the_caller_would(data, long):
    patterns, lessons = data
    start = np.full((len(lessons), LSTM.row_size), np.nan, np.float32)
    with pytest.raises(PenchantError, match=r"not finite in epoch 1: lower the learning rate\."):
        train_networks(LSTM, teaching_of(), lessons, patterns, start=start, run=Run(threads=2))


def test_a_process_that_dies_is_an_error(data, long, monkeypatch):
    patterns, lessons = data
    dies = worker.COMMAND.replace("main()", "sys.stdin.buffer.readline(); print('{\"arrays\":{}}')")
    monkeypatch.setattr(worker, "COMMAND", "import sys; " + dies)
    with pytest.raises(PenchantError, match="ended too early"):
        train_networks(LSTM, teaching_of(), lessons, patterns, run=Run(threads=2))


@pytest.mark.parametrize("command", ["raise SystemExit(1)", "print('hello')"])
def test_where_no_process_starts_threads_do_the_work(data, long, monkeypatch, command):
    patterns, lessons = data
    alone, _, _ = train_networks(LSTM, teaching_of(), lessons, patterns, run=Run(threads=1))
    monkeypatch.setattr(worker, "COMMAND", command)
    found, _, _ = train_networks(LSTM, teaching_of(), lessons, patterns, run=Run(threads=2))
    np.testing.assert_array_equal(found, alone)


def test_a_cell_without_a_name_is_left_to_threads(data, long):
    patterns, lessons = data
    mine = NetworkShape(CELLS["lstm"](Sigmoid(), Sigmoid()), 7, 4)
    found, _, _ = train_networks(mine, teaching_of(), lessons, patterns, run=Run(threads=2))
    alone, _, _ = train_networks(mine, teaching_of(), lessons, patterns, run=Run(threads=1))
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
            layout = NetworkShape(CELLS["gru"](ACTIVATIONS["tanh"], ACTIVATIONS["sigmoid"]), 3, 2)
            how = training.TrainingConfig(
                output="sigmoid", epochs=1, batch_size=2, learning_rate=0.1, dropout=0.0,
                patience=None, seed=0,
            )
            lessons = [UserData(np.array([0, 1]), np.array([True, False]), k) for k in range(2)]
            patterns = np.array([[0, 1], [1, 0]], np.uint8)
            weights, _, _ = training.train_networks(
                layout, how, lessons, patterns, run=Run(threads=2)
            )
            print(weights.shape == (2, layout.row_size))
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
    patterns, lessons = data
    how = teaching_of()
    whole = train_networks(LSTM, how, lessons, patterns, run=Run(threads=1))
    run = Run(threads=threads, output=tmp_path, progress=Interrupting(6 * how.epochs))
    with pytest.raises(KeyboardInterrupt):
        train_networks(LSTM, how, lessons, patterns, run=run)
    kept = list((tmp_path / CHECKPOINT_FOLDER).iterdir())
    assert kept
    # Another training finds nothing of use to it, and leaves what it finds.
    other = teaching_of(seed=6)
    again = train_networks(LSTM, other, lessons, patterns, run=Run(threads=1, output=tmp_path))
    np.testing.assert_array_equal(
        again[0], train_networks(LSTM, other, lessons, patterns, run=Run(threads=1))[0]
    )
    assert sorted((tmp_path / CHECKPOINT_FOLDER).iterdir()) == sorted(kept)
    taught = []
    real = training.train_group
    monkeypatch.setattr(training, "train_group", lambda *a: (taught.append(a[1]), real(*a))[1])
    progress = Counting()
    run = Run(threads=1, output=tmp_path, progress=progress)
    found = train_networks(LSTM, how, lessons, patterns, run=run)
    assert len(taught) == 3 - len(kept)
    np.testing.assert_array_equal(found[0], whole[0])
    assert found[2] == whole[2]
    assert progress.done == progress.total
    assert not (tmp_path / CHECKPOINT_FOLDER).exists()
