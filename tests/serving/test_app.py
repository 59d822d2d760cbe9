"""What the application does beside its routes."""

from __future__ import annotations

import gc
import weakref

from starlette.testclient import TestClient

from penchant.bundle import save
from penchant.models import make
from penchant.serving import app
from penchant.serving.app import create_app, spare_collector
from penchant.serving.settings import Settings
from penchant.testing import planted_ratings


class Node:
    """Something that can be in a circle."""

    def __init__(self):
        self.itself = self


def test_what_stays_is_left_out_of_searches_for_garbage():
    lost, kept = weakref.ref(Node()), Node()
    spare_collector()
    assert lost() is None
    assert gc.get_freeze_count() > 0
    assert not any(each is kept for each in gc.get_objects())


def test_a_service_does_so_at_its_start(tmp_path, monkeypatch):
    called = []
    monkeypatch.setattr(app, "spare_collector", lambda: called.append(True))
    settings = Settings(bundle=save(make("bias").fit(planted_ratings()), tmp_path / "bundle"))
    with TestClient(create_app(settings)):
        assert called == [True]
