"""A fitted recommender as a folder that is restored without executing anything.

A bundle holds `manifest.json` (what everything is, with a checksum of every file),
`arrays.safetensors` (all numbers, and tables as the arrays behind them) and `card.md` (for people).
Nothing in it is code, and nothing in it names code: classes come from the table of models or
from the caller.
"""

from __future__ import annotations

from penchant.bundle.reading import describe, restore
from penchant.bundle.writing import save

__all__ = ["describe", "restore", "save"]
