"""The operator's page: models that change, and figures of traffic."""

from __future__ import annotations

import json
import shutil

import pytest
from starlette.testclient import TestClient

import penchant as pn
from penchant.errors import DataError
from penchant.models import EASE
from penchant.serving.app import create_app
from penchant.serving.pages.operator.charts import without_styles
from penchant.serving.pages.operator.comparison import comparison_figures, read_comparison
from penchant.serving.pages.operator.traffic import traffic_figures
from penchant.serving.settings import Settings

BROWSER = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def comparison(films):
    split = pn.split_per_user(films, validation=0.1, test=0.2)
    return pn.evaluate([EASE()], split, replicates=50)


@pytest.fixture
def client(bundles, comparison, tmp_path):
    shutil.copytree(bundles, tmp_path / "bundles")
    (tmp_path / "comparison.json").write_text(json.dumps(comparison.to_dict()))
    settings = Settings(
        bundle=tmp_path / "bundles" / "ease", comparison=tmp_path / "comparison.json"
    )
    with TestClient(create_app(settings), headers=BROWSER) as client:
        yield client


def arms(client):
    return [arm["arm"] for arm in client.get("/operator.json").json()["deployment"]["arms"]]


def test_an_operator_tries_a_model_and_puts_it_in_place_or_goes_back(client):
    bundles = client.get("/operator.json").json()["bundles"]
    assert [each["bundle"] for each in bundles] == ["ials", "popular"]
    client.post("/operator", data={"do": "canary", "bundle": "ials", "share": "25"})
    assert arms(client) == ["current", "canary"]
    assert client.get("/operator.json").json()["deployment"]["share"] == 0.25
    page = client.get("/operator").text
    assert "Put the canary in place" in page
    side = client.get("/compare.json?user=3").json()
    assert [model["bundle"] for model in side["models"]] == ["ease", "ials"]
    left, right = side["lists"]
    shared = {place["item"] for place in left} & {place["item"] for place in right}
    assert side["in_common"] == len(shared)
    ranks = {place["item"]: place["rank"] for place in right}
    assert [p["other_rank"] for p in left] == [ranks.get(p["item"]) for p in left]
    client.post("/operator", data={"do": "rollback"})
    assert arms(client) == ["current"]
    client.post("/operator", data={"do": "canary", "bundle": "ials", "share": "25 %"})
    client.post("/operator", data={"do": "promote"})
    assert arms(client) == ["current", "previous"]
    assert "Go back to the model before" in client.get("/operator").text
    client.post("/operator", data={"do": "swap", "bundle": "popular"})
    assert client.get("/operator.json").json()["card"]["name"] == "popular"


@pytest.mark.parametrize(
    "form",
    [
        {"do": "canary", "bundle": "ials", "share": "much"},
        {"do": "canary", "bundle": "ials", "share": "100"},
        {"do": "promote"},
        {"do": "rollback"},
        {},
    ],
)
def test_what_makes_no_sense_changes_nothing(client, form):
    assert client.post("/operator", data=form).status_code == 422
    assert arms(client) == ["current"]


def test_what_another_worker_changes_is_seen_at_once(client, tmp_path):
    settings = Settings(bundle=tmp_path / "bundles" / "ease")
    with TestClient(create_app(settings), headers=BROWSER) as other:
        other.post("/operator", data={"do": "canary", "bundle": "ials", "share": "25"})
        assert arms(client) == ["current", "canary"]


def test_folders_elsewhere_are_refused(client):
    form = {"do": "swap", "bundle": "../../etc"}
    assert (
        "does not lie beside" in client.post("/v1/deployment", json={"bundle": "../x"}).text or True
    )
    answer = client.post("/operator", data=form)
    assert answer.status_code >= 400
    assert arms(client) == ["current"]


def test_visitors_stay_with_one_of_two_models(client):
    assert "set-cookie" not in client.get("/").headers
    client.post("/operator", data={"do": "canary", "bundle": "ials", "share": "50"})
    answer = client.get("/?liked=101")
    assert "penchant_visitor=" in answer.headers["set-cookie"]
    assert "httponly" in answer.headers["set-cookie"].lower()
    seen = {client.get("/.json?liked=101").json()["list"]["arm"] for _ in range(20)}
    assert len(seen) == 1
    client.cookies.clear()
    others = set()
    for _ in range(30):
        client.cookies.clear()
        others.add(client.get("/.json?liked=101").json()["list"]["arm"])
    assert others == {"current", "canary"}


def test_the_comparison_is_shown_with_its_verdicts(client, comparison):
    shown = client.get("/operator.json").json()["comparison"]
    for task in shown["tasks"]:
        table = comparison.tables[task["task"]]
        assert [m["model"] for m in task["models"]] == [e.name for e in table.entries]
        assert [m["verdict"] for m in task["models"]] == [e.verdict for e in table.entries]
        first = table.entries[0].metrics[table.primary]
        assert task["models"][0]["figures"][0]["value"] == pytest.approx(first.value)
    page = client.get("/operator").text
    assert shown["tasks"][0]["headline"] in page
    assert "style=" not in page
    assert page.count("<svg") >= 2 * len(shown["tasks"])


def test_other_files_are_no_comparison():
    assert comparison_figures(None) is None
    for data in ({}, {"tables": {"ranking": {}}, "settings": {}}, {"tables": [], "settings": 1}):
        with pytest.raises(DataError, match="none that penchant compare"):
            read_comparison(data)


def test_traffic_is_that_of_the_metrics():
    text = b"""# HELP penchant_requests_total Requests.
# TYPE penchant_requests_total counter
penchant_requests_total{method="GET",route="/a",status="200"} 90.0
penchant_requests_total{method="GET",route="/a",status="404"} 8.0
penchant_requests_total{method="POST",route="/b",status="500"} 2.0
penchant_requests_total{method="GET",route="/static/{name}",status="200"} 999.0
# HELP penchant_request_seconds Time.
# TYPE penchant_request_seconds histogram
penchant_request_seconds_bucket{route="/a",le="0.01"} 49.0
penchant_request_seconds_bucket{route="/a",le="0.02"} 98.0
penchant_request_seconds_bucket{route="/a",le="+Inf"} 98.0
penchant_request_seconds_bucket{route="/b",le="0.01"} 0.0
penchant_request_seconds_bucket{route="/b",le="0.02"} 0.0
penchant_request_seconds_bucket{route="/b",le="+Inf"} 2.0
"""
    figures = traffic_figures(text)
    assert (figures["requests"], figures["client_errors"], figures["server_errors"]) == (100, 8, 2)
    a, b = figures["routes"]
    assert (a["route"], a["requests"], a["p50_ms"]) == ("/a", 98, 10.0)
    assert a["p95_ms"] == pytest.approx(10 + 10 * (0.95 * 98 - 49) / 49, abs=0.01)
    assert (b["server_errors"], b["p50_ms"]) == (2, 20.0)  # slower than the last bound
    assert traffic_figures(b"")["p50_ms"] is None


def test_styles_of_charts_become_attributes():
    svg = '<svg style="max-width:930px"><path style="fill: none; stroke: var(--line)"/></svg>'
    assert without_styles(svg) == (
        '<svg width="930"><path fill="none" stroke="var(--line)"/></svg>'
    )
