"""Whether lists may hold what a user has had before, and which held-out events then judge them."""

from __future__ import annotations

from typing import Literal

Repeats = Literal["excluded", "allowed", "only"]
"""`excluded` leaves the items of a history out of its lists, `allowed` makes lists of all items,
`only` of the items of the history alone."""
