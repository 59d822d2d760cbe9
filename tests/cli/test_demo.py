from __future__ import annotations

import json

import pytest

import penchant.cli.demo as demo

pytestmark = pytest.mark.mirror


@pytest.fixture(autouse=True)
def _two_models(monkeypatch):
    monkeypatch.setattr(demo, "all_specs", lambda log: ["ease", "popular"])


def test_demo(call, mirror, tmp_path):
    page = tmp_path / "demo" / "report.html"
    result = call("demo", "-o", page, "--mirror", mirror, "--offline")
    assert result.exit_code == 0, result.stderr
    assert page.exists()
    for words in ("Which items?", "For user 42", "because you liked", "Star Wars", "Next, try"):
        assert words in result.stdout
    assert str(page) in result.stdout
    advice = [line.strip() for line in result.stdout.splitlines() if "--like-title" in line]
    (bundle,) = (line.split()[2] for line in advice)
    followed = call("recommend", bundle, "--like-title", "Fargo", "--explain", "--json")
    assert followed.exit_code == 0, followed.stderr
    assert len(json.loads(followed.stdout)["lists"][0]["items"]) == 10
