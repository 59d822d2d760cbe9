from __future__ import annotations

import pytest

from support.reviews import Reviews


@pytest.fixture(scope="session")
def reviews() -> Reviews:
    return Reviews(800, seed=0)


@pytest.fixture(scope="session")
def others() -> Reviews:
    """Reviews of the same kind that nobody has learned from."""
    return Reviews(400, seed=1)
