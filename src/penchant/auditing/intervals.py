"""Intervals of shares of rows whose users, and not rows, are independent."""

from __future__ import annotations

import math

import numpy as np

from penchant.typing import AnyInt, Bool

Z95 = 1.959963984540054


def share_interval(hits: Bool, user: AnyInt) -> tuple[float, tuple[float, float]]:
    """A share of rows with its 95 % interval over users.

    The score interval of Wilson (1927) with the effective number of rows that the variance of the
    share as a ratio of users' sums gives (Cochran 1977, section 3.12), between the number of users
    and that of rows.

    Args:
        hits: bool[n_rows].
        user: [n_rows], whom each row belongs to.

    Returns:
        The share and its ends; all NaN without rows.
    """
    n = len(hits)
    if not n:
        return math.nan, (math.nan, math.nan)
    rows = np.bincount(user)
    counted = rows > 0
    rows, hit = rows[counted], np.bincount(user, hits)[counted]
    share, users = float(hits.mean()), len(rows)
    spread = float(((hit - share * rows) ** 2).sum()) / n**2
    if users > 1:
        spread *= users / (users - 1)
    effective = float(n if spread <= 0 else share * (1 - share) / spread)
    effective = min(max(effective, 1.0), float(n))
    if share in (0.0, 1.0):
        effective = float(users)
    centre = (share + Z95**2 / (2 * effective)) / (1 + Z95**2 / effective)
    half = math.sqrt(share * (1 - share) / effective + (Z95 / (2 * effective)) ** 2)
    half *= Z95 / (1 + Z95**2 / effective)
    return share, (max(0.0, centre - half), min(1.0, centre + half))
