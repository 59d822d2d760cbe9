"""Images as short vectors: what all encoders have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, get_args

import numpy as np

from penchant.encoders.cache import VectorCache, content_key
from penchant.encoders.image.reading import Picture, picture, read_bytes, readers, stacked
from penchant.encoders.tabular.pca import PrincipalComponents, random_directions
from penchant.errors import DataError, NotFittedError, ParameterError
from penchant.run import Run
from penchant.typing import Bool, Float16, Float32, UInt8

Paths = Sequence[str | Path | None]
Cache = str | Path | Literal[False] | None
Directions = Literal["principal", "random"]
_CHUNK = 256  # images between two files of the cache


@dataclass(kw_only=True, eq=False)
class ImageEncoder(ABC):
    """Describes images by many numbers, and reduces these to the directions that differ most.

    The description needs no learning; the directions (principal components) are fitted, to the
    images of training items alone if held-out items are to be judged. Descriptions are cached by
    the content of the file and everything that decides them: an image is described once, whatever
    it is called and wherever it lies, and work that was broken off goes on.

    Attributes:
        dim: length of the vectors; shorter where the images have no more principal directions.
        directions: `principal` are those in which training images differ most; `random` ones keep
            distances about as they are (Johnson and Lindenstrauss 1984) and are always `dim` many,
            however few images there are.
        sample: principal directions are fitted to as many images at most, drawn by `seed`.
        seed: which images are drawn, and the random directions.

    Fitted state: `components_`, and `unread_`, which says for the last call of `fit` or `encode`
    which rows have no usable image and why.
    """

    dim: int = 512
    directions: Directions = "principal"
    sample: int = 5000
    seed: int = 0

    name: ClassVar[str]
    side: ClassVar[int]
    """Images are stretched to squares of so many pixels a side."""
    width: ClassVar[int]
    """Length of a description."""
    batch: ClassVar[int] = 64
    unread_: dict[int, str] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse vectors of no length and samples of no images."""
        if self.dim < 1 or self.sample < 2:
            raise ParameterError(
                f"Vectors have at least one number and are fitted to two images at least, not "
                f"{self.dim} and {self.sample}."
            )
        if self.directions not in get_args(Directions):
            raise ParameterError(
                f"Directions are {' or '.join(get_args(Directions))}, not {self.directions!r}."
            )
        if self.directions == "random" and self.dim > self.width:
            raise ParameterError(
                f"The encoder {self.name!r} describes images by {self.width:,} numbers, which have "
                f"no {self.dim:,} directions: ask for fewer."
            )

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Everything that decides a description beside the image, ready for JSON."""

    @abstractmethod
    def describe(self, pixels: UInt8, sizes: Float32) -> Float32:
        """float32[n, width] of uint8[n, side, side, 3] and float32[n, 2] widths and heights."""

    def fit(self, paths: Paths, *, run: Run | None = None, cache: Cache = None) -> Self:
        """Find the directions in which training images differ most.

        Args:
            paths: the files; None stands for an item without an image.
            run: threads and progress.
            cache: the folder that holds caches, by default the user's; False caches nothing.

        Raises:
            DataError: fewer than two of the images can be read.
            MissingExtraError: Pillow, or a package of the encoder, is not installed.
        """
        there = [row for row, path in enumerate(paths) if path is not None]
        if len(there) > self.sample:
            draws = np.random.default_rng(self.seed)
            there = np.sort(draws.choice(there, self.sample, replace=False)).tolist()
        parts = list(self._described([paths[row] for row in there], run or Run(), cache))
        self.unread_ = {there[row]: why for row, why in self.unread_.items()}
        rows = np.concatenate([part[good] for part, good in parts]) if parts else np.zeros((0, 1))
        if len(rows) < 2:
            why = next(iter(self.unread_.values()), "there is none")
            raise DataError(
                f"Of {len(paths):,} images {len(rows)} can be read, and directions need two at "
                f"least: {why}."
            )
        dim = min(self.dim, len(rows) - 1, rows.shape[1])
        self.components_ = PrincipalComponents(dim=dim).fit(rows)
        if self.directions == "random":
            self.components_.dim = self.dim
            self.components_.components_ = random_directions(self.dim, rows.shape[1], self.seed)
        return self

    def encode(self, paths: Paths, *, run: Run | None = None, cache: Cache = None) -> Float32:
        """float32[n, dim]; a missing or broken image is zeros, and listed in `unread_`.

        Zeros are also what an image would get that is like the mean of the training images.

        Raises:
            NotFittedError: `fit` was not called.
        """
        self._require_fitted()
        vectors = np.zeros((len(paths), self.components_.dim), np.float32)
        start = 0
        for part, good in self._described(paths, run or Run(), cache):
            if good.any():
                vectors[start : start + len(good)][good] = self.components_.encode(part[good])
            start += len(good)
        return vectors

    def state(self) -> dict[str, Any]:
        """Everything `from_state` needs, as arrays and plain values."""
        self._require_fitted()
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.init}
        return {"name": self.name, **own, "components": self.components_.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The encoder whose `state` this is."""
        made = cls(**{f.name: state[f.name] for f in fields(cls) if f.init and f.name in state})
        made.components_ = PrincipalComponents.from_state(state["components"])
        return made

    def _described(self, paths: Paths, run: Run, cache: Cache) -> Iterator[tuple[Float32, Bool]]:
        """Descriptions part by part, with which of their rows are of readable images."""
        self.unread_ = {}
        kept = None if cache is False else VectorCache(self.settings(), self.width, cache)
        with readers(run) as pool, run.progress.task("Encoding images", len(paths)) as task:
            for start in range(0, len(paths), _CHUNK):
                part = self._part(paths[start : start + _CHUNK], start, kept, pool)
                yield part
                task.advance(len(part[1]), f"{len(self.unread_):,} without an image")

    def _part(
        self, paths: Paths, start: int, kept: VectorCache | None, pool: Executor
    ) -> tuple[Float32, Bool]:
        contents = list(pool.map(read_bytes, paths))
        keys = [content_key(c) if isinstance(c, bytes) else b"" for c in contents]
        new = {
            key: content
            for key, content in zip(keys, contents, strict=True)
            if isinstance(content, bytes) and (kept is None or key not in kept)
        }
        seen = dict(zip(new, pool.map(partial(picture, side=self.side), new.values()), strict=True))
        good = {key: found for key, found in seen.items() if isinstance(found, Picture)}
        fresh = dict(zip(good, self._in_batches(list(good.values())), strict=True))
        if kept is not None:
            kept.add(fresh)
        vectors = np.zeros((len(keys), self.width), np.float32)
        there = np.zeros(len(keys), bool)
        for row, (key, content) in enumerate(zip(keys, contents, strict=True)):
            vector = fresh.get(key) if kept is None else kept.get(key)
            if vector is not None:
                vectors[row], there[row] = vector, True
            else:
                why = content if isinstance(content, str) else seen[key]
                self.unread_[start + row] = str(why)
        return vectors, there

    def _in_batches(self, pictures: list[Picture]) -> Float16:
        """Descriptions in the precision that the cache has, with a cache or without."""
        found = np.empty((len(pictures), self.width), np.float16)
        for start in range(0, len(pictures), self.batch):
            pixels, sizes = stacked(pictures[start : start + self.batch])
            found[start : start + self.batch] = self.describe(pixels, sizes)
        return found

    def _require_fitted(self) -> None:
        if not hasattr(self, "components_"):
            raise NotFittedError(
                f"{type(self).__name__} is not fitted yet: call fit with training images."
            )
