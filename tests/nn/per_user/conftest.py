"""Fixtures of the tests of per-user networks."""

from __future__ import annotations

import pytest

from penchant.nn.per_user import training
from support.user_networks import patterns_and_users


@pytest.fixture
def data():
    """Patterns and users."""
    return patterns_and_users()


@pytest.fixture
def long(monkeypatch):
    """Every training counts as long, in groups of three."""
    monkeypatch.setattr(training, "LONG_SECONDS", 0.0)
    monkeypatch.setattr(training, "GROUP_NETWORKS", 3)
