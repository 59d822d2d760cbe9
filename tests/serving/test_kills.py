"""Feedback that is acknowledged outlives the death of the service."""

from __future__ import annotations

import pytest

from support.killed_service import kill_under_writing


def check(tally):
    assert tally.errors == []
    assert tally.acknowledged > 10
    assert tally.lost == 0


def test_sqlite_has_every_acknowledged_event(bundles, tmp_path):
    check(kill_under_writing(bundles / "popular", f"sqlite:///{tmp_path}/feedback.db", kills=1))


@pytest.mark.postgresql
def test_postgresql_has_every_acknowledged_event(bundles, postgresql):
    check(kill_under_writing(bundles / "popular", postgresql, kills=1))
