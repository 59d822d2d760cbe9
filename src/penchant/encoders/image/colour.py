"""Images by their colours, edges and brightness: nothing but arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from penchant.encoders.image.base import ImageEncoder
from penchant.typing import AnyArray, Float32, Int64, UInt8

_SIDE = 96
_GRID = 3  # regions a side, for colours
_CELLS = 8  # cells a side, for edges
_ANGLES = 9
_GREYS, _HUES, _SATURATIONS, _VALUES = 8, 12, 2, 2
_BINS = _GREYS + _HUES * _SATURATIONS * _VALUES
_N_STATISTICS = 20
_DULL, _DARK = 0.15, 0.12  # below, a hue is noise


@dataclass(kw_only=True, eq=False)
class ColourTexture(ImageEncoder):
    """Colour histograms, orientations of edges, and statistics, which need no trained network.

    - Colours: histograms of hue, saturation and value with grey levels apart (Swain and Ballard,
      "Color Indexing", 1991), of the whole and of nine regions; square roots, so that distances
      are those of Hellinger.
    - Edges: gradient orientations by cell, each cell normalised by those around it (after Dalal
      and Triggs, "Histograms of Oriented Gradients for Human Detection", 2005).
    - Statistics: moments of brightness and of opponent colours, colourfulness (Hasler and
      Süsstrunk, 2003), shares of white, black, grey and edges, shape and size.

    Attributes:
        dim: length of the vectors; shorter where the images have no more directions.
        sample: directions are fitted to as many images at most, drawn by `seed`.
        seed: which images are drawn.
    """

    name: ClassVar[str] = "colour"
    side: ClassVar[int] = _SIDE
    width: ClassVar[int] = (_GRID**2 + 1) * _BINS + _CELLS**2 * _ANGLES + _N_STATISTICS

    def settings(self) -> dict[str, Any]:
        """The version of this description."""
        return {"name": self.name, "version": 1, "side": self.side, "width": self.width}

    def describe(self, pixels: UInt8, sizes: Float32) -> Float32:
        """float32[n, width]: colours, edges and statistics, each block of a length about 1."""
        grey = _brightness(pixels)
        strength, cells = _edges(grey)
        blocks = [_colours(pixels), cells, _statistics(pixels, grey, strength, sizes)]
        return np.concatenate(blocks, axis=1)


@cache
def _bin_of_colour() -> Int64:
    """int64[32768], the histogram bin of a colour with five bits for each of its parts."""
    levels = (np.arange(32) * 8 + 4) / 255
    red, green, blue = np.meshgrid(levels, levels, levels, indexing="ij")
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    saturation = spread / value
    safe = np.where(spread > 0, spread, 1)
    hue = np.where(
        value == red,
        (green - blue) / safe % 6,
        np.where(value == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hues = (hue / 6 * _HUES).astype(int) % _HUES
    lively = (hues * _SATURATIONS + (saturation > 0.5)) * _VALUES + (value > 0.55)
    greys = np.minimum((value * _GREYS).astype(int), _GREYS - 1)
    return np.where((saturation < _DULL) | (value < _DARK), greys, _GREYS + lively).ravel()


def _colours(pixels: UInt8) -> Float32:
    """float32[n, (regions + 1) · bins]."""
    n, side = len(pixels), pixels.shape[1]
    wide = pixels.astype(np.int64) >> 3
    bins = _bin_of_colour()[(wide[..., 0] << 10) | (wide[..., 1] << 5) | wide[..., 2]]
    place = np.arange(side) * _GRID // side
    region = place[:, None] * _GRID + place
    regions = _GRID**2
    where = (np.arange(n)[:, None, None] * regions + region) * _BINS + bins
    counts = np.bincount(where.ravel(), minlength=n * regions * _BINS)
    counts = counts.reshape(n, regions, _BINS).astype(np.float32)
    every = np.concatenate([counts.sum(1, keepdims=True), counts], axis=1)
    shares = every / every.sum(2, keepdims=True)
    return np.asarray(np.sqrt(shares / (regions + 1)).reshape(n, -1), np.float32)


def _brightness(pixels: UInt8) -> Float32:
    """float32[n, side, side] from 0 to 1, with the weights of ITU-R BT.601."""
    weights = np.array([0.299, 0.587, 0.114], np.float32) / 255
    return np.asarray(pixels.astype(np.float32) @ weights, np.float32)


def _edges(grey: Float32) -> tuple[Float32, Float32]:
    """Strengths float32[n, side, side], and float32[n, cells · angles] of a length about 1."""
    n, side = len(grey), grey.shape[1]
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, :, 1:-1] = grey[:, :, 2:] - grey[:, :, :-2]
    down[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    strength = np.sqrt(across**2 + down**2)
    angle = np.arctan2(down, across) * np.float32(_ANGLES / np.pi) % _ANGLES
    low = angle.astype(np.int64)
    part = angle - low  # shared between the two nearest angles, so that none is a matter of luck
    low %= _ANGLES
    place = np.arange(side) * _CELLS // side
    cell = (place[:, None] * _CELLS + place) * _ANGLES
    base = np.arange(n)[:, None, None] * (_CELLS**2 * _ANGLES) + cell
    size = n * _CELLS**2 * _ANGLES
    sums = np.bincount((base + low).ravel(), (strength * (1 - part)).ravel(), size)
    sums += np.bincount((base + (low + 1) % _ANGLES).ravel(), (strength * part).ravel(), size)
    cells = sums.reshape(n, _CELLS, _CELLS, _ANGLES)
    energy = np.pad((cells**2).sum(3), ((0, 0), (1, 1), (1, 1)), mode="edge")
    around = sum(energy[:, i : i + _CELLS, j : j + _CELLS] for i in range(3) for j in range(3))
    normal = cells / np.sqrt(np.asarray(around)[..., None] + 1e-2)
    return strength, (np.minimum(normal, 0.4) / 2.7).reshape(n, -1).astype(np.float32)


def _statistics(pixels: UInt8, grey: Float32, strength: Float32, sizes: Float32) -> Float32:
    """float32[n, 20], each about between -0.5 and 0.5."""
    few = pixels[:, ::2, ::2].astype(np.float32) / np.float32(255)  # plenty for moments
    red, green, blue = np.ascontiguousarray(np.moveaxis(few, 3, 0)).reshape(3, len(few), -1)
    light = np.ascontiguousarray(grey[:, ::2, ::2]).reshape(len(grey), -1)
    first, second = red - green, (red + green) * np.float32(0.5) - blue
    value = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    saturation = (value - lowest) / np.maximum(value, np.float32(1e-3))
    moments = [m for channel in (light, first, second) for m in _moments(channel)]
    spread = np.hypot(moments[4], moments[7])  # standard deviations of the opponent colours
    colourfulness = spread + 0.3 * np.hypot(moments[3], moments[6])
    edge = strength.reshape(len(grey), -1)
    middle = grey[:, _SIDE // 4 : -_SIDE // 4, _SIDE // 4 : -_SIDE // 4]
    shape = np.log(sizes[:, 0] / sizes[:, 1])
    scale = np.log(sizes.prod(1)) / 12 - 1
    columns = [
        *moments,
        colourfulness,
        *_moments(saturation)[:2],
        edge.mean(1) * 3,
        (edge > 0.2).mean(1),
        (lowest > 0.93).mean(1),
        (value < 0.07).mean(1),
        (saturation < _DULL).mean(1),
        middle.mean((1, 2)) - light.mean(1),
        np.clip(shape, -1.5, 1.5),
        np.clip(scale, -1.5, 1.5),
    ]
    return (np.stack(columns, axis=1) / 2).astype(np.float32)


def _moments(channel: AnyArray) -> list[AnyArray]:
    """Mean, standard deviation and the signed cube root of the third moment, of each row."""
    mean = channel.mean(1)
    centred = channel - mean[:, None]
    square = centred * centred
    third = (square * centred).mean(1)
    return [mean, np.sqrt(square.mean(1)), np.cbrt(third)]
