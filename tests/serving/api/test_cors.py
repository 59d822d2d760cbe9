"""Pages of other sites: which may ask the REST routes, and what they may not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from penchant.serving.app import create_app
from penchant.serving.keys import Keys
from penchant.serving.settings import Settings

SHOP = "https://shop.example"
ASKS = {"Origin": SHOP, "Sec-Fetch-Site": "cross-site"}
PREFLIGHT = ASKS | {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type",
}
ALLOWED = "access-control-allow-origin"


@pytest.fixture(scope="module")
def client(bundles):
    app = create_app(Settings(bundle=bundles / "ease", cors_origins=(SHOP, "http://[::1]:3000")))
    return TestClient(app, raise_server_exceptions=False)


@pytest.fixture(scope="module")
def closed(bundles):
    return TestClient(create_app(Settings(bundle=bundles / "ease")))


def test_a_page_that_is_known_may_ask(client):
    answer = client.post("/v1/recommendations", json={"liked": [101]}, headers=ASKS)
    assert answer.status_code == 200
    assert answer.headers[ALLOWED] == SHOP
    assert "Origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers
    assert client.get("/v1/popular", headers=ASKS).headers[ALLOWED] == SHOP
    wrong = client.post("/v1/recommendations", json={"likes": [1]}, headers=ASKS)
    assert (wrong.status_code, wrong.headers[ALLOWED]) == (422, SHOP)


def test_browsers_are_told_before_they_send(client):
    answer = client.options("/v1/recommendations", headers=PREFLIGHT)
    assert answer.status_code == 204
    assert answer.headers[ALLOWED] == SHOP
    assert "Content-Type" in answer.headers["access-control-allow-headers"]
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert client.options("/v1/recommendations", headers=ASKS).status_code == 405


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "https://shop.example.evil.example", "http://shop.example"],
)
def test_other_pages_may_not(client, origin):
    headers = PREFLIGHT | {"Origin": origin}
    preflight = client.options("/v1/recommendations", headers=headers)
    assert preflight.status_code == 405
    assert ALLOWED not in preflight.headers
    answer = client.post("/v1/recommendations", json={"liked": [101]}, headers=headers)
    assert answer.status_code == 403
    assert ALLOWED not in answer.headers
    assert ALLOWED not in client.get("/v1/popular", headers=headers).headers


def test_without_the_option_no_page_may(closed):
    assert closed.options("/v1/recommendations", headers=PREFLIGHT).status_code == 405
    answer = closed.post("/v1/recommendations", json={"liked": [101]}, headers=ASKS)
    assert answer.status_code == 403
    assert ALLOWED not in answer.headers


@pytest.mark.parametrize("path", ["/operator", "/keep", "/users/3", "/v1/deployment",
    "/v1/deployment/rollback", "/v1/%64eployment/promote"])  # fmt: skip
def test_pages_and_models_are_not_shared(client, path):
    answer = client.post(path, data={"do": "rollback"}, headers=ASKS)
    assert answer.status_code == 403
    assert ALLOWED not in answer.headers
    assert ALLOWED not in client.options(path, headers=PREFLIGHT).headers


def test_a_key_in_a_cookie_is_not_that_of_another_page(bundles, tmp_path):
    known, secret = Keys().added("reader", "read")
    known.write(tmp_path / "keys.json")
    settings = Settings(bundle=bundles / "ease", keys=tmp_path / "keys.json", cors_origins=(SHOP,))
    client = TestClient(create_app(settings), cookies={"penchant_key": secret})
    body = {"liked": [101]}
    assert client.post("/v1/recommendations", json=body).status_code == 200
    assert client.post("/v1/recommendations", json=body, headers=ASKS).status_code == 401
    own = ASKS | {"Authorization": f"Bearer {secret}"}
    assert client.post("/v1/recommendations", json=body, headers=own).status_code == 200
    assert client.options("/v1/recommendations", headers=PREFLIGHT).status_code == 204


@pytest.mark.parametrize("origin", ["*", "shop.example", f"{SHOP}/", "https://a b", ""])
def test_what_is_no_origin_is_refused(bundles, origin):
    with pytest.raises(ValidationError, match="is no origin of pages: write it as"):
        Settings(bundle=bundles / "ease", cors_origins=(origin,))
