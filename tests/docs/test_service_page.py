"""The requests on the page about the service are answered as it says."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import httpx
import pytest

import penchant
from penchant.bundle import save
from penchant.models import make
from penchant.testing import planted_ratings
from support.serving import running

PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
_PYTHON = re.findall(r"^```python\n(.*?)^```", PAGE, re.S | re.M)
WRITTEN = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("service") / "bundle"
    save(make("ease").fit(planted_ratings(n_users=200, n_items=200)), folder)
    with running(folder) as address:
        yield address


def test_the_python_of_the_page_runs(address, capsys):
    block, _ = _PYTHON
    exec(compile(block.replace(WRITTEN, address), "service.md", "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == 5


def test_the_python_of_the_store_runs(tmp_path, tiny_csv, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(tiny_csv, "ratings.csv")
    names = {"pn": penchant}
    exec(compile(_PYTHON[1], "service.md", "exec"), names)
    assert len(names["log"]) == len(penchant.read("ratings.csv")) + 1


def test_the_curl_of_the_page_is_answered(address):
    commands = [
        shlex.split(text.replace("\\\n", ""))
        for text in re.findall(r"^curl (?:.*\\\n)*.*$", PAGE, re.M)
    ]
    assert len(commands) >= 2
    for words in commands:
        url = next(word for word in words if word.startswith("http")).replace(WRITTEN, address)
        body = words[words.index("-d") + 1] if "-d" in words else None
        answer = httpx.get(url) if body is None else httpx.post(url, json=json.loads(body))
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["items"]) == 5


def test_the_page_has_every_route(address):
    described = httpx.get(f"{address}/openapi.json").json()["paths"]
    for path in described:
        shown = path.rsplit("/", 1)[-1].replace("{item}", "")
        assert shown in PAGE, path
