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


def test_the_description_says_which_routes_need_a_key(serve, keys):
    with_keys = serve(keys=keys[0])
    headers = {"X-API-Key": keys[1]["read"]}
    description = with_keys.get("/openapi.json", headers=headers).json()
    schemes = description["components"]["securitySchemes"]
    assert schemes["bearer"]["scheme"] == "bearer"
    assert schemes["key"]["name"] == "X-API-Key"
    popular = description["paths"]["/v1/popular"]["get"]
    assert popular["security"] == [{"bearer": []}, {"key": []}]
    assert "allows `admin`" in description["paths"]["/v1/deployment"]["get"]["description"]
    assert "security" not in description["paths"]["/health"]["get"]
    assert "security" not in serve().get("/openapi.json").json()["paths"]["/v1/popular"]["get"]


def test_a_foreign_name_is_refused_in_the_form_of_errors(serve):
    client = serve(allowed_hosts=("127.0.0.1", "localhost", "[::1]"))
    answer = client.get("/health", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    body = answer.json()["error"]
    assert (body["code"], body["request_id"]) == (
        "invalid_request",
        answer.headers["x-request-id"],
    )
    assert "answers to the names 127.0.0.1, localhost" in body["message"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    for host in ("LOCALHOST:80", "127.0.0.1", "[::1]:8000", "[::1]"):
        assert client.get("/health", headers={"Host": host}).status_code == 200
    for host in ("localhost.evil.example", "evil.example:80", "[::2]", "", "127.0.0.1:x"):
        assert client.get("/health", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("prefix", ["", "/b%C3%BCro"])
@pytest.mark.parametrize("root", ["/büro", "/b%C3%BCro"])
def test_redirections_begin_with_the_path_of_a_proxy(serve, prefix, root):
    client = serve(root_path=root)
    answer = client.get(f"{prefix}/v1/popular/", follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"] == "http://testserver/b%C3%BCro/v1/popular"
    assert client.get(f"{prefix}/v1/popular").status_code == 200
    assert client.get(f"{prefix}/v1/users/3/recommendations").status_code == 200


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
    assert [client.get("/v1/model").status_code for _ in range(4)] == [200, 200, 200, 429]
    answer = client.get("/v1/model")
    assert answer.json()["error"]["code"] == "too_many_requests"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("probe", ["/health", "/ready"])
def test_balancers_may_ask_as_often_as_they_like(serve, probe):
    client = serve(rate_limit="1/hour")
    assert client.get("/v1/model").status_code == 200
    assert client.get("/v1/model").status_code == 429
    assert [client.get(probe).status_code for _ in range(3)] == [200] * 3
    assert client.head(probe).status_code == 200


def test_invented_methods_are_counted_as_one(serve):
    client = serve()
    for method in ("ZZ0", "ZZ1", "ZZ2"):
        assert client.request(method, "/health").status_code == 405
    text = client.get("/metrics").text
    assert 'penchant_requests_total{method="(other)",route="/health",status="405"} 3.0' in text
    assert "ZZ" not in text


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
    assert line["route"] == "/v1/users/{user}/recommendations"
    assert line["status"] == 200
    assert "somebody" not in caplog.text
