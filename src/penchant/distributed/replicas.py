"""Processes of a Ray cluster that train a network together, started by Ray Train."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from tempfile import TemporaryDirectory
from threading import current_thread, main_thread
from typing import Any, NamedTuple, TypeVar

from penchant.distributed.cluster import connected, require_workers
from penchant.distributed.head import Head
from penchant.distributed.ray_tasks import RayTasks, first_line, heard, own_version, require_version
from penchant.errors import ParameterError, PenchantError, require
from penchant.run import Run
from penchant.threads import use_threads
from penchant.wording import counted

logger = logging.getLogger(__name__)

Shared = TypeVar("Shared")
Result = TypeVar("Result")
Row = Mapping[str, float]

_RETRIES = 3  # of a training of which a process or a machine has died


class _Answer(NamedTuple):
    """What the first process gives: a result or an objection, and what was told meanwhile."""

    result: Any
    objection: PenchantError | None
    rows: list[Row]
    notices: list[logging.LogRecord]


def of_replicas(work: Callable[[Shared, Run], Result], shared: Shared, run: Run) -> Result:
    """Do the same work in processes of one `torch.distributed` group; the first one's result.

    Where one of them dies, all begin anew, three times at most. Epochs' rows and notices of the
    first one are given to the run's callbacks and told here in the end.

    Args:
        work: a function of a module, called with what is shared and a run with `replica`.
        shared: what each process needs; each machine is sent it once.
        run: the cluster, how many workers, threads and device of each, and callbacks.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: there is no such cluster, or not enough room in it.
        PenchantError: workers lack this version of the package, or died each time; and whatever
            the work itself objects.
    """
    if run.ray is None:
        raise ValueError("no cluster is given")
    require_workers(run)
    threads, gpu = run.threads or 1, run.device.startswith("cuda")
    with connected(run.ray) as cluster:
        ray = cluster.ray
        train = require("ray.train", "ray")
        of_torch = require("ray.train.torch", "ray")
        room = RayTasks(cluster, threads=threads, gpus=int(gpu)).slots
        n = run.workers or room
        if n > room:
            raise ParameterError(
                f"The Ray cluster has room for {counted(room, 'worker')} of "
                f"{counted(threads, 'processor')}, and {n} are asked for: ask for fewer, or for "
                "fewer --threads."
            )
        given = {
            "version": own_version(),
            "run": replace(run.of_tasks(), threads=threads, shard_tables=run.shard_tables),
            "common": ray.put((work, shared)),
        }
        with TemporaryDirectory(prefix="penchant-") as notes, _own_interrupts():
            trainer = of_torch.TorchTrainer(
                _do,
                train_loop_config=given,
                scaling_config=train.ScalingConfig(
                    num_workers=n,
                    use_gpu=gpu,
                    resources_per_worker={"CPU": threads} | ({"GPU": 1} if gpu else {}),
                ),
                # Sums of losses are on processors, gradients where the network is.
                torch_config=of_torch.TorchConfig(backend="cpu:gloo,cuda:nccl" if gpu else "gloo"),
                run_config=train.RunConfig(
                    storage_path=notes,
                    failure_config=train.FailureConfig(max_failures=_RETRIES),
                ),
            )
            with run.progress.task(f"{counted(n, 'worker')} training together"):
                failures = train.TrainingFailedError, ray.exceptions.RayError
                answer = _answer(trainer, failures, cluster.head)
    for notice in answer.notices:
        logging.getLogger(notice.name).handle(notice)
    if answer.objection is not None:
        raise answer.objection
    for row in answer.rows:
        for callback in run.callbacks:
            callback(row)
    result: Result = answer.result
    return result


def _answer(trainer: Any, failures: tuple[type[Exception], ...], head: Head) -> _Answer:
    try:
        found: _Answer = trainer.fit().return_value
    except failures as error:
        for cause in getattr(error, "worker_failures", {}).values():
            for one in (cause, getattr(cause, "cause", None), cause.__cause__):
                if isinstance(one, PenchantError):
                    raise one from None
        head.require(now=True)
        raise PenchantError(
            f"Workers of the Ray cluster failed {_RETRIES + 1} times at training a network "
            f"({first_line(error)}): give each more memory, with fewer workers on a machine, or "
            "train it in one process."
        ) from error
    # Arrays lie in memory that is the cluster's, which uses it for other things afterwards.
    return deepcopy(found)


def _do(given: dict[str, Any]) -> _Answer | None:
    """What each process does; Ray Train takes the answer of the first."""
    import ray
    from ray.train import get_context
    from ray.train.torch import get_device
    from torch import distributed

    require_version(given["version"])
    run: Run = given["run"]
    use_threads(run.threads or 1)
    rows: list[Row] = []
    device = str(get_device()) if run.device.startswith("cuda") else run.device
    run = replace(run, device=device, replica=True, callbacks=(rows.append,))
    work, shared = ray.get(given["common"])
    first = get_context().get_world_rank() == 0
    with heard() as notices:
        try:
            answer = _Answer(work(shared, run), None, rows, notices)
        except PenchantError as objection:
            # All object, and would again; where one does alone, the others lose it and fail.
            distributed.destroy_process_group()
            answer = _Answer(None, objection, rows, notices)
    return answer if first else None


@contextmanager
def _own_interrupts() -> Iterator[None]:
    """Give this process back what it does at Ctrl-C, which Ray Train replaces."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
