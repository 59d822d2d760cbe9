"""Windows have each event but the first as a target once; batches hold windows of like lengths."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from penchant.nn.sequence.windows import Windows, padded_histories

LENGTHS = [7, 1, 0, 12, 2, 40, 3, 3]


@pytest.fixture
def offsets() -> np.ndarray:
    return np.concatenate([[0], np.cumsum(LENGTHS)]).astype(np.int64)


@pytest.mark.parametrize("length", [1, 3, 5, 100])
def test_each_event_but_the_first_is_a_target_once(offsets: np.ndarray, length: int) -> None:
    items = np.arange(offsets[-1], dtype=np.int32)
    windows = Windows(items, offsets, length)
    pairs = []
    for some in windows.epoch(16, torch.Generator().manual_seed(1)):
        batch = windows.batch(some)
        inputs = batch.inputs.flatten()[batch.places]
        pairs += list(zip(inputs.tolist(), batch.targets.tolist(), strict=True))
    firsts = offsets[:-1][np.diff(offsets) > 0]
    wanted = [(n - 1, n) for n in items.tolist() if n not in firsts]
    assert sorted(pairs) == wanted
    assert windows.n_targets == len(wanted)
    assert windows.lengths.max() <= length


def test_the_last_window_of_a_sequence_is_a_full_one() -> None:
    windows = Windows(np.arange(10), np.array([0, 10]), 4)
    assert sorted(zip(windows.starts.tolist(), windows.lengths.tolist(), strict=True)) == [
        (0, 1),
        (1, 4),
        (5, 4),
    ]


def test_batches_have_about_as_many_events_and_little_padding() -> None:
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 60, 2000)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    windows = Windows(np.zeros(offsets[-1], np.int32), offsets, 50)
    batches = [windows.batch(b) for b in windows.epoch(1000, torch.Generator().manual_seed(0))]
    cells = np.array([b.inputs.numel() for b in batches])
    assert cells.max() <= 1000
    assert sum(len(b.targets) for b in batches) > 0.85 * cells.sum()


def test_epochs_differ_and_a_seed_repeats_them(offsets: np.ndarray) -> None:
    windows = Windows(np.arange(offsets[-1]), offsets, 5)

    def two(seed: int) -> list[list[list[int]]]:
        generator = torch.Generator().manual_seed(seed)
        return [[b.tolist() for b in windows.epoch(12, generator)] for _ in range(2)]

    assert two(3) == two(3)
    assert two(3)[0] != two(3)[1]


def test_sequences_without_a_successor_are_no_windows() -> None:
    windows = Windows(np.array([4, 5]), np.array([0, 1, 1, 2]), 5)
    assert windows.n_targets == 0
    assert windows.epoch(8, torch.Generator()) == []


def test_histories_are_read_from_their_end(offsets: np.ndarray) -> None:
    items = np.arange(offsets[-1])
    seen = {}
    for rows, inputs, last in padded_histories(items, offsets, 5, 20):
        assert inputs.numel() <= 20 or len(rows) == 1
        flat = inputs.flatten()
        for row, end, line in zip(rows.tolist(), last.tolist(), inputs.tolist(), strict=True):
            n = min(LENGTHS[row], 5)
            seen[row] = line[:n]
            assert flat[end] == line[n - 1]
    for row, n in enumerate(LENGTHS):
        assert (
            seen.get(row, []) == items[offsets[row] : offsets[row + 1]][-min(n, 5) :].tolist()[:n]
        )
