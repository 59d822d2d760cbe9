"""Lists of vectors that lie near one another, by k-means."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from penchant.run import Run
from penchant.typing import Float32, Int64

_ROUNDS = 10
_SAMPLE = 128  # vectors for each list, of which its centre is learned
_CELLS = 2**23  # products at once


def unit_vectors(items: Float32) -> Float32:
    """float32[n, dim + 1] of length 1, whose distances from a query order them as products do.

    All are divided by the greatest length, and a further number makes up for what each is shorter;
    that of a query is 0. Bachrach et al., "Speeding Up the Xbox Recommender System Using a
    Euclidean Transformation for Inner-Product Spaces" (2014).
    """
    squares = np.square(items, dtype=np.float64).sum(axis=1)
    most = max(float(squares.max(initial=0)), 1e-30)
    rest = np.sqrt(np.maximum(1 - squares / most, 0))
    return np.column_stack([items / np.float32(most**0.5), rest.astype(np.float32)])


def clusters(vectors: Float32, n_clusters: int, seed: int, run: Run) -> tuple[Float32, Int64]:
    """float32[n_clusters, dim] centres, and int64[n], the nearest centre of each vector.

    By Lloyd's algorithm on a sample of the vectors. A centre without vectors takes the place of a
    vector drawn anew.
    """
    generator = torch.Generator().manual_seed(seed)
    every = torch.from_numpy(vectors)
    n_sampled = min(len(every), _SAMPLE * n_clusters)
    sample = every[torch.randperm(len(every), generator=generator)[:n_sampled]]
    centres = sample[:n_clusters].clone()
    with run.progress.task("lists of items", _ROUNDS + 1) as task:
        for _ in range(_ROUNDS):
            nearest = _nearest(sample, centres)
            counts = torch.bincount(nearest, minlength=n_clusters)
            sums = torch.zeros_like(centres).index_add_(0, nearest, sample)
            empty = torch.nonzero(counts == 0)[:, 0]
            drawn = torch.randint(n_sampled, (len(empty),), generator=generator)
            centres = sums / counts.clamp(min=1)[:, None]
            centres[empty] = sample[drawn]
            task.advance()
        owners = _nearest(every, centres)
        task.advance()
    return centres.numpy(), owners.numpy()


def _nearest(vectors: Tensor, centres: Tensor) -> Tensor:
    """int64[n], the centre at the least distance from each vector."""
    half = centres.square().sum(1) / 2
    size = max(1, _CELLS // len(centres))
    parts = (vectors[n : n + size] for n in range(0, len(vectors), size))
    return torch.cat([torch.addmm(-half, part, centres.T).argmax(1) for part in parts])
