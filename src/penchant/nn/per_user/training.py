"""Train thousands of small networks, each on events of its own, as a few batched computations."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from penchant.nn.loop import Curve, threads
from penchant.nn.per_user.batches import UserData
from penchant.nn.per_user.group import (
    Group,
    OnProgress,
    TrainedGroup,
    TrainingConfig,
    TrainingSetup,
    train_group,
)
from penchant.nn.per_user.messages import group_arrays, setup_message
from penchant.nn.per_user.networks import NetworkShape
from penchant.nn.per_user.worker import Worker, close_workers, start_workers
from penchant.run import Run
from penchant.store import ARRAYS, Store, digest
from penchant.typing import Float32, Int32, Int64, UInt8

CHECKPOINT_FOLDER = "per-user-networks"
GROUP_WEIGHTS = 1_300_000
"""Weights that are trained together, so that they, their moments and gradients stay in cache."""
GROUP_NETWORKS = 96
"""The most networks that are trained together."""
LONG_SECONDS = 20.0
"""Seconds of work from which on processes of their own and checkpoints are worth the while."""
SECONDS_PER_PRODUCT = 1e-10
"""Of a core, for a weight and an input: a rough figure, only to tell long work from short."""


def train_networks(
    shape: NetworkShape,
    config: TrainingConfig,
    users: Sequence[UserData],
    patterns: UInt8,
    *,
    start: Float32 | None = None,
    validation: Sequence[UserData | None] | None = None,
    run: Run | None = None,
    name: str = "networks",
) -> tuple[Float32, Int32, Curve]:
    """Train one network for each user.

    The result does not depend on how many threads or processes do the work.

    Args:
        shape: the shape of each network.
        config: how to train.
        users: the events of each network, none of them empty.
        patterns: uint8[n_patterns, steps], the distinct inputs.
        start: float32[n, shape.row_size], weights to continue from; drawn where None.
        validation: validation events for `patience`, None for a network without any.
        run: threads and progress. Long work is done by as many processes, and, where the run has
            an output folder, trained groups are stored there until all are done, so that the same
            training, once interrupted, goes on from there.
        name: what progress calls the networks.

    Returns:
        float32[n, shape.row_size] of weights, int32[n] of epochs whose weights are kept, and a
        curve with the mean loss of all events in each epoch.

    Raises:
        PenchantError: a loss is not finite.
    """
    run = run or Run()
    setup = TrainingSetup(shape, config, patterns)
    groups = _split_into_groups(shape, users)
    weights = np.empty((len(users), shape.row_size), np.float32)
    best_epochs = np.zeros(len(users), np.int32)
    losses = np.zeros((len(groups), config.epochs))
    events = np.zeros((len(groups), config.epochs), np.int64)
    long = _estimated_seconds(setup, users) > LONG_SECONDS
    checkpoints = CheckpointStore(run.output if long else None, setup)
    n_workers = max(1, min(run.threads or torch.get_num_threads(), len(groups)))
    lock, stopped = threading.Lock(), threading.Event()
    with (
        run.progress.task(name, len(users) * config.epochs) as task,
        threads(run, 1),
        _worker_queue(setup, n_workers, processes=long and n_workers > 1) as idle,
    ):

        def on_progress(epochs: int) -> None:
            if stopped.is_set():
                raise _StoppedError
            with lock:
                task.advance(epochs)

        def train_one(number: int) -> None:
            chosen = groups[number]
            group = Group(
                [users[i] for i in chosen],
                None if start is None else start[chosen],
                None if validation is None else [validation[i] for i in chosen],
            )
            key = checkpoints.key(group)
            if (trained := checkpoints.get(key)) is None:
                trained = _train_on_idle_worker(setup, group, idle, on_progress)
                checkpoints.put(key, trained)
            else:
                on_progress(len(chosen) * config.epochs)
            weights[chosen], best_epochs[chosen], losses[number], events[number] = trained

        # Groups side by side, each on one thread: there are no barriers inside them.
        with ThreadPoolExecutor(n_workers) as pool:
            futures = [pool.submit(train_one, number) for number in range(len(groups))]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                stopped.set()
                pool.shutdown(cancel_futures=True)
                raise
    checkpoints.clear()
    n_events = events.sum(0)
    curve = [
        {"epoch": float(e + 1), "loss": float(losses[:, e].sum() / n_events[e])}
        for e in range(config.epochs)
        if n_events[e]
    ]
    return weights, best_epochs, curve


class _StoppedError(Exception):
    """Other work has failed, or somebody has interrupted it."""


def _split_into_groups(shape: NetworkShape, users: Sequence[UserData]) -> list[Int64]:
    """Indices of the users of each group, those with the most events first: they take longest."""
    order = np.argsort([-len(user.patterns) for user in users], kind="stable")
    size = int(np.clip(GROUP_WEIGHTS // shape.row_size, 1, GROUP_NETWORKS))
    return [order[i : i + size] for i in range(0, len(users), size)]


def _estimated_seconds(setup: TrainingSetup, users: Sequence[UserData]) -> float:
    """About how long one core takes for the training."""
    config, steps = setup.config, setup.patterns.shape[1]
    batches = sum(-(-len(user.patterns) // config.batch_size) for user in users)
    inputs = batches * config.epochs * config.batch_size * steps
    return float(inputs * setup.shape.row_size * SECONDS_PER_PRODUCT)


WorkerQueue = queue.SimpleQueue[Worker | None]
"""Idle workers; None stands for the thread that takes it."""


@contextmanager
def _worker_queue(setup: TrainingSetup, n: int, *, processes: bool) -> Iterator[WorkerQueue]:
    """Start n workers and queue them: processes, or threads where processes cannot start."""
    workers = start_workers(setup, n) if processes else []
    idle: WorkerQueue = queue.SimpleQueue()
    for number in range(n):
        idle.put(workers[number] if workers else None)
    try:
        yield idle
    finally:
        close_workers(workers)


def _train_on_idle_worker(
    setup: TrainingSetup, group: Group, idle: WorkerQueue, on_progress: OnProgress
) -> TrainedGroup:
    """Wait for an idle worker and have it train the group."""
    worker = idle.get()
    try:
        if worker is not None:
            return worker.train(group, on_progress)
        torch.set_num_threads(1)
        return train_group(setup, group, on_progress)
    finally:
        idle.put(worker)


class CheckpointStore:
    """Trained groups in a folder, each under a key made of everything that decides its result.

    Args:
        output: the folder of a run, or None to store nothing.
        setup: what all groups have in common.
    """

    def __init__(self, output: Path | None, setup: TrainingSetup) -> None:
        message = setup_message(setup)
        # A cell without a name cannot be told from another one.
        folder = None if output is None or message is None else output / CHECKPOINT_FOLDER
        self._store = Store(folder)
        self._setup_digest = digest([message, str(torch.__version__)])
        self._requested: list[str] = []

    def key(self, group: Group) -> str:
        """The key of a group."""
        if self._store.folder is None:
            return ""
        return digest([self._setup_digest, group_arrays(group)])

    def get(self, key: str) -> TrainedGroup | None:
        """The result of a group, if it is stored."""
        self._requested.append(key)
        arrays = self._store.get(key, ARRAYS)
        return None if arrays is None else TrainedGroup(**arrays)

    def put(self, key: str, trained: TrainedGroup) -> None:
        """Store the result of a group."""
        self._store.put(key, trained._asdict(), ARRAYS)

    def clear(self) -> None:
        """Remove the groups that were asked for, once all of them are trained."""
        for key in self._requested:
            self._store.remove(key, ARRAYS)
