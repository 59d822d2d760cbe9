"""Fitted vectors of users and items beside others."""

from __future__ import annotations

import numpy as np


def assert_alike(found, expected):
    """The same vectors but for rounding."""
    for name in ("user_factors_", "item_factors_"):
        one, two = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(one, two, atol=2e-4 * np.abs(two).max())
