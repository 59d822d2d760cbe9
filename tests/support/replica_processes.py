"""Processes of a PyTorch group on this machine that fit the same models together."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import distributed, multiprocessing

import penchant as pn
from penchant.data.splits import Split
from penchant.models.base import Recommender
from penchant.run import Run


@dataclass(frozen=True)
class Case:
    """A model by its name and parameters, and the log that it learns."""

    spec: str
    log: str


def fitted(case: Case, split: Split, run: Run | None = None) -> Recommender:
    return pn.models.make(case.spec).fit(split.train, split.validation, run=run)


def answers(model: Recommender, split: Split) -> dict[str, np.ndarray]:
    """Losses of all epochs, and scores for all users of the validation part."""
    losses = [[v for k, v in row.items() if "loss" in k] for row in model.curve_]
    return {"losses": np.array(losses), "scores": model.scores(split.validation.histories)}


def group_of(n: int, work: Callable[[int], None], folder: Path) -> None:
    """Call something with the rank in each of n processes of a group, which meet in a folder."""
    multiprocessing.spawn(_in_group, (n, work, folder), nprocs=n)


def _in_group(rank: int, n: int, work: Callable[[int], None], folder: Path) -> None:
    torch.set_num_threads(1)
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group("gloo", f"file://{folder / 'group'}", rank=rank, world_size=n)
    work(rank)
    distributed.destroy_process_group()


def fit_together(n: int, cases: list[Case], splits: dict[str, Split], folder: Path) -> None:
    """Fit in n processes, each of which writes its answers into the folder."""
    group_of(n, partial(_fit_all, cases, splits, folder), folder)


def _fit_all(cases: list[Case], splits: dict[str, Split], folder: Path, rank: int) -> None:
    for number, case in enumerate(cases):
        model = fitted(case, splits[case.log], Run(replica=True))
        np.savez(folder / f"{number}-{rank}.npz", **answers(model, splits[case.log]))
