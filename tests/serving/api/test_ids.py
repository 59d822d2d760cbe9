"""Ids over HTTP: each names one thing, whatever characters it has."""

from __future__ import annotations

import json
from urllib.parse import quote, unquote

import polars as pl
import pytest
from starlette.testclient import TestClient

from penchant.bundle import save
from penchant.data.dataset import Dataset
from penchant.models import make
from penchant.serving.app import create_app
from penchant.serving.settings import Settings
from penchant.testing import planted_pairs

OTHERS = ["042", "4_2", "42.0", "+42", "%2042", "42%20", "%D9%A4%D9%A2", "-0", "9" * 30]
"""Texts that Python, or a sheet of numbers, would take for an integer."""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A service of a log with integers for ids, with a store."""
    folder = tmp_path_factory.mktemp("integers")
    log = planted_pairs(n_users=60)
    save(make("ease").fit(log), folder / "ease")
    store = f"sqlite:///{folder / 'feedback.db'}"
    app = create_app(Settings(bundle=folder / "ease", store=store, record=True))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A service of a log with texts for ids, some of which look like paths."""
    items = ["shoes", "shoes/similar", "x", "x/recommendations", "100%", "a?b#c", "a%2Fb"]
    users = ["u1", "u1/explanations/x", "u2/data", "u3", "ü/ß"]
    rows = [(user, item) for n, user in enumerate(users) for item in items[n % 2 :: 1 + n % 2]]
    frame = pl.DataFrame(rows, schema=["user", "item"], orient="row")
    folder = save(
        make("item-knn").fit(Dataset.from_frame(frame)), tmp_path_factory.mktemp("shop") / "knn"
    )
    with TestClient(create_app(Settings(bundle=folder)), raise_server_exceptions=False) as client:
        yield client


def quoted(text):
    return quote(text, safe="")


@pytest.mark.parametrize("other", OTHERS)
def test_a_person_with_an_integer_has_one_name(client, other):
    assert client.get("/v1/users/42/recommendations").json()["known"] is True
    answer = client.get(f"/v1/users/{other}/recommendations").json()
    assert answer["known"] is False
    assert all(place["fallback"] for place in answer["items"])
    assert client.get(f"/v1/users/{other}/history").status_code == 404
    assert client.get(f"/v1/users/{other}/similar").status_code == 404


@pytest.mark.parametrize("other", OTHERS)
def test_an_item_with_an_integer_has_one_name(client, other):
    assert client.get(f"/v1/items/{other}").status_code == 404
    body = {"liked": [unquote(other)], "k": 3}
    assert client.post("/v1/recommendations", json=body).json()["unknown_items"] == body["liked"]


def test_who_is_deleted_has_no_other_name(client):
    assert client.delete("/v1/users/41/data").status_code == 200
    for name in ("41", "041", "41.0"):
        assert client.get(f"/v1/users/{name}/history").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"user": True},
        {"user": 42.0},
        {"liked": [False]},
        {"candidates": [True]},
        {"exclude": [True]},
        {"user": "a\0b"},
        {"liked": [""]},
        {"liked": ["x" * 501]},
        {"visitor": "\0"},
        {"rated": {"\ud800": 4}},
        {"rated": {"\0": 4}},
        {"rated": {"": 4}},
        {"rules": {"exclude": ["\ud800"]}},
        {"rules": {"exclude": ["\0"]}},
        {"rules": {"\ud800": ["a"]}},
        {"\ud800": 1},
    ],
)
def test_what_is_no_id_is_refused_in_one_form(client, body):
    answer = client.post("/v1/recommendations", content=as_json(body), headers=JSON)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] in ("invalid_request", "unusable")
    assert "Value error" not in answer.text


@pytest.mark.parametrize("address", ["/v1/users/{}/recommendations", "/v1/users/{}/history",
    "/v1/users/{}/data", "/v1/users/{}/similar", "/v1/users/42/explanations/{}",
    "/v1/items/{}/similar", "/v1/items/{}"])  # fmt: skip
@pytest.mark.parametrize("id_", ["%00", "", "a%00b", "x" * 501])
def test_paths_have_ids_that_bodies_may_have(client, address, id_):
    answer = client.get(address.format(id_))
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["code"] == "invalid_request"
    assert client.get("/v1/users/%E2%82%AC/recommendations").status_code == 200
    assert client.get(f"/v1/users/{'%E2%82%AC' * 500}/recommendations").status_code == 200


@pytest.mark.parametrize(
    "address", ["/users/%00", "/?liked=%00", "/?rated=%00:4", "/items/1?user=%00"]
)
def test_pages_refuse_what_is_no_id(client, address):
    assert client.get(address).status_code == 422


@pytest.mark.parametrize("bundle", ["a\0b", "\ud800"])
def test_names_of_bundles_are_plain_texts(client, bundle):
    answer = client.post("/v1/deployment", content=as_json({"bundle": bundle}), headers=JSON)
    assert answer.status_code == 422
    assert "bundle" in answer.json()["error"]["message"]


def test_a_slash_in_an_id_is_no_slash_of_the_address(shop):
    for item in ("shoes", "shoes/similar", "x/recommendations", "100%", "a?b#c", "a%2Fb"):
        assert shop.get(f"/v1/items/{quoted(item)}").json()["item"] == item
        page = shop.get(f"/items/{quoted(item)}?format=json")
        assert page.json()["item"] == item
    answer = shop.get("/v1/users/u1/explanations/x%2Frecommendations").json()
    assert answer["item"] == "x/recommendations"
    assert "items" in shop.get("/v1/items/shoes/similar").json()
    assert "items" in shop.get("/v1/items/shoes%2Fsimilar/similar").json()
    assert shop.get("/v1/items/shoes%2fsimilar").json()["item"] == "shoes/similar"
    for user in ("u1/explanations/x", "u2/data", "ü/ß"):
        answer = shop.get(f"/v1/users/{quoted(user)}/recommendations").json()
        assert (answer["user"], answer["known"]) == (user, True)
        assert shop.get(f"/v1/users/{quoted(user)}/history").json()["user"] == user
        routed = shop.get(f"/v1/users/{quoted(user)}/recommendations?explain=false").json()
        assert routed == answer


def test_an_address_may_be_encoded_where_it_need_not(shop):
    assert shop.get("/v1/%70opular").status_code == 200
    assert shop.get("/v1/items/%73hoes").json()["item"] == "shoes"


def test_an_id_with_plain_slashes_is_no_address(shop):
    assert shop.get("/v1/items/x/recommendations").status_code == 404
    assert shop.get("/v1/users/u2/data/recommendations").status_code == 404


JSON = {"Content-Type": "application/json"}


def as_json(body):
    """JSON with surrogates as it is sent by those who do not care."""
    return json.dumps(body).encode()
