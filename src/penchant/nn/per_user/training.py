"""Trains thousands of small networks, each on events of its own, as a few batched computations."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager

import numpy as np
import torch

from penchant.nn.loop import Curve, threads
from penchant.nn.per_user.batches import Lesson
from penchant.nn.per_user.checkpoint_store import Kept, Shelf
from penchant.nn.per_user.group import (
    Checked,
    Course,
    Done,
    Group,
    Taught,
    Teaching,
    teach_group,
)
from penchant.nn.per_user.networks import Layout
from penchant.nn.per_user.worker import Worker, close, started
from penchant.run import Run
from penchant.typing import Float32, Int32, UInt8

__all__ = ["Lesson", "Teaching", "teach"]

GROUP_NUMBERS = 1_300_000
"""Weights that are trained together, so that they, their moments and gradients stay in cache."""
GROUP_NETWORKS = 96
"""The most networks that are trained together."""
LONG = 20.0
"""Seconds of work from which on processes of their own and files are worth the while."""
SECONDS = 1e-10
"""Of a core, for a weight and an input: a rough figure, only to tell long work from short."""


def teach(
    layout: Layout,
    teaching: Teaching,
    lessons: Sequence[Lesson],
    patterns: UInt8,
    *,
    start: Float32 | None = None,
    checked: Checked | None = None,
    run: Run | None = None,
    name: str = "networks",
) -> tuple[Float32, Int32, Curve]:
    """Train one network on each lesson.

    What comes out does not depend on how many threads or processes do the work.

    Args:
        layout: the shape of each network.
        teaching: how to train.
        lessons: one for each network, none of them empty.
        patterns: uint8[n_patterns, steps], the distinct inputs.
        start: float32[n, layout.size], weights to continue from; drawn where None.
        checked: validation events for `patience`.
        run: threads and progress. Work that takes long is done by as many processes, and, where
            the run has an output folder, what came of a group is kept there until all are done,
            so that the same training, once interrupted, goes on from there.
        name: what progress calls the networks.

    Returns:
        float32[n, layout.size] of weights, int32[n] of epochs whose weights are kept, and a curve
        with the mean loss of all events in each epoch.

    Raises:
        PenchantError: a loss is not finite.
    """
    run = run or Run()
    n = len(lessons)
    course = Course(layout, teaching, patterns)
    # Large networks first: they take longest.
    order = np.argsort([-len(lesson.patterns) for lesson in lessons], kind="stable")
    size = int(np.clip(GROUP_NUMBERS // layout.size, 1, GROUP_NETWORKS))
    groups = [order[i : i + size] for i in range(0, n, size)]
    weights = np.empty((n, layout.size), np.float32)
    best = np.zeros(n, np.int32)
    losses = np.zeros((len(groups), teaching.epochs))
    events = np.zeros((len(groups), teaching.epochs), np.int64)
    long = _seconds(course, lessons) > LONG
    shelf = Shelf(run.output if long else None, course)
    workers = max(1, min(run.threads or torch.get_num_threads(), len(groups)))
    lock, stopped = threading.Lock(), threading.Event()
    with (
        run.progress.task(name, n * teaching.epochs) as task,
        threads(run, 1),
        _teachers(course, workers, processes=long and workers > 1) as free,
    ):

        def learn(number: int) -> None:
            def done(networks: int, loss: float, seen: int, epoch: int) -> None:
                if stopped.is_set():
                    raise _StoppedError
                losses[number, epoch] += loss
                events[number, epoch] += seen
                with lock:
                    task.advance(networks)

            chosen = groups[number]
            group = Group(
                [lessons[i] for i in chosen],
                None if start is None else start[chosen],
                None if checked is None else [checked[i] for i in chosen],
            )
            key = shelf.key(group)
            if (kept := shelf.take(key)) is None:
                taught = _taught(course, group, free, done)
                kept = Kept(*taught, losses[number], events[number])
                shelf.put(key, kept)
            else:
                losses[number], events[number] = kept.losses, kept.events
                with lock:
                    task.advance(len(chosen) * teaching.epochs)
            weights[chosen], best[chosen] = kept.weights, kept.epochs

        # Groups side by side, each on one thread: there are no barriers inside them.
        with ThreadPoolExecutor(workers) as pool:
            futures = [pool.submit(learn, number) for number in range(len(groups))]
            try:
                for future in as_completed(futures):
                    future.result()
            except BaseException:
                stopped.set()
                pool.shutdown(cancel_futures=True)
                raise
    shelf.clear()
    seen = events.sum(0)
    curve = [
        {"epoch": float(e + 1), "loss": float(losses[:, e].sum() / seen[e])}
        for e in range(teaching.epochs)
        if seen[e]
    ]
    return weights, best, curve


class _StoppedError(Exception):
    """Other work has failed, or somebody has interrupted it."""


def _taught(
    course: Course, group: Group, free: queue.SimpleQueue[Worker | None], done: Done
) -> Taught:
    """What comes of a group, taught by whoever is free."""
    worker = free.get()
    try:
        if worker is not None:
            return worker.teach(group, done)
        torch.set_num_threads(1)
        return teach_group(course, group, done)
    finally:
        free.put(worker)


def _seconds(course: Course, lessons: Sequence[Lesson]) -> float:
    """About how long one core takes for the training."""
    teaching, steps = course.teaching, course.patterns.shape[1]
    batches = sum(-(-len(lesson.patterns) // teaching.batch_size) for lesson in lessons)
    inputs = batches * teaching.epochs * teaching.batch_size * steps
    return float(inputs * course.layout.size * SECONDS)


@contextmanager
def _teachers(
    course: Course, n: int, *, processes: bool
) -> Iterator[queue.SimpleQueue[Worker | None]]:
    """Who is free to teach a group: processes, or, for None, whoever asks."""
    found = started(course, n) if processes else []
    free: queue.SimpleQueue[Worker | None] = queue.SimpleQueue()
    for number in range(n):
        free.put(found[number] if found else None)
    try:
        yield free
    finally:
        close(found)
