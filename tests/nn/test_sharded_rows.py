"""Tables of which each process of a training has some rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.replica_processes import group_of

from penchant.nn import sharded_rows
from penchant.nn.embedding_rows import RowAdam, RowTable
from penchant.nn.row_exchange import RowShard
from penchant.nn.sharded_rows import (
    ShardedRowTable,
    drawn_rows,
    place_rows,
    row_table,
    whole_weight,
)
from penchant.run import Run

DIM, STEPS = 2, 4
TABLES = {"large": 7, "small": 1}  # rows, no multiple of the processes; and fewer than they are


def drawn(n_rows: int, shard: RowShard | None) -> RowTable:
    generator = torch.Generator().manual_seed(3)
    return row_table(n_rows, lambda n: torch.randn(n, DIM, generator=generator), shard)


def look_ups(n_rows: int, step: int, rank: int) -> list[torch.Tensor]:
    """What a process looks up in a step, twice: rows stand there twice, and may be none."""
    generator = torch.Generator().manual_seed(10 * step + rank)
    sizes = (0 if step == 1 and rank else 3 + rank, 2)
    return [torch.randint(n_rows, (size,), generator=generator) for size in sizes]


def loss_of(table: RowTable, rows: list[torch.Tensor]) -> torch.Tensor:
    first, second = (table(some) for some in rows)
    return (first - 0.3).square().sum() + second.exp().sum()


def trained(n_rows: int, ranks: list[int], shard: RowShard | None, *, every_row: bool) -> RowTable:
    """A table after some steps by the mean of the gradients of these processes' losses."""
    table = drawn(n_rows, shard)
    adam = RowAdam([table], lr=0.1, every_row=every_row)
    n = len(ranks) if shard is None else shard.n
    adam.replicas = 1 if shard is None else n
    for step in range(STEPS):
        adam.zero_grad()
        losses = [loss_of(table, look_ups(n_rows, step, rank)) for rank in ranks]
        (torch.stack(losses).sum() / (n if shard is None else 1)).backward()
        adam.step()
    return table


@dataclass(frozen=True)
class Work:
    """Everything that a process does here, written into a folder."""

    folder: Path

    def __call__(self, rank: int) -> None:
        shard = RowShard.of(Run(replica=True, shard_tables=True))
        answer = {}
        for name, n_rows in TABLES.items():
            for every_row in (False, True):
                table = trained(n_rows, [rank], shard, every_row=every_row)
                assert isinstance(table, ShardedRowTable)
                answer[f"own-{name}"] = np.array(table.state.shape)
                whole = whole_weight(table)
                if whole is not None:
                    answer[f"{name}-{every_row}"] = whole.numpy()
                table.eval()
                rows = torch.tensor([0, n_rows - 1, 0][: rank + 1])
                answer[f"seen-{name}-{every_row}"] = table(rows).numpy()
                assert not table.looked_up
        table = drawn(7, shard)
        place_rows(table, np.array([5, 1]), np.array([[8.0], [9.0]], np.float32))
        sharded_rows._ROWS_AT_ONCE = 2  # sends block by block
        whole = whole_weight(table)
        if whole is not None:
            answer["placed"] = whole.numpy()
        assert table.gather() == (rank == 0)
        if rank == 0:  # looks up what others had, without them
            table.eval()
            answer["alone"] = table(torch.tensor([6, 1, 1])).numpy()
            table.train()
        table(torch.tensor([1]))
        table.forget()
        assert table.take_gradients() == []
        np.savez(self.folder / f"{rank}.npz", **answer)


@pytest.fixture(scope="module", params=[2, 3])
def processes(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded")
    group_of(request.param, Work(folder), folder)
    return [dict(np.load(folder / f"{rank}.npz")) for rank in range(request.param)]


@pytest.mark.parametrize("every_row", [False, True])
@pytest.mark.parametrize("name", list(TABLES))
def test_steps_are_those_of_one_process_with_the_whole_table(processes, name, every_row):
    table = trained(TABLES[name], list(range(len(processes))), None, every_row=every_row)
    expected = table.weight.numpy()
    key = f"{name}-{every_row}"
    np.testing.assert_allclose(processes[0][key], expected, rtol=1e-5, atol=1e-6)
    assert not any(key in other for other in processes[1:])
    for rank, process in enumerate(processes):
        rows = [0, TABLES[name] - 1, 0][: rank + 1]
        seen = process[f"seen-{name}-{every_row}"]
        np.testing.assert_allclose(seen, expected[rows], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("name", "of"), [("large", {2: [4, 3], 3: [3, 2, 2]}), ("small", None)])
def test_each_process_has_its_rows_alone(processes, name, of):
    n = len(processes)
    sizes = [1, *[0] * (n - 1)] if of is None else of[n]
    shapes = [process[f"own-{name}"].tolist() for process in processes]
    assert shapes == [[size, 3, DIM] for size in sizes]


def test_rows_are_placed_where_they_are(processes):
    expected = drawn(7, None).weight.clone()
    expected[5, 0], expected[1, 0] = 8, 9
    np.testing.assert_array_equal(processes[0]["placed"], expected.numpy())
    np.testing.assert_array_equal(processes[0]["alone"], expected[[6, 1, 1]].numpy())


@pytest.mark.parametrize("n_rows", [1, 5, 64, 101, 128])
def test_shards_are_drawn_as_the_whole_is(monkeypatch, n_rows):
    def draw(generator):
        return lambda n: torch.randn(n, 3, generator=generator)

    at_once = torch.randn(n_rows, 3, generator=torch.Generator().manual_seed(2))
    monkeypatch.setattr(sharded_rows, "_ROWS_AT_ONCE", 16)
    for shard in (None, *(RowShard(rank, 3) for rank in range(3))):
        generator = torch.Generator().manual_seed(2)
        found = drawn_rows(n_rows, draw(generator), shard)
        kept = slice(None) if shard is None else slice(shard.rank, None, shard.n)
        assert torch.equal(found, at_once[kept])


def test_rows_of_whole_tables_are_placed_too():
    for table in (RowTable(torch.zeros(3, 2)), torch.nn.Embedding(3, 2)):
        place_rows(table, np.array([2]), np.array([[1.0, 2.0]], np.float32))
        assert whole_weight(table)[2].tolist() == [1, 2]
