from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from penchant.serving.app import create_app
from penchant.serving.keys import Keys
from penchant.serving.pages.sign_in import local_path
from penchant.serving.settings import Settings

BROWSER = {"Accept": "text/html"}


@pytest.fixture
def secrets(tmp_path):
    known, secrets = Keys(), {}
    for scope in ("read", "write", "admin"):
        known, secrets[scope] = known.added(scope, scope)
    known.write(tmp_path / "keys.json")
    return secrets


@pytest.fixture
def client(bundles, secrets, tmp_path):
    app = create_app(Settings(bundle=bundles / "ease", keys=tmp_path / "keys.json"))
    with TestClient(app, headers=BROWSER) as client:
        yield client


def test_who_has_no_key_gets_a_form_that_leads_back(client, secrets):
    refused = client.get("/popular?days=7")
    assert refused.status_code == 401
    assert 'value="/popular?days=7"' in refused.text
    wrong = client.post("/signin", data={"key": "pk_wrong", "next": "/popular"})
    assert wrong.status_code == 401
    assert "This key is not known" in wrong.text
    assert not client.cookies
    form = {"key": f" {secrets['read']} ", "next": "/popular?days=7"}
    answer = client.post("/signin", data=form, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/popular?days=7")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert client.get("/popular").status_code == 200
    assert "Sign out (read)" in client.get("/").text
    assert client.post("/signout").status_code == 200
    assert client.get("/popular").status_code == 401


@pytest.mark.parametrize(
    ("scope", "allowed", "refused"),
    [
        ("read", ["/", "/items/101?user=3", "/compare?user=3", "/docs"], ["/users/3", "/operator"]),
        ("write", ["/users/3", "/users/3.json"], ["/operator", "/operator.json"]),
        ("admin", ["/operator", "/users/3"], []),
    ],
)
def test_pages_need_what_their_routes_need(client, secrets, scope, allowed, refused):
    client.post("/signin", data={"key": secrets[scope]})
    assert [client.get(path).status_code for path in allowed] == [200] * len(allowed)
    assert [client.get(path).status_code for path in refused] == [403] * len(refused)
    for path in refused:
        if not path.endswith(".json"):
            assert "This is not allowed" in client.get(path).text
    assert client.post("/users/3", data={"like": "1"}).status_code == (
        403 if scope == "read" else 409
    )
    assert client.post("/keep", data={"liked": "1"}).status_code == (
        403 if scope == "read" else 409
    )


def test_strangers_see_files_and_the_form_alone(client):
    assert client.get("/signin").status_code == 200
    assert client.get("/static/style.css").status_code == 200
    for path in ("/", "/docs", "/users", "/users/3", "/operator", "/openapi.json", "/pictures/1"):
        assert client.get(path).status_code == 401, path
    assert client.get("/operator.json").json()["error"]["code"] == "unauthorized"


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "", "/a\nb"],
)
def test_signing_in_leads_nowhere_else(target):
    assert local_path(target) == "/"


def test_a_cookie_is_for_encrypted_connections_where_there_is_one(bundles, secrets, tmp_path):
    app = create_app(Settings(bundle=bundles / "ease", keys=tmp_path / "keys.json"))
    with TestClient(app, base_url="https://shop.example") as client:
        answer = client.post("/signin", data={"key": secrets["read"]}, follow_redirects=False)
    assert "; secure" in answer.headers["set-cookie"].lower()


def test_where_nobody_needs_a_key_none_is_kept(bundles):
    with TestClient(create_app(Settings(bundle=bundles / "ease"))) as client:
        assert client.get("/signin.json").json()["needs_key"] is False
        answer = client.post("/signin", data={"key": "a; b"}, follow_redirects=False)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers
