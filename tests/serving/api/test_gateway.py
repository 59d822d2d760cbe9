"""What stands before the routes: keys, rates, sizes, and failures that nobody foresaw."""

from __future__ import annotations

import json
import logging

import pytest
from starlette.testclient import TestClient

from penchant.errors import DataError, ParameterError
from penchant.serving.app import create_app
from penchant.serving.keys import Keys
from penchant.serving.settings import Settings


@pytest.fixture
def serve(bundles):
    def served(**settings):
        return TestClient(
            create_app(Settings(bundle=bundles / "ease", **settings)),
            raise_server_exceptions=False,
        )

    return served


@pytest.fixture
def keys(tmp_path):
    """A file of keys, and the keys by scope."""
    known, secrets = Keys(), {}
    for scope in ("read", "write", "admin"):
        known, secrets[scope] = known.added(f"{scope} key", scope)
    known.write(tmp_path / "keys.json")
    return tmp_path / "keys.json", secrets


def test_keys_are_kept_as_hashes_that_only_their_owner_reads(keys):
    path, secrets = keys
    assert not any(secret in path.read_text() for secret in secrets.values())
    assert path.stat().st_mode & 0o077 == 0
    assert Keys.read(path).of(secrets["write"]).scope == "write"
    assert Keys.read(path).of("pk_wrong") is None


def test_keys_allow_what_they_are_for(serve, keys):
    path, secrets = keys
    client = serve(keys=path)

    def status(method, url, scope=None, **more):
        headers = {} if scope is None else {"Authorization": f"Bearer {secrets[scope]}"}
        return client.request(method, url, headers=headers, **more).status_code

    assert status("GET", "/health") == 200
    assert status("GET", "/v1/popular") == 401
    assert client.get("/v1/popular").headers["www-authenticate"] == "Bearer"
    assert status("GET", "/v1/popular", "read") == 200
    event = {"events": [{"user": 3, "item": 1, "kind": "like"}]}
    assert status("POST", "/v1/feedback", "read", json=event) == 403
    assert status("POST", "/v1/feedback", "write", json=event) == 409  # there is no store
    assert status("GET", "/v1/users/3/history", "read") == 403
    assert status("GET", "/v1/users/3/data", "read") == 403
    assert status("DELETE", "/v1/users/3/data", "read") == 403
    assert status("GET", "/v1/deployment", "write") == 403
    assert status("GET", "/metrics", "admin") == 200
    assert client.get("/v1/popular", headers={"X-API-Key": secrets["read"]}).status_code == 200
    assert client.get("/v1/popular", headers={"X-API-Key": "pk_wrong"}).status_code == 401


def test_names_of_keys_are_taken_once_and_files_are_checked(keys, tmp_path):
    path, _ = keys
    with pytest.raises(ParameterError, match="already is a key"):
        Keys.read(path).added("read key", "read")
    with pytest.raises(ParameterError, match="no key 'x'"):
        Keys.read(path).removed("x")
    (tmp_path / "bad.json").write_text('{"a": 1}')
    for name in ("bad.json", "missing.json"):
        with pytest.raises(DataError, match="penchant keys"):
            Keys.read(tmp_path / name)


def test_who_asks_too_often_is_told_when_to_come_again(serve):
    client = serve(rate_limit="3/hour")
    assert [client.get("/health").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/health")
    assert answer.json()["error"]["code"] == "too_many_requests"
    assert int(answer.headers["retry-after"]) > 0


def test_large_requests_are_refused_however_they_come(serve):
    client = serve(max_body=2000)
    body = json.dumps({"liked": ["1"] * 2000}).encode()
    assert client.post("/v1/recommendations", content=body).status_code == 413

    def parts():
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    answer = client.post("/v1/recommendations", content=parts())  # without Content-Length
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


def test_many_items_of_a_history_are_refused(serve):
    client = serve(max_history=5)
    answer = client.post("/v1/recommendations", json={"liked": list(range(6))})
    assert "more than 5" in answer.json()["error"]["message"]


def test_a_failure_is_one_form_and_tells_nothing(serve, monkeypatch, caplog):
    client = serve()
    service = client.app.context.service

    def fail(*_, **__):
        raise RuntimeError("secret details")

    monkeypatch.setattr(service, "history", fail)
    answer = client.get("/v1/users/3/history")
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "secret" not in answer.text
    assert answer.json()["error"]["request_id"] in caplog.text
    assert "secret details" in caplog.text


def test_log_lines_have_no_ids_of_people(serve, caplog):
    client = serve(log_format="json")
    with caplog.at_level(logging.INFO, "penchant.serving"):
        client.get("/v1/users/somebody/recommendations")
    line = json.loads(caplog.records[-1].message)
    assert line["route"] == "/v1/users/{user:path}/recommendations"
    assert line["status"] == 200
    assert "somebody" not in caplog.text
