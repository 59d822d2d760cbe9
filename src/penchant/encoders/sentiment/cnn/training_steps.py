"""Fast training steps of the `WordCNN`, with a gradient written out by hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.adam import adam

from penchant.encoders.sentiment.cnn.network import WordCNN, WordCNNShape
from penchant.typing import Int64

_MERGED = 64
"""Texts from which a batch is searched for equal ones."""


@dataclass(frozen=True, eq=False)
class Repeats:
    """Equal texts and equal windows among a network's inputs, found before training.

    Short texts of few different words are often equal, and their windows more often still. What
    a batch holds several times is computed once.

    Attributes:
        text: int64[n], the number of each text among the different ones.
        cells: int64[n_different_texts, cells], the number of the window that each pooled cell sees.
        windows: int64[n_different_windows, kernel + pool - 1], the words of each window.
    """

    text: Tensor
    cells: Tensor
    windows: Tensor

    @classmethod
    def of(cls, tokens: Tensor, shape: WordCNNShape) -> Repeats:
        """Find equal texts and windows in int64[n, length]."""
        small = np.ascontiguousarray(tokens.numpy().astype(np.int32))
        different, text = _different(small)
        width = shape.kernel + shape.pool - 1
        views = np.lib.stride_tricks.sliding_window_view(different, width, axis=1)
        views = views[:, :: shape.pool][:, : shape.cells]
        windows, cells = _different(np.ascontiguousarray(views.reshape(-1, width)))
        arrays = (text, cells.reshape(len(different), shape.cells), windows)
        return cls(*(torch.from_numpy(np.ascontiguousarray(a, np.int64)) for a in arrays))


class TableSteps:
    """Steps of Adam on a `WordCNN` without dropout and normalisation.

    Automatic differentiation costs more here than the arithmetic: at 16 texts a step is some
    forty small operations. The table of products holds only the words of the batch, its gradient
    is a sum of rows like the forward pass, and whatever is there more than once in a batch is
    computed once, with its gradients added up: the same gradient as of the plain network.

    Args:
        network: what to train.
        learning_rate: of Adam.
        repeats: of the training texts.
    """

    def __init__(self, network: WordCNN, learning_rate: float, repeats: Repeats) -> None:
        self.network, self.learning_rate, self.repeats = network, learning_rate, repeats
        shape = network.shape
        names = ("embedding", "kernel", "bias", "hidden", "hidden_bias", "out", "out_bias")
        weights = [network.get_parameter(name) for name in names]
        self.gradient = torch.zeros_like(network.flat)
        parts = torch.split(self.gradient, [w.numel() for w in weights])
        self.gradients = {
            name: part.view(w.shape) for name, part, w in zip(names, parts, weights, strict=True)
        }
        self.weights = {name: w.detach() for name, w in zip(names, weights, strict=True)}
        self._mean, self._square = torch.zeros_like(self.gradient), torch.zeros_like(self.gradient)
        self._steps = torch.tensor(0.0)
        # A window of the convolution starts at each of the places that a cell pools.
        self._kernel = np.arange(shape.kernel)
        self._of_cell = np.arange(shape.pool)[:, np.newaxis] + self._kernel
        # Small arrays of whole numbers are quicker in NumPy.
        self._cells, self._windows = repeats.cells.numpy(), repeats.windows.numpy()

    @torch.no_grad()
    def __call__(self, texts: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
        """Learn from a batch, and return its mean loss before that.

        Args:
            texts: int64[n], as `Repeats` numbers them.
            targets: float32[n, outputs], 0 and 1.
            weight: float32[n], of each text.
        """
        loss = self.differentiate(texts, targets, weight)
        adam(
            [self.network.flat],
            [self.gradient],
            [self._mean],
            [self._square],
            [],
            [self._steps],
            fused=True,
            amsgrad=False,
            beta1=0.9,
            beta2=0.999,
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=1e-7,
            maximize=False,
        )
        return loss

    @torch.no_grad()
    def differentiate(self, texts: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
        """Write the gradient of the mean loss of a batch, and return that loss."""
        shape, w, g = self.network.shape, self.weights, self.gradients
        count = (weight / targets.numel()).unsqueeze(1)
        positive = targets * count
        if len(texts) >= _MERGED:
            texts, row = torch.unique(texts, return_inverse=True)
            count = count.new_zeros(len(texts), 1).index_add_(0, row, count)
            positive = positive.new_zeros(len(texts), positive.shape[1]).index_add_(
                0, row, positive
            )
        n = len(texts)
        present, cell_of = np.unique(self._cells[texts.numpy()].ravel(), return_inverse=True)
        windows = self._windows[present]
        distinct, place = np.unique(windows.ravel(), return_inverse=True)
        words = torch.from_numpy(distinct)
        vectors = w["embedding"].index_select(0, words)
        table = (vectors @ w["kernel"]).view(-1, shape.filters)
        starts = place.reshape(windows.shape) * shape.kernel
        rows = (starts[:, self._of_cell] + self._kernel).ravel()
        sums = _sums(table, rows, np.arange(0, len(rows), shape.kernel))
        best, chosen = sums.view(-1, shape.pool, shape.filters).max(1, keepdim=True)
        # The bias is the same for all places: it may come after the pooling.
        cells = best.squeeze(1).add_(w["bias"]).relu_()
        flat = cells.index_select(0, torch.from_numpy(cell_of)).view(n, -1)
        hidden = torch.addmm(w["hidden_bias"], flat, w["hidden"]).relu_()
        logits = torch.addmm(w["out_bias"], hidden, w["out"])
        loss = (functional.softplus(logits) * count).sum() - torch.vdot(
            positive.view(-1), logits.view(-1)
        )

        slope = logits.sigmoid_().mul_(count).sub_(positive)
        torch.mm(hidden.T, slope, out=g["out"])
        torch.sum(slope, 0, out=g["out_bias"])
        slope = (slope @ w["out"].T).mul_(hidden > 0)
        torch.mm(flat.T, slope, out=g["hidden"])
        torch.sum(slope, 0, out=g["hidden_bias"])
        slope = (slope @ w["hidden"].T).view(-1, shape.filters)
        slope = _summed_by(cell_of, 1, slope, len(cells)).mul_(cells > 0)
        torch.sum(slope, 0, out=g["bias"])
        spread = torch.zeros(len(cells), shape.pool, shape.filters)
        spread.scatter_(1, chosen, slope.unsqueeze(1))
        of_table = _summed_by(rows, shape.kernel, spread.view(-1, shape.filters), len(table))
        of_table = of_table.view(len(words), -1)
        torch.mm(vectors.T, of_table, out=g["kernel"])
        g["embedding"].zero_().index_copy_(0, words, of_table @ w["kernel"].T)
        return loss


def _different(
    rows: np.ndarray[tuple[int, int], np.dtype[np.int32]],
) -> tuple[
    np.ndarray[tuple[int, int], np.dtype[np.int32]], np.ndarray[tuple[int], np.dtype[np.int64]]
]:
    """The different rows, and the number of each row among them."""
    whole = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).reshape(-1)
    _, first, number = np.unique(whole, return_index=True, return_inverse=True)
    return rows[first], number.reshape(-1)


def _sums(values: Tensor, places: Int64, starts: Int64) -> Tensor:
    """float32[n, width], the sums of the rows of float32[m, width] at places, from each start."""
    # `functional.embedding_bag` calls it, too, and takes as long to check its arguments.
    sums: Tensor = torch.embedding_bag(
        values, torch.from_numpy(places), torch.from_numpy(starts), False, 0
    )[0]
    return sums


def _summed_by(rows: Int64, share: int, values: Tensor, n_rows: int) -> Tensor:
    """float32[n_rows, width], the sum of the values that belong to a row.

    Args:
        rows: int64[n · share], the rows that each value belongs to, `share` of them.
        share: see above.
        values: float32[n, width].
        n_rows: rows of the result.
    """
    # NumPy sorts 16-bit numbers by their digits, which is faster.
    order = np.argsort(rows.astype(np.int16) if n_rows < 2**15 else rows, kind="stable")
    counts = np.bincount(rows, minlength=n_rows)
    return _sums(values, order // share, np.cumsum(counts) - counts)
