"""Processes that share the batches of one training loop."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from tests.support.replica_processes import group_of
from torch import nn

from penchant.errors import PenchantError
from penchant.nn.embedding_rows import RowAdam, RowTable
from penchant.nn.loop import GradientStep, Schedule, train
from penchant.nn.replicas import Replicas
from penchant.run import Run

N = 3
# In batches of four, and one of two in the end, of which one process has no row.
ROWS = torch.tensor([0, 1, 2, 1, 0, 4, 4, 3, 1, 2])


class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = RowTable(torch.arange(10.0).view(5, 2))
        self.slope = nn.Parameter(torch.ones(2))
        self.idle = nn.Parameter(torch.ones(1))  # which no loss depends on


def loss_of(network, truth):
    return lambda rows: (network.table(rows) @ network.slope - truth[rows]).square().mean()


def learned(run: Run) -> dict:
    """Train a line on rows, and say what it is in the end."""
    network, generator = Line(), torch.Generator().manual_seed(3)
    step = GradientStep(
        loss_of(network, torch.linspace(-1, 1, 5)),
        [RowAdam([network.table], [network.slope, network.idle], 0.1)],
    )
    curve, best = train(
        network,
        step,
        (ROWS,),
        Schedule(epochs=4, batch_size=4, patience=2),
        generator=generator,
        # Each process would stop elsewhere: what the first one finds holds.
        validate=lambda: _validation_loss(run),
        run=run,
    )
    return {
        "losses": [row["loss"] for row in curve],
        "best": best,
        "table": network.table.weight.tolist(),
        "slope": network.slope.tolist(),
    }


def _validation_loss(run: Run) -> float:
    return float(torch.distributed.get_rank()) if run.replica else 0.0


def draws() -> dict:
    """What two steps draw for a share, and afterwards for all."""
    generator = torch.Generator().manual_seed(5)
    replicas, drawn = Replicas(generator), []
    for n in (1 + replicas.rank, 0):  # other amounts in each process, then nothing in any
        with replicas._draws_of_a_share():
            drawn += torch.rand(n, generator=generator).tolist()
    with replicas.own_draws():
        drawn += torch.rand(1).tolist()
    return {"own": drawn, "common": torch.rand(3, generator=generator).tolist()}


def refusals() -> list[str]:
    """What is said of a step that cannot be shared, and of batches that differ."""
    said = []
    rank = torch.distributed.get_rank()
    for work in (
        lambda: Replicas(torch.Generator()).step(Line(), lambda rows: rows.sum()),
        lambda: Replicas(torch.Generator().manual_seed(rank)).total(1.0),
    ):
        with pytest.raises(PenchantError) as caught:
            work()
        said.append(str(caught.value))
    return said


@dataclass(frozen=True)
class Work:
    """Everything that a process does here, written into a folder."""

    folder: Path

    def __call__(self, rank: int) -> None:
        answer = {"learned": learned(Run(replica=True)), "draws": draws(), "refusals": refusals()}
        (self.folder / f"{rank}.json").write_text(json.dumps(answer))


@pytest.fixture(scope="module")
def processes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replicas")
    group_of(N, Work(folder), folder)
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(N)]


def test_shares_of_batches_make_the_steps_of_one_process(processes):
    expected = learned(Run())
    assert processes[0]["learned"] == processes[1]["learned"] == processes[2]["learned"]
    found = processes[0]["learned"]
    assert found["best"] == 1
    assert len(found["losses"]) == 3
    for name in ("losses", "table", "slope"):
        torch.testing.assert_close(
            torch.tensor(found[name]), torch.tensor(expected[name]), rtol=1e-5, atol=1e-6
        )


def test_each_process_draws_its_own_and_all_go_on_alike(processes):
    draws = [process["draws"] for process in processes]
    assert draws[0]["common"] == draws[1]["common"] == draws[2]["common"]
    firsts, lasts = ([draw["own"][n] for draw in draws] for n in (0, -1))
    assert len(set(firsts)) == len(set(lasts)) == N


def test_what_cannot_be_shared_is_refused(processes):
    for process in processes:
        step, batches = process["refusals"]
        assert "The batches of Line cannot be shared" in step
        assert "have drawn different batches" in batches
